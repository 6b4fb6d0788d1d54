"""What stands out: the largest differences of printed means, with caution where few have answered."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bs4 import BeautifulSoup

from app.domain.results import ReportResults
from app.reports.content import ReportContent, content_of
from app.reports.guide import MOST_NAMED, StandsOut, stands_out_of
from app.reports.html import render_html
from app.reports.model import Report
from app.reports.pdf import render_pdf
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


def _with_means(results: ReportResults, means: dict[str, Decimal]) -> ReportResults:
    themes = tuple(replace(result, mean=means[result.theme.id]) for result in results.themes)
    return replace(results, themes=themes)


def _content(differences: dict[str, str], n: int = 30) -> ReportContent:
    return content_of(_report(differences, n), "en")


def _found(differences: dict[str, str], n: int = 30) -> StandsOut:
    found = stands_out_of(_content(differences, n))
    assert found
    return found


def test_largest_differences_come_first_whichever_way_they_go() -> None:
    assert _found({"workload": "0.4", "autonomy": "-0.9", "engagement": "0.2"}).points == (
        "Autonomy: 2.1 against 3.0 (−0.9), less favourable.",
        "Workload and pace: 3.4 against 3.0 (+0.4), less favourable.",
    )


def test_only_so_many_are_named() -> None:
    assert len(_found(dict.fromkeys(CORE[:9], "0.5")).points) == MOST_NAMED


def test_small_differences_do_not_stand_out_and_that_is_said() -> None:
    found = _found({"workload": "0.2", "autonomy": "0.0"})
    assert found.points == ()
    assert found.introduction == "No theme differs from the whole organisation by 0.3 or more."
    assert found.caution is None


def test_caution_is_asked_for_where_few_have_answered() -> None:
    assert "Be careful" in str(_found({"workload": "0.5"}, 19).caution)
    assert _found({"workload": "0.5"}, 20).caution is None


def test_organisation_and_a_unit_without_means_have_none() -> None:
    survey = Survey({PATH: 12, ("B",): 40}, themes=THEMES)
    assert stands_out_of(content_of(survey.report(), "en")) is None
    withheld = Survey({PATH: 12, ("B",): 40}, themes=THEMES, withheld=THEMES)
    assert stands_out_of(content_of(withheld.report(*PATH), "en")) is None


def test_stands_on_one_page_with_the_overview_of_the_core_themes() -> None:
    report = _report(dict.fromkeys([name for name in CORE if name not in INCIDENTS], "0.5"), 12)
    for language in ("nb", "en"):
        sections = read(render_pdf(report, language)).sections()
        found = stands_out_of(content_of(report, language))
        assert found
        assert {page for node in sections[found.heading] for inner in node.walk() for page in inner.pages} == {3}


def test_pdf_and_page_say_it_in_the_overview() -> None:
    report = _report({"workload": "0.5", "autonomy": "-0.9"}, 12)
    found = stands_out_of(content_of(report, "nb"))
    assert found
    assert found.points[0] == "Selvbestemmelse: 2,1 mot 3,0 (−0,9), mindre gunstig."
    nodes = read(render_pdf(report, "nb")).sections()[found.heading]
    assert [node.role for node in nodes] == ["P", "P", "L"]
    page = (
        BeautifulSoup(render_html(report, "nb"), "html.parser")
        .select("section[aria-labelledby=overview]")[0]
        .get_text()
    )
    aloud = " ".join(node.text for node in nodes)
    for text in (found.introduction, *found.points, str(found.caution)):
        assert text in page
        assert text in " ".join(aloud.split())
