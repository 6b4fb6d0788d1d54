"""One unit's report as a tagged PDF: prose by HTML and CSS, data blocks drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from markupsafe import Markup
from reportlab.platypus.flowables import CondPageBreak, Flowable
from xhtml2pdf import pisa

from app.reports.content import Chapter, ReportContent, ThemeContent, content_of, title_of
from app.reports.front_blocks import Contents, FrontPage
from app.reports.guide import GuideSection, entries_of, prose_of
from app.reports.heat_map import HeatKey, HeatMapBlock
from app.reports.model import Report
from app.reports.overview_blocks import Balance, Differences, FollowUp, Legend, Overview, ScaleKey, VerdictKey
from app.reports.prose_blocks import Paragraph, Points
from app.reports.stands_out import StandsOut
from app.reports.style import CHAPTER_COLORS, MM
from app.reports.tagging import install
from app.reports.templating import environment
from app.reports.theme_blocks import MeanBlock, PrevalenceBlock, ReasonBlock, SpreadBlock, TalkBlock, ThemeHead

_BETWEEN_TAGS = re.compile(r">\s*\n\s*<")
CHAPTER_ROOM = 90 * MM
FONTS = Path(__file__).parents[2] / "static" / "fonts"


def warm_up() -> None:
    """Prepare this process for `render_pdf`: hooks, fonts, stylesheets."""
    install()
    _build(environment("en").get_template("empty.xml").render(), [])


def render_pdf(report: Report, language: str) -> bytes:
    """The same bytes for the same report and language, in any process."""
    install()
    content = content_of(report, language)
    drawn = Drawn(content)
    source = environment(language).get_template("report.xml").render(**prose_of(content), draw=drawn)
    source = _BETWEEN_TAGS.sub("><", source)  # every blank costs xhtml2pdf as much as a word
    return _build(source, drawn.flowables, title_of(content), content.organisation)


class Drawn:
    """What the template calls to place a data block; keeps the flowables for the tag `<pdf:drawn n="0" to="1"/>`."""

    def __init__(self, content: ReportContent) -> None:
        self.content = content
        self.flowables: list[Flowable] = []

    def _place(self, *flowables: Flowable) -> Markup:
        self.flowables += flowables
        last = len(self.flowables)
        return Markup('<pdf:drawn n="{}" to="{}"/>').format(last - len(flowables), last)

    def front_page(self) -> Markup:
        return self._place(FrontPage(self.content))

    def section(self, part: GuideSection) -> Markup:
        """A section of the guide, as the HTML twin has it: its first paragraph, its points, what is left."""
        paragraphs = [Paragraph(self.content, text) for text in part.paragraphs]
        points = [Points(self.content, part.points)] if part.points else []
        return self._place(*paragraphs[:1], *points, *paragraphs[1:])

    def stands_out(self, part: StandsOut) -> Markup:
        content = self.content
        found: list[Flowable] = []
        if part.question:
            found = [Paragraph(content, part.question, keep_with_next=True), Balance(content, part)]
        texts = [part.introduction, *([part.caution] if part.caution else [])]
        found += [Paragraph(content, text, keep_with_next=bool(part.points)) for text in texts]
        if part.points:
            found.append(Differences(content, part))
        return self._place(*found)

    def legend(self, text: str) -> Markup:
        return self._place(Legend(self.content, text))

    def paragraphs(self, texts: Sequence[str]) -> Markup:
        return self._place(*(Paragraph(self.content, text) for text in texts))

    def points(self, texts: Sequence[str]) -> Markup:
        return self._place(Points(self.content, texts))

    def scale_key(self) -> Markup:
        return self._place(ScaleKey(self.content))

    def verdict_key(self) -> Markup:
        return self._place(VerdictKey(self.content))

    def contents(self) -> Markup:
        return self._place(Contents(self.content, entries_of(self.content)))

    def overview(self, chapter: Chapter) -> Markup:
        return self._place(Overview(self.content, chapter))

    def heat_key(self) -> Markup:
        return self._place(HeatKey(self.content))

    def heat_map(self) -> Markup:
        if self.content.heat_map is None:
            return Markup("")
        return self._place(HeatMapBlock(self.content, self.content.heat_map.themes, self.content.heat_map.rows))

    def room(self) -> Markup:
        """A new page where a chapter would begin too far down on this one."""
        return self._place(CondPageBreak(CHAPTER_ROOM))

    def theme(self, theme: ThemeContent) -> Markup:
        """All blocks of a theme at once: each tag has its price."""
        content = self.content
        parts: list[Flowable] = [ThemeHead(content, theme)]
        if theme.mean:
            parts.append(MeanBlock(content, theme, CHAPTER_COLORS[theme.theme.direction]))
        if theme.withheld and not theme.is_withheld:
            parts.append(ReasonBlock(content, theme))
        if theme.items:
            parts.append(SpreadBlock(content, theme))
        if theme.prevalence:
            parts.append(PrevalenceBlock(content, theme))
        if not theme.is_withheld:
            parts.append(TalkBlock(content, theme))
        return self._place(*parts)

    def follow_up(self) -> Markup:
        return self._place(FollowUp(self.content))


def _build(source: str, drawn: list[Flowable], title: str = "", author: str = "") -> bytes:
    """The pages of an HTML `source`, in which `drawn` are the blocks that its tags `<pdf:drawn n="0"/>` place."""
    meta: dict[str, Any] = {"title": title, "author": author, "drawn": drawn}
    out = BytesIO()
    result = pisa.CreatePDF(source, dest=out, encoding="utf-8", path=str(FONTS / "report.html"), context_meta=meta)
    if result.err:
        raise ValueError(f"the report could not be set: {result.log}")
    return out.getvalue()
