"""What a report shows: every figure already rounded and bounded by the display rules (disclosure.md 5, spec 7).

PDF, HTML and workbook are made from these values and from nothing else, so no file can carry more than the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.domain.disclosure import Shape, totals
from app.domain.instrument import Instrument, Sensitivity, Theme
from app.domain.scoring import Histogram, ThemeSums
from app.domain.units import Unit, UnitTree

SMALL_N = 20
"""Below this many people, near-unanimity and extreme means are bounded instead of printed (disclosure.md 5)."""
FEWEST_NAMED = 5
"""A category of a most sensitive theme with 1 to 4 people behind it is merged (spec 7.2)."""

_TENTH = Decimal("0.1")
_CLAMPS = ((10, Decimal("1.2"), Decimal("4.8")), (SMALL_N, Decimal("1.1"), Decimal("4.9")))


class Bound(Enum):
    """How a printed percentage is meant."""

    EXACT = "exact"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    FEWER_THAN_FIVE = "fewer_than_five"
    """No percentage is printed at all; `Share.percent` is 0."""


@dataclass(frozen=True, slots=True)
class Share:
    """A printed percentage, 0-100."""

    percent: int
    bound: Bound = Bound.EXACT


@dataclass(frozen=True, slots=True)
class PrevalenceGroup:
    """Neighbouring categories of a most sensitive theme printed as one, `first` and `last` counted from 0."""

    first: int
    last: int
    share: Share


@dataclass(frozen=True, slots=True)
class EarlierMean:
    """What an earlier survey printed as the mean of a theme in the same unit, over `n` people."""

    mean: Decimal
    n: int


@dataclass(frozen=True, slots=True)
class ThemeResult:
    """The figures of one theme in one report; None and () where the limits allow nothing."""

    theme: Theme
    n_mean: int | None
    mean: Decimal | None
    n_distribution: int | None
    items: tuple[tuple[Share, ...], ...]
    """Per item of the theme the share per category, in the order of the scale."""
    prevalence: tuple[PrevalenceGroup, ...]
    """Only for a most sensitive theme, in the organisation's report; instead of `items`."""
    mean_pools: tuple[int, ...]
    """The units whose accepted pools the mean counts: what the gate checks."""
    distribution_pools: tuple[int, ...]
    earlier: EarlierMean | None = None
    """Only beside a mean, and only where it may be compared with it (`trend`)."""

    @property
    def is_published(self) -> bool:
        return self.n_mean is not None or self.n_distribution is not None

    @property
    def change(self) -> Decimal | None:
        """The printed mean less the earlier one."""
        return None if self.mean is None or self.earlier is None else self.mean - self.earlier.mean


@dataclass(frozen=True, slots=True)
class ReportResults:
    """One unit's report. `n_answers` belong to the unit, `n_included` of them count in the report."""

    unit: Unit
    n_answers: int
    n_included: int
    n_invited: int | None
    themes: tuple[ThemeResult, ...]

    @property
    def response_rate(self) -> int | None:
        """Per cent of the invited, or None when their number is not known or not credible."""
        if not self.n_invited or self.n_answers > self.n_invited:
            return None
        return percent(self.n_answers, self.n_invited)

    @property
    def has_distributions(self) -> bool:
        """Whether the report follows the design for ten and more: some theme shows how the answers spread."""
        return any(result.n_distribution is not None and not result.prevalence for result in self.themes)

    def result(self, theme_id: str) -> ThemeResult | None:
        return next((result for result in self.themes if result.theme.id == theme_id), None)


@dataclass(frozen=True, slots=True)
class Frozen:
    """All that reports are ever made from, stored once at the first build (disclosure.md 3)."""

    tree: UnitTree
    n_answers: tuple[int, ...]
    """Per unit all submitted responses at or below it."""
    n_included: tuple[int, ...]
    """Per unit the responses that count in its report; 0: no report."""
    sums: Mapping[str, ThemeSums]
    """Per theme id."""

    def reporting_units(self) -> tuple[Unit, ...]:
        """The units with a report, in the order of the tree."""
        return tuple(unit for unit in self.tree.units if self.n_included[unit.index] > 0 and not unit.is_catch_all)


