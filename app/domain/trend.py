"""Two surveys of one organisation side by side, from what each has printed (disclosure.md 3).

Why it reveals nothing: both sets are published already, each under its own guarantee, and everything here is worked
out from printed figures alone. An earlier figure is shown only where it was printed about the same unit, so nobody
learns from a trend what no report of that year said. People who answered both times stand behind two sets of answers;
no combination of figures holds an answer of one year against an answer of the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.domain.instrument import Theme
from app.domain.results import ReportResults, ThemeResult
from app.domain.units import UnitPath


@dataclass(frozen=True, slots=True)
class Trend:
    """A theme's printed means in one unit, then and now; the difference is that of the printed means."""

    theme_id: str
    earlier: Decimal
    n_earlier: int
    now: Decimal
    n_now: int

    @property
    def difference(self) -> Decimal:
        return self.now - self.earlier


def trends(now: ReportResults, earlier: Iterable[ReportResults]) -> tuple[Trend, ...]:
    """Every theme that both surveys print a mean of, about the unit with exactly this path and in the same wording.

    `earlier`: the reports as they were printed, withheld themes and reports left out.
    """
    former: Mapping[UnitPath, ReportResults] = {report.unit.path: report for report in earlier}
    other = former.get(now.unit.path)
    if other is None or now.unit.is_catch_all:
        return ()
    found = ((own, other.result(own.theme.id)) for own in now.themes)
    return tuple(trend for own, then in found if then is not None and (trend := _trend(own, then)) is not None)


def _trend(now: ThemeResult, then: ThemeResult) -> Trend | None:
    if now.mean is None or then.mean is None or not now.n_mean or not then.n_mean:
        return None
    if not is_comparable(now.theme, then.theme):
        return None
    return Trend(now.theme.id, then.mean, then.n_mean, now.mean, now.n_mean)


def is_comparable(theme: Theme, other: Theme) -> bool:
    """Whether two versions of an instrument ask the same: the same items, turned alike, on the same scale."""
    return theme.id == other.id and theme.scale == other.scale and theme.items == other.items
