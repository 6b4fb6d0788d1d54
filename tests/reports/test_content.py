from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from app.domain.instrument import Direction, load_instrument
from app.domain.results import Bound, PrevalenceGroup, Share
from app.reports.content import Verdict, Withheld, content_of, front_notes, verdict, verdict_words, withheld_words
from app.reports.guide import definitions_of, entries_of, guide_of
from app.reports.texts import texts
from tests.reports.factory import Survey, plain_survey

NORTH, SOUTH = ("Divisjon for æøå", "Seksjon nord"), ("Divisjon for æøå", "Seksjon sør")


@pytest.mark.parametrize(
    ("theme", "mean", "expected"),
    [
        ("autonomy", "3.3", Verdict.FAVOURABLE),
        ("autonomy", "3.2", Verdict.SAME),
        ("autonomy", "2.7", Verdict.UNFAVOURABLE),
        ("workload", "3.3", Verdict.UNFAVOURABLE),
        ("workload", "2.7", Verdict.FAVOURABLE),
        ("leaving", "3.3", Verdict.UNFAVOURABLE),
        ("bullying", "3.3", None),
    ],
)
def test_verdict_looks_at_printed_means_and_the_favourable_end(theme: str, mean: str, expected: Verdict | None) -> None:
    assert verdict(load_instrument("2026-1").theme(theme), Decimal(mean), Decimal("3.0")) is expected


def test_difference_is_that_of_the_printed_means() -> None:
    for theme in content_of(plain_survey().report(*NORTH), "en").themes:
        if theme.mean and theme.reference:
            assert theme.difference == texts("en").difference(theme.mean.value - theme.reference.value)


def test_organisation_is_compared_with_nothing() -> None:
    content = content_of(plain_survey().report(), "en")
    assert not [theme for theme in content.themes if theme.reference or theme.difference or theme.verdict]
    assert not [item for theme in content.themes for item in theme.items if item.reference]


def test_themes_stand_by_direction() -> None:
    chapters = content_of(plain_survey().report(), "en").chapters
    assert [chapter.direction for chapter in chapters] == [
        Direction.RISK,
        Direction.PROTECTIVE,
        Direction.OUTCOME,
        Direction.INCIDENT,
    ]
    assert all(theme.theme.direction is chapter.direction for chapter in chapters for theme in chapter.themes)


def test_what_is_withheld_has_its_reason() -> None:
    few = {theme.id: theme for theme in content_of(plain_survey().report(*SOUTH), "en").themes}
    assert few["bullying"].withheld is Withheld.ORGANISATION_ONLY
    assert few["unequal_treatment"].withheld is Withheld.TOO_FEW
    assert few["workload"].withheld is None
    small = content_of(Survey({("A",): 12}, themes=["bullying"]).report(), "en")
    assert small.themes[0].withheld is Withheld.BELOW_PREVALENCE
    assert "only from 50 answers" in withheld_words(small, small.themes[0])


def test_theme_without_spread_in_a_report_with_spread_says_so() -> None:
    survey = plain_survey(themes=["workload", "autonomy"])
    results = survey.results(*NORTH)
    themes = (replace(results.themes[0], items=(), n_distribution=None), results.themes[1])
    report = replace(survey.report(*NORTH), results=replace(results, themes=themes))
    content = content_of(report, "en")
    theme = next(theme for theme in content.themes if theme.id == "workload")
    assert theme.withheld is Withheld.NO_SPREAD
    assert not theme.is_withheld
    assert withheld_words(content, theme) == "How the answers spread is shown only from 10 answers."


def test_merged_categories_are_named_in_words_that_read_aloud_well() -> None:
    from app.reports.content import _prevalence

    theme = load_instrument("2026-1").theme("bullying")
    shown = ((0, 0), (1, 2), (2, 4), (1, 4))
    groups = [PrevalenceGroup(first, last, Share(6)) for first, last in shown]
    labels = [_prevalence(theme, group, texts("en")).label for group in groups]
    assert labels == ["No", "Yes, seldom to now and then", "Yes, now and then or more often", "Yes, all taken together"]


