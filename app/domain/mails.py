"""The mails of the product: subject, paragraphs, one link, whom to ask. Never an answer, never an employee."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from html import escape

from app.domain.errors import DomainError
from app.domain.filling import Filling, Values, one_line
from app.domain.texts import Document, load_document

_LINK = re.compile(r'https?://[^\s"<>]+')
_BODY = "max-width:36em;font-family:sans-serif;font-size:16px;line-height:1.5"
_BUTTON = "display:inline-block;padding:12px 20px;background:#0a5853;color:#ffffff;font-weight:bold"


class MailKind(Enum):
    SIGNATURE_WAITS = "signature_waits"
    """To the leader."""
    SIGNATURE_REMINDER = "signature_reminder"
    SIGNED_COPY = "signed_copy"
    """To leader and contact person, with the agreement."""
    ORDER_APPROVED = "order_approved"
    ORDER_REJECTED = "order_rejected"
    CLOSING_WARNING = "closing_warning"
    SURVEY_CLOSED = "survey_closed"
    """By the button; a mail tells the contact person also when somebody else pressed it."""
    SURVEY_CLOSED_BY_ITSELF = "survey_closed_by_itself"
    REPORTS_READY = "reports_ready"
    NO_REPORT = "no_report"
    """Instead of the former, when fewer than the limit have answered."""
    DELETED = "deleted"
    """With the deletion certificate."""
    ORDER_RECEIVED = "order_received"
    """To staff."""


@dataclass(frozen=True, slots=True)
class Part:
    """What follows the link."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mail:
    """One text to send, in one language, as parts for a page and as whole texts. No part holds a line break."""

    language: str
    subject: str
    paragraphs: tuple[str, ...]
    label: str
    link: str
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        parts = ("\n".join((part.heading, *part.paragraphs)) for part in self.parts)
        return "\n\n".join((*self.paragraphs, f"{self.label}:\n{self.link}", *parts)) + "\n"

    @property
    def html(self) -> str:
        """A whole document, which fetches nothing."""
        return html_of([self])


def render_mail(kind: MailKind, language: str, values: Values) -> Mail:
    """The mail of this kind, which needs `link`, `operator`, `contact_email` and what its wording names.

    DomainError ("text.value_missing", "text.language_unknown", "mail.link_invalid").
    """
    return compose(load_document("mail"), kind.value, ("questions",), Filling(language, values))


def compose(
    document: Document, section_id: str, after: Sequence[str], fill: Filling, supplement: Sequence[str] = ()
) -> Mail:
    """A section of `document` as a mail: `supplement` stands before the link, the sections `after` below it."""
    link = str(fill.values.get("link", ""))
    if not _LINK.fullmatch(link):
        raise DomainError("mail.link_invalid")
    section = document.section(section_id)
    below = [document.section(name) for name in after]
    return Mail(
        fill.language,
        subject=fill(section.heading),
        paragraphs=(*map(fill, section.paragraphs), *map(one_line, supplement)),
        label=fill(section.points[0]),
        link=link,
        parts=tuple(Part(fill(part.heading), tuple(map(fill, part.paragraphs))) for part in below),
    )


def html_of(mails: Sequence[Mail]) -> str:
    """The same text in several languages, one below the other, as one document."""
    title = escape(" / ".join(mail.subject for mail in mails))
    head = '<meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    bodies = "\n<hr>\n".join("\n".join(_body(mail)) for mail in mails)
    opening = f'<!DOCTYPE html>\n<html lang="{mails[0].language}"><head>{head}<title>{title}</title></head>'
    return f'{opening}\n<body style="{_BODY}">\n{bodies}\n</body></html>\n'


def _body(mail: Mail) -> Iterator[str]:
    """The address stands below the button, since some programs show no buttons and careful readers trust none."""
    yield f'<div lang="{mail.language}">'
    yield from (f"<p>{escape(paragraph)}</p>" for paragraph in mail.paragraphs)
    link = escape(mail.link)
    yield f'<p><a href="{link}" style="{_BUTTON}">{escape(mail.label)}</a></p>'
    yield f"<p>{link}</p>"
    for part in mail.parts:
        yield f'<h2 style="font-size:16px">{escape(part.heading)}</h2>'
        yield from (f"<p>{escape(paragraph)}</p>" for paragraph in part.paragraphs)
    yield "</div>"
