"""The agreement as a document: every word of the text that was signed, by whom and when, tagged."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import page
import pytest

from app.domain.errors import DomainError
from app.domain.texts import Document as Agreement
from app.domain.texts import load_document
from app.reports.agreement_pdf import Signature, render_agreement
from tests.reports.factory import LETTERS
from tests.reports.reading import Document, read

FACTS: dict[str, object] = {
    "organisation": "Direktoratet for prøving & <æøå>",
    "operator": "STAMI",
    "k_means": 5,
    "k_distributions": 10,
    "n_weeks_open": 6,
    "n_weeks_deleted": 10,
}
both = pytest.mark.parametrize("language", ["nb", "nn", "en"])


def agreement() -> Agreement:
    return load_document("agreement")


def signature(**changes: str) -> Signature:
    values = {"name": "Kari Nordmann & <sønn>", "role": "Direktør", "version": agreement().version}
    values |= {"digest": agreement().digest} | changes
    return Signature(signed_at=datetime(2026, 9, 20, 22, 5, tzinfo=UTC), **values)  # after midnight in Oslo


@cache
def rendered(language: str, is_signed: bool = True) -> bytes:
    return render_agreement(agreement(), language, FACTS, signature() if is_signed else None)


def words(document: Document) -> str:
    """All text, the spaces at line ends and no-break spaces made alike."""
    return " ".join(document.text.split())


@both
@pytest.mark.parametrize("is_signed", [True, False])
def test_passes_the_checks_of_pdf_ua_and_pdf_a(language: str, is_signed: bool, tmp_path: Path) -> None:
    file = tmp_path / "agreement.pdf"
    file.write_bytes(rendered(language, is_signed))
    for profile in ("ua1", "2a"):
        result = str(page.validate_pdf(str(file), profile=profile))
        assert re.search(r"Rules: (\d+) passed, 0 failed, \1 total", result), result


@both
def test_holds_every_word_of_the_agreement_with_the_facts_in_place(language: str) -> None:
    text = words(read(rendered(language)))
    for wording in agreement().texts:
        assert " ".join(wording[language].format(**FACTS).split()) in text


@both
def test_says_who_signed_in_which_role_when_and_which_text(language: str) -> None:
    text = words(read(rendered(language)))
    assert "Kari Nordmann & <sønn>" in text
    assert "Direktør" in text
    assert {
        "nn": "21. september 2026 klokka 00:05",
        "nb": "21. september 2026 klokken 00:05",
        "en": "21 September 2026 at 00:05",
    }[language] in text
    assert agreement().version in text
    assert agreement().digest in text


def test_unsigned_says_so_and_names_nobody() -> None:
    text = words(read(rendered("en", is_signed=False)))
    assert "Not signed" in text
    assert "Signed for" not in text
    assert agreement().digest in text


@pytest.mark.parametrize("change", [{"digest": "0" * 64}, {"version": "1999-1"}])
def test_other_text_than_the_signed_one_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(DomainError, match=r"agreement\.other_text"):
        render_agreement(agreement(), "nb", FACTS, signature(**change))


@pytest.mark.parametrize("name", ["operator", "k_means"])
def test_missing_fact_is_refused(name: str) -> None:
    with pytest.raises(DomainError, match=r"text\.value_missing"):
        render_agreement(agreement(), "nb", {key: value for key, value in FACTS.items() if key != name}, None)


@both
def test_every_page_after_the_first_says_which_of_how_many_it_is(language: str) -> None:
    document = read(rendered(language))
    n_pages = len(document.pdf.pages)
    pattern = {"nn": "Side {} av {}", "nb": "Side {} av {}", "en": "Page {} of {}"}[language]
    feet = [run.text for run in document.runs if run.text.startswith(pattern[:5]) and run.mark is None]
    assert feet == [pattern.format(number, n_pages) for number in range(2, n_pages + 1)]


@both
def test_says_its_title_and_language_and_leads_to_every_clause(language: str) -> None:
    document = read(rendered(language))
    title = agreement().title[language]
    assert str(document.pdf.Root.Lang) == language
    assert str(document.pdf.docinfo.Title) == f"{title} – {FACTS['organisation']}"
    with document.pdf.open_outline() as outline:
        (front,) = outline.root
        clauses = [section.heading[language] for section in agreement().sections]
        assert front.title == title
        assert [entry.title for entry in front.children][: len(clauses)] == clauses


def test_nothing_leaves_the_page_whatever_the_names() -> None:
    facts = FACTS | {"organisation": f"{LETTERS} {'Direktoratet for lange navn ' * 6}{'x' * 60}"}
    document = read(render_agreement(agreement(), "nb", facts, signature(name="Kari " + "y" * 80, role=LETTERS)))
    assert all(run.box[0] >= 55 and run.box[2] <= 595 - 55 for run in document.runs)
    assert all(run.box[1] >= 20 and run.box[3] <= 842 - 28 for run in document.runs)


@both
def test_same_input_gives_the_same_bytes(language: str) -> None:
    assert render_agreement(agreement(), language, FACTS, signature()) == rendered(language)
