"""Paragraphs and lists that are the same in every report: wrapped once per process, then only drawn."""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.platypus.flowables import Flowable

from app.reports.content import ReportContent
from app.reports.pen import Block, Font, Pen, wrapped
from app.reports.style import INK, MM
from app.reports.tagging import REGULAR, ListTag

TEXT = Font(REGULAR, 10, INK, spacing=1.45)


class Paragraph(Block):
    """One paragraph, never split."""

    def __init__(self, content: ReportContent, text: str, *, keep_with_next: bool = False) -> None:
        super().__init__(content, keep_with_next=keep_with_next, space_after=2.5 * MM)
        self.text = text

    def measure(self, width: float, height: float) -> float:
        self.lines = wrapped(self.text, TEXT, width)
        return len(self.lines) * TEXT.leading

    def paint(self, pen: Pen) -> None:
        pen.leaf_lines("P", self.lines, 0, self.height - TEXT.ascent, TEXT)


class Points(Block):
    """A list, split between its points where a page ends; both parts are one list to whoever hears it."""

    INDENT, GAP = 4.5 * MM, 1 * MM

    def __init__(self, content: ReportContent, points: Sequence[str], tag: ListTag | None = None) -> None:
        super().__init__(content, space_after=3 * MM)
        self.points = points
        self.tag = tag or ListTag()

    def measure(self, width: float, height: float) -> float:
        self.lines = [wrapped(point, TEXT, width - self.INDENT) for point in self.points]
        self.heights = [len(lines) * TEXT.leading + self.GAP for lines in self.lines]
        return sum(self.heights)

    def split(self, width: float, height: float) -> list[Flowable]:
        self.wrap(width, height)
        count, used = 0, 0.0
        while count < len(self.points) and used + self.heights[count] <= height:
            used += self.heights[count]
            count += 1
        if count == 0:
            return []
        parts = (self.points[:count], self.points[count:])
        return [Points(self.content, points, self.tag) for points in parts if points]

    def paint(self, pen: Pen) -> None:
        y = self.height
        with pen.list(self.tag):
            for lines, height in zip(self.lines, self.heights, strict=True):
                pen.bullet(self.INDENT, y - TEXT.ascent + TEXT.size * 0.3)
                with pen.element("LI"):
                    pen.leaf_lines("LBody", lines, self.INDENT, y - TEXT.ascent, TEXT)
                y -= height
