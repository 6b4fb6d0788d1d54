"""Every printed figure counted once more from the frozen sums, right before it is published (disclosure.md 4, 5).

The certificate judges the people behind a figure; this judges the figure: it has to be that of the pools which it
names, rounded and bounded as the display rules say. A figure of another unit or theme, one that is more exact than
allowed, one that nobody has counted is found here. No arithmetic is shared with the code that makes the figures:
nothing is rounded a second time, it is asked whether what is printed is the nearest value that may be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from app.domain.results import Bound, Frozen, PrevalenceGroup, ReportResults, Share, ThemeResult
from app.domain.scoring import Histogram, MeanSum

_ENDS = ((10, 12, 48), (20, 11, 49))
"""Below so many people no mean is nearer to the ends of the scale than so many tenths."""
_NEVER_UNANIMOUS = 20
_NEVER_NAMED = range(1, 5)


def wrong_figures(report: ReportResults, frozen: Frozen) -> Iterator[tuple[ThemeResult, str]]:
    """The themes of `report` whose mean or distribution is not that of its pools: the result, and "mean" or "dist"."""
    for result in report.themes:
        sums = frozen.sums[result.theme.id]
        if not _is_right_mean(result, sums.means):
            yield result, "mean"
        if not _is_right_spread(result, sums.histograms):
            yield result, "dist"


def is_right_front(report: ReportResults, frozen: Frozen) -> bool:
    """Whether the report's unit is the one of this name and place, and the numbers of answers are that unit's."""
    unit = report.unit
    numbers = frozen.n_answers[unit.index], frozen.n_included[unit.index]
    return frozen.tree.units[unit.index].path == unit.path and (report.n_answers, report.n_included) == numbers


def is_mean_of(printed: Decimal, total: int, parts: int, n: int) -> bool:
    """Whether `printed` is `total` / `parts` to the nearest tenth, the upper of two, kept off the ends for small n."""
    tenths = int(printed * 10)
    is_low_enough, is_high_enough = 20 * total < (2 * tenths + 1) * parts, 20 * total >= (2 * tenths - 1) * parts
    low, high = next(((low, high) for below, low, high in _ENDS if n < below), (0, 100))
    if tenths != printed * 10 or not low <= tenths <= high:
        return False
    return (is_low_enough or tenths == high) and (is_high_enough or tenths == low)


def are_shares_of(shares: Sequence[Share], counts: Sequence[int], n: int) -> bool:
    """Whether each share is its count to the nearest per cent, or all are bounds since a small group nearly agrees."""
    if len(shares) != len(counts) or sum(counts) != n:
        return False
    if n < _NEVER_UNANIMOUS and max(counts) >= n - 1:
        bounds = [(90, Bound.AT_LEAST) if count >= n - 1 else (10, Bound.AT_MOST) for count in counts]
        return [(share.percent, share.bound) for share in shares] == bounds
    return all(map(_is_nearest, shares, counts, [n] * len(counts)))


def are_groups_of(groups: Sequence[PrevalenceGroup], counts: Sequence[int], n: int) -> bool:
    """Whether every category is in one group, no group of one to four has a figure, and each figure is its group's.

    Where one to four people said yes, or no, that is all that may be said.
    """
    sizes = [sum(counts[group.first : group.last + 1]) for group in groups]
    if sum(counts) != n:
        return False
    if any(group.share.bound is Bound.FEWER_THAN_FIVE for group in groups):
        return len(groups) == 1 and sizes[0] in _NEVER_NAMED
    covered = [category for group in groups for category in range(group.first, group.last + 1)]
    if covered != list(range(len(counts))) or any(size in _NEVER_NAMED for size in sizes):
        return False
    return all(_is_nearest(group.share, size, n) for group, size in zip(groups, sizes, strict=True))


def _is_nearest(share: Share, count: int, n: int) -> bool:
    return share.bound is Bound.EXACT and -n <= 200 * count - 2 * n * share.percent < n


def _is_right_mean(result: ThemeResult, pools: Mapping[int, MeanSum]) -> bool:
    if result.mean is None:
        return result.n_mean is None
    if not pools.keys() >= set(result.mean_pools):
        return False
    behind = [pools[unit] for unit in result.mean_pools]
    n, total = sum(pool.n for pool in behind), sum(pool.total for pool in behind)
    return n == result.n_mean and is_mean_of(result.mean, total, n * len(result.theme.items), n)


def _is_right_spread(result: ThemeResult, pools: Mapping[int, Histogram]) -> bool:
    n = result.n_distribution
    if n is None:
        return not result.items and not result.prevalence
    if not result.distribution_pools or not pools.keys() >= set(result.distribution_pools):
        return False
    behind = [pools[unit].counts for unit in result.distribution_pools]
    counts = behind[0] if len(behind) == 1 else [_added(item) for item in zip(*behind, strict=True)]
    if result.prevalence:
        return not result.items and len(counts) == 1 and are_groups_of(result.prevalence, counts[0], n)
    return len(result.items) == len(counts) and all(
        are_shares_of(shares, own, n) for shares, own in zip(result.items, counts, strict=True)
    )


def _added(rows: Sequence[Sequence[int]]) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)]
