"""The questionnaire: sizes, wording, pages, and what its loader refuses."""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from app.domain.errors import DomainError
from app.domain.instrument import (
    CURRENT_VERSION,
    Direction,
    Instrument,
    Sensitivity,
    Theme,
    ThemeGroup,
    load_instrument,
    parse_instrument,
)
from app.domain.texts import Text

INSTRUMENT = load_instrument(CURRENT_VERSION)

# The reference, in its order: theme, group, items, scale, direction.
REFERENCE = """
workload core 3 frequency5 risk
role_clarity core 2 frequency5 protective
role_conflict core 2 frequency5 risk
unnecessary_tasks core 2 frequency5 risk
emotional_demands core 2 frequency5 risk
autonomy core 3 frequency5 protective
leader_support core 3 frequency5 protective
fair_leadership core 2 frequency5 protective
coworker_support core 2 frequency5 protective
social_climate core 3 agree5 protective
psychological_safety core 3 agree5 protective
conflicts core 1 frequency5 risk
bullying core 1 incident5 incident
sexual_attention core 1 incident5 incident
unequal_treatment core 1 yesno incident
engagement core 3 frequency5 outcome
belonging core 2 agree5 outcome
leaving core 1 agree5 outcome
availability extended 3 frequency5 risk
positive_challenge extended 3 frequency5 protective
predictability extended 3 frequency5 protective
self_leadership extended 4 agree5 protective
empowering_leadership extended 3 frequency5 protective
competence extended 3 agree5 protective
work_home extended 2 frequency5 risk
innovation_climate extended 3 agree5 protective
care_for_staff extended 3 agree5 protective
mastery extended 3 frequency5 protective
recovery extended 3 frequency5 protective
change add_on 4 agree5 protective
user_focus add_on 3 agree5 protective
leadership add_on 5 agree5 protective
office add_on 5 agree5 protective
responsibility add_on 4 agree5 protective
future_work add_on 4 agree5 protective
training add_on 4 agree5 protective
"""
ROWS = [line.split() for line in REFERENCE.strip().splitlines()]
EXTENDED = [row[0] for row in ROWS if row[1] == "extended"]
ADD_ONS = [row[0] for row in ROWS if row[1] == "add_on"]
NEGATIONS = {
    "nb": r"\b(ikke|ingen|ingenting|aldri|uten|verken)\b",
    "nn": r"\b(ikkje|ingen|inga|ingenting|aldri|utan|verken)\b",
    "en": r"\b(not|no|nobody|nothing|never|without|neither|\w+n't)\b",
}


def every_theme(test: Callable[..., None]) -> Any:
    return pytest.mark.parametrize("theme", INSTRUMENT.themes, ids=lambda theme: theme.id)(test)


def texts_of(theme: Theme) -> list[Text]:
    extra = [theme.introduction] if theme.introduction else []
    return [theme.name, theme.about, *theme.talk, *extra, *(item.text for item in theme.items)]


def n_items(group: ThemeGroup) -> int:
    return sum(len(theme.items) for theme in INSTRUMENT.themes if theme.group is group)


# Sizes and properties


def test_themes_have_the_order_sizes_scales_and_directions_of_the_reference() -> None:
    rows = [[t.id, t.group.value, str(len(t.items)), t.scale.id, t.direction.value] for t in INSTRUMENT.themes]
    assert rows == ROWS


def test_core_has_37_items_extended_33_and_add_ons_29() -> None:
    assert [n_items(group) for group in ThemeGroup] == [37, 33, 29]


def test_the_most_sensitive_themes_are_bullying_and_sexual_attention() -> None:
    found = {t.id: t.sensitivity for t in INSTRUMENT.themes if t.sensitivity is not Sensitivity.NORMAL}
    assert found == {
        "bullying": Sensitivity.MOST_SENSITIVE,
        "sexual_attention": Sensitivity.MOST_SENSITIVE,
        "unequal_treatment": Sensitivity.SENSITIVE,
    }


def test_help_is_shown_beside_the_sensitive_themes() -> None:
    assert {t.id for t in INSTRUMENT.themes if t.shows_help} == {"bullying", "sexual_attention", "unequal_treatment"}
    assert len(INSTRUMENT.help) == 5


