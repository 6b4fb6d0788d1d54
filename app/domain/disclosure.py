"""The plan of disclosure control: which answers count in which report (disclosure.md section 1, spec 7.1).

Per theme, over the respondents who answered all of its items, small pools rise: from the deepest units up, whoever
is directly in a unit, together with what rose from its children, is *accepted* there when they are enough and the
unit reports, and rises to the parent otherwise. What the organisation does not accept is in no report.

Why no combination of reports reveals a person
----------------------------------------------
Let P be the accepted pools of one theme in one tier, u(p) the unit that accepted p.

1. *Pools are disjoint, and figures are constant on them.* A complete case leaves the walk at the first unit that
   accepts it, so it is in at most one p. The printed set of a reporting unit v is the union of all p with u(p) at
   or below v; it contains either all of p or nothing of it. Hence every linear combination of printed figures has
   one coefficient for all of p, and its support is a union of pools: empty, or at least k respondents.
2. *Nothing non-linear does better.* Exchanging two members' answers to one item inside p changes no sum over p,
   hence no printed figure. So no function of the figures tells two members of p apart.
3. *Tier 2 pools are unions of tier 1 pools,* since the second walk moves whole accepted pools. A combination gives
   respondent r the coefficients a(r)·1 + b(r) over the theme's items, where a comes from means and b from
   distributions; b is constant on tier 2 pools. If it is not a multiple of the theme score for some r, then b(r)
   is not, so it is non-zero on the whole tier 2 pool of r: at least k_distributions respondents.
4. *One set of people per theme.* Counting each item over those who answered that item would print sets that differ
   by single persons: the walk therefore takes complete cases only, for the mean and for every item.
5. *Nothing the limits allow is lost.* If the walk accepts nothing strictly below v, everybody below v reaches
   pool(v); so v prints unless its whole subtree has fewer than k complete cases. What a report lacks is one pool
   that was refused at each of the units it rose through, hence at most k-1 respondents at v itself.
6. c respondents who pool their answers know c members: what they isolate rests on at least k-c others.

What point 3 does not say: that the answers of a pool of 5 to 9 to a single item cannot be *bounded*. A sum over few
people lies between what the scale allows and what larger distributions leave; when a pool is opposed to everybody
else in a distribution (the lowest answers to every item), its mean and those bounds may meet in one value. That is the
common opinion of at least k_means people, which disclosure.md 5 does not promise to hide; no single answer is ever
forced (tests/attacks/test_rounding.py).

The plan looks at unit paths and at which items were answered, never at an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import DomainError
from app.domain.instrument import Sensitivity
from app.domain.units import UnitTree

Counts = NDArray[np.int64]
"""Respondents per unit (rows, in the order of the tree) and theme (columns)."""

NOWHERE = -1
"""The accepting unit of respondents who are in no report."""
INCOMPLETE = -2
"""Instead of a unit: the respondent skipped an item of the theme, so the plan never saw the response."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The smallest groups a survey may print about; fixed at approval (spec 7)."""

    k_means: int = 5
    k_distributions: int = 10
    k_prevalence: int = 50

    LOWEST = (5, 10, 50)

    def __post_init__(self) -> None:
        own = (self.k_means, self.k_distributions, self.k_prevalence)
        if any(limit < lowest for limit, lowest in zip(own, Limits.LOWEST, strict=True)):
            raise DomainError("limits.too_low", lowest=Limits.LOWEST)
        if self.k_distributions < self.k_means:
            raise DomainError("limits.crossed")

    def of(self, sensitivity: Sensitivity) -> tuple[int, int]:
        """The limits of tier 1 and tier 2 for a theme (spec 7, table)."""
        match sensitivity:
            case Sensitivity.NORMAL:
                return self.k_means, self.k_distributions
            case Sensitivity.SENSITIVE:
                return self.k_distributions, self.k_distributions
            case _:
                return self.k_prevalence, self.k_prevalence


@dataclass(frozen=True, slots=True)
class Shape:
    """What the walk needs of a tree: rows of (units, parents) from the deepest level up, without the organisation."""

    levels: tuple[tuple[NDArray[np.intp], NDArray[np.intp]], ...]
    n_units: int
    is_catch_all: NDArray[np.bool_]

    @classmethod
    def of(cls, tree: UnitTree) -> Self:
        by_level: dict[int, list[tuple[int, int]]] = {}
        for unit in tree.units:
            if unit.parent is not None:
                by_level.setdefault(unit.level, []).append((unit.index, unit.parent))
        levels = tuple(
            (np.array([unit for unit, _ in pairs]), np.array([parent for _, parent in pairs]))
            for _, pairs in sorted(by_level.items(), reverse=True)
        )
        return cls(levels, len(tree.units), np.array([unit.is_catch_all for unit in tree.units]))


