"""The data blocks of the PDF: flowables that write tagged PDF operators straight to the page.

Everything a block draws comes from `content`: bars are as long as the printed figures say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus.flowables import Flowable

from app.reports.content import (
    NOTICEABLE,
    HeatRow,
    ItemContent,
    PrintedMean,
    PrintedShare,
    ReportContent,
    ThemeContent,
    Verdict,
    verdict_words,
)
from app.reports.style import (
    ACCENT,
    CATEGORIES,
    CHAPTER_COLORS,
    DEEP,
    HEAT,
    INK,
    MARGIN,
    MARKS,
    MM,
    MUTED,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    PALE,
    REFERENCE,
    RULE,
    SKY,
    WHITE,
    category_colors,
)
from app.reports.tagging import (
    BOLD,
    COLUMN_HEADER,
    REGULAR,
    ROW_HEADER,
    Element,
    Late,
    TaggedCanvas,
    pdf_span,
    text_operators,
)

LEFT, CENTRE, RIGHT = 0.0, 0.5, 1.0
LOWEST, HIGHEST = Decimal(1), Decimal(5)  # the ends of the scale of a mean
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Font:
    name: str
    size: float
    color: str = INK

    @property
    def leading(self) -> float:
        return self.size * 1.28

    def width(self, text: str) -> float:
        return float(stringWidth(text, self.name, self.size))

    def sized(self, size: float) -> Font:
        return Font(self.name, size, self.color)

    def fitting(self, text: str, width: float) -> Font:
        """This font, made smaller when `text` needs it."""
        needed = self.width(text)
        return self if needed <= width else self.sized(int(self.size * width / needed * 10) / 10)


BODY = Font(REGULAR, 9)
BODY_BOLD = Font(BOLD, 9)
SMALL = Font(REGULAR, 8, MUTED)
SMALL_BOLD = Font(BOLD, 8)
TINY = Font(REGULAR, 7.5, MUTED)
FIGURE = Font(BOLD, 11)


@cache
def _rgb(color: str) -> str:
    red, green, blue = (int(color[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return f"{red:.3f} {green:.3f} {blue:.3f}"


@lru_cache(10_000)
def wrapped(text: str, font: Font, width: float) -> tuple[str, ...]:
    """The lines of `text`; a word wider than a line is broken."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if font.width(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while font.width(line) > width:
            end = next(n for n in range(len(line), 0, -1) if n == 1 or font.width(line[:n]) <= width)
            lines.append(line[:end])
            line = line[end:]
    return (*lines, line) if line or not lines else tuple(lines)


@lru_cache(1_000)
def shortened(text: str, font: Font, width: float) -> str:
    """`text`, cut with an ellipsis where it is too wide."""
    if font.width(text) <= width:
        return text
    end = next((n for n in range(len(text), 0, -1) if font.width(text[:n] + _ELLIPSIS) <= width), 0)
    return text[:end].rstrip() + _ELLIPSIS