def test_what_happened_is_defined_above_its_question() -> None:
    assert all(INSTRUMENT.theme(name).introduction for name in ("bullying", "sexual_attention", "unequal_treatment"))


def test_favourable_end_follows_from_direction_and_is_said_for_outcomes() -> None:
    assert INSTRUMENT.theme("autonomy").is_high_favourable is True
    assert INSTRUMENT.theme("workload").is_high_favourable is False
    assert INSTRUMENT.theme("bullying").is_high_favourable is None
    outcomes = {t.id: t.is_high_favourable for t in INSTRUMENT.themes if t.direction is Direction.OUTCOME}
    assert outcomes == {"engagement": True, "belonging": True, "leaving": False}


def test_scales_have_five_categories_and_yesno_counts_no_before_yes() -> None:
    scales = {theme.scale.id: theme.scale for theme in INSTRUMENT.themes}
    assert {name: len(scale.categories) for name, scale in scales.items()} == {
        "frequency5": 5,
        "agree5": 5,
        "incident5": 5,
        "yesno": 2,
    }
    assert [category["en"] for category in scales["yesno"].categories] == ["No", "Yes"]
    assert {name for name, scale in scales.items() if scale.has_mean} == {"frequency5", "agree5"}


def test_items_are_numbered_from_one_within_their_theme() -> None:
    assert [item.id for item in INSTRUMENT.theme("workload").items] == ["workload_1", "workload_2", "workload_3"]
    ids = [item.id for theme in INSTRUMENT.themes for item in theme.items]
    assert len(set(ids)) == len(ids) == 99


def test_some_items_are_worded_against_their_theme_and_never_a_whole_theme() -> None:
    n_reversed = [sum(item.is_reversed for item in theme.items) for theme in INSTRUMENT.themes]
    assert 4 <= sum(n_reversed) <= 10
    assert all(n < len(theme.items) for n, theme in zip(n_reversed, INSTRUMENT.themes, strict=True))


# Wording


@every_theme
def test_every_text_is_there_in_every_language(theme: Theme) -> None:
    for text in texts_of(theme):
        assert tuple(text) == INSTRUMENT.languages == ("nb", "nn", "en")
        assert text["nb"] != text["en"]
        assert all(wording == wording.strip() and "  " not in wording for wording in text.values())


@every_theme
def test_items_fit_a_phone_and_say_something(theme: Theme) -> None:
    for item in theme.items:
        assert all(20 <= len(wording) <= 90 for wording in item.text.values())


@every_theme
def test_statements_end_with_a_full_stop_and_questions_with_a_question_mark(theme: Theme) -> None:
    end = "." if theme.scale.has_mean else "?"
    assert all(wording.endswith(end) for item in theme.items for wording in item.text.values())
    assert all(wording.endswith("?") for text in theme.talk for wording in text.values())
    assert all(wording.endswith(".") for wording in theme.about.values())
    assert all(wording[0].isupper() for text in texts_of(theme) for wording in text.values())


@every_theme
def test_no_item_holds_a_negation_that_never_or_disagree_would_double(theme: Theme) -> None:
    for item in theme.items:
        for language, wording in item.text.items():
            assert not re.search(NEGATIONS[language], wording, re.IGNORECASE), wording


@every_theme
def test_definitions_are_shown_exactly_where_items_use_them(theme: Theme) -> None:
    nb, en = (" ".join(item.text[language] for item in theme.items).lower() for language in ("nb", "en"))
    assert ("nærmeste leder" in nb) is ("nearest leader" in en) is ("nearest_leader" in theme.uses)
    assert ("enheten min" in nb) is ("my unit" in en) is ("unit" in theme.uses)
    assert not re.search(r"\bleder", nb.replace("nærmeste leder", ""))
    assert not re.search(r"\bleader", en.replace("nearest leader", ""))


@every_theme
def test_incident_items_ask_about_the_last_six_months(theme: Theme) -> None:
    asks = ["de siste seks månedene" in i.text["nb"] and "the last six months" in i.text["en"] for i in theme.items]
    assert all(asks) if theme.direction is Direction.INCIDENT else not any(asks)