def percent(count: int, n: int) -> int:
    """`count` of `n` in whole per cent, half up."""
    return (200 * count + n) // (2 * n)


def printed_mean(total: int, n: int, n_items: int) -> Decimal:
    """The mean of `n` people's theme scores with one decimal, half up, kept off the ends of the scale when n is small.

    `total` is the sum of all their item values.
    """
    parts = n * n_items
    mean = _tenths((20 * total + parts) // (2 * parts))
    for below, low, high in _CLAMPS:
        if n < below:
            return min(max(mean, low), high)
    return mean


@cache
def _tenths(value: int) -> Decimal:
    return (value * _TENTH).quantize(_TENTH)


@cache
def _share(value: int, bound: Bound = Bound.EXACT) -> Share:
    return Share(value, bound)


_EXACT = tuple(_share(value) for value in range(101))


def printed_shares(counts: Sequence[int]) -> tuple[Share, ...]:
    """The share of each category; near-unanimity of a small group only as a bound."""
    n = sum(counts)
    if n < SMALL_N and max(counts) >= n - 1:
        return tuple(_share(90, Bound.AT_LEAST) if count >= n - 1 else _share(10, Bound.AT_MOST) for count in counts)
    return tuple([_EXACT[(200 * count + n) // (2 * n)] for count in counts])  # `percent`, a million times


def printed_prevalence(counts: Sequence[int]) -> tuple[PrevalenceGroup, ...]:
    """The answers to a most sensitive theme, categories with 1-4 people merged with their neighbours (spec 7.2).

    Category 0 is "no". When those who answered yes, or those who answered no, are 1-4 in all, only that is said.
    """
    n, n_no = sum(counts), counts[0]
    last = len(counts) - 1
    if 0 < n - n_no < FEWEST_NAMED:
        return (PrevalenceGroup(1, last, _share(0, Bound.FEWER_THAN_FIVE)),)
    if 0 < n_no < FEWEST_NAMED:
        return (PrevalenceGroup(0, 0, _share(0, Bound.FEWER_THAN_FIVE)),)
    groups = [(0, 0, n_no), *_merged(counts)]
    return tuple(PrevalenceGroup(first, end, _share(percent(count, n))) for first, end, count in groups)


def _merged(counts: Sequence[int]) -> list[tuple[int, int, int]]:
    """The "yes" categories as (first, last, count), each count 0 or at least FEWEST_NAMED."""
    groups: list[tuple[int, int, int]] = []
    first, count = 1, 0
    for category in range(1, len(counts)):
        count += counts[category]
        if count == 0 or count >= FEWEST_NAMED:
            groups.append((first, category, count))
            first, count = category + 1, 0
    if count:
        while groups and count < FEWEST_NAMED:
            first, _, more = groups.pop()
            count += more
        groups.append((first, len(counts) - 1, count))
    return groups


class FigureTable:
    """All figures of a survey: built once from the frozen sums, then asked for one report at a time."""

    def __init__(self, frozen: Frozen, instrument: Instrument) -> None:
        self.frozen = frozen
        self._shape = Shape.of(frozen.tree)
        self._below = _subtrees(frozen.tree)
        self._people = _head_counts(frozen.tree)
        self._themes = [
            _ThemeFigures(theme, frozen.sums[theme.id], self._shape)
            for theme in instrument.themes
            if theme.id in frozen.sums
        ]

    def report(self, unit: Unit, n_invited: int | None = None) -> ReportResults:
        """What the report of `unit` shows. `n_invited` is the order's figure, for the organisation."""
        return ReportResults(
            unit,
            self.frozen.n_answers[unit.index],
            self.frozen.n_included[unit.index],
            n_invited if unit.parent is None and n_invited else self._people[unit.index],
            tuple(figures.result(unit, self._below[unit.index]) for figures in self._themes),
        )

    def reports(self, n_invited: int | None = None) -> Iterator[ReportResults]:
        """Every report that the limits allow, the organisation's first."""
        return (self.report(unit, n_invited) for unit in self.frozen.reporting_units())


class _ThemeFigures:
    """The sums of one theme added up over every unit and what lies below it."""

    def __init__(self, theme: Theme, sums: ThemeSums, shape: Shape) -> None:
        self.theme = theme
        own = np.zeros((shape.n_units, 2), dtype=np.int64)
        for unit, pool in sums.means.items():
            own[unit] = pool.n, pool.total
        self.has_mean_pool = own[:, 0] > 0
        self.means: list[list[int]] = totals(shape, own).tolist()
        self.histograms = totals(shape, _histogram_rows(theme, sums.histograms, shape.n_units))
        self.n_distribution: list[int] = self.histograms[:, : len(theme.scale.categories)].sum(axis=1).tolist()
        self.has_histogram = np.isin(np.arange(shape.n_units), list(sums.histograms))

    def result(self, unit: Unit, below: NDArray[np.intp]) -> ThemeResult:
        n, total = self.means[unit.index]
        n_distribution = self.n_distribution[unit.index]
        is_prevalence = self.theme.sensitivity is Sensitivity.MOST_SENSITIVE
        if is_prevalence and unit.parent is not None:
            n_distribution = 0
        counts = self.histograms[unit.index].reshape(len(self.theme.items), -1).tolist() if n_distribution else []
        return ThemeResult(
            self.theme,
            n or None,
            printed_mean(total, n, len(self.theme.items)) if n else None,
            n_distribution or None,
            () if is_prevalence else tuple(map(printed_shares, counts)),
            printed_prevalence(counts[0]) if is_prevalence and counts else (),
            _pools(below, self.has_mean_pool) if n else (),
            _pools(below, self.has_histogram) if n_distribution else (),
        )


def _pools(below: NDArray[np.intp], has_pool: NDArray[np.bool_]) -> tuple[int, ...]:
    """The units of `below` with a pool of their own; a unit without children that prints has one."""
    if len(below) == 1:
        return (int(below[0]),)
    return tuple(below[has_pool[below]].tolist())


def _histogram_rows(theme: Theme, histograms: Mapping[int, Histogram], n_units: int) -> NDArray[np.int64]:
    """Per unit its own pool's counts, items side by side."""
    rows = np.zeros((n_units, len(theme.items) * len(theme.scale.categories)), dtype=np.int64)
    for unit, histogram in histograms.items():
        rows[unit] = [count for item in histogram.counts for count in item]
    return rows


def _subtrees(tree: UnitTree) -> list[NDArray[np.intp]]:
    """Per unit the indices of itself and everything below it."""
    below: list[list[int]] = [[unit.index] for unit in tree.units]
    for unit in sorted(tree.units, key=lambda unit: -unit.level):
        if unit.parent is not None:
            below[unit.parent] += below[unit.index]
    return [np.array(sorted(indices), dtype=np.intp) for indices in below]


def _head_counts(tree: UnitTree) -> list[int | None]:
    """Per unit the head count of its whole subtree, None as soon as one row of it has none."""
    counts: list[int | None] = [unit.n_people if unit.parent is not None else unit.n_people or 0 for unit in tree.units]
    for unit in tree.units:
        if counts[unit.index] is None and not unit.may_stop:
            counts[unit.index] = 0
    for unit in sorted(tree.units, key=lambda unit: -unit.level):
        if unit.parent is not None:
            own, above = counts[unit.index], counts[unit.parent]
            counts[unit.parent] = None if own is None or above is None else own + above
    return [count or None for count in counts]
