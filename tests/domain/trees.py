"""Small trees and people for tests of disclosure control, and the rule told a second time, slowly and plainly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from app.domain.certificate import Figure
from app.domain.units import UnitPath, UnitTree

Groups = Mapping[UnitPath, int]
"""How many complete cases are placed directly in each unit."""


@dataclass(frozen=True, slots=True)
class Published:
    """The respondents behind each unit's mean and distribution; units without one are missing."""

    means: Mapping[UnitPath, frozenset[int]]
    distributions: Mapping[UnitPath, frozenset[int]]

    def figures(self) -> list[Figure]:
        figures = []
        for kind, published in (("mean", self.means), ("dist", self.distributions)):
            for path, people in published.items():
                numbers = np.array(sorted(people), dtype=np.intp)
                figures.append(Figure(f"{path}{kind}", "/".join(path), kind, "t", ("t_1",), numbers, len(people)))  # type: ignore[arg-type]
        return figures


def tree_of(paths: Sequence[UnitPath]) -> UnitTree:
    return UnitTree.from_rows([(path, None) for path in paths])


def numbered(tree: UnitTree, groups: Groups) -> dict[UnitPath, frozenset[int]]:
    """People 0.. placed directly in each unit."""
    people, start = {}, 0
    for unit in tree.units:
        n = groups.get(unit.path, 0)
        people[unit.path] = frozenset(range(start, start + n))
        start += n
    return people


def rising(tree: UnitTree, entering: Mapping[UnitPath, frozenset[int]], k: int) -> dict[UnitPath, frozenset[int]]:
    """disclosure.md 1 as it is written: the accepted pool of each unit."""
    accepted: dict[UnitPath, frozenset[int]] = {}

    def visit(path: UnitPath) -> frozenset[int]:
        unit = tree.get(path)
        pool = entering.get(path, frozenset())
        for child in tree.children(unit):
            pool |= visit(child.path)
        if not unit.is_catch_all and len(pool) >= k:
            accepted[path] = pool
            return frozenset()
        return pool

    visit(())
    return accepted


def at_or_below(tree: UnitTree, pools: Mapping[UnitPath, frozenset[int]]) -> dict[UnitPath, frozenset[int]]:
    """What each reporting unit prints: all pools accepted at or below it."""
    printed = {}
    for unit in tree.units:
        if unit.is_catch_all:
            continue
        parts = [pool for path, pool in pools.items() if path[: unit.level] == unit.path]
        if parts:
            printed[unit.path] = frozenset().union(*parts)
    return printed


def small_pools_rise(tree: UnitTree, groups: Groups, k_mean: int, k_dist: int) -> Published:
    first = rising(tree, numbered(tree, groups), k_mean)
    second = rising(tree, first, k_dist)
    return Published(at_or_below(tree, first), at_or_below(tree, second))


def tree_shapes(n_units: int) -> Iterator[tuple[int, ...]]:
    """Per unit after the first its parent; every rooted tree with ordered insertion, once per unlabelled shape."""
    seen = set()
    for parents in product(*(range(unit) for unit in range(1, n_units))):
        shape = _canonical(parents)
        if shape not in seen:
            seen.add(shape)
            yield parents


def _canonical(parents: Sequence[int]) -> str:
    children: dict[int, list[int]] = {}
    for unit, parent in enumerate(parents, 1):
        children.setdefault(parent, []).append(unit)

    def name(unit: int) -> str:
        return "(" + "".join(sorted(name(child) for child in children.get(unit, []))) + ")"

    return name(0)


_CATCH_ALLS = ("ingen", "Ingen", "INGEN", "iNGEN")
"""As many as a unit can have here: names of siblings must differ, their case does not matter."""


def tree_with(parents: Sequence[int], catch_alls: Sequence[bool]) -> UnitTree:
    """A tree of this shape; units marked in `catch_alls` are catch-alls."""
    paths: list[UnitPath] = [()]
    for unit, (parent, is_catch_all) in enumerate(zip(parents, catch_alls, strict=True), 1):
        free = [name for name in _CATCH_ALLS if (*paths[parent], name) not in paths]
        paths.append((*paths[parent], free[0] if is_catch_all else f"u{unit}"))
    return tree_of(paths[1:])
