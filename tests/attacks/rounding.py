"""An attacker with an integer solver: everything that the printed figures of one theme allow, rounding included.

The model
---------
The attacker knows the tree, the rule, who answered where and which items each one skipped; so also which complete case
is in which tier 1 pool. Unknown are the answers. Exchanging the answers of two members of a pool to one item changes
no figure, so what can be known about a pool is its histogram: x[pool, item, category], whole numbers that add up to
the pool's size. The printed figures say:

- mean m of n people, q items:  (m - 0.05) n q <= sum of values < (m + 0.05) n q, open-ended at a printed 1.2, 4.8, …
  where the display rules stop a small group's mean;
- p per cent of n in a category: p - 0.5 <= 100 count / n < p + 0.5;
- "at least 90 %": count >= n - 1;  "at most 10 %": count <= 1.

A group S that takes s members of each pool has a histogram of its own, z[pool, item, category] <= x, adding up to s.
Whatever z is feasible, S can have it, since the members of a pool can be exchanged. Minimum and maximum of a sum over
z are therefore the exact range of what S may have answered; a sum is *forced* when they are equal. One person is a
group of one: two feasible values for an item are two feasible histograms z of that person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from app.domain.instrument import Theme
from app.domain.units import UnitPath

Pool = UnitPath
"""A pool by the path of the unit that accepted it."""
Sizes = Mapping[Pool, int]
HALF_DIGIT = Fraction(1, 20)


@dataclass(frozen=True, slots=True)
class Known:
    """What the attacker has about one theme: the pools of both tiers, and the printed figures."""

    theme: Theme
    first: Sizes
    second: Mapping[Pool, Pool]
    """Per tier 1 pool the tier 2 pool that it is part of; missing where it is in no distribution."""
    printed: Mapping[UnitPath, Mapping[str, Any]]
    """Per unit the theme's part of the public audit file."""


