"""Synthetic answers that look like people's: correlated within a person, a unit and a theme. For trying things out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from app.domain.instrument import Sensitivity, Theme
from app.domain.responses import DECLINED
from app.domain.units import Unit, UnitTree

SHARE_SKIPPING = 0.12
"""How many leave out some items."""
SHARE_OF_ITEMS_SKIPPED = 0.06
_INCIDENT_WEIGHTS = (93.0, 4.0, 2.0, 0.7, 0.3)
_UNEQUAL_WEIGHTS = (94.0, 6.0)


@dataclass(frozen=True, slots=True)
class Mood:
    """How content a person is, -2..2 in the main, before the theme's own level is added."""

    person: float
    is_skipping: bool


def draw_mood(random: Random, unit_level: float) -> Mood:
    return Mood(unit_level + random.gauss(0.0, 0.6), random.random() < SHARE_SKIPPING)


def unit_levels(tree: UnitTree, random: Random) -> dict[int, float]:
    """Per unit index how content people are there; near the level of the unit above."""
    levels: dict[int, float] = {}
    for unit in tree.units:
        above = 0.0 if unit.parent is None else levels[unit.parent]
        levels[unit.index] = above + random.gauss(0.0, 0.25)
    return levels


def draw_unit(tree: UnitTree, random: Random) -> Unit:
    """A unit where a respondent may belong, catch-alls and leader rows seldom."""
    places = [unit for unit in tree.units if unit.may_stop and (unit.path or not tree.children(tree.root))]
    weights = [0.25 if tree.children(unit) or unit.is_catch_all else 1.0 for unit in places]
    return random.choices(places, weights)[0]


def draw_answers(themes: Sequence[Theme], mood: Mood, random: Random) -> dict[str, int]:
    """Item id -> category; a skipped item is missing or DECLINED."""
    answers: dict[str, int] = {}
    for theme in themes:
        level = mood.person + random.gauss(0.3, 0.5)
        for item in theme.items:
            if mood.is_skipping and random.random() < SHARE_OF_ITEMS_SKIPPED:
                if random.random() < 0.5:
                    answers[item.id] = DECLINED
                continue
            answers[item.id] = _draw_category(theme, item.is_reversed, level, random)
    return answers


def _draw_category(theme: Theme, is_reversed: bool, level: float, random: Random) -> int:
    n_categories = len(theme.scale.categories)
    if theme.sensitivity is not Sensitivity.NORMAL:
        weights = _UNEQUAL_WEIGHTS if n_categories == len(_UNEQUAL_WEIGHTS) else _INCIDENT_WEIGHTS
        return random.choices(range(1, n_categories + 1), weights)[0]
    direction = 1 if theme.is_high_favourable else -1
    value = 3.0 + direction * level + random.gauss(0.0, 0.7)
    category = min(max(round(value), 1), n_categories)
    return n_categories + 1 - category if is_reversed else category
