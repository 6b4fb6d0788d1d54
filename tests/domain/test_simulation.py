"""Simulated people answer the way people do."""

from __future__ import annotations

from random import Random
from statistics import correlation, mean

from app.domain.fiction import fictional_tree
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.simulation import draw_answers, draw_mood, draw_unit, unit_levels

INSTRUMENT = load_instrument(CURRENT_VERSION)
THEMES = INSTRUMENT.chosen([theme.id for theme in INSTRUMENT.themes])


def people(n: int) -> list[dict[str, int]]:
    random = Random(1)
    return [draw_answers(THEMES, draw_mood(random, 0.0), random) for _ in range(n)]


def test_answers_are_categories_of_their_scale_and_some_are_skipped() -> None:
    answered = people(300)
    n_items = sum(len(theme.items) for theme in THEMES)
    for theme in THEMES:
        for item in theme.items:
            values = {person[item.id] for person in answered if item.id in person}
            assert values <= set(range(len(theme.scale.categories) + 1))
    assert 0.02 < mean(len(person) < n_items for person in answered) < 0.2


def test_items_of_a_theme_go_together() -> None:
    answered = [person for person in people(600) if person.get("autonomy_1") and person.get("autonomy_2")]
    assert correlation([p["autonomy_1"] for p in answered], [p["autonomy_2"] for p in answered]) > 0.3


def test_fictional_directorate_has_three_levels_leader_rows_and_catch_alls() -> None:
    tree = fictional_tree()
    assert 55 <= len(tree.units) <= 70
    assert tree.n_levels == 3
    assert any(unit.name == "avdelingsledelse" for unit in tree.units)
    assert any(unit.is_catch_all for unit in tree.units)


def test_people_belong_where_the_list_stops() -> None:
    tree, random = fictional_tree(), Random(2)
    levels = unit_levels(tree, random)
    drawn = {draw_unit(tree, random) for _ in range(500)}
    assert all(unit.may_stop and unit.path for unit in drawn)
    assert set(levels) == {unit.index for unit in tree.units}
    assert any(unit.is_catch_all for unit in drawn)