class Attack:
    """All answers that are consistent with the printed figures, as a set of linear constraints on whole numbers."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.pools = list(known.first)
        self.n_items = len(known.theme.items)
        self.n_categories = len(known.theme.scale.categories)
        self.size = len(self.pools) * self.n_items * self.n_categories
        """The number of unknowns x; the unknowns z of a group come after them."""
        self._rows: list[tuple[dict[int, int], float, float]] = []
        for pool in self.pools:
            for item in range(self.n_items):
                n = known.first[pool]
                self._add({self.at(pool, item, own): 1 for own in range(self.n_categories)}, n, n)
        for unit, figures in known.printed.items():
            self._add_mean(unit, figures)
            self._add_shares(unit, figures)

    def at(self, pool: Pool, item: int, category: int) -> int:
        return (self.pools.index(pool) * self.n_items + item) * self.n_categories + category

    def value(self, item: int, category: int) -> int:
        """The score of a category, reversed items turned."""
        return self.n_categories - category if self.known.theme.items[item].is_reversed else category + 1

    def _add(self, row: dict[int, int], lowest: float, highest: float) -> None:
        self._rows.append((row, lowest, highest))

    def _add_mean(self, unit: UnitPath, figures: Mapping[str, Any]) -> None:
        if "mean" not in figures:
            return
        inside = [pool for pool in self.pools if pool[: len(unit)] == unit]
        n = sum(self.known.first[pool] for pool in inside)
        assert n == figures["n_mean"]
        row = {
            self.at(pool, item, category): self.value(item, category)
            for pool in inside
            for item in range(self.n_items)
            for category in range(self.n_categories)
        }
        self._add(row, *totals_of(Decimal(figures["mean"]), n, self.n_items))

    def _add_shares(self, unit: UnitPath, figures: Mapping[str, Any]) -> None:
        inside = [
            pool for pool in self.pools if pool in self.known.second and self.known.second[pool][: len(unit)] == unit
        ]
        n = sum(self.known.first[pool] for pool in inside)
        for item, shares in enumerate(figures.get("items", ())):
            assert n == figures["n_distribution"]
            for category, share in enumerate(shares):
                self._add({self.at(pool, item, category): 1 for pool in inside}, *counts_of(share, n))

    # ----------------------------------------------------------------------------------------------------- questions

    def is_consistent(self, histograms: Mapping[Pool, NDArray[np.int64]]) -> bool:
        """Whether true answers (per pool items by categories) satisfy every constraint: the model is not too narrow."""
        x = np.zeros(self.size)
        for pool, histogram in histograms.items():
            start = self.at(pool, 0, 0)
            x[start : start + histogram.size] = histogram.ravel()
        return all(low <= sum(factor * x[i] for i, factor in row.items()) <= high for row, low, high in self._rows)

    def may_differ(self, pool: Pool, item: int) -> bool:
        """Whether the members of a pool may have answered an item differently: then nobody's answer is forced."""
        n = self.known.first[pool]
        alike = [({self.at(pool, item, category): 1}, 0, n - 1) for category in range(self.n_categories)]
        return self._solve({}, self.size, alike) is not None

    def values_of_person(self, pool: Pool, item: int) -> set[int]:
        """The categories that one member may have chosen, asked one by one with a person of its own in the model."""
        rows = self._group_rows({pool: 1})
        found = set()
        for category in range(self.n_categories):
            chosen = ({self.size + self.at(pool, item, category): 1}, 1, 1)
            if self._solve({}, 2 * self.size, [*rows, chosen]) is not None:
                found.add(category)
        return found

    def range_of_group(self, group: Sizes, items: Sequence[int]) -> tuple[int, int]:
        """The least and the most that the values of some members may add up to over `items`."""
        rows = self._group_rows(group)
        aim = {
            self.size + self.at(pool, item, category): self.value(item, category)
            for pool in group
            for item in items
            for category in range(self.n_categories)
        }
        lowest = self._solve(aim, 2 * self.size, rows)
        highest = self._solve({place: -factor for place, factor in aim.items()}, 2 * self.size, rows)
        assert lowest is not None
        assert highest is not None
        return lowest, -highest

    def _group_rows(self, group: Sizes) -> list[tuple[dict[int, int], float, float]]:
        rows: list[tuple[dict[int, int], float, float]] = []
        for pool in self.pools:
            n = group.get(pool, 0)
            for item in range(self.n_items):
                places = [self.at(pool, item, category) for category in range(self.n_categories)]
                rows.append(({self.size + place: 1 for place in places}, n, n))
                rows += [({self.size + place: 1, place: -1}, -np.inf, 0) for place in places]
        return rows

    def _solve(
        self, aim: Mapping[int, int], n_unknowns: int, more: Sequence[tuple[dict[int, int], float, float]]
    ) -> int | None:
        """The least value of `aim`, or None when nothing is feasible."""
        rows = [*self._rows, *more]
        entries = [(number, place, factor) for number, (row, _, _) in enumerate(rows) for place, factor in row.items()]
        matrix = csr_array(
            (
                [factor for _, _, factor in entries],
                ([number for number, _, _ in entries], [own for _, own, _ in entries]),
            ),
            shape=(len(rows), n_unknowns),
        )
        costs = np.zeros(n_unknowns)
        for place, factor in aim.items():
            costs[place] = factor
        found = milp(
            costs,
            integrality=np.ones(n_unknowns),
            bounds=Bounds(0, np.inf),
            constraints=LinearConstraint(matrix, [low for _, low, _ in rows], [high for _, _, high in rows]),
        )
        assert found.status in (0, 2), found.message  # solved, or proved infeasible
        return round(found.fun) if found.status == 0 else None


def totals_of(mean: Decimal, n: int, n_items: int) -> tuple[int, int]:
    """The sums of values that are printed as this mean."""
    answers, own = n * n_items, Fraction(mean)
    lowest, highest = ceil((own - HALF_DIGIT) * answers), ceil((own + HALF_DIGIT) * answers) - 1
    for below, low, high in ((10, "1.2", "4.8"), (20, "1.1", "4.9")):
        if n < below:
            lowest = answers if mean == Decimal(low) else lowest
            highest = 5 * answers if mean == Decimal(high) else highest
            break
    return max(lowest, answers), min(highest, 5 * answers)


def counts_of(share: int | str, n: int) -> tuple[int, int]:
    """The numbers of people that are printed as this share."""
    if share == ">=90":
        return n - 1, n
    if share == "<=10":
        return 0, 1
    lowest = ceil((Fraction(share) - Fraction(1, 2)) * n / 100)
    return max(lowest, 0), min(ceil((Fraction(share) + Fraction(1, 2)) * n / 100) - 1, n)
