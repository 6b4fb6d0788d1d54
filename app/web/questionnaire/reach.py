""" "Where does my answer go?" (spec 5.9): the reports a response can count in, and what each may show."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.instrument import Sensitivity, Theme
from app.domain.units import Unit
from app.services.surveys import Setup


@dataclass(frozen=True, slots=True)
class Reach:
    """The reports from the smallest to the organisation's, and the themes that are shown less than others."""

    reports: tuple[str, ...]
    sensitive: tuple[Theme, ...]
    most_sensitive: tuple[Theme, ...]


def reach_of(setup: Setup, unit: Unit | None) -> Reach:
    """Of a response in `unit`; as long as none is chosen, no report can be named."""
    steps = [step for step in setup.tree.ancestors(unit) if not step.is_catch_all] if unit else []
    reports = tuple(" › ".join(step.path) or setup.organisation for step in steps)
    return Reach(reports, _of(setup, Sensitivity.SENSITIVE), _of(setup, Sensitivity.MOST_SENSITIVE))


def _of(setup: Setup, sensitivity: Sensitivity) -> tuple[Theme, ...]:
    return tuple(theme for theme in setup.themes if theme.sensitivity is sensitivity)
