"""Keys, overview and follow-up."""

from __future__ import annotations

from app.reports.bars import draw_difference, draw_mean_bar, draw_verdict_mark
from app.reports.content import Chapter, ReportContent, ThemeContent, Verdict, verdict_key, verdict_words
from app.reports.pen import BODY, BODY_BOLD, CENTRE, LEFT, RIGHT, SMALL, SMALL_BOLD, TINY, Block, Font, Pen, wrapped
from app.reports.stands_out import StandsOut
from app.reports.style import (
    ACCENT,
    CHAPTER_COLORS,
    DEEP,
    INK,
    MM,
    MUTED,
    PALE,
    REFERENCE,
    RULE,
    WHITE,
    category_colors,
)
from app.reports.tagging import BOLD, COLUMN_HEADER, REGULAR, ROW_HEADER, pdf_span


class ScaleKey(Block):
    """The colours of the categories, for every scale with a spread that the report shows."""

    ROW, NUMBER = 9.5 * MM, 10
    """How high, and how far names are indented after a number; two categories need none."""

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
                    left, font = number * step, Font(REGULAR, 8, on_color)
                    pen.rect(color, left, y + 1.5 * MM, step - 1, 8 * MM)
                    indent = self.NUMBER if len(categories) > 2 else 0
                    if indent:
                        pen.decoration(str(number + 1), left + 5, y + 5.5 * MM - 3, Font(BOLD, 9, on_color))
                    lines = wrapped(name, font, step - indent - 8)
                    first = y + 5.5 * MM - 2.6 + (len(lines) - 1) * font.leading / 2
                    with pen.element("LI"):
                        pen.leaf_lines("LBody", lines, left + indent + 4, first, font)


class VerdictKey(Block):
    """The three signs and what they stand for."""

    ROW = 6.4 * MM

    def measure(self, width: float, height: float) -> float:
        return self.ROW * len(Verdict) + 1 * MM

    def paint(self, pen: Pen) -> None:
        y = self.height
        with pen.element("L"):
            for verdict, words in verdict_key(self.texts):
                y -= self.ROW
                draw_verdict_mark(pen, verdict, 5, y + 6.6)
                with pen.element("LI"):
                    pen.leaf("LBody", words, 8 * MM, y + 3.6, Font(REGULAR, 9.5))


