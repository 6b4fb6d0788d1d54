"""The tree of units of one organisation (spec 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from app.domain.errors import DomainError

CATCH_ALL = "ingen"

UnitPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """One node of the tree. `index` is its place in `UnitTree.units`; 0 is the organisation itself, with path ()."""

    index: int
    parent: int | None
    path: UnitPath
    may_stop: bool
    """Whether a respondent may belong directly here: a row of the unit list ends here."""
    n_people: int | None = None
    """Head count directly here, when the unit list gives one."""

    @property
    def name(self) -> str:
        return self.path[-1] if self.path else ""

    @property
    def level(self) -> int:
        """0 for the organisation, 1 for "Nivå1", and so on."""
        return len(self.path)

    @property
    def is_catch_all(self) -> bool:
        """A choice for employees outside the units of its level; never reports (spec 4)."""
        return self.name.casefold() == CATCH_ALL


@dataclass(frozen=True, slots=True)
class UnitTree:
    """All units, every parent before its children, siblings in the order of the unit list."""

    units: tuple[Unit, ...]
    _by_path: dict[UnitPath, Unit] = field(init=False, repr=False, compare=False)
    _children: tuple[tuple[Unit, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        children: list[list[Unit]] = [[] for _ in self.units]
        for unit in self.units:
            if unit.parent is not None:
                children[unit.parent].append(unit)
        object.__setattr__(self, "_by_path", {unit.path: unit for unit in self.units})
        object.__setattr__(self, "_children", tuple(tuple(group) for group in children))

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[Sequence[str], int | None]]) -> Self:
        """The tree of (path, head count) rows; a path's ancestors come into being where it first needs them.

        A row with the empty path gives the organisation's own head count.
        """
        parents: list[int | None] = [None]
        paths: list[UnitPath] = [()]
        stops: list[bool] = [True]
        people: list[int | None] = [None]
        place: dict[UnitPath, int] = {(): 0}
        for path, n_people in rows:
            for depth in range(1, len(path) + 1):
                prefix = tuple(path[:depth])
                if prefix not in place:
                    place[prefix] = len(paths)
                    parents.append(place[prefix[:-1]])
                    paths.append(prefix)
                    stops.append(False)
                    people.append(None)
            own = place[tuple(path)]
            stops[own] = True
            people[own] = n_people
        return cls(tuple(Unit(i, parents[i], paths[i], stops[i], people[i]) for i in range(len(paths))))

    def to_rows(self) -> list[tuple[UnitPath, int | None]]:
        """The rows that `from_rows` makes this tree of, without the organisation's own unless it has a count."""
        return [
            (unit.path, unit.n_people)
            for unit in self.units
            if unit.may_stop and (unit.path or unit.n_people is not None)
        ]

    @property
    def root(self) -> Unit:
        return self.units[0]

    @property
    def parents(self) -> tuple[int | None, ...]:
        """Per unit the index of its parent, in the order of `units`."""
        return tuple(unit.parent for unit in self.units)

    @property
    def n_levels(self) -> int:
        return max(unit.level for unit in self.units)

    def children(self, unit: Unit) -> tuple[Unit, ...]:
        return self._children[unit.index]

    def find(self, path: Sequence[str]) -> Unit | None:
        return self._by_path.get(tuple(path))

    def get(self, path: Sequence[str]) -> Unit:
        """The unit at `path`; DomainError ``unit.unknown`` when there is none."""
        unit = self.find(path)
        if unit is None:
            raise DomainError("unit.unknown", path=" / ".join(path))
        return unit

    def ancestors(self, unit: Unit) -> tuple[Unit, ...]:
        """`unit` and everything above it, the organisation last."""
        found = [unit]
        while (parent := found[-1].parent) is not None:
            found.append(self.units[parent])
        return tuple(found)
