"""The figures of one theme: its mean, how the answers spread, what to talk about."""

from __future__ import annotations

from collections.abc import Sequence

from app.reports.bars import draw_mean_bar, draw_stacked_bar, draw_verdict_mark
from app.reports.content import (
    ItemContent,
    PrintedShare,
    ReportContent,
    ThemeContent,
    earlier_label,
    earlier_words,
    verdict_words,
    withheld_words,
)
from app.reports.pen import (
    BODY,
    BODY_BOLD,
    CENTRE,
    FIGURE,
    RIGHT,
    SMALL,
    SMALL_BOLD,
    TINY,
    Block,
    Font,
    Pen,
    wrapped,
)
from app.reports.style import CATEGORIES, DEEP, MM, MUTED, PALE, REFERENCE, category_colors
from app.reports.tagging import BOLD, BULLET_LIST, COLUMN_HEADER, REGULAR, ROW_HEADER, pdf_span


class ThemeHead(Block):
    """What a theme is, or why it is not shown. Drawn, not set as prose: a report has dozens of them."""

    NAME, ABOUT = Font(BOLD, 13.5, DEEP), Font(REGULAR, 10, MUTED)
    NOTE, REASON = Font(REGULAR, 9, MUTED), Font(REGULAR, 10)
    BEFORE, AFTER, GAP = 6.5 * MM, 2 * MM, 1.2 * MM

    def __init__(self, content: ReportContent, theme: ThemeContent) -> None:
        super().__init__(
            content, keep_with_next=not theme.is_withheld, space_before=self.BEFORE, space_after=self.AFTER
        )
        self.theme = theme

    def measure(self, width: float, height: float) -> float:
        theme = self.theme
        if theme.is_withheld:
            more = (withheld_words(self.content, theme), self.REASON)
        else:
            more = (theme.introduction or "", self.NOTE)
        self.title = wrapped(theme.name, self.NAME, width)
        self.paragraphs = [
            (wrapped(text, font, width), font) for text, font in ((theme.about, self.ABOUT), more) if text
        ]
        return len(self.title) * self.NAME.leading + sum(
            len(lines) * font.leading + self.GAP for lines, font in self.paragraphs
        )

    def paint(self, pen: Pen) -> None:
        pen.canvas.mark_heading(self.theme.name, self.theme.id, 2, self.height + 20)
        y = pen.leaf_lines("H2", self.title, 0, self.height - self.NAME.size, self.NAME)
        under = self.NAME.leading - self.NAME.size
        for lines, font in self.paragraphs:
            y = pen.leaf_lines("P", lines, 0, y - under - self.GAP - font.size, font)
            under = font.leading - font.size


class MeanBlock(Block):
    """The mean of a theme as a bar from 1 to 5, against the organisation's and an earlier one."""

    LABEL, FIGURE_WIDTH, NOTE, STEP, AXIS = 34 * MM, 13 * MM, 40 * MM, 5.4 * MM, 3.6 * MM

    def __init__(self, content: ReportContent, theme: ThemeContent, color: str) -> None:
        super().__init__(content, keep_with_next=True, space_after=1 * MM)
        self.theme = theme
        self.color = color

    def measure(self, width: float, height: float) -> float:
        self.rows = [(self._own_label(), self.theme.mean, self.color)]
        if self.theme.reference:
            self.rows.append((self.texts.gettext("Whole organisation"), self.theme.reference, REFERENCE))
        if self.theme.earlier:
            self.rows.append((earlier_label(self.texts), self.theme.earlier, REFERENCE))
        return len(self.rows) * self.STEP + self.AXIS

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
                draw_mean_bar(pen, mean, color, self.LABEL, y + 1 * MM, track, 4 * MM)
                with pen.element("TR"):
                    pen.leaf("TH", label, 0, y + 2.1 * MM, BODY, attributes=ROW_HEADER)
                    pen.leaf(
                        "TD", mean.text, self.LABEL + track + self.FIGURE_WIDTH - 3 * MM, y + 1.8 * MM, FIGURE, RIGHT
                    )
        for number in range(5):
            x = self.LABEL + track * number / 4
            pen.line(x, y, x, y + 0.7 * MM, REFERENCE, 0.5)
            pen.decoration(str(number + 1), x, y - 2.6 * MM, TINY, CENTRE)
        x = self.LABEL + track + self.FIGURE_WIDTH + 2 * MM
        self._notes(pen, x)
        if self.theme.n_earlier and self.theme.change:
            text = earlier_words(self.texts, self.theme.n_earlier, self.theme.change)
            pen.leaf("P", text, x, y + 2.1 * MM, SMALL.fitting(text, self.width - x))

    def _notes(self, pen: Pen, x: float) -> None:
        gettext, theme = self.texts.gettext, self.theme
        y = self.height - self.STEP + 2.1 * MM
        answers = gettext("%(number)s answers", number=theme.n_mean)
        pen.leaf("P", answers, x, y, SMALL)
        if theme.verdict is None or theme.difference is None:
            return
        y -= self.STEP
        text = f"{theme.difference}: {verdict_words(theme.verdict, self.texts)}"
        draw_verdict_mark(pen, theme.verdict, x + 4, y + 2.8)
        pen.leaf("P", text, x + 4 * MM, y, SMALL_BOLD.fitting(text, self.width - x - 4 * MM))


