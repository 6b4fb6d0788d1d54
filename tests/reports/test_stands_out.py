"""What stands out: the largest differences of printed means, with caution where few have answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import takewhile

from bs4 import BeautifulSoup

from app.domain.results import ReportResults
from app.reports.content import Verdict, content_of
from app.reports.html import render_html
from app.reports.model import Report
from app.reports.pdf import render_pdf
from app.reports.stands_out import MOST_NAMED, MOST_OF_A_KIND, StandsOut, stands_out_of
from app.reports.texts import texts
from tests.reports.factory import CORE, Survey
from tests.reports.reading import read

THEMES = ("workload", "autonomy", "engagement")
INCIDENTS = ("bullying", "sexual_attention", "unequal_treatment")
PATH = ("A",)


def _report(differences: dict[str, str], n: int = 30) -> Report:
    """A unit whose printed means lie so far from the organisation's 3.0."""
    survey = Survey({PATH: n, ("B",): 40}, themes=tuple(differences))
    own = _with_means(
        survey.results(*PATH), {name: Decimal("3.0") + Decimal(value) for name, value in differences.items()}
    )
    all_in_all = _with_means(survey.reports[0], dict.fromkeys(differences, Decimal("3.0")))
    return Report(survey.set, own, all_in_all)


def _with_means(results: ReportResults, means: Mapping[str, Decimal | None]) -> ReportResults:
    themes = tuple(replace(result, mean=means[result.theme.id]) for result in results.themes)
    return replace(results, themes=themes)


def _found(differences: dict[str, str], n: int = 30) -> StandsOut:
    return _found_in(_report(differences, n), "en")


def _found_in(report: Report, language: str) -> StandsOut:
    found = stands_out_of(content_of(report, language))
    assert found
    return found


def test_what_is_good_comes_first_and_the_largest_differences_of_each_kind() -> None:
    found = {"workload": "0.4", "autonomy": "-0.9", "engagement": "0.2", "role_clarity": "0.3", "belonging": "0.5"}
    assert _found(found).points == (
        "Organisational commitment: 3.5 against 3.0 (+0.5), more favourable.",
        "Role clarity: 3.3 against 3.0 (+0.3), more favourable.",
        "Autonomy: 2.1 against 3.0 (−0.9), less favourable.",
        "Workload and pace: 3.4 against 3.0 (+0.4), less favourable.",
    )


def test_all_themes_are_counted() -> None:
    found = _found({"workload": "0.4", "autonomy": "-0.9", "engagement": "0.2", "role_clarity": "0.3"})
    assert [words for _, words in found.balance] == ["1 more favourable", "1 about the same", "2 less favourable"]


def test_only_so_many_are_named_of_each_kind() -> None:
    differences = dict.fromkeys(CORE[:5], "0.9") | dict.fromkeys(CORE[5:9], "0.4")
    verdicts = [point.verdict for point in _found(differences).differences]
    assert verdicts == [Verdict.FAVOURABLE] * MOST_OF_A_KIND + [Verdict.UNFAVOURABLE] * MOST_OF_A_KIND


def test_small_differences_do_not_stand_out_and_that_is_said() -> None:
    found = _found({"workload": "0.2", "autonomy": "0.0"})
    assert found.points == ()
    assert found.introduction == "No theme differs from the whole organisation by 0.3 or more."
    assert found.caution is None


def test_caution_is_asked_for_where_few_have_answered() -> None:
    assert "Be careful" in str(_found({"workload": "0.5"}, 19).caution)
    assert _found({"workload": "0.5"}, 20).caution is None


def test_where_nothing_is_compared_nothing_stands_out() -> None:
    withheld = Survey({PATH: 12, ("B",): 40}, themes=THEMES, withheld=THEMES)
    assert stands_out_of(content_of(withheld.report(*PATH), "en")) is None
    assert stands_out_of(content_of(withheld.report(), "en")) is None
    alone = Survey({(): 12}, themes=THEMES)
    assert stands_out_of(content_of(alone.report(), "en")) is None


def _organisation(units: dict[str, Sequence[str]], organisation: str = "3.0") -> Report:
    """An organisation's report with the printed means of its units, theme by theme; "" is a theme withheld there."""
    paths = [(letter,) for letter in "ABCDEFG"[: max(len(means) for means in units.values())]]
    survey = Survey(dict.fromkeys(paths, 30), themes=tuple(units))
    top = _with_means(survey.reports[0], dict.fromkeys(units, Decimal(organisation)))
    others = [
        _with_means(
            survey.results(*path), {name: Decimal(means[n]) if means[n] else None for name, means in units.items()}
        )
        for n, path in enumerate(paths)
    ]
    return Report(survey.set, top, top, (top, *others))


def test_organisation_names_the_themes_in_which_most_units_differ() -> None:
    found = stands_out_of(content_of(_organisation({
        "workload": ("2.9", "3.1", "3.2"),
        "autonomy": ("4.0", "3.0", "2.9"),
        "engagement": ("2.0", "3.3", ""),
    }), "en"))  # fmt: skip
    assert found
    assert found.heading == "Where units differ most"
    assert found.points == (
        "Work engagement: from 2.0 to 3.3. 2 units: 1 more favourable, 1 less favourable.",
        "Autonomy: from 2.9 to 4.0. 3 units: 1 more favourable, 0 less favourable.",
    )
    assert found.balance == ()
    assert found.caution


def test_only_so_many_themes_of_units_are_named_and_none_where_units_are_alike() -> None:
    many = _organisation(dict.fromkeys(CORE[:9], ("2.0", "4.0")))
    assert len(_found_in(many, "nb").points) == MOST_NAMED
    alone = _organisation(dict.fromkeys(CORE[:9], ("2.0", "")))
    assert stands_out_of(content_of(alone, "nb")) is None
    alike = _organisation(dict.fromkeys(CORE[:9], ("2.9", "3.2")))
    assert stands_out_of(content_of(alike, "nb")) is None


def test_stands_on_one_page_with_the_overview_of_the_core_themes() -> None:
    report = _report({name: ("0.5", "-0.5")[n % 2] for n, name in enumerate(CORE) if name not in INCIDENTS}, 12)
    for language in ("nb", "nn", "en"):
        assert len(_found_in(report, language).points) == 2 * MOST_OF_A_KIND
        kids = iter(read(render_pdf(report, language)).root.kids)
        heading = texts(language).gettext("Overview")
        next(node for node in kids if node.role == "H1" and node.text == heading)
        overview = list(takewhile(lambda node: node.role != "H1", kids))
        assert [node.role for node in overview].count("Table") == 3
        assert {page for node in overview for inner in node.walk() for page in inner.pages} == {3}


def test_pdf_and_page_say_it_in_the_overview() -> None:
    report = _report({"workload": "0.5", "autonomy": "-0.9"}, 12)
    found = _found_in(report, "nb")
    assert found.points[0] == "Selvbestemmelse: 2,1 mot 3,0 (−0,9), mindre gunstig."
    nodes = read(render_pdf(report, "nb")).sections()[found.heading]
    assert [node.role for node in nodes] == ["P", "L", "P", "P", "L", "P"]
    page = (
        BeautifulSoup(render_html(report, "nb"), "html.parser")
        .select("section[aria-labelledby=overview]")[0]
        .get_text()
    )
    aloud = " ".join(node.text for node in nodes)
    balance = [words for _, words in found.balance]
    for text in (str(found.question), *balance, found.introduction, *found.points, str(found.caution)):
        assert text in page
        assert text in " ".join(aloud.split())
