"""Mails: complete in both languages, one link, nothing about answers, and no value that becomes markup or a header."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from app.domain.errors import DomainError
from app.domain.filling import Filling, one_line
from app.domain.mails import Mail, MailKind, render_mail
from app.domain.texts import load_document

VALUES = {
    "organisation": "Direktoratet for prøving",
    "operator": "STAMI",
    "contact_email": "hjelp@example.org",
    "contact_name": "Kari Nordmann",
    "signer_name": "Ola Nordmann",
    "reason": "Enhetslisten mangler to avdelinger.",
    "submitted_on": "1. september 2026",
    "signed_on": "3. september 2026",
    "last_open_on": "11. november 2026",
    "deleted_on": "10. desember 2026",
    "link": "https://must.example.org/portal?a=1&b=2",
}
LANGUAGES = ("nb", "nn", "en")
every_mail = pytest.mark.parametrize(
    ("kind", "language"), [(kind, language) for kind in MailKind for language in LANGUAGES]
)


class Elements(HTMLParser):
    """The elements of a document with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def mail(kind: MailKind = MailKind.ORDER_REJECTED, language: str = "nb", **values: object) -> Mail:
    return render_mail(kind, language, VALUES | values)


def test_every_kind_has_its_wording_and_every_wording_a_kind() -> None:
    sections = {section.id for section in load_document("mail").sections}
    assert sections == {kind.value for kind in MailKind} | {"questions"}


@every_mail
def test_is_short_and_says_what_about_and_whom_to_ask(kind: MailKind, language: str) -> None:
    made = mail(kind, language)
    assert VALUES["organisation"] in made.subject
    assert len(made.subject) < 100
    assert len(made.text) < 1_000
    assert "hjelp@example.org" in made.text
    assert "{" not in made.subject + made.text + made.html


@every_mail
def test_has_one_link_once_in_text_and_as_button_and_address_in_html(kind: MailKind, language: str) -> None:
    made = mail(kind, language)
    assert made.text.count("https://") == made.text.count(VALUES["link"]) == 1
    links = [attributes["href"] for tag, attributes in Elements(made.html).found if tag == "a"]
    assert links == [VALUES["link"]]
    assert VALUES["link"] in Elements(made.html).text


@every_mail
def test_text_and_html_say_the_same(kind: MailKind, language: str) -> None:
    made = mail(kind, language)
    shown = Elements(made.html).text
    for line in (made.subject, *made.paragraphs, made.label):
        assert line in shown
    for line in (*made.paragraphs, made.label):
        assert line in made.text
    assert all(part.heading in shown and part.heading in made.text for part in made.parts)


@every_mail
def test_html_says_its_language_and_fetches_nothing(kind: MailKind, language: str) -> None:
    found = Elements(mail(kind, language).html).found
    assert ("html", {"lang": language}) in found
    assert {tag for tag, _ in found} == {"html", "head", "meta", "title", "body", "div", "p", "a", "h2"}
    assert not any({"src", "background"} & set(attributes) for _, attributes in found)


@every_mail
def test_days_are_named_and_never_counted(kind: MailKind, language: str) -> None:
    """A mail that comes a day late must still be right, and a counted day would need a plural."""
    made = mail(kind, language)
    assert not re.search(r"\d+ (?:dag|day)|i morgen|tomorrow", f"{made.subject} {made.text}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_approval_names_the_last_day_and_the_day_of_deletion(language: str) -> None:
    text = mail(MailKind.ORDER_APPROVED, language).text
    assert VALUES["last_open_on"] in text
    assert VALUES["deleted_on"] in text


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x>', "{link}", "{0}", "&amp;", "%s"])
def test_values_are_text_whatever_they_hold(hostile: str) -> None:
    made = mail(organisation=hostile, reason=hostile)
    assert hostile in made.subject
    assert f": {hostile}" in made.text
    found = Elements(made.html)
    assert {tag for tag, _ in found.found} <= {"html", "head", "meta", "title", "body", "div", "p", "a", "h2"}
    assert f": {hostile}" in found.text


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_value_breaks_a_line_of_the_subject(end: str) -> None:
    made = mail(organisation=f"Etaten{end}Bcc: all@example.org{end}")
    assert made.subject == "Bestillingen for Etaten Bcc: all@example.org er ikke godkjent"
    assert len(made.subject.splitlines()) == 1


def test_white_space_is_single_and_no_break_spaces_stay() -> None:
    assert one_line(" a \t\n b\N{NO-BREAK SPACE}c ") == "a b\N{NO-BREAK SPACE}c"


@every_mail
def test_missing_value_is_refused_by_name(kind: MailKind, language: str) -> None:
    for name in ("organisation", "operator", "contact_email"):
        for values in ({k: v for k, v in VALUES.items() if k != name}, VALUES | {name: " \n"}):
            with pytest.raises(DomainError) as refusal:
                render_mail(kind, language, values)
            assert (refusal.value.code, refusal.value.values) == ("text.value_missing", {"name": name})


def test_zero_is_a_value() -> None:
    assert Filling("en", {"n": 0})({"en": "{n} units"}) == "0 units"


@pytest.mark.parametrize("link", ["", "javascript:alert(1)", "/portal", "https://a b", 'https://a"b', "https://a\nb"])
def test_only_a_whole_web_address_is_a_link(link: str) -> None:
    with pytest.raises(DomainError, match=r"mail\.link_invalid"):
        mail(link=link)


def test_unknown_language_is_refused() -> None:
    with pytest.raises(DomainError, match=r"text\.language_unknown"):
        mail(language="fr")