class Pen:
    """Draws on a tagged canvas: shapes and `decoration` are artifacts, `leaf` is an element with its text."""

    def __init__(self, canvas: TaggedCanvas) -> None:
        self.canvas = canvas

    def rect(self, color: str, x: float, y: float, width: float, height: float) -> None:
        self.canvas.write(f"{_rgb(color)} rg {x:.2f} {y:.2f} {width:.2f} {height:.2f} re f")

    def frame(self, color: str, x: float, y: float, width: float, height: float, thickness: float = 0.6) -> None:
        self.canvas.write(f"{_rgb(color)} RG {thickness} w {x:.2f} {y:.2f} {width:.2f} {height:.2f} re S")

    def line(self, x0: float, y0: float, x1: float, y1: float, color: str = RULE, thickness: float = 0.5) -> None:
        self.canvas.write(f"{_rgb(color)} RG {thickness} w {x0:.2f} {y0:.2f} m {x1:.2f} {y1:.2f} l S")

    def hatch(self, x: float, y: float, width: float, height: float) -> None:
        """Slanted lines: a part of a bar of which nothing more is said."""
        self.rect(PALE, x, y, width, height)
        lines = [f"q {x:.2f} {y:.2f} {width:.2f} {height:.2f} re W n {_rgb(REFERENCE)} RG 0.6 w"]
        start = x - height
        while start < x + width:
            lines.append(f"{start:.2f} {y:.2f} m {start + height:.2f} {y + height:.2f} l S")
            start += 3
        self.canvas.write(" ".join([*lines, "Q"]))

    def disc(self, color: str, x: float, y: float, radius: float, *, is_filled: bool = True) -> None:
        k = radius * 0.5523
        path = f"{x + radius:.2f} {y:.2f} m " + " ".join(
            f"{x + a:.2f} {y + b:.2f} {x + c:.2f} {y + d:.2f} {x + e:.2f} {y + f:.2f} c"
            for a, b, c, d, e, f in (
                (radius, k, k, radius, 0, radius),
                (-k, radius, -radius, k, -radius, 0),
                (-radius, -k, -k, -radius, 0, -radius),
                (k, -radius, radius, -k, radius, 0),
            )
        )
        self.canvas.write(f"{_rgb(color)} {'rg' if is_filled else 'RG 0.9 w'} {path} {'f' if is_filled else 's'}")

    def decoration(self, text: str, x: float, y: float, font: Font, align: float = LEFT) -> None:
        self.canvas.write(self._text(text, x, y, font, align))

    def leaf(
        self, role: str, text: str, x: float, y: float, font: Font, align: float = LEFT, attributes: str = ""
    ) -> None:
        """One line of text as an element of its own."""
        canvas = self.canvas
        canvas.begin_marked(canvas.structure.add(role, attributes))
        canvas.write(self._text(text, x, y, font, align))
        canvas.end_marked()

    def leaf_lines(
        self, role: str, lines: Sequence[str], x: float, y: float, font: Font, align: float = LEFT, attributes: str = ""
    ) -> float:
        """Several lines as one element, the first on baseline `y`; the baseline of the last."""
        canvas = self.canvas
        canvas.begin_marked(canvas.structure.add(role, attributes))
        y += font.leading
        for number, line in enumerate(lines, start=1):
            y -= font.leading
            end = " " if number < len(lines) else ""  # so that the words on both sides of the break stay apart
            canvas.write(self._text(line + end, x + font.width(end) * align, y, font, align))
        canvas.end_marked()
        return y

    def empty(self, role: str, attributes: str = "") -> None:
        """An element without content: a blank cell."""
        self.canvas.structure.add(role, attributes)

    def element(self, role: str, attributes: str = "") -> Any:
        return self.canvas.element(role, attributes)

    @contextmanager
    def moved(self, x: float, y: float) -> Iterator[None]:
        self.canvas.saveState()
        self.canvas.translate(x, y)
        yield
        self.canvas.restoreState()

    def _text(self, text: str, x: float, y: float, font: Font, align: float) -> str:
        runs, width = self.canvas.encoded(text, font.name)
        return text_operators(runs, x - width * font.size * align, y, font.size, f"{_rgb(font.color)} rg")


# ------------------------------------------------------------------------------------------------------------- pieces


def draw_verdict_mark(pen: Pen, verdict: Verdict, x: float, y: float) -> None:
    """A sign of its own shape: full disc with plus, ring with equals, full square with minus; `x`, `y`: the middle."""
    color, sign_color = {
        Verdict.FAVOURABLE: (ACCENT, WHITE),
        Verdict.SAME: (REFERENCE, MUTED),
        Verdict.UNFAVOURABLE: (HEAT[Verdict.UNFAVOURABLE][0], WHITE),
    }[verdict]
    if verdict is Verdict.UNFAVOURABLE:
        pen.rect(color, x - 3.9, y - 3.9, 7.8, 7.8)
    else:
        pen.disc(color, x, y, 4.2, is_filled=verdict is Verdict.FAVOURABLE)
    sign = Font(BOLD, 8.5, sign_color)
    pen.decoration(MARKS[verdict], x, y - sign.size * 0.3, sign, CENTRE)


def draw_mean_bar(pen: Pen, mean: PrintedMean, color: str, x: float, y: float, width: float, height: float) -> None:
    """A bar on a track from 1 to 5, as long as the printed mean says."""
    pen.rect(PALE, x, y, width, height)
    pen.rect(color, x, y, width * float((mean.value - LOWEST) / (HIGHEST - LOWEST)), height)


def draw_stacked_bar(pen: Pen, shares: Sequence[PrintedShare], x: float, y: float, width: float, height: float) -> None:
    """The printed percentages side by side; what is only bounded is hatched together."""
    exact = sum(share.percent for share in shares if not share.is_bound)
    scale = width / max(exact, 100)
    end = x
    for share, (color, on_color) in zip(shares, category_colors(len(shares)), strict=True):
        if share.is_bound or not share.percent:
            continue
        length = share.percent * scale
        pen.rect(color, end, y, length, height)
        label = Font(REGULAR, 7.5, on_color)
        if length > label.width(share.text) + 4:
            pen.decoration(share.text, end + length / 2, y + height / 2 - 2.6, label, CENTRE)
        end += length
        pen.line(end, y, end, y + height, WHITE, 0.8)
    if any(share.is_bound for share in shares):
        pen.hatch(end, y, x + width - end, height)


class Block(Flowable):
    """A data block: measured by `measure`, drawn by `paint`, both from the top down; never split."""

    def __init__(self, content: ReportContent, *, keep_with_next: bool = False, space_after: float = 0) -> None:
        super().__init__()
        self.content = content
        self.texts = content.texts
        self.keepWithNext = keep_with_next
        self.spaceAfter = space_after

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width = width
        self.height = self.measure(width, height)
        return self.width, self.height

    def draw(self) -> None:
        canvas: Any = self.canv
        self.paint(Pen(canvas))

    def measure(self, width: float, height: float) -> float:
        raise NotImplementedError

    def paint(self, pen: Pen) -> None:
        raise NotImplementedError


