"""Which units will get a report: a forecast from the head counts of the unit list, before anybody answers (spec 4).

How it is reckoned, and why
---------------------------
Seven employees at a response rate of 70 % give 4.9 answers on average, and a limit of 5. Rounding down says no report,
rounding says yes, and both are wrong about as often as they are right; summed over a hundred small units they are wrong
by dozens of answers, and it is such remainders that rise. So every employee answers by chance, with the rate as the
probability and independently of the others: the answers of a unit are binomial. `N_DRAWS` such surveys are drawn, and
the real plan (`app.domain.disclosure`) is made of each; what happens in nine of ten is *likely*, in one of ten or
fewer *unlikely*, and *uncertain* in between. With 5 as the limit a unit needs 14, 9 or 7 employees at 50, 70 or 90 %.

In every unit the draws are the evenly spaced quantiles of its binomial distribution, in an order of its own: two units
with the same head count fare alike, and a unit without units below it is judged without any error of sampling.

Not in the forecast: that a unit answers or stays away together, and that some skip statements. It is a little too
certain, and a little too high for the themes; those who read it know more about their units than it does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import count
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from app.domain.disclosure import Counts, Limits, Shape, totals, walk
from app.domain.unit_list import is_own_staff_name
from app.domain.units import Unit, UnitTree

RATES = (50, 70, 90)
"""Response rates in per cent."""
N_DRAWS = 100
LIKELY, UNLIKELY = 0.9, 0.1
MAX_HINTS = 10

_FEW = 400
"""Above this head count the normal distribution is as good as the binomial, and much quicker."""
_LEVELS = (np.arange(N_DRAWS) + 0.5) / N_DRAWS
_DEVIATIONS = np.array([NormalDist().inv_cdf(level) for level in _LEVELS.tolist()])
_LOG_FACTORIALS = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, _FEW + 1)))))

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Outlook(Enum):
    """What a unit may expect. Each of the first two is likely; MEANS: distributions are not."""

    DISTRIBUTIONS = "distributions"
    MEANS = "means"
    UNCERTAIN = "uncertain"
    NONE = "none"
    UNKNOWN = "unknown"
    """Head counts are missing that decide it."""


@dataclass(frozen=True, slots=True)
class UnitForecast:
    """The outlook of one unit at one response rate."""

    unit: Unit
    n_people: int | None
    """Employees at or below the unit; None when a head count is missing there."""
    outlook: Outlook
    n_left_out: int | None
    """How many answers from the unit its report lacks on average, because too few belong to the same place.

    They count further up; what the organisation's report lacks counts nowhere. None where no report is likely or a
    head count is missing.
    """


@dataclass(frozen=True, slots=True)
class MergeHint:
    """Neighbours that are too small for reports of their own, and would likely get one together."""

    units: tuple[Unit, ...]
    n_people: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """The outlook at one response rate."""

    rate: int
    units: tuple[UnitForecast, ...]
    """In the order of the tree, the organisation first; catch-alls have no outlook but NONE."""
    n_needed: tuple[int, int]
    """How many employees a unit needs for a likely report, and for distributions."""
    hints: tuple[MergeHint, ...]
    """At most `MAX_HINTS`, those that give most employees a report first."""

    def units_with(self, outlook: Outlook) -> tuple[UnitForecast, ...]:
        """The units with this outlook, catch-alls left aside."""
        return tuple(own for own in self.units if own.outlook is outlook and not own.unit.is_catch_all)


def has_head_counts(tree: UnitTree) -> bool:
    return any(unit.n_people is not None for unit in tree.units)


def make_forecasts(tree: UnitTree, limits: Limits, rates: Iterable[int] = RATES) -> tuple[Forecast, ...]:
    """One forecast per response rate (1-100 per cent), always the same for the same tree; O(units) each."""
    survey = _Survey(tree, limits)
    return tuple(survey.forecast(rate) for rate in rates)


@cache
def people_needed(k: int, rate: int) -> int:
    """The smallest unit that likely gives `k` answers at `rate` per cent."""
    return next(n for n in count(k) if np.mean(_quantiles(n, rate) >= k) >= LIKELY)


def _quantiles(n: int, rate: int) -> Counts:
    """How many of `n` answer in each of the draws, ascending."""
    share = rate / 100
    if rate == 100:
        return np.full(N_DRAWS, n)
    if n > _FEW:
        spread = np.rint(n * share + _DEVIATIONS * (n * share * (1 - share)) ** 0.5)
        quantiles: Counts = np.clip(spread, 0, n).astype(np.int64)
        return quantiles
    k = np.arange(n + 1)
    logs = _LOG_FACTORIALS[n] - _LOG_FACTORIALS[k] - _LOG_FACTORIALS[n - k]
    logs += k * np.log(share) + (n - k) * np.log1p(-share)
    return np.searchsorted(np.cumsum(np.exp(logs)), _LEVELS).astype(np.int64)


class _Survey:
    """What the forecasts of one tree share."""

    def __init__(self, tree: UnitTree, limits: Limits) -> None:
        self.tree = tree
        self.limits = limits
        self.shape = Shape.of(tree)
        self.people = np.array([unit.n_people or 0 for unit in tree.units])
        is_unknown = [unit.n_people is None and may_belong(tree, unit) for unit in tree.units]
        self.is_unknown: Flags = totals(self.shape, np.array(is_unknown, dtype=np.int64)) > 0
        self.n_below = totals(self.shape, self.people)
        in_order = np.tile(np.arange(N_DRAWS), (len(tree.units), 1))
        self.order = np.random.default_rng(0).permuted(in_order, axis=1)

    def forecast(self, rate: int) -> Forecast:
        shares = (column.tolist() for column in self._shares(self._draw(rate)))
        units = tuple(self._unit(*found) for found in zip(self.tree.units, *shares, strict=True))
        needed = people_needed(self.limits.k_means, rate), people_needed(self.limits.k_distributions, rate)
        return Forecast(rate, units, needed, _hints(self.tree, units, needed[0]))

    def _shares(self, answers: Counts) -> tuple[Floats, Floats, Floats]:
        """Per unit in how many of the draws it reports and has distributions, and how many answers its reports lack."""
        k_means, k_distributions = self.limits.k_means, self.limits.k_distributions
        may_report = ~self.shape.is_catch_all[:, None]
        means = walk(self.shape, answers, np.array([k_means]), may_report)
        distributions = walk(self.shape, means.sizes, np.array([k_distributions]), may_report)
        below = totals(self.shape, answers)
        is_reporting = may_report & (means.included > 0)
        # Whatever is unknown comes on top. It can take no report away, and a report lacks at most k_means - 1 answers
        # (disclosure.md): with so many to spare it has distributions whatever comes.
        surely = below >= k_distributions + k_means - 1
        is_spread = may_report & np.where(self.is_unknown[:, None], surely, distributions.included > 0)
        n_lacking = np.where(is_reporting, below - means.included, 0).sum(axis=1)
        n_reporting = is_reporting.sum(axis=1)
        return n_reporting / N_DRAWS, is_spread.mean(axis=1), n_lacking / np.maximum(n_reporting, 1)

    def _draw(self, rate: int) -> Counts:
        """Answers directly in each unit (rows) in each draw (columns)."""
        sizes, number = np.unique(self.people, return_inverse=True)
        ascending = np.stack([_quantiles(n, rate) for n in sizes.tolist()])
        return np.take_along_axis(ascending[number], self.order, axis=1)

    def _unit(self, unit: Unit, share_report: float, share_spread: float, left_out: float) -> UnitForecast:
        is_unknown = bool(self.is_unknown[unit.index])
        outlook = _outlook(unit, share_report, share_spread, is_unknown=is_unknown)
        is_told = outlook in (Outlook.DISTRIBUTIONS, Outlook.MEANS) and not is_unknown
        n_people = None if is_unknown else int(self.n_below[unit.index])
        return UnitForecast(unit, n_people, outlook, int(left_out + 0.5) if is_told else None)


def may_belong(tree: UnitTree, unit: Unit) -> bool:
    """Whether a respondent may choose this place; the organisation itself only when it has no units."""
    return unit.may_stop and (unit.parent is not None or not tree.children(unit))


def _outlook(unit: Unit, share_report: float, share_spread: float, *, is_unknown: bool) -> Outlook:
    if unit.is_catch_all:
        return Outlook.NONE
    if share_spread >= LIKELY:
        return Outlook.DISTRIBUTIONS
    if is_unknown:
        return Outlook.UNKNOWN
    if share_report >= LIKELY:
        return Outlook.MEANS
    return Outlook.UNCERTAIN if share_report > UNLIKELY else Outlook.NONE


def _hints(tree: UnitTree, units: Sequence[UnitForecast], n_needed: int) -> tuple[MergeHint, ...]:
    siblings: dict[int, list[UnitForecast]] = defaultdict(list)
    for own in units:
        if own.unit.parent is not None and _may_be_merged(tree, own):
            siblings[own.unit.parent].append(own)
    hints = [_hint(group) for own in siblings.values() for group in _groups(own, n_needed)]
    return tuple(sorted(hints, key=lambda hint: (-hint.n_people, len(hint.units), hint.units[0].index))[:MAX_HINTS])


def _may_be_merged(tree: UnitTree, own: UnitForecast) -> bool:
    """Units without units below; not those made to keep leaders' answers apart from what they lead."""
    is_small = own.outlook in (Outlook.NONE, Outlook.UNCERTAIN) and bool(own.n_people)
    return is_small and not tree.children(own.unit) and not is_own_staff_name(own.unit.name)


def _groups(siblings: Sequence[UnitForecast], n_needed: int) -> Iterator[list[UnitForecast]]:
    """Groups that reach the limit, each of few units: the largest that is left, and the smallest that makes it enough.

    Where no single one makes it enough, the next largest joins first. Of equals the first in the list.
    """
    rest = sorted(siblings, key=lambda own: (_size(own), -own.unit.index))
    while rest:
        group, n_people = [], 0
        while rest and n_people < n_needed:
            enough = min(bisect_left(rest, n_needed - n_people, key=_size), len(rest) - 1)
            group.append(rest.pop(bisect_right(rest, _size(rest[enough]), key=_size) - 1))
            n_people += _size(group[-1])
        if n_people >= n_needed:
            yield group


def _hint(group: Sequence[UnitForecast]) -> MergeHint:
    units = sorted((own.unit for own in group), key=lambda unit: unit.index)
    return MergeHint(tuple(units), sum(map(_size, group)))


def _size(own: UnitForecast) -> int:
    return own.n_people or 0