@pytest.mark.parametrize("language", INSTRUMENT.languages)
def test_no_two_items_or_talk_questions_say_the_same(language: str) -> None:
    items = [item.text[language] for theme in INSTRUMENT.themes for item in theme.items]
    talk = [text[language] for theme in INSTRUMENT.themes for text in theme.talk]
    assert len(set(items)) == len(items)
    assert len(set(talk)) == len(talk)


@every_theme
def test_languages_are_about_equally_long(theme: Theme) -> None:
    for text in texts_of(theme)[1:]:
        assert 0.6 < len(text["nb"]) / len(text["en"]) < 1.6, text


def test_no_text_of_the_instrument_waits_for_a_value() -> None:
    texts = [text for theme in INSTRUMENT.themes for text in texts_of(theme)]
    texts += [INSTRUMENT.no_answer, *INSTRUMENT.definitions.values()]
    texts += [text for entry in INSTRUMENT.help for text in (entry.heading, entry.text)]
    assert not any("{" in wording for text in texts for wording in text.values())


def test_addresses_of_help_are_secure_pages() -> None:
    urls = [url for entry in INSTRUMENT.help if entry.url for url in entry.url.values()]
    assert urls
    assert all(url.startswith("https://") for url in urls)


# Choosing, pages, time


def test_core_is_always_chosen_and_extras_stand_in_the_order_of_the_instrument() -> None:
    core = [row[0] for row in ROWS if row[1] == "core"]
    assert [theme.id for theme in INSTRUMENT.chosen([])] == core
    assert [theme.id for theme in INSTRUMENT.chosen(["training", "recovery", "workload"])] == [
        *core,
        "recovery",
        "training",
    ]


def test_unknown_theme_is_refused() -> None:
    with pytest.raises(DomainError, match=r"theme\.unknown"):
        INSTRUMENT.chosen(["astrology"])


@pytest.mark.parametrize(
    ("extra", "n_pages"),
    [([], {6, 7, 8}), (EXTENDED, {11, 12, 13}), (EXTENDED + ADD_ONS, {16, 17, 18})],
    ids=["short", "full", "everything"],
)
def test_forms_have_about_7_12_and_17_pages(extra: list[str], n_pages: set[int]) -> None:
    assert len(INSTRUMENT.pages(extra)) in n_pages


@pytest.mark.parametrize(
    "extra",
    [[], EXTENDED, ADD_ONS, EXTENDED + ADD_ONS, *([name] for name in EXTENDED + ADD_ONS)],
    ids=lambda extra: "+".join(extra)[:30] or "none",
)
def test_pages_hold_every_chosen_theme_once_whole_and_at_most_8_items(extra: list[str]) -> None:
    pages = INSTRUMENT.pages(extra)
    assert tuple(theme for page in pages for theme in page.themes) == INSTRUMENT.chosen(extra)
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))
    assert all(1 <= len(page.items) <= 8 for page in pages)


@pytest.mark.parametrize("extra", [[], EXTENDED + ADD_ONS], ids=["none", "all"])
def test_incidents_stand_together_on_a_page_of_their_own(extra: list[str]) -> None:
    pages = [page for page in INSTRUMENT.pages(extra) if any(t.direction is Direction.INCIDENT for t in page.themes)]
    assert [[theme.id for theme in page.themes] for page in pages] == [
        ["bullying", "sexual_attention", "unequal_treatment"]
    ]


def test_full_form_takes_about_15_minutes_and_the_short_one_8() -> None:
    assert INSTRUMENT.minutes(EXTENDED) == 15
    assert INSTRUMENT.minutes([]) == 8
    assert INSTRUMENT.minutes(EXTENDED + ADD_ONS) == 21


# Loading


def test_a_version_is_read_once_and_names_itself() -> None:
    assert load_instrument(CURRENT_VERSION) is INSTRUMENT
    assert INSTRUMENT.version == CURRENT_VERSION


@pytest.mark.parametrize("version", ["1999-1", "", "../instruments/2026-1"])
def test_unknown_version_is_refused(version: str) -> None:
    with pytest.raises(DomainError, match=r"instrument\.unknown"):
        load_instrument(version)


def both(wording: str) -> dict[str, str]:
    return {"nb": f"{wording} på norsk", "en": f"{wording} in English"}


