"""One unit's report as a tagged PDF: prose by HTML and CSS, data blocks drawn."""

from __future__ import annotations

from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
from markupsafe import Markup
from reportlab.platypus.flowables import Flowable
from xhtml2pdf import pisa

from app.reports.content import Chapter, ReportContent, ThemeContent, content_of, title_of
from app.reports.front_blocks import Contents, FrontPage
from app.reports.guide import entries_of, prose_of
from app.reports.heat_map import HeatKey, HeatMapBlock
from app.reports.model import Report
from app.reports.overview_blocks import FollowUp, Overview, ScaleKey, VerdictKey
from app.reports.style import CHAPTER_COLORS
from app.reports.tagging import install
from app.reports.templating import environment
from app.reports.theme_blocks import MeanBlock, PrevalenceBlock, SpreadBlock, TalkBlock

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
    return _finished(_build(source, drawn.flowables, title_of(content), content.organisation), content)


class Drawn:
    """What the template calls to place a data block; keeps the flowables for the tag `<pdf:drawn n="0"/>`."""

    def __init__(self, content: ReportContent) -> None:
        self.content = content
        self.flowables: list[Flowable] = []

    def _place(self, flowable: Flowable) -> Markup:
        self.flowables.append(flowable)
        return Markup('<pdf:drawn n="{}"/>').format(len(self.flowables) - 1)

    def front_page(self) -> Markup:
        return self._place(FrontPage(self.content))

    def scale_key(self) -> Markup:
        return self._place(ScaleKey(self.content))

    def verdict_key(self) -> Markup:
        return self._place(VerdictKey(self.content))

    def contents(self) -> Markup:
        return self._place(Contents(self.content, entries_of(self.content)))

    def overview(self, chapter: Chapter) -> Markup:
        return self._place(Overview(self.content, chapter.themes, CHAPTER_COLORS[chapter.direction]))

    def heat_key(self) -> Markup:
        return self._place(HeatKey(self.content))

    def heat_map(self) -> Markup:
        if self.content.heat_map is None:
            return Markup("")
        return self._place(HeatMapBlock(self.content, self.content.heat_map.themes, self.content.heat_map.rows))

    def mean(self, theme: ThemeContent) -> Markup:
        return self._place(MeanBlock(self.content, theme, CHAPTER_COLORS[theme.theme.direction]))

    def spread(self, theme: ThemeContent) -> Markup:
        return self._place(SpreadBlock(self.content, theme))

    def prevalence(self, theme: ThemeContent) -> Markup:
        return self._place(PrevalenceBlock(self.content, theme))

    def talk(self, theme: ThemeContent) -> Markup:
        return self._place(TalkBlock(self.content, theme))

    def follow_up(self) -> Markup:
        return self._place(FollowUp(self.content))


def _build(source: str, drawn: list[Flowable], title: str = "", author: str = "") -> bytes:
    meta: dict[str, Any] = {"title": title, "author": author, "drawn": drawn}
    out = BytesIO()
    result = pisa.CreatePDF(source, dest=out, encoding="utf-8", path=str(FONTS / "report.html"), context_meta=meta)
    if result.err:
        raise ValueError(f"the report could not be set: {result.log}")
    return out.getvalue()


def _finished(data: bytes, content: ReportContent) -> bytes:
    """Say that the document is tagged and what it is called; pack its many small objects together."""
    with pikepdf.open(BytesIO(data)) as pdf:
        for number, page in enumerate(pdf.pages):
            page.obj.StructParents = number
            page.obj.Tabs = pikepdf.Name.S
        pdf.Root.MarkInfo = pikepdf.Dictionary(Marked=True)
        pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        pdf.Root.Metadata = pdf.make_stream(_xmp(content), Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML)
        out = BytesIO()
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return out.getvalue()


def _xmp(content: ReportContent) -> bytes:
    title, author, language = escape(title_of(content)), escape(content.organisation), content.texts.language
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<pdf:Producer>MUST</pdf:Producer><pdfuaid:part>1</pdfuaid:part>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()
