"""The versioned documents: complete in every language, honest about limits, and what their reader refuses."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from app.domain.errors import DomainError
from app.domain.texts import CURRENT, WORDING, Document, load_document, parse_document, placeholders

DOCUMENTS = [load_document(name) for name in CURRENT]
PLACEHOLDERS = {
    "information": {
        *("organisation", "operator", "contact_email", "n_minutes", "k_means", "k_distributions"),
        *("closes_on", "n_weeks_open", "n_weeks_deleted"),
    },
    "consent": {"organisation", "operator", "contact_email", "n_weeks_deleted", "research_ends_on"},
    "report_guide": {"k_means", "k_distributions"},
    "privacy": {
        "k_means",
        "k_distributions",
        "k_prevalence",
        "n_people_per_bucket",
        "n_minutes_idle",
        "n_minutes_absolute",
        "n_hours_ended",
        "n_minutes_grace",
        "n_weeks_open",
        "n_weeks_deleted",
        "n_weeks_sums",
        "instrument",
        "information",
        "consent",
    },
    "protection": {"k_means", "k_distributions"},
    "accessibility": {
        *("operator", "contact_email", "n_minutes_idle", "n_minutes_absolute", "n_minutes_warning"),
    },
    "mail": {
        *("organisation", "operator", "contact_email", "contact_name", "signer_name", "reason"),
        *("submitted_on", "signed_on", "last_open_on", "deleted_on"),
    },
    "invitation": {
        *(
            "organisation",
            "contact_name",
            "contact_person_email",
            "n_minutes",
            "k_means",
            "first_on",
            "last_on",
            "period",
        ),
    },
    "signature": {"organisation", "name", "role", "day", "clock", "version", "digest"},
    "agreement": {"organisation", "operator", "k_means", "k_distributions", "n_weeks_open", "n_weeks_deleted"},
}


def every_document(test: Callable[..., None]) -> Any:
    return pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.id)(test)


def wording(document: Document, language: str) -> str:
    return "\n".join(text[language] for text in document.texts)


# The documents


@every_document
def test_a_document_names_itself_as_its_file_does(document: Document) -> None:
    assert (WORDING / f"{document.id}-{document.version}.toml").exists()
    assert document.version == CURRENT[document.id]


def test_every_file_can_be_read() -> None:
    for path in WORDING.glob("*.toml"):
        name, _, version = path.stem.partition("-")
        assert load_document(name, version).version == version


@every_document
def test_every_text_is_there_in_both_languages(document: Document) -> None:
    for text in document.texts:
        assert tuple(text) == ("nb", "nn", "en")
        assert text["nb"] != text["en"]
        assert all(len(words) >= 7 and words == words.strip() for words in text.values())


@every_document
def test_languages_are_about_equally_long(document: Document) -> None:
    assert 0.8 < len(wording(document, "nb")) / len(wording(document, "en")) < 1.2
    for section in document.sections:
        for text in (*section.paragraphs, *section.points):
            assert 0.6 < len(text["nb"]) / len(text["en"]) < 1.6, text


@every_document
def test_placeholders_are_those_the_callers_fill(document: Document) -> None:
    assert document.placeholders == PLACEHOLDERS[document.id]
    values = dict.fromkeys(document.placeholders, "x")
    assert not any("{" in words.format(**values) for text in document.texts for words in text.values())


@every_document
def test_paragraphs_are_sentences_or_lead_to_a_list(document: Document) -> None:
    for section in document.sections:
        for text in section.paragraphs:
            assert all(words.endswith((".", "?", ":")) or section.points for words in text.values()), text


def test_information_says_what_is_not_promised() -> None:
    points = load_document("information").section("not_promised").points
    english = " ".join(point["en"] for point in points)
    assert "it is secret that you take part" in english
    assert "what a group agrees on is secret" in english


def test_consent_offers_yes_and_no_with_equal_weight() -> None:
    yes, no = load_document("consent").section("question").points
    assert yes["en"].startswith("Yes, ")
    assert no["en"].startswith("No, ")
    assert all(0.8 < len(yes[language]) / len(no[language]) < 1.25 for language in ("nb", "en"))


def test_report_guide_has_the_sections_that_reports_show() -> None:
    assert [s.id for s in load_document("report_guide").sections] == ["how_to_read", "method", "withheld", "follow_up"]


def test_unknown_section_is_refused() -> None:
    with pytest.raises(DomainError, match=r"document\.section_unknown"):
        load_document("consent").section("fine_print")


# Loading


@pytest.mark.parametrize(
    ("name", "version"), [("poem", None), ("consent", "1999-1"), ("poem", "2026-1"), ("../wording/consent", "2026-1")]
)
def test_unknown_document_or_version_is_refused(name: str, version: str | None) -> None:
    with pytest.raises(DomainError, match=r"document\.unknown"):
        load_document(name, version)


def test_a_document_is_read_once() -> None:
    assert load_document("consent") is load_document("consent")
    assert load_document("consent", "2026-1") == load_document("consent")


@pytest.fixture
def data() -> dict[str, Any]:
    """The smallest complete document."""
    heading = {"nb": "Hei {name}", "en": "Hello {name}"}
    return deepcopy(
        {
            "id": "letter",
            "version": "1",
            "languages": ["nb", "en"],
            "title": {"nb": "Brev", "en": "Letter"},
            "sections": [{"id": "greeting", "heading": heading, "points": [{"nb": "Punkt", "en": "Point"}]}],
        }
    )


def test_the_smallest_complete_document_is_accepted(data: dict[str, Any]) -> None:
    document = parse_document(data)
    assert document.placeholders == {"name"}
    assert document.section("greeting").paragraphs == ()


def test_digest_changes_with_any_word_of_any_language_and_with_nothing_else(data: dict[str, Any]) -> None:
    digest = parse_document(deepcopy(data)).digest
    assert parse_document(deepcopy(data)).digest == digest
    assert len(digest) == 64
    data["sections"][0]["points"][0]["en"] = "Another point"
    assert parse_document(data).digest != digest


Change = Callable[[dict[str, Any]], object]
REFUSED: dict[str, tuple[Change, str]] = {
    "key missing": (lambda d: d.pop("title"), "title"),
    "key unknown": (lambda d: d.update(author="me"), "author"),
    "no sections": (lambda d: d.update(sections=[]), "sections"),
    "section twice": (lambda d: d["sections"].append(deepcopy(d["sections"][0])), "sections"),
    "section says nothing": (lambda d: d["sections"][0].pop("points"), "sections.greeting"),
    "section key unknown": (lambda d: d["sections"][0].update(style="bold"), "sections.greeting.style"),
    "language missing": (lambda d: d["sections"][0]["points"][0].pop("nb"), "sections.greeting.points.1"),
    "placeholders differ": (
        lambda d: d["sections"][0]["heading"].update(nb="Hei {navn}"),
        "sections.greeting.heading",
    ),
}


@pytest.mark.parametrize(("change", "where"), REFUSED.values(), ids=REFUSED)
def test_incomplete_or_inconsistent_documents_are_refused_with_their_place(
    data: dict[str, Any], change: Change, where: str
) -> None:
    change(data)
    with pytest.raises(DomainError) as refusal:
        parse_document(data)
    assert refusal.value.code == "document.invalid"
    assert refusal.value.values["where"] == where


# Placeholders


def test_placeholders_are_the_plain_names_in_braces() -> None:
    assert placeholders("{{no}} {a} and {b} and {a}") == {"a", "b"}
    assert placeholders("none") == frozenset()


@pytest.mark.parametrize("broken", ["{", "}", "{}", "{0}", "{a.b}", "{a[0]}"])
def test_anything_but_a_plain_name_in_braces_is_refused(broken: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the sentence is Python's own for unmatched braces
        placeholders(broken)
