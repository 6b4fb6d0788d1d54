"""Keys, overview and follow-up."""

from __future__ import annotations

from collections.abc import Sequence

from app.reports.bars import draw_mean_bar, draw_verdict_mark
from app.reports.content import ReportContent, ThemeContent, Verdict, verdict_key, verdict_words
from app.reports.pen import BODY, BODY_BOLD, CENTRE, LEFT, RIGHT, SMALL, SMALL_BOLD, TINY, Block, Font, Pen, wrapped
from app.reports.style import ACCENT, DEEP, INK, MM, PALE, REFERENCE, RULE, category_colors
from app.reports.tagging import BOLD, COLUMN_HEADER, REGULAR, ROW_HEADER, pdf_span


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
            for verdict, words in verdict_key(self.texts):
                y -= self.ROW
                draw_verdict_mark(pen, verdict, 5, y + 6.6)
                with pen.element("LI"):
                    pen.leaf("LBody", words, 8 * MM, y + 3.6, Font(REGULAR, 9.5))


class Overview(Block):
    """All themes of a chapter: the mean as a bar and a figure, and how it compares with the organisation's."""

    HEAD = 6 * MM
    NAME, BAR, FIGURE_COLUMN = 60 * MM, 36 * MM, 13 * MM
    ROOM, ROOM_ABOVE, TIGHTEST, WIDEST = 160 * MM, 90 * MM, 4.4 * MM, 6.6 * MM
    """What the rows of all chapters may take of a page, alone or above what stands out."""

    def __init__(self, content: ReportContent, themes: Sequence[ThemeContent], color: str) -> None:
        super().__init__(content, space_after=4 * MM)
        self.themes = themes
        self.color = color
        self.is_compared = not content.is_organisation
        n_rows = max(sum(len(chapter.themes) for chapter in content.chapters if chapter.has_means), 1)
        fits_above = self.is_compared and n_rows * self.TIGHTEST <= self.ROOM_ABOVE
        room = self.ROOM_ABOVE if fits_above else self.ROOM
        self.row = max(self.TIGHTEST, min(self.WIDEST, room / n_rows))
        """All chapters on one page where that is readable."""

    def measure(self, width: float, height: float) -> float:
        self.bar = self.BAR if self.is_compared else width - self.NAME - self.FIGURE_COLUMN - 4 * MM
        return self.HEAD + self.row * len(self.themes)

    def paint(self, pen: Pen) -> None:
        with pen.element("Table"):
            y = self.height - self.HEAD
            self._head(pen, y)
            for theme in self.themes:
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
        pen.line(place, y + self.row / 2 - 2.1 * MM, place, y + self.row / 2 + 2.1 * MM, INK, 1.4)
        pen.leaf("TD", theme.reference.text, organisation, baseline, BODY, RIGHT)
        pen.leaf("TD", theme.difference, difference, baseline, BODY, RIGHT)
        draw_verdict_mark(pen, theme.verdict, difference + 5.5 * MM, baseline + 3)
        words = verdict_words(theme.verdict, self.texts)
        x = difference + 8.5 * MM
        pen.leaf("TD", words, x, baseline, SMALL.fitting(words, self.width - x))


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
