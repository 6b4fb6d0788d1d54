"""Choosing a unit one level at a time: only what is below the chosen unit is in the page."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from flask import Flask, request, request_started

from app.domain.units import UnitTree
from app.extensions import key_ring, session
from app.services import answering
from app.web import unit_choice as units
from tests.people import TREE, Trial, open_trial
from tests.web.client import Browser, check_fragment

DEEP = UnitTree.from_rows(
    [
        (("Nord", "Drift", "Vakt"), None),
        (("Nord", "Drift"), None),
        (("Nord", "ingen"), None),
        (("Sør", "Drift", "Vakt"), None),
        (("ingen",), None),
    ]
)
WIDE = UnitTree.from_rows([((f"Avdeling {a}", f"Seksjon {s}"), None) for a in range(8) for s in range(5)])
Place = Callable[[UnitTree], Browser]


@pytest.fixture
def begin(web: Flask, trial: Trial) -> Place:
    """A browser at the unit page of a survey with this tree."""

    def begin(tree: UnitTree) -> Browser:
        with web.app_context():
            code = open_trial(tree).survey.code
        browser = Browser(web.test_client(), code)
        browser.log_in()
        browser.send(button={"consent": "no"})
        assert browser.heading == "Your unit"
        return browser

    return begin


def options(browser: Browser, level: int) -> list[str]:
    return [option.get_text(strip=True) for option in browser.page.select(f"#level_{level} option")]


def test_first_level_alone_is_shown_first(begin: Place) -> None:
    browser = begin(TREE)
    assert options(browser, 1) == ["Choose …", "A", "B", "None of these – directly under Prøvetilsynet"]
    assert "A1" not in browser.html


def test_each_step_shows_the_children_of_what_was_chosen(begin: Place) -> None:
    browser = begin(DEEP)
    browser.send("#unit", button={"go": "show"}, level_1="1")
    assert options(browser, 2) == ["Choose …", "Drift", "ingen"]
    browser.send("#unit", button={"go": "show"}, level_2="2")
    assert options(browser, 3) == ["Choose …", "Vakt", "Directly in Drift"]
    browser.send("#unit", button={"go": "next"}, level_3="2")
    assert browser.heading.startswith("Page 1")
    browser.go("unit")
    assert "You have chosen: Nord › Drift" in browser.text
    assert [level["selected"] for level in browser.page.select("option[selected]")] == ["", "", ""]


def test_showing_a_level_or_a_hit_saves_nothing_and_complains_of_nothing(
    web: Flask, trial: Trial, browser: Browser
) -> None:
    browser.log_in()
    browser.send(button={"consent": "no"})
    for fields in ({"level_1": "1", "level_2": "3"}, {"unit": "3"}, {"search": "a1"}):
        answer = browser.post("unit", go="show", **fields)
        assert answer.status_code == 200
        assert "Choose at every level" not in answer.text
    with web.app_context():
        assert answering.find_response(session(), key_ring(), trial.opened.setup, trial.person(0)) is None


def test_no_address_of_a_whole_visit_tells_the_unit(web: Flask, begin: Place) -> None:
    """A proxy logs addresses with the time and whence they came."""
    browser = begin(WIDE)
    code, addresses = re.escape(browser.code), list[str]()

    def note(sender: Flask, **_: object) -> None:
        addresses.append(request.full_path.removesuffix("?"))

    with request_started.connected_to(note, web):
        browser.send("#unit", button={"go": "show"}, level_1="1")
        browser.send("#unit", button={"language": "nb"}, level_2="3")
        browser.send("#unit", button={"language": "en"})
        browser.partial(browser.address("unit"), {"go": "show", "level_1": "7"})
        browser.partial(browser.address("unit"), {"go": "show", "search": "seksjon"})
        browser.send("#unit", button={"go": "next"}, level_2="")
        browser.send("form[role=search]", search="3 avd seksjon 4")
        browser.send("#unit-hits form", button={"unit": str(browser.page.select(".hit")[0]["value"])})
        browser.go("unit")
        browser.send("#unit", button={"go": "next"})
        browser.go("review")
        browser.send()
        assert browser.heading == "Thank you, your answers are submitted"
        browser.go("preview/unit")
        browser.send("#unit", button={"go": "show"}, level_1="1")
        browser.send("form[role=search]", search="seksjon 4")
    allowed = re.compile(rf"/s/{code}/(unit|page/[1-6]|review|receipt|preview/unit)")
    assert [address for address in addresses if not allowed.fullmatch(address)] == []
    assert len(addresses) > 12


def test_levels_in_an_address_are_ignored(begin: Place) -> None:
    browser = begin(TREE)
    browser.go("unit?level_1=1")
    assert not browser.page.select("option[selected], #level_2")


def test_next_without_a_complete_choice_shows_the_next_level(begin: Place) -> None:
    """Who was not asked yet, since scripts are off or have failed, has done nothing wrong."""
    browser = begin(DEEP)
    browser.send("#unit", button={"go": "next"}, level_1="1")
    assert browser.status == 200
    assert "Choose at every level" not in browser.text
    assert options(browser, 2)
    browser.send("#unit", button={"go": "next"}, level_2="")
    assert browser.status == 422
    assert "Choose at every level" in browser.text


def test_list_with_ingen_at_the_top_needs_no_extra_choice(begin: Place) -> None:
    browser = begin(DEEP)
    assert options(browser, 1) == ["Choose …", "Nord", "Sør", "ingen"]
    browser.send("#unit", button={"go": "next"}, level_1="0")
    assert browser.status == 422


def test_one_may_belong_directly_under_the_organisation(begin: Place) -> None:
    browser = begin(TREE)
    browser.send("#unit", button={"go": "next"}, level_1="0")
    browser.go("review")
    assert "Your unit Prøvetilsynet" in browser.text


def test_other_branch_is_never_in_the_fragment(begin: Place) -> None:
    browser = begin(WIDE)
    for unit in WIDE.children(WIDE.root):
        fragment = browser.partial(browser.address("unit"), {"go": "show", "level_1": str(unit.index)})
        own = {child.name for child in WIDE.children(unit)}
        shown = {
            option.get_text(strip=True) for option in BeautifulSoup(fragment, "html.parser").select("#level_2 option")
        }
        assert shown == own | {"Choose …"}
        values = {str(option["value"]) for option in BeautifulSoup(fragment, "html.parser").select("#level_2 option")}
        assert values == {"", *(str(child.index) for child in WIDE.children(unit))}


def test_fragment_is_part_of_the_page(begin: Place) -> None:
    browser = begin(WIDE)
    sent: tuple[dict[str, str], ...] = (
        {"level_1": "1"},
        {"level_1": "1", "level_2": "3"},
        {"level_1": ""},
        {"search": "seksjon 3"},
        {"search": ""},
    )
    for fields in sent:
        fragment = browser.partial(browser.address("unit"), {"go": "show", **fields})
        check_fragment(BeautifulSoup(fragment, "html.parser"))
        browser.send("form[role=search]" if "search" in fields else "#unit", button={"go": "show"}, **fields)
        assert browser.status == 200
        page = "".join(browser.html.split())
        token = browser.page.select("#unit-hits input[name=csrf_token]")
        given = BeautifulSoup(fragment, "html.parser").select("input[name=csrf_token]")
        for old, new in zip(given, token, strict=True):
            fragment = fragment.replace(str(old["value"]), str(new["value"]))
        assert "".join(fragment.split()) in page


@pytest.mark.parametrize("value", ["99", "-1", "x", "1.0", "²", "9" * 30, "3"])
def test_value_that_is_no_choice_here_is_ignored(begin: Place, value: str) -> None:
    browser = begin(TREE)
    browser.send("#unit", button={"go": "next"}, level_1=value)
    assert browser.status == 422
    assert not browser.page.select("option[selected]")


def test_level_left_from_another_branch_is_ignored() -> None:
    choice = units.walk(TREE, {"level_1": "5", "level_2": "2"})
    assert choice.unit is not None
    assert choice.unit.path == ("B",)
    assert units.walk(DEEP, {"level_1": "5", "level_2": "2"}).unit is None


@pytest.mark.parametrize("tree", [TREE, DEEP, WIDE])
def test_every_place_to_belong_can_be_chosen_and_found_again(tree: UnitTree) -> None:
    for unit in tree.units:
        choice = units.walk(tree, units.leading_to(tree, unit))
        allowed = unit.may_stop and not (unit.parent is None and tree is DEEP)
        assert (choice.unit == unit) == allowed
        assert (units.find_stop(tree, str(unit.index)) == unit) == allowed


def test_organisation_without_units_has_nothing_to_choose(web: Flask, begin: Place) -> None:
    browser = begin(UnitTree.from_rows([]))
    assert not browser.page.select("select")
    assert "There is no unit to choose." in browser.text
    browser.send("#unit", button={"go": "next"})
    assert browser.heading.startswith("Page 1")
    browser.go("review")
    browser.send()
    assert browser.heading == "Thank you, your answers are submitted"


def test_small_tree_has_no_search(begin: Place) -> None:
    assert begin(TREE).page.select_one("#search") is None


def test_search_finds_whole_paths_and_chooses_with_one_button(begin: Place) -> None:
    browser = begin(WIDE)
    browser.send("form[role=search]", search="3 avd seksjon 4")
    hits = [hit.get_text(strip=True) for hit in browser.page.select(".hit")]
    assert hits == ["Avdeling 3 › Seksjon 4", "Avdeling 4 › Seksjon 3"]
    assert "2 units found." in browser.text
    value = str(browser.page.select(".hit")[1]["value"])
    browser.send("#unit-hits form", button={"unit": value})
    assert browser.heading.startswith("Page 1")
    browser.go("unit")
    assert "You have chosen: Avdeling 4 › Seksjon 3" in browser.text


def test_search_shows_at_most_twenty(begin: Place) -> None:
    browser = begin(WIDE)
    browser.send("form[role=search]", search="SEKSJON")
    assert len(browser.page.select(".hit")) == 20
    assert "There may be more." in browser.text
    browser.send("form[role=search]", search="<b>nix")
    assert "0 units found." in browser.text
    assert "<b>nix" not in browser.html


@pytest.mark.parametrize("value", ["1", "99", "x", "-3"])
def test_button_for_a_unit_where_nobody_may_belong_is_refused(begin: Place, value: str) -> None:
    browser = begin(WIDE)
    assert browser.post("unit", unit=value).status_code == 422


def test_changing_the_unit_leaves_the_answers(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.begin()
    browser.send("#answers", button={"go": "next"}, workload_1="3")
    browser.go("unit")
    browser.send("#unit", button={"go": "next"}, level_1="1", level_2="3")
    with web.app_context():
        found = answering.find_response(session(), key_ring(), trial.opened.setup, trial.person(0))
    assert found is not None
    assert (found.unit, found.answers[0]) == (3, 3)