class Overview(Block):
    """All themes of a chapter: the mean as a bar and a figure, and how it compares with the organisation's."""

    TITLE, ABOUT = Font(BOLD, 13.5, DEEP), Font(REGULAR, 9, MUTED)
    HEAD = 6 * MM
    NAME, BAR, FIGURE_COLUMN = 60 * MM, 36 * MM, 13 * MM
    ROOM, ROOM_BELOW, TIGHTEST, WIDEST = 170 * MM, 90 * MM, 4.4 * MM, 6.6 * MM
    """What the rows of all chapters may take of a page, alone or below what stands out."""

    def __init__(self, content: ReportContent, chapter: Chapter) -> None:
        super().__init__(content, space_before=5 * MM)
        self.chapter = chapter
        self.color = CHAPTER_COLORS[chapter.direction]
        self.is_compared = not content.is_organisation
        n_rows = max(sum(len(chapter.themes) for chapter in content.chapters if chapter.has_means), 1)
        fits_below = n_rows * self.TIGHTEST <= self.ROOM_BELOW
        room = self.ROOM_BELOW if fits_below else self.ROOM
        self.row = max(self.TIGHTEST, min(self.WIDEST, room / n_rows))
        """All chapters on one page where that is readable."""

    def measure(self, width: float, height: float) -> float:
        self.bar = self.BAR if self.is_compared else width - self.NAME - self.FIGURE_COLUMN - 4 * MM
        beside = self.TITLE.width(self.chapter.title) + 3 * MM
        self.is_beside = beside + self.ABOUT.width(self.chapter.introduction) <= width
        self.about = wrapped(self.chapter.introduction, self.ABOUT, width - (beside if self.is_beside else 0))
        self.top = self.TITLE.leading + (0 if self.is_beside else len(self.about) * self.ABOUT.leading)
        return self.top + self.HEAD + self.row * len(self.chapter.themes)

    def paint(self, pen: Pen) -> None:
        baseline = self.height - self.TITLE.size
        pen.leaf("H2", self.chapter.title, 0, baseline, self.TITLE)
        if self.is_beside:
            pen.leaf("P", self.chapter.introduction, self.width, baseline, self.ABOUT, RIGHT)
        else:
            pen.leaf_lines("P", self.about, 0, self.height - self.TITLE.leading - self.ABOUT.size, self.ABOUT)
        with pen.element("Table"):
            y = self.height - self.top - self.HEAD
            self._head(pen, y)
            for theme in self.chapter.themes:
                y -= self.row
                with pen.element("TR"):
                    self._row(pen, theme, y, y + self.row / 2 - 1.1 * MM)
                pen.line(0, y, self.width, y)

    @property
    def _columns(self) -> tuple[float, ...]:
        """The right edges of the columns of figures."""
        first = self.NAME + self.bar + self.FIGURE_COLUMN
        return first, first + self.FIGURE_COLUMN - 2 * MM, first + 2 * self.FIGURE_COLUMN + 1 * MM

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
                pen.leaf("TH", gettext("Difference"), difference, baseline, SMALL, RIGHT, COLUMN_HEADER)
                pen.leaf("TH", gettext("Compared"), difference + 4 * MM, baseline, SMALL, LEFT, COLUMN_HEADER)
        pen.line(0, y, self.width, y, DEEP, 0.9)

    def _row(self, pen: Pen, theme: ThemeContent, y: float, baseline: float) -> None:
        own, organisation, difference = self._columns
        name = Font(REGULAR, 9.5).fitting(theme.name, self.NAME - 3 * MM)
        pen.leaf("TH", theme.name, 0, baseline, name, attributes=ROW_HEADER)
        if theme.mean is None:
            span = pdf_span("Col", 4 if self.is_compared else 1)
            words = self.texts.gettext("Too few answers")
            pen.leaf("TD", words, self.NAME, baseline, SMALL, attributes=f"/A<</O/Table{span}>>")
            return
        draw_mean_bar(pen, theme.mean, self.color, self.NAME, y + self.row / 2 - 1.4 * MM, self.bar, 2.8 * MM)
        pen.leaf("TD", theme.mean.text, own, baseline, BODY_BOLD.sized(10), RIGHT)
        if not self.is_compared:
            return
        if theme.reference is None or theme.verdict is None or theme.difference is None:
            pen.empty("TD", f"/A<</O/Table{pdf_span('Col', 3)}>>")
            return
        place = self.NAME + self.bar * theme.reference.share_of_scale
        for color, thickness in ((WHITE, 3), (INK, 1.4)):  # the white keeps it apart from a dark bar
            pen.line(place, y + self.row / 2 - 2 * MM, place, y + self.row / 2 + 2 * MM, color, thickness)
        pen.leaf("TD", theme.reference.text, organisation, baseline, BODY, RIGHT)
        pen.leaf("TD", theme.difference, difference, baseline, BODY, RIGHT)
        draw_verdict_mark(pen, theme.verdict, difference + 5.5 * MM, baseline + 3)
        words = verdict_words(theme.verdict, self.texts)
        x = difference + 8.5 * MM
        pen.leaf("TD", words, x, baseline, SMALL.fitting(words, self.width - x))


class Balance(Block):
    """How many themes are more favourable, about the same and less favourable, each beside its sign."""

    TEXT, INDENT, GAP = Font(BOLD, 11, DEEP), 6 * MM, 12 * MM

    def __init__(self, content: ReportContent, part: StandsOut) -> None:
        super().__init__(content, keep_with_next=True, space_after=3 * MM)
        self.part = part

    def measure(self, width: float, height: float) -> float:
        return self.TEXT.leading

    def paint(self, pen: Pen) -> None:
        x, baseline = 0.0, self.height - self.TEXT.ascent
        with pen.element("L"):
            for verdict, words in self.part.balance:
                draw_verdict_mark(pen, verdict, x + 5, baseline + 3.6)
                with pen.element("LI"):
                    pen.leaf("LBody", words, x + self.INDENT, baseline, self.TEXT)
                x += self.INDENT + self.TEXT.width(words) + self.GAP


