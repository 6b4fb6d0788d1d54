"""Units by themes, over as many pages as they need."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from reportlab.platypus.flowables import Flowable

from app.reports.content import HeatRow, ReportContent, ThemeContent, Verdict, verdict_key
from app.reports.pen import CENTRE, RIGHT, SMALL, Block, Font, Pen, rgb, wrapped
from app.reports.style import CHAPTER_COLORS, HEAT, INK, MARKS, MM, MUTED, PALE, RULE
from app.reports.tagging import BOLD, COLUMN_HEADER, REGULAR, ROW_HEADER


class HeatMapBlock(Block):
    """Units by themes, only published means; a table of its own on each page, every one with all headings."""

    NAME, INDENT, ANSWERS = 62 * MM, 2.2 * MM, 12 * MM
    """The least room for names; within it the column of answers."""
    PADDINGS = (2.1 * MM, 1.7 * MM, 1.3 * MM)
    """Within a row; the first with which all rows fit, else the first of all."""
    FEWEST = 3
    """So many rows at least stand on a page."""
    HEADING = Font(REGULAR, 7.5)
    CELL, SHIFT = Font(REGULAR, 7), 2
    LABEL_FONT, TOP_FONT = Font(REGULAR, 7.5), Font(BOLD, 7.5)

    def __init__(self, content: ReportContent, themes: Sequence[ThemeContent], rows: Sequence[HeatRow]) -> None:
        super().__init__(content)
        self.themes = themes
        self.rows = rows

    def measure(self, width: float, height: float) -> float:
        self.column = min((width - self.NAME) / max(len(self.themes), 1), 9 * MM)
        self.name = width - self.column * len(self.themes)
        self.head = max((self.HEADING.width(theme.name) for theme in self.themes), default=0) + 5 * MM
        self.lines = [self._label(row) for row in self.rows]
        text = sum(len(lines) for lines in self.lines) * self.LABEL_FONT.leading
        fitting = (padding for padding in self.PADDINGS if self.head + text + padding * len(self.rows) <= height)
        self.padding = next(fitting, self.PADDINGS[0])
        self.heights = [len(lines) * self.LABEL_FONT.leading + self.padding for lines in self.lines]
        return self.head + sum(self.heights)

    def _label(self, row: HeatRow) -> tuple[str, ...]:
        return wrapped(row.name, self._font(row), self.name - self.ANSWERS - 3 * MM - self._indent(row))

    def _font(self, row: HeatRow) -> Font:
        return self.LABEL_FONT if row.level else self.TOP_FONT

    def _indent(self, row: HeatRow) -> float:
        return max(row.level - 1, 0) * self.INDENT

    def split(self, width: float, height: float) -> list[Flowable]:
        self.wrap(width, height)
        used, count = self.head, 0
        while count < len(self.rows) and used + self.heights[count] <= height:
            used += self.heights[count]
            count += 1
        if len(self.rows) - count < self.FEWEST < count:
            count = len(self.rows) - self.FEWEST
        if count == 0:
            return []
        return [
            HeatMapBlock(self.content, self.themes, rows) for rows in (self.rows[:count], self.rows[count:]) if rows
        ]

    def paint(self, pen: Pen) -> None:
        with pen.element("Table"):
            y = self.height - self.head
            self._head(pen, y)
            for row, lines, height in zip(self.rows, self.lines, self.heights, strict=True):
                y -= height
                with pen.element("TR"):
                    self._row(pen, row, lines, y, height)

    def _head(self, pen: Pen, y: float) -> None:
        with pen.element("TR"):
            pen.leaf("TH", self.texts.gettext("Unit"), 0, y + 1.5 * MM, SMALL, attributes=COLUMN_HEADER)
            answers, right = self.texts.gettext("Answers"), self.name - 3 * MM
            pen.leaf("TH", answers, right, y + 1.5 * MM, SMALL, RIGHT, COLUMN_HEADER)
            for number, theme in enumerate(self.themes):
                element = pen.canvas.structure.add("TH", COLUMN_HEADER)
                with pen.canvas.marked(element):
                    self._heading(pen, theme, number, y)
        for number, theme in enumerate(self.themes):
            x = self.name + number * self.column
            pen.rect(CHAPTER_COLORS[theme.theme.direction], x + 0.4, y + 0.4, self.column - 0.8, 2.2)

    def _heading(self, pen: Pen, theme: ThemeContent, number: int, y: float) -> None:
        x = self.name + (number + 0.5) * self.column + self.HEADING.size * 0.32
        runs, _ = pen.canvas.encoded(theme.name, self.HEADING.name)
        shown = " ".join(f"{font} {self.HEADING.size} Tf ({text}) Tj" for font, text in runs)
        pen.canvas.write(f"BT {rgb(self.HEADING.color)} rg 0 1 -1 0 {x:.2f} {y + 2 * MM:.2f} Tm {shown} ET")

    def _row(self, pen: Pen, row: HeatRow, lines: Sequence[str], y: float, height: float) -> None:
        font = self._font(row)
        first = y + height - self.padding / 2 - font.size
        pen.leaf_lines("TH", lines, self._indent(row), first + 0.6, font, attributes=ROW_HEADER)
        middle = y + height / 2 - self.CELL.size * 0.33
        pen.leaf("TD", row.n_included, self.name - 3 * MM, middle, Font(REGULAR, 7, MUTED), RIGHT)
        for number, (mean, verdict) in enumerate(zip(row.means, row.verdicts, strict=True)):
            x = self.name + number * self.column
            if mean is None:
                pen.leaf("TD", "–", x + self.column / 2, middle, Font(REGULAR, 7, MUTED), CENTRE)
                continue
            fill, color = HEAT[verdict or Verdict.SAME] if row.level else (PALE, INK)
            pen.rect(fill, x + 0.3, y + 0.3, self.column - 0.6, height - 0.6)
            name = REGULAR if verdict in (None, Verdict.SAME) and row.level else BOLD
            sign = "" if verdict in (None, Verdict.SAME) else MARKS[verdict]
            centre = x + self.column / 2 - (self.SHIFT if sign else 0)
            with pen.canvas.marked(pen.canvas.structure.add("TD")):
                pen.decoration(mean.text, centre, middle, Font(name, self.CELL.size, color), CENTRE)
                if sign:  # after a blank, so that they are heard apart
                    pen.decoration(f" {sign}", x + self.column - 1.2, middle + 0.3, Font(BOLD, 6, color), RIGHT)
        pen.line(0, y, self.name - 1 * MM, y, RULE, 0.3)


class HeatKey(Block):
    """What the colours of the heat map stand for."""

    def measure(self, width: float, height: float) -> float:
        return 8 * MM

    def paint(self, pen: Pen) -> None:
        x, y = 0.0, 3 * MM
        with pen.element("L"):
            for verdict, words in verdict_key(self.texts):
                fill, color = HEAT[verdict]
                pen.rect(fill, x, y - 1.6, 9 * MM, 4 * MM)
                example = self.texts.mean(Decimal("3.4"))
                sign = "" if verdict is Verdict.SAME else f" {MARKS[verdict]}"
                pen.decoration(example + sign, x + 4.5 * MM, y + 1.2, self._font(verdict, color), CENTRE)
                with pen.element("LI"):
                    pen.leaf("LBody", words, x + 11 * MM, y + 1, SMALL)
                x += 20 * MM + SMALL.width(words)

    def _font(self, verdict: Verdict, color: str) -> Font:
        return Font(REGULAR if verdict is Verdict.SAME else BOLD, 7, color)