def theme_data(**changes: Any) -> dict[str, Any]:
    theme = {
        "id": "workload",
        "name": both("Name"),
        "group": "core",
        "direction": "risk",
        "scale": "short",
        "about": both("About"),
        "talk": [both("One?"), both("Two?")],
        "items": [{"text": both("First.")}, {"text": both("Second."), "is_reversed": True}],
    }
    return theme | changes


INCIDENT: dict[str, Any] = {"direction": "incident", "scale": "happened", "items": [{"text": both("It?")}]}


@pytest.fixture
def data() -> dict[str, Any]:
    """The smallest complete instrument: one theme with a mean and one incident."""
    return deepcopy(
        {
            "version": "1",
            "languages": ["nb", "en"],
            "no_answer": both("Nothing"),
            "definitions": {"nearest_leader": both("Leader"), "unit": both("Unit")},
            "help": [{"heading": both("Help"), "text": both("Text"), "phone": both("Phone")}],
            "scales": [
                {"id": "short", "has_mean": True, "categories": {"nb": ["a", "b"], "en": ["c", "d"]}},
                {"id": "happened", "has_mean": False, "categories": {"nb": ["nei", "ja"], "en": ["no", "yes"]}},
            ],
            "themes": [theme_data(), theme_data(id="trouble", sensitivity="most_sensitive", **INCIDENT)],
        }
    )


def test_the_smallest_complete_instrument_is_accepted(data: dict[str, Any]) -> None:
    instrument = parse_instrument(data)
    assert isinstance(instrument, Instrument)
    assert [item.is_reversed for item in instrument.theme("workload").items] == [False, True]
    assert instrument.help[0].url is None


def test_loaded_texts_cannot_be_changed(data: dict[str, Any]) -> None:
    instrument = parse_instrument(data)
    with pytest.raises(TypeError):
        instrument.no_answer["nb"] = "changed"  # type: ignore[index]
    data["no_answer"]["nb"] = "changed"
    assert instrument.no_answer == both("Nothing")


