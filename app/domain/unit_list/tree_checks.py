"""What the tree of a unit list gives reason to say: run when the list has no errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from app.domain.unit_list.findings import Note, new_note
from app.domain.unit_list.names import is_own_staff_name, skeleton
from app.domain.unit_list.table import Table
from app.domain.units import Unit, UnitTree


def _repeated_organisation(table: Table, tree: UnitTree) -> Iterator[Note]:
    """The organisation's own report is made anyway; a level for it costs every employee a choice."""
    top = [unit for unit in tree.children(tree.root) if not unit.is_catch_all]
    if len(top) == 1 and skeleton(top[0].name) == skeleton(table.source.organisation):
        yield _about(table, "top.repeats_organisation", top[0])


def _only_catch_all(table: Table, tree: UnitTree) -> Iterator[Note]:
    for unit in tree.units[1:]:
        children = tree.children(unit)
        if children and all(child.is_catch_all for child in children):
            yield _about(table, "unit.only_catch_all", children[0], parent=unit.name)


def _no_place_for_own_staff(table: Table, tree: UnitTree) -> Iterator[Note]:
    """A unit with units below it, and nothing for its leader and those who belong to none of them to choose."""
    for unit in tree.units[1:]:
        children = tree.children(unit)
        may_stay = unit.may_stop or unit.is_catch_all
        if children and not may_stay and not any(is_own_staff_name(child.name) for child in children):
            yield _about(table, "unit.no_catch_all", unit)


def _about(table: Table, code: str, unit: Unit, **values: object) -> Note:
    row, column = table.places[unit.path]
    return new_note(code, row, column, unit.name, **values)


TreeCheck = Callable[[Table, UnitTree], Iterable[Note]]
TREE_CHECKS: tuple[TreeCheck, ...] = (_repeated_organisation, _only_catch_all, _no_place_for_own_staff)