# -------------------------------------------------------------------------------------------------------- front page


class FrontPage(Block):
    """The whole first page. Sets up the running head and foot of the pages that follow."""

    BAND = 158 * MM
    TITLE_SIZES = (32, 26, 21, 17, 14, 12)

    def measure(self, width: float, height: float) -> float:
        return height

    def paint(self, pen: Pen) -> None:
        content, gettext = self.content, self.texts.gettext
        pen.canvas.furniture = Furniture(content)
        if content.report.set.is_rehearsal:
            draw_watermark(pen, gettext("Rehearsal"), PAGE_WIDTH, PAGE_HEIGHT)
        top = PAGE_HEIGHT
        pen.rect(DEEP, 0, top - self.BAND, PAGE_WIDTH, self.BAND)
        step = PAGE_WIDTH / len(CATEGORIES)
        for number, color in enumerate(CATEGORIES):
            pen.rect(color, number * step, top - self.BAND - 3 * MM, step + 0.2, 3 * MM)
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
        words = self.texts.gettext("Report for the whole organisation" if content.is_organisation else "Unit report")
        pen.leaf("P", words, MARGIN, top - self.BAND + 13 * MM, kind)

    def _facts(self, pen: Pen, y: float) -> None:
        content, gettext = self.content, self.texts.gettext
        value, width = Font(BOLD, 20, DEEP), (PAGE_WIDTH - 2 * MARGIN) / 3
        included = gettext("%(included)s of %(all)s", included=content.n_included, all=content.n_answers)
        facts = ((gettext("Answers included"), included), (gettext("Response rate"), content.response_rate))
        for number, (label, text) in enumerate(facts):
            self._fact(pen, label, text, MARGIN + number * width, y, width, value)
        self._fact(pen, gettext("Answering period"), content.period, MARGIN + 2 * width, y, width, value)
        y -= 24 * MM
        for text in front_notes(content):
            y = pen.leaf_lines(
                "P", wrapped(text, Font(REGULAR, 10.5), 3 * width - 10 * MM), MARGIN, y, Font(REGULAR, 10.5)
            )
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


def front_notes(content: ReportContent) -> tuple[str, ...]:
    """What the front page says under the figures."""
    gettext, limits = content.texts.gettext, content.report.set.limits
    notes = [
        gettext(
            "%(included)s of %(all)s answers are included in this report.",
            included=content.n_included,
            all=content.n_answers,
        )
    ]
    if content.n_included != content.n_answers:
        notes[0] += " " + gettext("The others are left out to protect those who gave them.")
    notes.append(
        gettext(
            "No figure rests on fewer than %(limit)s answers, and no figures of this and other reports can be combined "
            "to show what a smaller group has answered.",
            limit=content.texts.number(limits.k_means),
        )
    )
    if content.report.set.is_rehearsal:
        notes.append(gettext("This is a rehearsal. The figures are not from a real survey."))
    return tuple(notes)


def draw_field(pen: Pen, name: str, x: float, y: float) -> None:
    """A field to write the response rate in; `name` is what a screen reader says."""
    with pen.element("Form"):
        pen.canvas.acroForm.textfield(
            name="response_rate", tooltip=name, x=x, y=y, width=30 * MM, height=9 * MM, relative=True, value="",
            maxlen=6, fontName="Helvetica", fontSize=14, borderWidth=0.8, forceBorder=False,
            borderColor=_color(REFERENCE), fillColor=_color(PALE), textColor=_color(INK),
        )  # fmt: skip


def _color(color: str) -> Any:
    from reportlab.lib.colors import HexColor

    return HexColor(color)