@dataclass(frozen=True, slots=True)
class Walk:
    """The outcome of one walk: for each unit and theme, where those who entered there ended, and how many are where."""

    accepted_at: NDArray[np.intp]
    """Per unit and theme the index of the unit that accepted who entered there, or NOWHERE."""
    sizes: Counts
    """Per unit and theme the size of the pool that the unit itself accepted; 0 for none."""
    included: Counts
    """Per unit and theme the respondents in all pools accepted at or below the unit."""


def walk(shape: Shape, entering: Counts, limits: NDArray[np.int64], may_report: NDArray[np.bool_]) -> Walk:
    """Let small pools rise. `limits` is per theme, `may_report` per unit and theme; both broadcast over `entering`."""
    pools = entering.copy()
    is_accepted = np.zeros(pools.shape, dtype=bool)
    for units, parents in shape.levels:
        is_accepted[units] = may_report[units] & (pools[units] >= limits)
        np.add.at(pools, parents, np.where(is_accepted[units], 0, pools[units]))
    is_accepted[0] = may_report[0] & (pools[0] >= limits)

    accepted_at = np.full(pools.shape, NOWHERE, dtype=np.intp)
    accepted_at[0] = np.where(is_accepted[0], 0, NOWHERE)
    for units, parents in reversed(shape.levels):
        accepted_at[units] = np.where(is_accepted[units], units[:, None], accepted_at[parents])

    sizes = np.where(is_accepted, pools, 0)
    return Walk(accepted_at, sizes, totals(shape, sizes))


def totals(shape: Shape, direct: Counts) -> Counts:
    """Per unit the sum of `direct` over the unit and everything below it."""
    sums = direct.copy()
    for units, parents in shape.levels:
        np.add.at(sums, parents, sums[units])
    return sums


@dataclass(frozen=True, slots=True)
class Plan:
    """Both tiers of every theme, and the walk over all responses that decides who gets a report."""

    shape: Shape
    means: Walk
    distributions: Walk
    responses: Walk
    """One column: all submitted responses, skips ignored (disclosure.md 1.6)."""
    n_answers: NDArray[np.int64]
    """Per unit all submitted responses at or below it, withdrawn or not."""

    def has_report(self, unit: int) -> bool:
        return not self.shape.is_catch_all[unit] and bool(self.responses.included[unit, 0] > 0)


def make_plan(
    tree: UnitTree,
    placements: NDArray[np.intp],
    complete: NDArray[np.bool_],
    sensitivities: tuple[Sensitivity, ...],
    limits: Limits,
) -> Plan:
    """The plan of one survey.

    `placements`: per response the index of its unit. `complete`: per response and theme whether all items were
    answered. `sensitivities`: per theme. O(responses · themes) to count, then O(units · themes).
    """
    shape = Shape.of(tree)
    tiers = np.array([limits.of(sensitivity) for sensitivity in sensitivities], dtype=np.int64).reshape(-1, 2)
    reports = np.repeat(~shape.is_catch_all[:, None], len(sensitivities), axis=1)
    is_top_only = np.array([sensitivity is Sensitivity.MOST_SENSITIVE for sensitivity in sensitivities], dtype=bool)
    reports[1:, is_top_only] = False

    entering = np.zeros((shape.n_units, len(sensitivities)), dtype=np.int64)
    np.add.at(entering, placements, complete)
    means = walk(shape, entering, tiers[:, 0], reports)
    distributions = walk(shape, means.sizes, tiers[:, 1], reports)

    everyone = np.bincount(placements, minlength=shape.n_units)[:, None]
    one = np.array([limits.k_means])
    responses = walk(shape, everyone, one, ~shape.is_catch_all[:, None])
    return Plan(shape, means, distributions, responses, totals(shape, everyone)[:, 0])


def pools_of(
    plan: Plan, placements: NDArray[np.intp], complete: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Per response and theme the unit whose accepted pool holds it, in tier 1 and in tier 2; negative for none."""
    first = np.where(complete, plan.means.accepted_at[placements], INCOMPLETE)
    columns = np.arange(first.shape[1])
    second = np.where(first < 0, first, plan.distributions.accepted_at[np.maximum(first, 0), columns])
    return first, second
