"""Puts the tagged canvas and paragraphs in the place of what xhtml2pdf and ReportLab use themselves."""

from __future__ import annotations

import re
from functools import cache
from types import SimpleNamespace
from typing import Any
from xml.dom import expatbuilder

from reportlab import rl_config
from reportlab.pdfbase import pdfdoc, ttfonts
from xhtml2pdf import context as pisa_context
from xhtml2pdf import document as pisa_document
from xhtml2pdf import parser as pisa_parser

from app.reports.tagging.canvas import ReportDocument
from app.reports.tagging.prose import TAGS, TaggedParagraph


class _ExpatParser:
    """Stands in for html5lib: our templates are well-formed, and expat is in C."""

    def __init__(self, tree: Any = None) -> None:
        pass

    def parse(self, source: Any, **_: Any) -> Any:
        return expatbuilder.parseString(source.read(), namespaces=False)  # noqa: S316 - our own templates


def _to_unicode(font: str, subset: list[int]) -> str:
    """ReportLab's map from glyphs to characters, without the entries to U+0000, which PDF/UA forbids."""
    pairs = [(glyph, character) for glyph, character in enumerate(subset) if character]
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        f"/CIDSystemInfo <</Registry ({font}) /Ordering ({font}) /Supplement 0>> def",
        f"/CMapName /{font} def /CMapType 2 def",
        f"1 begincodespacerange <00> <{len(subset) - 1:02X}> endcodespacerange",
    ]
    for start in range(0, len(pairs), 100):  # a section may have 100 entries
        part = pairs[start : start + 100]
        lines += [f"{len(part)} beginbfchar", *(f"<{glyph:02X}> <{character:04X}>" for glyph, character in part)]
        lines.append("endbfchar")
    return "\n".join([*lines, "endcmap CMapName currentdict /CMap defineresource pop end end"])


@cache
def install() -> None:
    """Put all hooks in place, once per process."""
    rl_config.invariant = 1
    rl_config.useA85 = 0
    pisa_document.PmlBaseDoc = ReportDocument
    pisa_context.PmlParagraph = TaggedParagraph
    pisa_parser.html5lib = SimpleNamespace(HTMLParser=_ExpatParser)
    ttfonts.makeToUnicodeCMap = _to_unicode  # type: ignore[assignment]
    pdfdoc.LinkAnnotation.permitted += ("StructParent",)
    pdfdoc.PDFPage.__NoDefault__ += ["StructParents", "Tabs"]
    pdfdoc.PDFCatalog.__NoDefault__.append("OutputIntents")
    for name, (base, start) in TAGS.items():
        setattr(pisa_parser, f"pisaTag{name}", type(f"pisaTag{name}", (base,), {"start": start}))
    _keep_parsed_stylesheets()


def _keep_parsed_stylesheets() -> None:
    """Parse a stylesheet once per process; not one with @page or @font-face, which act on the document."""
    parse, parsed = pisa_context.pisaContext._parseCSSSource, {}

    def parse_once(self: Any, text: str, source: Any) -> Any:
        if re.search(r"@(page|font-face)", text):
            return parse(self, text, source)
        if text not in parsed:
            parsed[text] = parse(self, text, source)
        return parsed[text]

    pisa_context.pisaContext._parseCSSSource = parse_once