def draw_watermark(pen: Pen, text: str, width: float, height: float) -> None:
    runs, length = pen.canvas.encoded(text, BOLD)
    size = 110
    pen.canvas.saveState()
    pen.canvas.translate(width / 2, height / 2)
    pen.canvas.rotate(52 if height > width else 35)
    pen.canvas.write(text_operators(runs, -length * size / 2, -size / 3, size, f"{_rgb('#e9edef')} rg"))
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
        number = gettext("Page %(page)s of", page=canvas.getPageNumber())
        pen.decoration(number, width - MARGIN - 4.6 * MM, 11 * MM, SMALL, RIGHT)
        late = Late(lambda: str(canvas.getPageNumber() - 1), REGULAR, SMALL.size, f"{_rgb(SMALL.color)} rg")
        canvas.draw_late("n_pages", late, width - MARGIN, 11 * MM)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the contents: a chapter, or a theme below it."""

    anchor: str
    title: str
    is_chapter: bool


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
                late = Late(lambda: str(canvas.page_of[entry.anchor]), font.name, font.size, f"{_rgb(font.color)} rg")
                canvas.draw_late(f"page_of_{entry.anchor}", late, self.width, baseline)
                goal = self.texts.gettext("Go to %(title)s", title=entry.title)
                canvas.linkRect(goal, entry.anchor, (x, y, self.width, y + height), relative=1)
        end = x + font.width(entry.title) + 2 * MM
        pen.canvas.write(f"{_rgb(RULE)} RG 0.6 w [0.6 2.4] 0 d {end:.2f} {baseline:.2f} m "
                         f"{self.width - 9 * MM:.2f} {baseline:.2f} l S [] 0 d")  # fmt: skip


# ------------------------------------------------------------------------------------------------------ how to read it


class ScaleKey(Block):
    """The colours of the categories, for every scale with a spread that the report shows."""

    ROW = 12 * MM

    def measure(self, width: float, height: float) -> float:
        found = {theme.theme.scale.id: theme for theme in self.content.themes if theme.items}
        self.rows = [theme.categories for theme in found.values()]
        return self.ROW * len(self.rows)

    def paint(self, pen: Pen) -> None:
        y = self.height
        for categories in self.rows:
            y -= self.ROW
            step = self.width / len(categories)
            with pen.element("L"):
                for number, (name, (color, on_color)) in enumerate(
                    zip(categories, category_colors(len(categories)), strict=True)
                ):
                    pen.rect(color, number * step, y + 2 * MM, step - 1, 8 * MM)
                    lines = wrapped(name, Font(REGULAR, 8, on_color), step - 6)
                    first = y + 6 * MM - 2.6 + (len(lines) - 1) * 5.1
                    with pen.element("LI"):
                        pen.leaf_lines(
                            "LBody", lines, (number + 0.5) * step - 0.5, first, Font(REGULAR, 8, on_color), CENTRE
                        )


class VerdictKey(Block):
    """The three signs and what they stand for."""

    ROW = 6.4 * MM

    def measure(self, width: float, height: float) -> float:
        return self.ROW * len(Verdict) + 1 * MM

    def paint(self, pen: Pen) -> None:
        y = self.height
        with pen.element("L"):
            for verdict, words in self._words():
                y -= self.ROW
                draw_verdict_mark(pen, verdict, 5, y + 6.6)
                with pen.element("LI"):
                    pen.leaf("LBody", words, 8 * MM, y + 3.6, Font(REGULAR, 9.5))

    def _words(self) -> tuple[tuple[Verdict, str], ...]:
        gettext, limit = self.texts.gettext, self.texts.mean(NOTICEABLE)
        return (
            (Verdict.FAVOURABLE, gettext("More favourable: better by at least %(limit)s", limit=limit)),
            (Verdict.SAME, gettext("About the same: a smaller difference")),
            (Verdict.UNFAVOURABLE, gettext("Less favourable: worse by at least %(limit)s", limit=limit)),
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ overview


class Overview(Block):
    """All themes of a chapter: the mean as a bar and a figure, and how it compares with the organisation's."""

    ROW, HEAD = 6.6 * MM, 6.2 * MM
    NAME, BAR, FIGURE_COLUMN = 62 * MM, 40 * MM, 15 * MM

    def __init__(self, content: ReportContent, themes: Sequence[ThemeContent], color: str) -> None:
        super().__init__(content, space_after=5 * MM)
        self.themes = themes
        self.color = color
        self.is_compared = not content.is_organisation

    def measure(self, width: float, height: float) -> float:
        self.bar = self.BAR if self.is_compared else width - self.NAME - self.FIGURE_COLUMN - 4 * MM
        return self.HEAD + self.ROW * len(self.themes)

    def paint(self, pen: Pen) -> None:
        with pen.element("Table"):
            y = self.height - self.HEAD
            self._head(pen, y)
            for theme in self.themes:
                y -= self.ROW
                with pen.element("TR"):
                    self._row(pen, theme, y, y + 2.1 * MM)
                pen.line(0, y, self.width, y)

    @property
    def _columns(self) -> tuple[float, ...]:
        """The right edges of the columns of figures."""
        first = self.NAME + self.bar + self.FIGURE_COLUMN
        return tuple(first + number * self.FIGURE_COLUMN for number in range(3))

    def _head(self, pen: Pen, y: float) -> None:
        gettext, baseline = self.texts.gettext, y + 2 * MM
        own, organisation, difference = self._columns
        with pen.element("TR"):
            pen.leaf("TH", gettext("Theme"), 0, baseline, SMALL, attributes=COLUMN_HEADER)
            for number in range(5):
                x = self.NAME + self.bar * number / 4
                pen.decoration(str(number + 1), x, baseline, TINY, CENTRE)
            heading = gettext("Unit") if self.is_compared else gettext("Mean")
            pen.leaf("TH", heading, own, baseline, SMALL, RIGHT, COLUMN_HEADER)
            if self.is_compared:
                pen.leaf("TH", gettext("All"), organisation, baseline, SMALL, RIGHT, COLUMN_HEADER)
                pen.leaf("TH", gettext("Difference"), difference + 1.5 * MM, baseline, SMALL, RIGHT, COLUMN_HEADER)
                pen.leaf("TH", gettext("Compared"), difference + 5 * MM, baseline, SMALL, LEFT, COLUMN_HEADER)
        pen.line(0, y, self.width, y, DEEP, 0.9)

    def _row(self, pen: Pen, theme: ThemeContent, y: float, baseline: float) -> None:
        own, organisation, difference = self._columns
        name = Font(REGULAR, 9.5).fitting(theme.name, self.NAME - 3 * MM)
        pen.leaf("TH", theme.name, 0, baseline, name, attributes=ROW_HEADER)
        if theme.mean is None:
            span = pdf_span("Col", 4 if self.is_compared else 1)
            pen.leaf("TD", self._instead(theme), self.NAME, baseline, SMALL, attributes=f"/A<</O/Table{span}>>")
            return
        draw_mean_bar(pen, theme.mean, self.color, self.NAME, y + 1.9 * MM, self.bar, 2.9 * MM)
        for number in range(1, 4):
            x = self.NAME + self.bar * number / 4
            pen.line(x, y + 1.9 * MM, x, y + 4.8 * MM, WHITE, 0.5)
        pen.leaf("TD", theme.mean.text, own, baseline, BODY_BOLD.sized(10), RIGHT)
        if not self.is_compared:
            return
        if theme.reference is None or theme.verdict is None or theme.difference is None:
            pen.empty("TD", f"/A<</O/Table{pdf_span('Col', 3)}>>")
            return
        place = self.NAME + self.bar * float((theme.reference.value - LOWEST) / (HIGHEST - LOWEST))
        pen.line(place, y + 1 * MM, place, y + 5.7 * MM, INK, 1.4)
        pen.leaf("TD", theme.reference.text, organisation, baseline, BODY, RIGHT)
        pen.leaf("TD", theme.difference, difference, baseline, BODY, RIGHT)
        draw_verdict_mark(pen, theme.verdict, difference + 6.5 * MM, baseline + 3)
        words = verdict_words(theme.verdict, self.texts)
        x = difference + 9.5 * MM
        pen.leaf("TD", words, x, baseline, SMALL.fitting(words, self.width - x))

    def _instead(self, theme: ThemeContent) -> str:
        gettext = self.texts.gettext
        return gettext("Too few answers") if theme.is_withheld else gettext("Shown as shares, not as a mean")