class ReasonBlock(Block):
    """Why the mean of a theme is shown, but not how the answers spread."""

    TEXT = Font(REGULAR, 9, MUTED)

    def __init__(self, content: ReportContent, theme: ThemeContent) -> None:
        super().__init__(content, keep_with_next=True, space_after=1.5 * MM)
        self.theme = theme

    def measure(self, width: float, height: float) -> float:
        self.lines = wrapped(withheld_words(self.content, self.theme), self.TEXT, width)
        return 1 * MM + len(self.lines) * self.TEXT.leading

    def paint(self, pen: Pen) -> None:
        pen.leaf_lines("P", self.lines, 0, self.height - 1 * MM - self.TEXT.size, self.TEXT)


class SpreadBlock(Block):
    """Per item how the answers spread: percentages and a stacked bar, with the organisation's below.

    Narrow columns are headed by numbers, which the line above explains; they are those of the questionnaire's scale.
    """

    TEXT, LABEL, BAR, COLUMNS = 54 * MM, 21 * MM, 44 * MM, 46 * MM
    ROW, GAP, KEY, HEAD, THICK = 4.5 * MM, 2.6 * MM, 5 * MM, 5.6 * MM, 3 * MM

    def __init__(self, content: ReportContent, theme: ThemeContent) -> None:
        super().__init__(content, keep_with_next=True, space_after=2 * MM)
        self.theme = theme

    def measure(self, width: float, height: float) -> float:
        names = self.theme.categories
        self.column = self.COLUMNS / len(names)
        self.bar = width - self.BAR
        self.is_numbered = any(SMALL.width(name) > self.column - 10 for name in names)
        self.keys = _places([SMALL.width(name) + 10 for name in names], width) if self.is_numbered else []
        self.head = self.HEAD + self.KEY * len({line for line, _ in self.keys})
        room = self.TEXT + (self.LABEL if self.content.is_organisation else 0) - 4 * MM
        self.rows = [(item, wrapped(self._wording(item), BODY, room)) for item in self.theme.items]
        return self.head + sum(self._item_height(item, lines) for item, lines in self.rows)

    def _right(self, number: int) -> float:
        """The right edge of a column of figures."""
        return self.TEXT + self.LABEL + (number + 1) * self.column - 1 * MM

    def _wording(self, item: ItemContent) -> str:
        if not item.is_reversed:
            return item.text
        return f"{item.text} {self.texts.gettext('(turned round in the mean)')}"

    def _item_height(self, item: ItemContent, lines: Sequence[str]) -> float:
        figures = self._row_height(item.shares) + (self._row_height(item.reference) if item.reference else 0)
        return max(figures, len(lines) * BODY.leading) + self.GAP

    def _row_height(self, shares: Sequence[PrintedShare]) -> float:
        n_lines = max(len(self._lines(share)) for share in shares)
        return self.ROW + (n_lines - 1) * SMALL.leading

    def _lines(self, share: PrintedShare) -> tuple[str, ...]:
        """A figure on one line; a bound ("at most 10 %") where it is too wide on two."""
        return wrapped(share.text, TINY, self.column - 2) if share.text.count(" ") else (share.text,)

    def paint(self, pen: Pen) -> None:
        with pen.element("Table"):
            y = self.height - self.head
            self._head(pen, y)
            for item, lines in self.rows:
                self._item(pen, item, lines, y - self.GAP / 2)
                y -= self._item_height(item, lines)
                pen.line(0, y, self.width, y)

    def _head(self, pen: Pen, y: float) -> None:
        gettext, baseline = self.texts.gettext, y + 1.7 * MM
        colors = category_colors(len(self.theme.categories))
        with pen.element("TR"):
            answers = gettext("%(number)s answers, in per cent", number=self.theme.n_distribution)
            pen.leaf("TH", answers, 0, baseline, SMALL, attributes=COLUMN_HEADER)
            pen.empty("TH", COLUMN_HEADER)
            for number, (name, (color, on_color)) in enumerate(zip(self.theme.categories, colors, strict=True)):
                right = self._right(number)
                if not self.is_numbered:
                    pen.rect(color, right - SMALL.width(name) - 9, baseline - 0.6, 6, 6)
                    pen.leaf("TH", name, right, baseline, SMALL, RIGHT, COLUMN_HEADER)
                    continue
                line, left = self.keys[number]
                top = self.height - self.KEY * line - 1 * MM - SMALL.size
                digit = Font(BOLD, 7, on_color)
                for place, middle in ((left + 3.6, top + 2.6), (right - 3.6, baseline + 2.6)):
                    pen.rect(color, place - 3.6, middle - 4.2, 7.2, 8.4)
                    pen.decoration(str(number + 1), place, middle - 2.4, digit, CENTRE)
                pen.leaf("TH", name, left + 10, top, SMALL, attributes=COLUMN_HEADER)
        pen.line(0, y, self.width, y, DEEP, 0.9)

    def _item(self, pen: Pen, item: ItemContent, lines: Sequence[str], top: float) -> None:
        gettext = self.texts.gettext
        span = pdf_span("Row", 2) if item.reference else ""
        own = "" if self.content.is_organisation else gettext("This unit")  # there is nobody to tell it from
        with pen.element("TR"):
            attributes = f"/A<</O/Table/Scope/Row{span}>>"
            pen.leaf_lines("TH", lines, 0, top - BODY.ascent, BODY, attributes=attributes)
            self._shares(pen, own, item.shares, top, SMALL_BOLD)
        if item.reference:
            with pen.element("TR"):
                below = top - self._row_height(item.shares)
                self._shares(pen, gettext("Whole organisation"), item.reference, below, SMALL)

    def _shares(self, pen: Pen, label: str, shares: Sequence[PrintedShare], top: float, font: Font) -> None:
        baseline = top - BODY.ascent
        if label:
            fitting = font.fitting(label, self.LABEL - 1.5 * MM)
            pen.leaf("TH", label, self.TEXT, baseline, fitting, attributes=ROW_HEADER)
        else:
            pen.empty("TH", ROW_HEADER)
        for number, share in enumerate(shares):
            lines = self._lines(share)
            fitting = font.fitting(max(lines, key=font.width), self.column - 2)
            pen.leaf_lines("TD", lines, self._right(number), baseline, fitting, RIGHT)
        draw_stacked_bar(pen, shares, self.bar, baseline - 1, self.BAR, self.THICK)