Change = Callable[[dict[str, Any]], object]
FIRST = "themes.workload"
REFUSED: dict[str, tuple[Change, str]] = {
    "key missing": (lambda d: d.pop("no_answer"), "no_answer"),
    "key unknown": (lambda d: d.update(colour="red"), "colour"),
    "languages missing": (lambda d: d.pop("languages"), "languages"),
    "language twice": (lambda d: d.update(languages=["nb", "nb"]), "languages"),
    "language blank": (lambda d: d.update(languages=["nb", " "]), "languages"),
    "version no string": (lambda d: d.update(version=1), "version"),
    "no themes": (lambda d: d.update(themes=[]), "themes"),
    "themes no list": (lambda d: d.update(themes={}), "themes"),
    "theme no table": (lambda d: d["themes"].append("workload"), "themes.3"),
    "theme twice": (lambda d: d["themes"].append(theme_data()), "themes"),
    "scale twice": (lambda d: d["scales"].append(deepcopy(d["scales"][0])), "scales"),
    "definition missing": (lambda d: d["definitions"].pop("unit"), "definitions.unit"),
    "definition unknown": (lambda d: d["definitions"].update(team=both("Team")), "definitions.team"),
    "help key unknown": (lambda d: d["help"][0].update(fax=both("Fax")), "help.1.fax"),
    "categories differ in number": (
        lambda d: d["scales"][0]["categories"].update(en=["c", "d", "e"]),
        "scales.short.categories",
    ),
    "categories lack a language": (lambda d: d["scales"][0]["categories"].pop("en"), "scales.short.categories.en"),
    "category blank": (lambda d: d["scales"][0]["categories"].update(en=["c", ""]), "scales.short.categories.en"),
    "category with another placeholder": (
        lambda d: d["scales"][0]["categories"].update(en=["c", "{d}"]),
        "scales.short.categories.2",
    ),
    "one category": (lambda d: d["scales"][0].update(categories={"nb": ["a"], "en": ["b"]}), "scales.short"),
    "has_mean no flag": (lambda d: d["scales"][0].update(has_mean="yes"), "scales.short.has_mean"),
    "text lacks a language": (lambda d: d["themes"][0]["name"].pop("en"), f"{FIRST}.name"),
    "text in an unknown language": (lambda d: d["themes"][0]["name"].update(xx="?"), f"{FIRST}.name.xx"),
    "text blank": (lambda d: d["themes"][0]["about"].update(nb="  "), f"{FIRST}.about.nb"),
    "text no table": (lambda d: d["themes"][0].update(name="Name"), f"{FIRST}.name"),
    "item text blank": (lambda d: d["themes"][0]["items"][1]["text"].update(nb=""), f"{FIRST}.items.2.text.nb"),
    "item key unknown": (lambda d: d["themes"][0]["items"][0].update(weight=2), f"{FIRST}.items.1.weight"),
    "item reversed no flag": (
        lambda d: d["themes"][0]["items"][0].update(is_reversed=1),
        f"{FIRST}.items.1.is_reversed",
    ),
    "placeholders differ": (lambda d: d["themes"][0]["about"].update(nb="I {unit}"), f"{FIRST}.about"),
    "placeholder broken": (lambda d: d["themes"][0]["about"].update(nb="I {unit"), f"{FIRST}.about"),
    "placeholder no name": (lambda d: d["themes"][0]["about"].update(nb="I {unit.id}"), f"{FIRST}.about"),
    "group unknown": (lambda d: d["themes"][0].update(group="odd"), f"{FIRST}.group"),
    "group no string": (lambda d: d["themes"][0].update(group=["core"]), f"{FIRST}.group"),
    "direction unknown": (lambda d: d["themes"][0].update(direction="up"), f"{FIRST}.direction"),
    "sensitivity unknown": (lambda d: d["themes"][0].update(sensitivity="very"), f"{FIRST}.sensitivity"),
    "scale unknown": (lambda d: d["themes"][0].update(scale="long"), f"{FIRST}.scale"),
    "theme key unknown": (lambda d: d["themes"][0].update(color="red"), f"{FIRST}.color"),
    "no items": (lambda d: d["themes"][0].update(items=[]), f"{FIRST}.items"),
    "nine items": (lambda d: d["themes"][0].update(items=[{"text": both("I.")}] * 9), f"{FIRST}.items"),
    "no talk questions": (lambda d: d["themes"][0].pop("talk"), f"{FIRST}.talk"),
    "one talk question": (lambda d: d["themes"][0]["talk"].pop(), f"{FIRST}.talk"),
    "definition used but unknown": (lambda d: d["themes"][0].update(uses=["team"]), f"{FIRST}.uses"),
    "favourable end of an outcome missing": (
        lambda d: d["themes"][0].update(direction="outcome"),
        f"{FIRST}.is_high_favourable",
    ),
    "favourable end of a risk said": (
        lambda d: d["themes"][0].update(is_high_favourable=True),
        f"{FIRST}.is_high_favourable",
    ),
    "risk on a scale without a mean": (lambda d: d["themes"][0].update(scale="happened"), f"{FIRST}.scale"),
    "incident on a scale with a mean": (
        lambda d: d["themes"][1].update(scale="short", sensitivity="sensitive"),
        "themes.trouble.scale",
    ),
    "most sensitive on a scale with a mean": (
        lambda d: d["themes"][0].update(sensitivity="most_sensitive"),
        f"{FIRST}.scale",
    ),
    "reversed on a scale without a mean": (
        lambda d: d["themes"][1]["items"][0].update(is_reversed=True),
        "themes.trouble.items.1",
    ),
}


@pytest.mark.parametrize(("change", "where"), REFUSED.values(), ids=REFUSED)
def test_incomplete_or_inconsistent_data_are_refused_with_their_place(
    data: dict[str, Any], change: Change, where: str
) -> None:
    change(data)
    with pytest.raises(DomainError) as refusal:
        parse_instrument(data)
    assert refusal.value.code == "instrument.invalid"
    assert refusal.value.values["where"] == where
    assert refusal.value.values["problem"]


def test_a_theme_may_use_definitions_and_say_the_favourable_end_of_an_outcome(data: dict[str, Any]) -> None:
    data["themes"][0] |= {"direction": "outcome", "is_high_favourable": False, "uses": ["unit"]}
    theme = parse_instrument(data).theme("workload")
    assert theme.is_high_favourable is False
    assert theme.uses == {"unit"}