# -------------------------------------------------------------------------------------------------------------- themes


class MeanBlock(Block):
    """The mean of a theme as a bar from 1 to 5, against the organisation's."""

    LABEL, FIGURE_WIDTH, NOTE, STEP = 34 * MM, 13 * MM, 40 * MM, 6.2 * MM

    def __init__(self, content: ReportContent, theme: ThemeContent, color: str) -> None:
        super().__init__(content, keep_with_next=True, space_after=2.5 * MM)
        self.theme = theme
        self.color = color

    def measure(self, width: float, height: float) -> float:
        self.rows = [(self._own_label(), self.theme.mean, self.color)]
        if self.theme.reference:
            self.rows.append((self.texts.gettext("Whole organisation"), self.theme.reference, REFERENCE))
        return len(self.rows) * self.STEP + 4.5 * MM

    def _own_label(self) -> str:
        gettext = self.texts.gettext
        return gettext("Whole organisation") if self.content.is_organisation else gettext("This unit")

    def paint(self, pen: Pen) -> None:
        track = self.width - self.LABEL - self.FIGURE_WIDTH - self.NOTE
        y = self.height
        with pen.element("Table"):
            for label, mean, color in self.rows:
                y -= self.STEP
                if mean is None:
                    continue
                draw_mean_bar(pen, mean, color, self.LABEL, y + 1.2 * MM, track, 4 * MM)
                with pen.element("TR"):
                    pen.leaf("TH", label, 0, y + 2.1 * MM, BODY, attributes=ROW_HEADER)
                    pen.leaf(
                        "TD", mean.text, self.LABEL + track + self.FIGURE_WIDTH - 3 * MM, y + 1.8 * MM, FIGURE, RIGHT
                    )
        for number in range(5):
            x = self.LABEL + track * number / 4
            pen.line(x, y + 0.4 * MM, x, self.height - 0.4 * MM, WHITE if 0 < number < 4 else RULE, 0.5)
            pen.decoration(str(number + 1), x, y - 2.6 * MM, TINY, CENTRE)
        self._notes(pen, self.LABEL + track + self.FIGURE_WIDTH + 2 * MM)

    def _notes(self, pen: Pen, x: float) -> None:
        gettext, theme = self.texts.gettext, self.theme
        y = self.height - self.STEP + 2.1 * MM
        answers = gettext("%(number)s answers", number=theme.n_mean)
        if theme.verdict is None or theme.difference is None:
            pen.leaf("P", answers, x, y, SMALL)
            return
        words = verdict_words(theme.verdict, self.texts)
        draw_verdict_mark(pen, theme.verdict, x + 4, y + 2.8)
        text = f"{theme.difference}: {words}"
        pen.leaf("P", text, x + 4 * MM, y, SMALL_BOLD.fitting(text, self.width - x - 4 * MM))
        pen.leaf("P", answers, x + 4 * MM, y - self.STEP, SMALL)