class Differences(Block):
    """What stands out: per point its sign, its sentence, and what it says on the scale from 1 to 5."""

    TEXT, INDENT, SCALE, GAP = Font(REGULAR, 10), 6 * MM, 42 * MM, 1.4 * MM

    def __init__(self, content: ReportContent, part: StandsOut) -> None:
        super().__init__(content, space_after=1 * MM)
        self.part = part

    def measure(self, width: float, height: float) -> float:
        room = width - self.INDENT - self.SCALE - 5 * MM
        self.lines = [wrapped(point, self.TEXT, room) for point in self.part.points]
        return sum(len(lines) * self.TEXT.leading + self.GAP for lines in self.lines) + TINY.leading

    def paint(self, pen: Pen) -> None:
        left, y = self.width - self.SCALE, self.height
        with pen.element("L"):
            for difference, lines in zip(self.part.differences, self.lines, strict=True):
                baseline = y - self.TEXT.ascent
                if difference.verdict:
                    draw_verdict_mark(pen, difference.verdict, 5, baseline + 3.3)
                else:
                    pen.bullet(self.INDENT, baseline + 3.3)
                with pen.element("LI"):
                    pen.leaf_lines("LBody", lines, self.INDENT, baseline, self.TEXT)
                draw_difference(pen, difference, left, baseline + 3.3, self.SCALE)
                y -= len(lines) * self.TEXT.leading + self.GAP
        for number in range(5):
            pen.decoration(str(number + 1), left + self.SCALE * number / 4, y - TINY.size, TINY, CENTRE)


class Legend(Block):
    """What the tables of the overview show; one line."""

    def __init__(self, content: ReportContent, text: str) -> None:
        super().__init__(content, keep_with_next=True)
        self.text = text

    def measure(self, width: float, height: float) -> float:
        return SMALL.leading

    def paint(self, pen: Pen) -> None:
        pen.leaf("P", self.text, 0, self.height - SMALL.ascent, SMALL.fitting(self.text, self.width))


class FollowUp(Block):
    """A table to write in: three measures, who and when; below it who represents safety, and a date."""

    LEAST, MOST, HEAD, FOOT = 30 * MM, 46 * MM, 7 * MM, 24 * MM
    WIDTHS = (0.07, 0.51, 0.22, 0.20)

    def measure(self, width: float, height: float) -> float:
        room = (height - self.HEAD - self.FOOT) / 3 - 1
        self.row = max(self.LEAST, min(self.MOST, room))
        return self.HEAD + 3 * self.row + self.FOOT

    def paint(self, pen: Pen) -> None:
        gettext = self.texts.gettext
        edges = [sum(self.WIDTHS[:number]) * self.width for number in range(5)]
        heads = (gettext("No."), gettext("What we will do"), gettext("Who"), gettext("By when"))
        top = y = self.height - self.HEAD
        with pen.element("Table"):
            pen.rect(PALE, 0, y, self.width, self.HEAD)
            with pen.element("TR"):
                for x, head in zip(edges, heads, strict=False):
                    pen.leaf("TH", head, x + 2 * MM, y + 2.3 * MM, SMALL_BOLD, attributes=COLUMN_HEADER)
            for number in range(1, 4):
                y -= self.row
                with pen.element("TR"):
                    pen.leaf(
                        "TH", str(number), 2 * MM, y + self.row - 8 * MM, Font(BOLD, 14, ACCENT), attributes=ROW_HEADER
                    )
                    for _ in range(3):
                        pen.empty("TD")
                pen.line(0, y, self.width, y, REFERENCE, 0.6)
        for x in edges[1:4]:
            pen.line(x, y, x, top + self.HEAD, RULE, 0.5)
        pen.frame(REFERENCE, 0, y, self.width, self.height - y)
        half = self.width / 2
        for x, words in (
            (0, gettext("Safety representative")),
            (half + 4 * MM, gettext("Date to see whether it helped")),
        ):
            pen.line(x, y - 14 * MM, x + half - 4 * MM, y - 14 * MM, REFERENCE, 0.6)
            pen.leaf("P", words, x, y - 18.5 * MM, SMALL)
