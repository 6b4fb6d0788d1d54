"""A poster for the wall: one A4 page in all languages, with a QR code, as a tagged PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from reportlab.platypus.flowables import Flowable

from app.domain.filling import Filling, Values
from app.domain.texts import load_document
from app.reports.pdf import _build
from app.reports.pen import CENTRE, Font, Pen, wrapped
from app.reports.style import ACCENT, CATEGORIES, DEEP, INK, MARGIN, MM, PAGE_HEIGHT, PAGE_WIDTH, SKY, WHITE
from app.reports.tagging import BOLD, REGULAR, Element, install, pdf_text
from app.reports.templating import environment

Modules = Sequence[Sequence[bool]]


def render_poster(values: Mapping[str, Values], modules: Modules) -> bytes:
    """The poster in the languages of `values`, the first one largest. The same bytes for the same input.

    Each language needs `organisation`, `link`, `last_on` and `n_minutes` (DomainError ``text.value_missing``);
    `modules` are the squares of the link's QR code without its quiet zone.
    """
    install()
    parts = [_Part(language, Filling(language, _unbroken(given))) for language, given in values.items()]
    first = next(iter(values.values()))
    page = _Page(parts, str(first["organisation"]), str(first["link"]), modules)
    source = environment(parts[0].language).get_template("poster.xml").render(language=parts[0].language)
    return _build(source, [page], f"{parts[0].heading} – {page.organisation}", page.organisation)


def _unbroken(values: Values) -> Values:
    """The day stays on one line."""
    return {**values, "last_on": str(values.get("last_on", "")).replace(" ", "\N{NO-BREAK SPACE}")}


class _Part:
    """What the poster says in one language."""

    def __init__(self, language: str, fill: Filling) -> None:
        section = load_document("invitation").section("poster")
        self.language = language
        self.heading = fill(section.heading)
        self.call, *self.paragraphs = map(fill, section.paragraphs)
        self.code = fill(section.points[0])


class _Page(Flowable):
    BAND = 103 * MM
    CODE = 78 * MM

    def __init__(self, parts: Sequence[_Part], organisation: str, link: str, modules: Modules) -> None:
        super().__init__()
        self.parts, self.organisation, self.link, self.modules = parts, organisation, link, modules

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width, self.height = width, height
        return width, height

    def draw(self) -> None:
        canvas: Any = self.canv
        pen = Pen(canvas)
        self._band(pen)
        bottom = PAGE_HEIGHT - self.BAND - 15 * MM - self.CODE
        self._code(pen, (PAGE_WIDTH - self.CODE) / 2, bottom)
        self._address(pen, bottom - 15 * MM)
        self._columns(pen, bottom - 31 * MM)

    def _band(self, pen: Pen) -> None:
        top, width = PAGE_HEIGHT, PAGE_WIDTH - 2 * MARGIN
        pen.rect(DEEP, 0, top - self.BAND, PAGE_WIDTH, self.BAND)
        step = PAGE_WIDTH / len(CATEGORIES)
        for number, color in enumerate(CATEGORIES):
            pen.rect(color, number * step, top - self.BAND - 3 * MM, step + 0.2, 3 * MM)
        name = Font(BOLD, 18, SKY)
        if len(wrapped(self.organisation, name, width)) > 2:
            name = name.sized(11)
        y = pen.leaf_lines("P", wrapped(self.organisation, name, width), MARGIN, top - 24 * MM, name)
        role, title = "H1", Font(BOLD, 50, WHITE)
        for part in self.parts:
            y -= title.size * 0.8 + 9 * MM
            y = pen.leaf_lines(role, wrapped(part.heading, title, width), MARGIN, y, title, attributes=_lang(part))
            role, title = "H2", Font(REGULAR, 25, SKY)

    def _code(self, pen: Pen, left: float, bottom: float) -> None:
        """Squares as one path, so that no seam shows between them."""
        box = " ".join(f"{edge:.2f}" for edge in (left, bottom, left + self.CODE, bottom + self.CODE))
        alternative = pdf_text(self.parts[0].code)
        element = pen.canvas.structure.add("Figure", f"/Alt {alternative}/A<</O/Layout/BBox[{box}]>>")
        side = self.CODE / len(self.modules)
        squares = []
        for row, modules in enumerate(self.modules, start=1):
            column = 0
            for is_dark, run in groupby(modules):
                length = len(list(run))
                if is_dark:
                    y = bottom + self.CODE - row * side
                    squares.append(f"{left + column * side:.3f} {y:.3f} {length * side:.3f} {side:.3f} re")
                column += length
        with pen.canvas.marked(element):
            pen.canvas.write(f"0 0 0 rg {' '.join(squares)} f")

    def _address(self, pen: Pen, y: float) -> None:
        canvas = pen.canvas
        font = Font(BOLD, 16, ACCENT).fitting(self.link, PAGE_WIDTH - 2 * MARGIN)
        half = font.width(self.link) / 2
        canvas.link_text = self.link
        with pen.element("P"):
            link: Element = canvas.structure.add("Link")
            with canvas.marked(link):
                pen.decoration(self.link, PAGE_WIDTH / 2, y, font, CENTRE)
                area = (PAGE_WIDTH / 2 - half, y - 4, PAGE_WIDTH / 2 + half, y + font.size)
                canvas.linkURL(self.link, area, relative=1)

    def _columns(self, pen: Pen, top: float) -> None:
        gap = 10 * MM
        width = (PAGE_WIDTH - 2 * MARGIN - gap * (len(self.parts) - 1)) / len(self.parts)
        for number, part in enumerate(self.parts):
            x, y = MARGIN + number * (width + gap), top
            pen.line(x, y + 8 * MM, x + width, y + 8 * MM, DEEP, 1.2)
            font = Font(BOLD, 17, DEEP)
            for text in (part.call, *part.paragraphs):
                y = pen.leaf_lines("P", wrapped(text, font, width), x, y, font, attributes=_lang(part)) - 8 * MM
                font = Font(REGULAR, 13, INK)


def _lang(part: _Part) -> str:
    return f"/Lang {pdf_text(part.language)}"