class SpreadBlock(Block):
    """Per item how the answers spread: a stacked bar and its percentages, with the organisation's below."""

    TEXT, LABEL, BAR = 60 * MM, 23 * MM, 4.8 * MM
    OWN, OTHER, GAP = 4.7 * MM, 4.2 * MM, 3.4 * MM

    def __init__(self, content: ReportContent, theme: ThemeContent) -> None:
        super().__init__(content, keep_with_next=True, space_after=2 * MM)
        self.theme = theme

    def measure(self, width: float, height: float) -> float:
        self.column = (width - self.TEXT - self.LABEL) / len(self.theme.categories)
        self.names = [wrapped(name, TINY, self.column - 7) for name in self.theme.categories]
        self.head = max(len(lines) for lines in self.names) * TINY.leading + 2.4 * MM
        self.rows = [(item, wrapped(self._wording(item), BODY, self.TEXT - 5 * MM)) for item in self.theme.items]
        return self.head + sum(self._row_height(item, lines) for item, lines in self.rows)

    def _wording(self, item: ItemContent) -> str:
        if not item.is_reversed:
            return item.text
        return f"{item.text} {self.texts.gettext('(turned round in the mean)')}"

    def _row_height(self, item: ItemContent, lines: Sequence[str]) -> float:
        figures = self.BAR + self.OWN + (self.OTHER if item.reference else 0)
        return max(figures, len(lines) * BODY.leading) + self.GAP

    def paint(self, pen: Pen) -> None:
        with pen.element("Table"):
            y = self.height - self.head
            self._head(pen, y)
            for item, lines in self.rows:
                height = self._row_height(item, lines)
                self._item(pen, item, lines, y)
                y -= height
                pen.line(0, y, self.width, y)

    def _head(self, pen: Pen, y: float) -> None:
        gettext = self.texts.gettext
        with pen.element("TR"):
            answers = gettext("%(number)s answers, in per cent", number=self.theme.n_distribution)
            pen.leaf("TH", answers, 0, y + 1.6 * MM, SMALL, attributes=COLUMN_HEADER)
            pen.empty("TH", COLUMN_HEADER)
            for number, (lines, (color, _)) in enumerate(
                zip(self.names, category_colors(len(self.names)), strict=True)
            ):
                x = self.TEXT + self.LABEL + number * self.column
                first = y + 1.6 * MM + (len(lines) - 1) * TINY.leading
                pen.rect(color, x, first - 0.6, 5, 6)
                pen.leaf_lines("TH", lines, x + 7, first, TINY, attributes=COLUMN_HEADER)
        pen.line(0, y, self.width, y, DEEP, 0.9)

    def _item(self, pen: Pen, item: ItemContent, lines: Sequence[str], top: float) -> None:
        gettext, x = self.texts.gettext, self.TEXT
        y = top - 1.6 * MM - self.BAR
        draw_stacked_bar(pen, item.shares, x + self.LABEL, y, self.width - x - self.LABEL, self.BAR)
        span = pdf_span("Row", 2) if item.reference else ""
        own = gettext("Whole organisation") if self.content.is_organisation else gettext("This unit")
        with pen.element("TR"):
            attributes = f"/A<</O/Table/Scope/Row{span}>>"
            pen.leaf_lines("TH", lines, 0, top - 1.6 * MM - BODY.size + 0.6, BODY, attributes=attributes)
            y -= self.OWN
            self._shares(pen, own, item.shares, y + 1.2 * MM, SMALL_BOLD)
        if item.reference:
            with pen.element("TR"):
                y -= self.OTHER
                self._shares(pen, gettext("Whole organisation"), item.reference, y + 1.2 * MM, SMALL)

    def _shares(self, pen: Pen, label: str, shares: Sequence[PrintedShare], y: float, font: Font) -> None:
        pen.leaf("TH", label, self.TEXT, y, font.sized(7.5).fitting(label, self.LABEL - 3), attributes=ROW_HEADER)
        for number, share in enumerate(shares):
            x = self.TEXT + self.LABEL + number * self.column
            pen.leaf("TD", share.text, x, y, font.fitting(share.text, self.column - 3))


