"""Staff may withhold more than the rule does, never less (disclosure.md 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.domain.errors import DomainError
from app.domain.results import ReportResults, ThemeResult
from app.domain.units import UnitTree


@dataclass(frozen=True, slots=True)
class Withholding:
    """One decision: a unit's whole report, or one theme in it."""

    unit: int
    theme_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Review:
    """One report as staff see it before release."""

    report: ReportResults
    n_withdrawn: int
    """Answers of the unit that are not in its report: they were too few where they belong, and where they rose to."""
    n_themes_without_mean: int
    n_themes_without_distribution: int
    most_lost: int
    """The most answers that any theme's mean lacks of those that the unit has for it; skipped items not counted."""


def withhold(reports: Iterable[ReportResults], decisions: Sequence[Withholding]) -> tuple[ReportResults, ...]:
    """The reports that stay, without the withheld themes. Taking figures away can reveal nothing (disclosure.md 2)."""
    whole = {decision.unit for decision in decisions if decision.theme_id is None}
    themes = {(decision.unit, decision.theme_id) for decision in decisions}
    return tuple(
        replace(
            report,
            themes=tuple(
                _without_figures(result) if (report.unit.index, result.theme.id) in themes else result
                for result in report.themes
            ),
        )
        for report in reports
        if report.unit.index not in whole
    )


def check_withholding(tree: UnitTree, theme_ids: Iterable[str], decision: Withholding) -> None:
    """DomainError ``withholding.organisation`` or ``theme.unknown``: every report compares with the organisation's."""
    if decision.theme_id is not None and decision.theme_id not in set(theme_ids):
        raise DomainError("theme.unknown", theme=decision.theme_id)
    if decision.theme_id is None and decision.unit == tree.root.index:
        raise DomainError("withholding.organisation")


def review(report: ReportResults, complete: dict[str, int]) -> Review:
    """`complete`: per theme id the unit's respondents who answered all of its items."""
    with_mean = [result for result in report.themes if result.theme.scale.has_mean]
    return Review(
        report,
        report.n_answers - report.n_included,
        sum(result.n_mean is None for result in with_mean),
        sum(result.n_distribution is None for result in report.themes),
        max((complete[result.theme.id] - (result.n_mean or 0) for result in with_mean), default=0),
    )


def _without_figures(result: ThemeResult) -> ThemeResult:
    return ThemeResult(result.theme, None, None, None, (), (), (), ())
