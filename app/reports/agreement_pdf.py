"""The terms and data processing agreement as a document to keep: front page, text, who signed which text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.dates import format_time
from reportlab.platypus.flowables import Flowable

from app.domain.errors import DomainError
from app.domain.filling import Filling, Values
from app.domain.survey import OSLO, oslo_day
from app.domain.texts import Document, Section, load_document
from app.reports.pdf import _build
from app.reports.pen import SMALL, Font, Pen, rgb, shortened, wrapped
from app.reports.style import DEEP, MARGIN, MM, PAGE_HEIGHT, PAGE_WIDTH, SKY, WHITE
from app.reports.tagging import BOLD, REGULAR, Late, TaggedCanvas, install
from app.reports.templating import environment
from app.reports.texts import Texts, texts


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed, and the text that was signed."""

    name: str
    role: str
    signed_at: datetime
    version: str
    digest: str


def render_agreement(document: Document, language: str, facts: Values, signature: Signature | None) -> bytes:
    """The agreement with `facts` in place, which name at least `organisation` and the document's placeholders.

    The same bytes for the same input. DomainError: ``agreement.other_text`` when something else than `document` was
    signed, ``text.value_missing``, ``text.language_unknown``.
    """
    if signature and (signature.version, signature.digest) != (document.version, document.digest):
        raise DomainError("agreement.other_text", signed=signature.version, document=document.version)
    install()
    words, fill = texts(language), Filling(language, facts)
    title, organisation = fill(document.title), str(facts["organisation"])
    source = environment(language).get_template("agreement.xml").render(
        language=language,
        sections=[_Prose.of(section, fill) for section in document.sections],
        signed=_signature_page(document, words, facts, signature),
    )  # fmt: skip
    return _build(source, [_Front(words, title, organisation)], f"{title} – {organisation}", organisation)


@dataclass(frozen=True, slots=True)
class _Prose:
    id: str
    heading: str
    paragraphs: Sequence[str]
    points: Sequence[str]

    @classmethod
    def of(cls, section: Section, fill: Filling) -> _Prose:
        paragraphs, points = ([fill(text) for text in part] for part in (section.paragraphs, section.points))
        return cls(section.id, fill(section.heading), paragraphs, points)


def _signature_page(document: Document, words: Texts, facts: Values, signature: Signature | None) -> list[_Prose]:
    values = {"organisation": facts["organisation"], "version": document.version, "digest": document.digest}
    if signature:
        moment = signature.signed_at.astimezone(OSLO)
        clock = format_time(moment, "HH:mm", locale=words.locale)
        values |= {"name": signature.name, "role": signature.role, "day": words.day(oslo_day(moment)), "clock": clock}
    page, fill = load_document("signature"), Filling(words.language, values)
    return [_Prose.of(page.section(name), fill) for name in ("signed" if signature else "unsigned", "text")]


class _Front(Flowable):
    """The whole first page. Sets up the foot of the pages that follow."""

    BAND = 120 * MM

    def __init__(self, words: Texts, title: str, organisation: str) -> None:
        super().__init__()
        self.words, self.title, self.organisation = words, title, organisation

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width, self.height = width, height
        return width, height

    def draw(self) -> None:
        canvas: Any = self.canv
        canvas.furniture = _Foot(self.words, self.title, self.organisation)
        pen, width, top = Pen(canvas), PAGE_WIDTH - 2 * MARGIN, PAGE_HEIGHT
        pen.rect(DEEP, 0, top - self.BAND, PAGE_WIDTH, self.BAND)
        title, name = Font(BOLD, 32, WHITE), Font(REGULAR, 15, SKY)
        canvas.bookmarkHorizontal("front", 0, top)
        canvas.addOutlineEntry(self.title, "front", 0, closed=0)
        y = pen.leaf_lines("H1", wrapped(self.title, title, width), MARGIN, top - 45 * MM, title)
        pen.leaf_lines("P", wrapped(self.organisation, name, width), MARGIN, y - 14 * MM, name)


@dataclass(frozen=True, slots=True)
class _Foot:
    words: Texts
    title: str
    organisation: str

    def __call__(self, canvas: TaggedCanvas, template: str) -> None:
        pen, page = Pen(canvas), canvas.getPageNumber()
        room = PAGE_WIDTH - 2 * MARGIN - 30 * MM
        pen.line(MARGIN, 15 * MM, PAGE_WIDTH - MARGIN, 15 * MM)
        pen.decoration(shortened(f"{self.title} – {self.organisation}", SMALL, room), MARGIN, 11 * MM, SMALL)

        def number() -> str:
            return self.words.gettext("Page %(page)s of %(all)s", page=page, all=canvas.getPageNumber() - 1)

        late = Late(number, SMALL.name, SMALL.size, f"{rgb(SMALL.color)} rg")
        canvas.draw_late(f"foot_{page}", late, PAGE_WIDTH - MARGIN, 11 * MM)
