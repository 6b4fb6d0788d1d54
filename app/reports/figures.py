"""All printed figures of a report as one flat list, to be compared with what is read back from its files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from app.reports.content import ReportContent, ThemeContent, content_of
from app.reports.model import Report


class Kind(Enum):
    N_INCLUDED = "n_included"
    N_ANSWERS = "n_answers"
    RESPONSE_RATE = "response_rate"
    N_MEAN = "n_mean"
    MEAN = "mean"
    REFERENCE = "reference"
    DIFFERENCE = "difference"
    EARLIER = "earlier"
    N_EARLIER = "n_earlier"
    CHANGE = "change"
    N_DISTRIBUTION = "n_distribution"
    SHARE = "share"
    REFERENCE_SHARE = "reference_share"
    PREVALENCE = "prevalence"


@dataclass(frozen=True, slots=True)
class Figure:
    """One printed figure; `category` counts from 0, for a prevalence it is the first of its group."""

    theme_id: str | None
    kind: Kind
    item_id: str | None
    category: int | None
    text: str


def printed_figures(report: Report, language: str) -> tuple[Figure, ...]:
    """Every figure that the report prints, in the order of the report, each once."""
    return figures_of(content_of(report, language))


def figures_of(content: ReportContent) -> tuple[Figure, ...]:
    """The figures of a report that is already in words."""
    front = (
        (Kind.N_INCLUDED, content.n_included),
        (Kind.N_ANSWERS, content.n_answers),
        (Kind.RESPONSE_RATE, content.response_rate),
    )
    return (
        *(Figure(None, kind, None, None, text) for kind, text in front if text is not None),
        *(figure for theme in content.themes for figure in _of_theme(theme)),
    )


def _of_theme(theme: ThemeContent) -> Iterator[Figure]:
    single = (
        (Kind.N_MEAN, theme.n_mean),
        (Kind.MEAN, theme.mean.text if theme.mean else None),
        (Kind.REFERENCE, theme.reference.text if theme.reference else None),
        (Kind.DIFFERENCE, theme.difference),
        (Kind.EARLIER, theme.earlier.text if theme.earlier else None),
        (Kind.N_EARLIER, theme.n_earlier),
        (Kind.CHANGE, theme.change),
        (Kind.N_DISTRIBUTION, theme.n_distribution),
    )
    for kind, text in single:
        if text is not None:
            yield Figure(theme.id, kind, None, None, text)
    for item in theme.items:
        for category, share in enumerate(item.shares):
            yield Figure(theme.id, Kind.SHARE, item.id, category, share.text)
        for category, share in enumerate(item.reference):
            yield Figure(theme.id, Kind.REFERENCE_SHARE, item.id, category, share.text)
    for group in theme.prevalence:
        yield Figure(theme.id, Kind.PREVALENCE, None, group.first, group.share.text)
