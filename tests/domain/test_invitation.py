"""Invitation and reminders: what they promise, what is put in place, and drafts that mail programs open."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from app.domain.errors import DomainError
from app.domain.invitation import InvitationKind, render_invitation, write_draft
from app.domain.mails import Mail
from app.domain.texts import load_document

VALUES = {
    "organisation": "Direktoratet for prøving",
    "link": "https://must.example.org/s/k7Qm2xTfRz9w",
    "first_on": "1. oktober 2026",
    "period": "1.–15. oktober 2026",
    "last_on": "15. oktober 2026",
    "n_minutes": 15,
    "k_means": 5,
    "contact_name": "Kari Nordmann",
    "contact_person_email": "kari@example.org",
}
SUPPLEMENT = "Vi setter av tid på avdelingsmøtet.\n\n  Ta kontakt med <verneombudet>.  "
LANGUAGES = ("nb", "nn", "en")
FULL = (InvitationKind.INVITATION, InvitationKind.INTRANET)
every_text = pytest.mark.parametrize(
    ("kind", "language"), [(kind, language) for kind in InvitationKind for language in LANGUAGES]
)


def render(kind: InvitationKind = InvitationKind.INVITATION, language: str = "nb") -> Mail:
    return render_invitation(kind, language, VALUES, SUPPLEMENT)


def draft(kind: InvitationKind = InvitationKind.INVITATION) -> EmailMessage:
    message = message_from_bytes(write_draft([render(kind, language) for language in LANGUAGES]), policy=default)
    assert isinstance(message, EmailMessage)
    return message


@every_text
def test_everything_is_in_place(kind: InvitationKind, language: str) -> None:
    text = f"{render(kind, language).subject}\n{render(kind, language).text}"
    for name in ("organisation", "link", "last_on", "contact_name", "contact_person_email"):
        assert str(VALUES[name]) in text
    assert "15 minut" in text
    assert "{" not in text


@every_text
def test_says_that_it_is_voluntary(kind: InvitationKind, language: str) -> None:
    assert {"nb": "frivillig", "nn": "frivillig", "en": "voluntary"}[language] in render(kind, language).text


@pytest.mark.parametrize("kind", FULL)
def test_says_why_the_login_and_that_research_is_separate_and_units_are_protected(kind: InvitationKind) -> None:
    text = render(kind, "en").text
    assert "ID-porten" in text
    assert "Research is a separate choice" in text
    assert "only when at least 5 have answered" in text
    assert "what cannot be promised" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_shared_promises_are_in_the_words_of_the_information_letter(language: str) -> None:
    """The research paragraph is the letter's own, so that the two never drift apart."""
    research = [load_document(name).section("research").paragraphs[0] for name in ("invitation", "information")]
    assert research[0][language] == research[1][language]
    limit = load_document("information").section("reports").points[0][language]
    assert "{k_means}" in limit


@every_text
def test_nobody_is_promised_to_be_anonymous_or_to_stay_unseen(kind: InvitationKind, language: str) -> None:
    text = render(kind, language).text.lower()
    assert not any(word in text for word in ("anonym", "hemmelig", "secret", "confidential", "konfidensiel"))


@every_text
def test_own_text_stands_before_the_link_of_the_full_texts_and_in_no_reminder(
    kind: InvitationKind, language: str
) -> None:
    made = render(kind, language)
    own = ("Vi setter av tid på avdelingsmøtet.", "Ta kontakt med <verneombudet>.")
    assert (made.paragraphs[-2:] == own) is (kind in FULL)
    if kind in FULL:
        assert made.text.index(own[1]) < made.text.index(made.link)
        assert "&lt;verneombudet&gt;" in made.html


def test_no_own_text_leaves_no_trace() -> None:
    made = render_invitation(InvitationKind.INVITATION, "nb", VALUES)
    assert all(made.paragraphs)
    assert "\n\n\n" not in made.text


def test_missing_value_is_refused() -> None:
    with pytest.raises(DomainError, match=r"text\.value_missing"):
        render_invitation(InvitationKind.REMINDER, "nb", {**VALUES, "last_on": ""})


@pytest.mark.parametrize("kind", InvitationKind)
def test_draft_holds_both_languages_as_text_and_html_and_is_addressed_to_nobody(kind: InvitationKind) -> None:
    message = draft(kind)
    assert message["X-Unsent"] == "1"
    assert message["To"] is None
    assert message["From"] is None
    assert message["Subject"] == " / ".join(render(kind, language).subject for language in LANGUAGES)
    text, html = (message.get_body((form,)) for form in ("plain", "html"))
    assert text
    assert html
    for language in LANGUAGES:
        for paragraph in render(kind, language).paragraphs:
            assert paragraph in text.get_content()
        assert f'<div lang="{language}">' in html.get_content()


def test_draft_is_ascii_with_lines_ended_as_mail_has_them_and_always_the_same() -> None:
    data = write_draft([render(language=language) for language in LANGUAGES])
    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r\n")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert data == write_draft([render(language=language) for language in LANGUAGES])


def test_draft_is_one_message_whatever_the_own_text_says() -> None:
    made = render_invitation(InvitationKind.INVITATION, "nb", VALUES, "--=_x--\nBcc: all@example.org\n.\n--")
    message = message_from_bytes(write_draft([made]), policy=default)
    assert message["Bcc"] is None
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
