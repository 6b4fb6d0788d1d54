"""5,000 units over 6 levels: a page is as light, and asks the databases as seldom, as with a handful."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

from app.domain.units import UnitPath, UnitTree
from app.web import unit_choice as units
from tests.people import TREE, Trial, open_trial
from tests.web.client import Browser

NAMES = ("Divisjon", "Område", "Avdeling", "Seksjon", "Faggruppe", "Lag")
N_UNITS, N_LEVELS, N_CHILDREN = 5000, 6, 4
Place = Callable[[UnitTree], Browser]


def large_tree() -> UnitTree:
    """Level by level until there are enough: 4, 16, 64, … units."""
    paths: list[UnitPath] = [()]
    for level in range(N_LEVELS):
        above = [path for path in paths if len(path) == level]
        below = ((*path, f"{NAMES[level]} {number}") for path in above for number in range(1, 9))
        n_wanted = N_CHILDREN ** (level + 1) if level + 1 < N_LEVELS else N_UNITS + 1 - len(paths)
        n_each = N_CHILDREN if level + 1 < N_LEVELS else 8
        fitting = (path for path in below if int(path[-1].split()[-1]) <= n_each)
        paths += itertools.islice(fitting, n_wanted)
    return UnitTree.from_rows([(path, None) for path in paths[1:]])


LARGE = large_tree()


@pytest.fixture
def begin(web: Flask, trial: Trial) -> Place:
    def begin(tree: UnitTree) -> Browser:
        with web.app_context():
            code = open_trial(tree).survey.code
        browser = Browser(web.test_client(), code)
        browser.log_in()
        browser.send(button={"consent": "no"})
        return browser

    return begin


@contextmanager
def counting() -> Iterator[list[str]]:
    """The statements that are sent to the databases meanwhile."""
    sent: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


def test_tree_is_as_large_as_promised() -> None:
    assert len(LARGE.units) == N_UNITS + 1
    assert {unit.level for unit in LARGE.units} == set(range(N_LEVELS + 1))


def test_every_level_sends_only_the_children_of_what_was_chosen(begin: Place) -> None:
    browser = begin(LARGE)
    chosen: dict[str, str] = {}
    for level in range(1, N_LEVELS + 1):
        options = browser.page.select(f"#level_{level} option[value]:not([value=''])")
        assert 1 <= len(options) <= 9
        sent = browser.page.select("option[value]:not([value=''])")
        assert len(sent) <= 9 * level, "nothing but the units beside the chosen ones and those below"
        assert len(gzip.compress(browser.html.encode())) <= 3 * 1024
        chosen[f"level_{level}"] = str(options[0]["value"])
        fragment = browser.partial(browser.address("unit"), {**chosen, "go": "show"})
        assert len(gzip.compress(fragment.encode())) <= 1024
        browser.send("#unit", button={"go": "show"}, **chosen)
    browser.send("#unit", button={"go": "next"}, **chosen)
    assert browser.heading == "Page 1 of 6"


@pytest.mark.parametrize("words", ["seksjon 3", "Divisjon 2 faggruppe 4", "lag", "finnes ikke"])
def test_search_looks_at_whole_paths_and_sends_a_handful_with_and_without_a_script(begin: Place, words: str) -> None:
    browser = begin(LARGE)
    fragment = browser.partial(browser.address("unit"), {"go": "show", "search": words})
    assert len(gzip.compress(fragment.encode())) <= 1536
    browser.send("form[role=search]", search=words)
    assert fragment in browser.html
    hits = [hit.get_text() for hit in browser.page.select(".hit")]
    assert len(hits) == (0 if "ikke" in words else units.N_HITS)
    assert all(word in hit.casefold() for hit in hits for word in words.casefold().split())
    if hits:
        assert "There may be more" in browser.text
        button = browser.page.select_one(".hit")
        assert button is not None
        browser.send("#unit-hits form", button={"unit": str(button["value"])})
        assert browser.heading == "Page 1 of 6"


def test_databases_are_asked_as_often_as_with_a_small_list(begin: Place) -> None:
    counts = []
    for tree in (TREE, LARGE):
        browser = begin(tree)
        with counting() as sent:
            browser.go("unit")
            browser.partial(browser.address("unit"), {"go": "show", "search": "1"})
            browser.partial(browser.address("unit"), {"go": "show", "level_1": "1"})
            browser.send("#unit", button={"go": "next"}, **units.leading_to(tree, tree.units[-1]))
        counts.append(len(sent))
    assert counts[0] == counts[1]
