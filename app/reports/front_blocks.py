"""The front page, the contents, and the head and foot of every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from reportlab.lib.colors import HexColor

from app.reports.content import ReportContent, Verdict, front_notes, rehearsal_words
from app.reports.guide import Entry
from app.reports.pen import RIGHT, SMALL, Block, Font, Pen, rgb, shortened, wrapped
from app.reports.style import (
    CATEGORIES,
    DEEP,
    HEAT,
    INK,
    MARGIN,
    MM,
    MUTED,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    PALE,
    REFERENCE,
    RULE,
    SKY,
    WHITE,
)
from app.reports.tagging import BOLD, REGULAR, Late, TaggedCanvas, text_operators


class FrontPage(Block):
    """The whole first page. Sets up the running head and foot of the pages that follow."""

    BAND = 158 * MM
    TITLE_SIZES = (32, 26, 21, 17, 14, 12)

    def measure(self, width: float, height: float) -> float:
        return height

    def paint(self, pen: Pen) -> None:
        content, gettext = self.content, self.texts.gettext
        pen.canvas.furniture = Furniture(content)
        top = PAGE_HEIGHT
        pen.rect(DEEP, 0, top - self.BAND, PAGE_WIDTH, self.BAND)
        step = PAGE_WIDTH / len(CATEGORIES)
        for number, color in enumerate(CATEGORIES):
            pen.rect(color, number * step, top - self.BAND - 3 * MM, step + 0.2, 3 * MM)
        if content.report.set.is_rehearsal:
            draw_watermark(pen, gettext("Rehearsal"), PAGE_WIDTH, top - self.BAND)
        pen.leaf("P", gettext("Employee survey"), MARGIN, top - 30 * MM, Font(BOLD, 13, SKY))
        self._names(pen, top)
        self._facts(pen, top - self.BAND - 26 * MM)

    def _names(self, pen: Pen, top: float) -> None:
        content, width = self.content, PAGE_WIDTH - 2 * MARGIN
        room = self.BAND - 62 * MM
        above = () if content.is_organisation else (content.organisation, *content.above)
        for size in self.TITLE_SIZES:
            title = Font(BOLD, size, WHITE)
            path = Font(REGULAR, max(min(size * 0.45, 13), 7.5), SKY)
            lines = wrapped(content.unit, title, width)
            path_lines = wrapped(" › ".join(above), path, width) if above else ()
            if len(lines) * title.leading + len(path_lines) * path.leading + 4 * MM <= room:
                break
        y = top - self.BAND + 24 * MM + (len(lines) - 1) * title.leading
        if above:
            first = y + title.size + 5 * MM + (len(path_lines) - 1) * path.leading
            pen.leaf_lines("P", path_lines, MARGIN, first, path)
        pen.leaf_lines("H1", lines, MARGIN, y, title)
        kind = Font(REGULAR, 12, SKY)
        gettext = self.texts.gettext
        words = gettext("Report for the whole organisation") if content.is_organisation else gettext("Unit report")
        pen.leaf("P", words, MARGIN, top - self.BAND + 13 * MM, kind)

    def _facts(self, pen: Pen, y: float) -> None:
        content, gettext = self.content, self.texts.gettext
        value, width = Font(BOLD, 20, DEEP), PAGE_WIDTH - 2 * MARGIN
        included = gettext("%(included)s of %(all)s", included=content.n_included, all=content.n_answers)
        facts = ((gettext("Answers included"), included), (gettext("Response rate"), content.response_rate))
        left, narrow = MARGIN, width * 0.28
        for label, text in facts:
            self._fact(pen, label, text, left, y, narrow, value)
            left += narrow
        self._fact(pen, gettext("Answering period"), content.period, left, y, width * 0.44 + 6 * MM, value)
        y -= 24 * MM
        if rehearsal := rehearsal_words(content):
            warning = Font(BOLD, 13, HEAT[Verdict.UNFAVOURABLE][0])
            y = pen.leaf_lines("P", wrapped(rehearsal, warning, width), MARGIN, y, warning) - 8 * MM
        for text in front_notes(content):
            y = pen.leaf_lines("P", wrapped(text, Font(REGULAR, 10.5), width - 10 * MM), MARGIN, y, Font(REGULAR, 10.5))
            y -= 7 * MM

    def _fact(self, pen: Pen, label: str, text: str | None, x: float, y: float, width: float, font: Font) -> None:
        pen.line(x, y + 7 * MM, x + width - 6 * MM, y + 7 * MM, DEEP, 1.2)
        pen.leaf("P", label, x, y + 1.5 * MM, Font(REGULAR, 10, MUTED))
        if text is None:
            draw_field(pen, self.texts.gettext("Response rate in per cent, to be filled in"), x, y - 11 * MM)
            return
        lines = wrapped(text, font.sized(14), width - 8 * MM) if font.width(text) > width - 6 * MM else (text,)
        fitted = font if lines == (text,) else font.sized(14)
        pen.leaf_lines("P", lines, x, y - 7.5 * MM, fitted)


def draw_field(pen: Pen, name: str, x: float, y: float) -> None:
    """A field to write the response rate in; `name` is what a screen reader says."""
    with pen.element("Form"):
        pen.canvas.acroForm.textfield(
            name="response_rate", tooltip=name, x=x, y=y, width=30 * MM, height=9 * MM, relative=True, value="",
            maxlen=6, fontName="Helvetica", fontSize=14, borderWidth=0.8, forceBorder=False,
            borderColor=HexColor(REFERENCE), fillColor=HexColor(PALE), textColor=HexColor(INK),
        )  # fmt: skip


def draw_watermark(pen: Pen, text: str, width: float, height: float) -> None:
    runs, length = pen.canvas.encoded(text, BOLD)
    size = min(110, 0.8 * hypot(width, height) / length)
    pen.canvas.saveState()
    pen.canvas.translate(width / 2, height / 2)
    pen.canvas.rotate(52 if height > width else 35)
    pen.canvas.write(text_operators(runs, -length * size / 2, -size / 3, size, f"{rgb('#e9edef')} rg"))
    pen.canvas.restoreState()


@dataclass(frozen=True, slots=True)
class Furniture:
    """The running head and foot of every page but the first."""

    content: ReportContent

    def __call__(self, canvas: TaggedCanvas, template: str) -> None:
        pen, content, gettext = Pen(canvas), self.content, self.content.texts.gettext
        width, height = (PAGE_HEIGHT, PAGE_WIDTH) if template == "wide" else (PAGE_WIDTH, PAGE_HEIGHT)
        if content.report.set.is_rehearsal:
            draw_watermark(pen, gettext("Rehearsal"), width, height)
        y, room = height - 14 * MM, (width - 2 * MARGIN) / 2 - 4 * MM
        pen.decoration(shortened(content.organisation, SMALL, room), MARGIN, y, SMALL)
        if not content.is_organisation:
            pen.decoration(shortened(content.unit, SMALL, room), width - MARGIN, y, SMALL, RIGHT)
        pen.line(MARGIN, y - 2.5 * MM, width - MARGIN, y - 2.5 * MM)
        foot = gettext("Employee survey, %(period)s", period=content.period)
        pen.decoration(shortened(foot, SMALL, 2 * room), MARGIN, 11 * MM, SMALL)
        canvas.draw_late(f"foot_{canvas.getPageNumber()}", self._number(canvas), width - MARGIN, 11 * MM)

    def _number(self, canvas: TaggedCanvas) -> Late:
        page, gettext = canvas.getPageNumber(), self.content.texts.gettext

        def words() -> str:
            return gettext("Page %(page)s of %(all)s", page=page, all=canvas.getPageNumber() - 1)

        return Late(words, SMALL.name, SMALL.size, f"{rgb(SMALL.color)} rg")


class Contents(Block):
    """The table of contents, on one page."""

    def __init__(self, content: ReportContent, entries: Sequence[Entry]) -> None:
        super().__init__(content)
        self.entries = entries

    def measure(self, width: float, height: float) -> float:
        units = sum(1.35 if entry.is_chapter else 1 for entry in self.entries)
        self.step = min(6.2 * MM, (height - 2) / units)
        return units * self.step

    def paint(self, pen: Pen) -> None:
        y = self.height
        with pen.element("TOC"):
            for entry in self.entries:
                height = self.step * (1.35 if entry.is_chapter else 1)
                y -= height
                self._entry(pen, entry, y, height)

    def _entry(self, pen: Pen, entry: Entry, y: float, height: float) -> None:
        canvas, x = pen.canvas, 0 if entry.is_chapter else 6 * MM
        font = Font(BOLD, 10.5, DEEP) if entry.is_chapter else Font(REGULAR, 10)
        baseline = y + self.step * 0.3
        with pen.element("TOCI"):
            link = canvas.structure.add("Link")
            with canvas.marked(link):
                pen.decoration(entry.title + " ", x, baseline, font)
                late = Late(lambda: str(canvas.page_of[entry.anchor]), font.name, font.size, f"{rgb(font.color)} rg")
                canvas.draw_late(f"page_of_{entry.anchor}", late, self.width, baseline)
                goal = self.texts.gettext("Go to %(title)s", title=entry.title)
                canvas.linkRect(goal, entry.anchor, (x, y, self.width, y + height), relative=1)
        end = x + font.width(entry.title) + 2 * MM
        pen.canvas.write(f"{rgb(RULE)} RG 0.6 w [0.6 2.4] 0 d {end:.2f} {baseline:.2f} m "
                         f"{self.width - 9 * MM:.2f} {baseline:.2f} l S [] 0 d")  # fmt: skip