class PrevalenceBlock(Block):
    """A most sensitive theme: the share of each group of categories (spec 7.2)."""

    LABEL, ROW, FIGURE_WIDTH = 60 * MM, 7 * MM, 30 * MM

    def __init__(self, content: ReportContent, theme: ThemeContent) -> None:
        super().__init__(content, keep_with_next=True, space_after=2 * MM)
        self.theme = theme

    def measure(self, width: float, height: float) -> float:
        self.question = wrapped(self.theme.theme.items[0].text[self.texts.language], BODY_BOLD, width)
        self.head = len(self.question) * BODY_BOLD.leading + 6 * MM
        return self.head + self.ROW * len(self.theme.prevalence)

    def paint(self, pen: Pen) -> None:
        gettext = self.texts.gettext
        pen.leaf_lines("P", self.question, 0, self.height - BODY_BOLD.size, BODY_BOLD)
        y = self.height - self.head
        with pen.element("Table"):
            with pen.element("TR"):
                answers = gettext("%(number)s answers, in per cent", number=self.theme.n_distribution)
                pen.leaf("TH", answers, 0, y + 1.4 * MM, SMALL, attributes=COLUMN_HEADER)
                pen.leaf("TH", gettext("Share"), self.width, y + 1.4 * MM, SMALL, RIGHT, COLUMN_HEADER)
            pen.line(0, y, self.width, y, DEEP, 0.9)
            for group in self.theme.prevalence:
                y -= self.ROW
                with pen.element("TR"):
                    pen.leaf("TH", group.label, 0, y + 2.2 * MM, BODY, attributes=ROW_HEADER)
                    pen.leaf("TD", group.share.text, self.width, y + 2.2 * MM, BODY_BOLD, RIGHT)
                self._bar(pen, group.share, y + 1.6 * MM)
                pen.line(0, y, self.width, y)

    def _bar(self, pen: Pen, share: PrintedShare, y: float) -> None:
        track = self.width - self.LABEL - self.FIGURE_WIDTH
        if share.is_bound:
            return
        pen.rect(PALE, self.LABEL, y, track, 3.8 * MM)
        pen.rect(CATEGORIES[3], self.LABEL, y, track * share.percent / 100, 3.8 * MM)


# ------------------------------------------------------------------------------------------------------------ heat map


class HeatMapBlock(Block):
    """Units by themes, only published means; goes on over as many pages as it needs, headings repeated."""

    NAME, INDENT, PADDING = 62 * MM, 2.2 * MM, 1.5 * MM
    HEADING = Font(REGULAR, 7.5)
    CELL = Font(REGULAR, 7)
    LABEL_FONT = Font(REGULAR, 7.5)

    def __init__(
        self,
        content: ReportContent,
        themes: Sequence[ThemeContent],
        rows: Sequence[HeatRow],
        table: list[Element] | None = None,
    ) -> None:
        super().__init__(content)
        self.themes = themes
        self.rows = rows
        self.table = [] if table is None else table
        """The table's element, once the first part has been drawn."""

    def measure(self, width: float, height: float) -> float:
        self.column = min((width - self.NAME) / max(len(self.themes), 1), 9 * MM)
        self.name = width - self.column * len(self.themes)
        self.head = max((self.HEADING.width(theme.name) for theme in self.themes), default=0) + 5 * MM
        self.lines = [self._label(row) for row in self.rows]
        self.heights = [self._row_height(lines) for lines in self.lines]
        return self.head + sum(self.heights)

    def _label(self, row: HeatRow) -> tuple[str, ...]:
        return wrapped(row.name, self.LABEL_FONT, self.name - 3 * MM - self._indent(row))

    def _indent(self, row: HeatRow) -> float:
        return max(row.level - 1, 0) * self.INDENT

    def _row_height(self, lines: Sequence[str]) -> float:
        return len(lines) * self.LABEL_FONT.leading + self.PADDING

    def split(self, width: float, height: float) -> list[Flowable]:
        self.wrap(width, height)
        used, count = self.head, 0
        while count < len(self.rows) and used + self.heights[count] <= height:
            used += self.heights[count]
            count += 1
        if count == 0:
            return []
        return [
            HeatMapBlock(self.content, self.themes, rows, self.table)
            for rows in (self.rows[:count], self.rows[count:])
            if rows
        ]

    def paint(self, pen: Pen) -> None:
        is_first = not self.table
        if is_first:
            self.table.append(pen.canvas.structure.add("Table"))
        with pen.canvas.inside(self.table[0]):
            y = self.height - self.head
            self._head(pen, y, is_first=is_first)
            for row, lines, height in zip(self.rows, self.lines, self.heights, strict=True):
                y -= height
                with pen.element("TR"):
                    self._row(pen, row, lines, y, height)

    def _head(self, pen: Pen, y: float, *, is_first: bool) -> None:
        """The headings; on the pages that follow the first they are decoration, since the table has them already."""
        if is_first:
            with pen.element("TR"):
                pen.leaf("TH", self.texts.gettext("Unit"), 0, y + 1.5 * MM, SMALL, attributes=COLUMN_HEADER)
                for number, theme in enumerate(self.themes):
                    element = pen.canvas.structure.add("TH", COLUMN_HEADER)
                    with pen.canvas.marked(element):
                        self._heading(pen, theme, number, y)
        else:
            pen.decoration(self.texts.gettext("Unit"), 0, y + 1.5 * MM, SMALL)
            for number, theme in enumerate(self.themes):
                self._heading(pen, theme, number, y)
        for number, theme in enumerate(self.themes):
            x = self.name + number * self.column
            pen.rect(CHAPTER_COLORS[theme.theme.direction], x + 0.4, y + 0.4, self.column - 0.8, 2.2)

    def _heading(self, pen: Pen, theme: ThemeContent, number: int, y: float) -> None:
        x = self.name + (number + 0.5) * self.column + self.HEADING.size * 0.32
        runs, _ = pen.canvas.encoded(theme.name, self.HEADING.name)
        shown = " ".join(f"{font} {self.HEADING.size} Tf ({text}) Tj" for font, text in runs)
        pen.canvas.write(f"BT {_rgb(self.HEADING.color)} rg 0 1 -1 0 {x:.2f} {y + 2 * MM:.2f} Tm {shown} ET")

    def _row(self, pen: Pen, row: HeatRow, lines: Sequence[str], y: float, height: float) -> None:
        font = Font(BOLD, self.LABEL_FONT.size) if row.level == 0 else self.LABEL_FONT
        first = y + height - self.PADDING / 2 - font.size
        pen.leaf_lines("TH", lines, self._indent(row), first + 0.6, font, attributes=ROW_HEADER)
        middle = y + height / 2 - self.CELL.size * 0.33
        for number, (mean, verdict) in enumerate(zip(row.means, row.verdicts, strict=True)):
            x = self.name + number * self.column
            if mean is None:
                pen.leaf("TD", "–", x + self.column / 2, middle, Font(REGULAR, 7, MUTED), CENTRE)
                continue
            fill, color = HEAT[verdict or Verdict.SAME] if row.level else (PALE, INK)
            pen.rect(fill, x + 0.3, y + 0.3, self.column - 0.6, height - 0.6)
            name = REGULAR if verdict in (None, Verdict.SAME) and row.level else BOLD
            pen.leaf("TD", mean.text, x + self.column / 2, middle, Font(name, self.CELL.size, color), CENTRE)
        pen.line(0, y, self.name - 1 * MM, y, RULE, 0.3)