def _places(widths: Sequence[float], room: float) -> list[tuple[int, float]]:
    """Line and left edge of things set one after the other, and on the next line where one is full."""
    places, line, x = [], 0, 0.0
    for width in widths:
        if x and x + width > room:
            line, x = line + 1, 0.0
        places.append((line, x))
        x += width + 5 * MM
    return places


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


class TalkBlock(Block):
    """The questions to talk about, which end a theme; in line with its bars."""

    HEADING, TEXT = Font(BOLD, 9, DEEP), Font(REGULAR, 9.5)
    LEFT, BULLET, BEFORE, GAP = MeanBlock.LABEL, 3.5 * MM, 1.2 * MM, 0.6 * MM

    def __init__(self, content: ReportContent, theme: ThemeContent) -> None:
        super().__init__(content)
        self.theme = theme

    def measure(self, width: float, height: float) -> float:
        self.questions = [wrapped(question, self.TEXT, width - self.LEFT - self.BULLET) for question in self.theme.talk]
        n_lines = sum(len(lines) for lines in self.questions)
        return self.BEFORE + n_lines * self.TEXT.leading + len(self.questions) * self.GAP

    def paint(self, pen: Pen) -> None:
        y = self.height - self.BEFORE - self.TEXT.ascent
        pen.leaf("H3", self.texts.gettext("To talk about"), 0, y, self.HEADING)
        with pen.element("L", BULLET_LIST):
            for lines in self.questions:
                pen.bullet(self.LEFT + self.BULLET, y + 3)
                with pen.element("LI"):
                    y = pen.leaf_lines("LBody", lines, self.LEFT + self.BULLET, y, self.TEXT)
                y -= self.TEXT.leading + self.GAP
