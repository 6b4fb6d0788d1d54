"""Two surveys of one organisation side by side, from what each has printed (disclosure.md 3).

Why it reveals nothing: both sets are published already, each under its own guarantee, and everything here is worked
out from printed figures alone. An earlier figure is shown only where it was printed about the same unit, so nobody
learns from a trend what no report of that year said. People who answered both times stand behind two sets of answers;
no combination of figures holds an answer of one year against an answer of the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from app.domain.instrument import Theme
from app.domain.results import EarlierMean, ReportResults, ThemeResult


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier survey of the organisation has printed, and when it was answered."""

    period: tuple[date, date]
    reports: tuple[ReportResults, ...]


def with_trends(reports: Iterable[ReportResults], earlier: Iterable[ReportResults]) -> tuple[ReportResults, ...]:
    """`reports` with the earlier mean beside every mean that may be compared with one.

    Compared is what both surveys print about the unit with exactly this path, in the same wording. `earlier`: the
    reports as they were printed, withheld themes and reports left out.
    """
    former = {report.unit.path: report for report in earlier}
    return tuple(
        replace(report, themes=tuple(_with_trend(own, then.result(own.theme.id)) for own in report.themes))
        if (then := former.get(report.unit.path)) is not None
        else report
        for report in reports
    )


def _with_trend(now: ThemeResult, then: ThemeResult | None) -> ThemeResult:
    if now.mean is None or then is None or then.mean is None or then.n_mean is None:
        return now
    return replace(now, earlier=EarlierMean(then.mean, then.n_mean)) if is_comparable(now.theme, then.theme) else now


def is_comparable(theme: Theme, other: Theme) -> bool:
    """Whether two versions of an instrument ask the same: the same items, turned alike, on the same scale."""
    return theme.id == other.id and theme.scale == other.scale and theme.items == other.items