class HeatKey(Block):
    """What the colours of the heat map stand for."""

    def measure(self, width: float, height: float) -> float:
        return 8 * MM

    def paint(self, pen: Pen) -> None:
        x, y = 0.0, 3 * MM
        with pen.element("L"):
            for verdict in Verdict:
                fill, color = HEAT[verdict]
                pen.rect(fill, x, y - 1.6, 9 * MM, 4 * MM)
                pen.decoration(
                    self.texts.mean(Decimal("3.4")), x + 4.5 * MM, y + 1.2, self._font(verdict, color), CENTRE
                )
                words = verdict_words(verdict, self.texts)
                with pen.element("LI"):
                    pen.leaf("LBody", words, x + 11 * MM, y + 1, SMALL)
                x += 20 * MM + SMALL.width(words)

    def _font(self, verdict: Verdict, color: str) -> Font:
        return Font(REGULAR if verdict is Verdict.SAME else BOLD, 7, color)


# ----------------------------------------------------------------------------------------------------------- follow-up


class FollowUp(Block):
    """A table to write in: three measures, who and when."""

    ROW, HEAD = 36 * MM, 7 * MM
    WIDTHS = (0.07, 0.51, 0.22, 0.20)

    def measure(self, width: float, height: float) -> float:
        return self.HEAD + 3 * self.ROW

    def paint(self, pen: Pen) -> None:
        gettext = self.texts.gettext
        edges = [sum(self.WIDTHS[:number]) * self.width for number in range(5)]
        heads = (gettext("No."), gettext("What we will do"), gettext("Who"), gettext("By when"))
        y = self.height - self.HEAD
        with pen.element("Table"):
            pen.rect(PALE, 0, y, self.width, self.HEAD)
            with pen.element("TR"):
                for x, head in zip(edges, heads, strict=False):
                    pen.leaf("TH", head, x + 2 * MM, y + 2.3 * MM, SMALL_BOLD, attributes=COLUMN_HEADER)
            for number in range(1, 4):
                y -= self.ROW
                with pen.element("TR"):
                    pen.leaf(
                        "TH", str(number), 2 * MM, y + self.ROW - 8 * MM, Font(BOLD, 14, ACCENT), attributes=ROW_HEADER
                    )
                    for _ in range(3):
                        pen.empty("TD")
                pen.line(0, y, self.width, y, REFERENCE, 0.6)
        for x in edges[1:4]:
            pen.line(x, y, x, self.height, RULE, 0.5)
        pen.frame(REFERENCE, 0, y, self.width, self.height - y)
