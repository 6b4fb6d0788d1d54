"""From the tree of units to dependent choices, one level at a time, and back (spec 5.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.units import Unit, UnitTree

SEARCH_FROM = 30
"""More units than this, and typing a part of the name is offered beside the levels."""
N_HITS = 20
_PREFIX = "level_"


@dataclass(frozen=True, slots=True)
class Level:
    """One dropdown: the units right below `parent`, and `parent` itself where one may belong directly there."""

    parent: Unit
    units: tuple[Unit, ...]
    offers_parent: bool
    chosen: int | None

    @property
    def name(self) -> str:
        return f"{_PREFIX}{self.parent.level + 1}"


@dataclass(frozen=True, slots=True)
class Choice:
    """The levels to show, and the unit once the choice is complete."""

    levels: tuple[Level, ...]
    unit: Unit | None


def walk(tree: UnitTree, chosen: Mapping[str, str]) -> Choice:
    """Follow the chosen units from the top, as far as each is a choice below the one before; the rest is ignored.

    `chosen` holds level_1, level_2, …: the index of a unit in the tree. A level that repeats the unit above it
    means: directly there.
    """
    levels: list[Level] = []
    unit = tree.root
    while children := tree.children(unit):
        level = _level(tree, unit, chosen)
        levels.append(level)
        if level.chosen is None:
            return Choice(tuple(levels), None)
        if level.chosen == unit.index:
            return Choice(tuple(levels), unit)
        unit = next(child for child in children if child.index == level.chosen)
    return Choice(tuple(levels), unit)


def leading_to(tree: UnitTree, unit: Unit) -> dict[str, str]:
    """What `walk` needs to arrive at `unit`."""
    path = tree.ancestors(unit)[-2::-1]
    chosen = {f"{_PREFIX}{step.level}": str(step.index) for step in path}
    if tree.children(unit):
        chosen[f"{_PREFIX}{unit.level + 1}"] = str(unit.index)
    return chosen


def find_stop(tree: UnitTree, text: str) -> Unit | None:
    """The unit with the index `text`, if somebody may belong directly in it."""
    index = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else len(tree.units)
    if index >= len(tree.units):
        return None
    unit = tree.units[index]
    return unit if not tree.children(unit) or _offers(tree, unit) else None


def search(tree: UnitTree, words: str) -> tuple[Unit, ...]:
    """Units where one may belong whose path holds every word, those with most words in their own name first."""
    wanted = words.casefold().split()
    if not wanted:
        return ()
    hits = [unit for unit in tree.units[1:] if unit.may_stop and _holds(unit, wanted)]
    hits.sort(key=lambda unit: -sum(word in unit.name.casefold() for word in wanted))
    return tuple(hits[:N_HITS])


def _level(tree: UnitTree, parent: Unit, chosen: Mapping[str, str]) -> Level:
    units = tree.children(parent)
    level = Level(parent, units, _offers(tree, parent), None)
    text = chosen.get(level.name, "")
    index = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None
    is_choice = any(unit.index == index for unit in units) or (level.offers_parent and index == parent.index)
    return Level(parent, units, level.offers_parent, index) if is_choice else level


def _offers(tree: UnitTree, parent: Unit) -> bool:
    """Directly under the organisation is a choice unless the list has a catch-all for it."""
    if parent.parent is None:
        return not any(unit.is_catch_all for unit in tree.children(parent))
    return parent.may_stop


def _holds(unit: Unit, wanted: list[str]) -> bool:
    path = " ".join(unit.path).casefold()
    return all(word in path for word in wanted)