def test_units_stand_side_by_side_only_where_there_are_units_and_means() -> None:
    assert content_of(plain_survey(themes=["workload"]).report(), "en").heat_map
    assert content_of(plain_survey(themes=["workload"]).report(*NORTH), "en").heat_map is None
    for survey in (Survey({(): 30}, themes=["workload"]), plain_survey(themes=["bullying"])):
        content = content_of(survey.report(), "en")
        assert content.heat_map is None
        assert "units" not in {entry.anchor for entry in entries_of(content)}


def test_own_definitions_stand_in_place_of_those_of_the_instrument() -> None:
    own = {"nearest_leader": {"en": "Whoever signs your leave."}}
    shown = definitions_of(content_of(plain_survey(definitions=own).report(*NORTH), "en"))
    assert shown[0] == "Whoever signs your leave."
    assert shown[1] == load_instrument("2026-1").definitions["unit"]["en"]


def test_guide_names_the_limits_of_the_survey() -> None:
    guide = guide_of(content_of(plain_survey().report(*NORTH), "en"))
    assert "{" not in "".join((*guide["withheld"].points, *guide["method"].points))


def test_front_says_what_its_number_means_and_that_themes_have_their_own() -> None:
    content = content_of(plain_survey().report(*NORTH), "en")
    rests = "Each theme says how many answers it rests on."
    counted = "answers are included when skipped statements are disregarded."
    assert front_notes(content)[0] == f"23 of 23 {counted} {rests}"
    fewer = replace(content, n_included="22")
    protected = "Some are left out to protect those who gave them."
    assert front_notes(fewer)[0] == f"22 of 23 {counted} {protected} {rests}"
    norsk = front_notes(content_of(plain_survey().report(*NORTH), "nb"))[0]
    assert norsk.startswith("23 av 23 svar er med ")


@pytest.mark.parametrize("value", list(Verdict))
def test_every_verdict_has_words(value: Verdict) -> None:
    assert verdict_words(value, texts("en"))


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nb", ["3,8", "−0,3", "+0,3", "0,0", "12\N{NO-BREAK SPACE}%", "12\N{NO-BREAK SPACE}345"]),
        ("en", ["3.8", "−0.3", "+0.3", "0.0", "12%", "12,345"]),
    ],
)
def test_numbers_follow_the_language(language: str, expected: list[str]) -> None:
    words = texts(language)
    differences = [words.difference(Decimal(value)) for value in ("-0.3", "0.3", "0.0")]
    assert [words.mean(Decimal("3.8")), *differences, words.percent(12), words.number(12345)] == expected


@pytest.mark.parametrize(
    ("language", "last", "expected"),
    [
        ("nb", date(2026, 3, 20), "2.–20. mars 2026"),
        ("nb", date(2026, 4, 1), "2. mars–1. april 2026"),
        ("nn", date(2026, 3, 20), "2.–20. mars 2026"),
        ("nn", date(2027, 1, 4), "2. mars 2026–4. januar 2027"),
        ("en", date(2026, 3, 20), "2–20 March 2026"),
        ("en", date(2027, 1, 4), "2 March 2026\N{THIN SPACE}–\N{THIN SPACE}4 January 2027"),
        ("en", date(2026, 3, 2), "2 March 2026"),
    ],
)
def test_period_says_month_and_year_once(language: str, last: date, expected: str) -> None:
    assert texts(language).period(date(2026, 3, 2), last) == expected


def test_bounds_are_said_in_words() -> None:
    words = texts("en")
    shares = [Share(90, Bound.AT_LEAST), Share(10, Bound.AT_MOST), Share(0, Bound.FEWER_THAN_FIVE), Share(7)]
    assert [words.share(share) for share in shares] == ["at least 90%", "at most 10%", "fewer than 5 people", "7%"]
