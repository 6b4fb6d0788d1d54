"""Tagged PDF out of xhtml2pdf and ReportLab, which know nothing of tags.

Everything drawn is an artifact unless it is drawn while an element of the structure tree is open. This is the only
module that uses private names of the two libraries; `install` puts all of it in place, `tests/reports/test_tagging.py`
has a test for each hook, and both libraries are pinned exactly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from types import SimpleNamespace
from typing import Any
from xml.dom import expatbuilder

from reportlab import rl_config
from reportlab.lib.rl_accel import escapePDF
from reportlab.pdfbase import pdfdoc, pdfmetrics, ttfonts
from reportlab.platypus.flowables import Flowable
from xhtml2pdf import context as pisa_context
from xhtml2pdf import document as pisa_document
from xhtml2pdf import parser as pisa_parser
from xhtml2pdf import tags as pisa_tags
from xhtml2pdf.builders.printmarks import MarkedCanvas
from xhtml2pdf.xhtml2pdf_reportlab import PmlBaseDoc, PmlParagraph

from app.reports.finishing import describe, packed

REGULAR, BOLD = "report_00", "report_10"
"""The names under which xhtml2pdf registers the family "report" of the stylesheet."""
ARTIFACT = "/Artifact BMC"
COLUMN_HEADER = "/A<</O/Table/Scope/Column>>"
ROW_HEADER = "/A<</O/Table/Scope/Row>>"
BULLET_LIST = "/A<</O/List/ListNumbering/Disc>>"
_FIRST_ANNOTATION_KEY = 100_000  # parent tree keys below it are pages
_PRINTED = 4  # annotation flag
BULLET_GAP, BULLET_RADIUS = 8.0, 1.3
_LATE = re.compile(r"^%late (\d+)$", re.MULTILINE)


def pdf_text(text: str) -> str:
    """A text string for a dictionary that is written raw."""
    return f"<FEFF{text.encode('utf-16-be').hex().upper()}>"


def pdf_span(name: str, count: int) -> str:
    """The attributes of a header or data cell that spans several rows ("Row") or columns ("Col")."""
    return f"/{name}Span {count}"


# ---------------------------------------------------------------------------------------------------- structure tree


@dataclass(eq=False, slots=True)
class Element:
    """One node of the structure tree. `attributes` are raw dictionary entries."""

    role: str
    parent: Element | None
    attributes: str = ""
    kids: list[Element | Marked | Annotation] = field(default_factory=list)
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Marked:
    """A piece of a page's content that belongs to an element."""

    page: int
    number: int


@dataclass(frozen=True, slots=True)
class Annotation:
    """A link or field that belongs to an element."""

    page: int
    name: str


class _Raw(pdfdoc.PDFObject):
    """An indirect object whose text is known only at the end."""

    __RefOnly__ = 1
    body = b""

    def format(self, document: Any) -> bytes:
        return self.body


class Structure:
    """The structure tree of one document while it is drawn."""

    def __init__(self) -> None:
        self.root = Element("Document", None)
        self.open = [self.root]
        self._pages: list[list[Element]] = []
        self._marked: list[Element] = []
        self._annotations: list[Element] = []

    @property
    def current(self) -> Element:
        return self.open[-1]

    def add(self, role: str, attributes: str = "") -> Element:
        """A new element at the end of the current one."""
        element = Element(role, self.current, attributes)
        self.current.kids.append(element)
        return element

    def mark(self, element: Element) -> str:
        """The operator that begins content of `element` on the current page."""
        number = len(self._marked)
        self._marked.append(element)
        element.kids.append(Marked(len(self._pages), number))
        return f"/{element.role} <</MCID {number}>> BDC"

    def add_annotation(self, name: str) -> int:
        """Give the annotation to the current element; its key in the parent tree."""
        if self.current.role not in ("Link", "Form"):
            raise ValueError("a link or field must stand alone in its paragraph")
        self._annotations.append(self.current)
        self.current.kids.append(Annotation(len(self._pages), name))
        return _FIRST_ANNOTATION_KEY + len(self._annotations) - 1

    def end_page(self) -> None:
        self._pages.append(self._marked)
        self._marked = []

    def write(self, document: Any) -> None:
        """Put the whole tree into the PDF document."""
        elements = list(_walk(self.root))
        bodies = []
        for number, element in enumerate(elements):
            bodies.append(_Raw())
            element.reference = _reference(document, bodies[-1], f"element{number}")
        root, parents = _Raw(), _Raw()
        root_reference = _reference(document, root, "structure")
        for element, body in zip(elements, bodies, strict=True):
            body.body = self._element(document, element, root_reference).encode("ascii")
        numbers = [f"{n} [{' '.join(e.reference for e in page)}]" for n, page in enumerate(self._pages)]
        numbers += [f"{_FIRST_ANNOTATION_KEY + n} {e.reference}" for n, e in enumerate(self._annotations)]
        parents.body = f"<</Nums [{' '.join(numbers)}]>>".encode()
        next_key = _FIRST_ANNOTATION_KEY + len(self._annotations)
        parent_tree = _reference(document, parents, "parents")
        root.body = (
            f"<</Type/StructTreeRoot/K {self.root.reference}/ParentTree {parent_tree}/ParentTreeNextKey {next_key}>>"
        ).encode()
        document.Catalog.StructTreeRoot = root

    def _element(self, document: Any, element: Element, root_reference: str) -> str:
        pages = {kid.page for kid in element.kids if isinstance(kid, Marked)}
        own_page = _page(document, pages.pop()) if len(pages) == 1 else None
        kids = []
        for kid in element.kids:
            match kid:
                case Element():
                    kids.append(kid.reference)
                case Marked(page, number):
                    mark = f"<</Type/MCR/Pg {_page(document, page)}/MCID {number}>>"
                    kids.append(str(number) if own_page else mark)
                case Annotation(page, name):
                    kids.append(f"<</Type/OBJR/Obj {_number(document, name)}/Pg {_page(document, page)}>>")
        parent = element.parent.reference if element.parent else root_reference
        on_page = f"/Pg {own_page}" if own_page else ""
        content = f"/K [{' '.join(kids)}]" if kids else ""
        return f"<</Type/StructElem/S/{element.role}/P {parent}{on_page}{content}{element.attributes}>>"


def _walk(element: Element) -> Iterator[Element]:
    yield element
    for kid in element.kids:
        if isinstance(kid, Element):
            yield from _walk(kid)


def _reference(document: Any, body: _Raw, name: str) -> str:
    document.Reference(body, name)
    return _number(document, name)


def _number(document: Any, name: str) -> str:
    number, version = document.idToObjectNumberAndVersion[name]
    return f"{number} {version} R"


def _page(document: Any, page: int) -> str:
    return _number(document, f"Page{page + 1}")


# ------------------------------------------------------------------------------------------------------------ canvas


@dataclass(frozen=True, slots=True)
class Late:
    """A text that is known only when the whole document is laid out, right-aligned."""

    text: Callable[[], str]
    font: str
    size: float
    color: str


class TaggedCanvas(MarkedCanvas):  # type: ignore[misc]
    """A canvas with a structure tree. What is drawn outside `marked` is an artifact."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.structure = Structure()
        self.late: dict[str, tuple[Late, float, float]] = {}
        self.page_of: dict[str, int] = {}
        self.furniture: Callable[[TaggedCanvas, str], None] | None = None
        self.link_text = ""
        self._texts: dict[tuple[str, str], tuple[list[tuple[str, str]], float]] = {}
        self._code.append(ARTIFACT)

    def write(self, operators: str) -> None:
        self._code.append(operators)

    def begin_marked(self, element: Element) -> None:
        if self._code[-1] == ARTIFACT:
            self._code.pop()
        else:
            self._code.append("EMC")
        self._code.append(self.structure.mark(element))

    def end_marked(self) -> None:
        self._code += ("EMC", ARTIFACT)

    @contextmanager
    def element(self, role: str, attributes: str = "") -> Iterator[Element]:
        """An element that holds others."""
        with self.inside(self.structure.add(role, attributes)) as element:
            yield element

    @contextmanager
    def inside(self, element: Element) -> Iterator[Element]:
        """Continue an element that exists, for instance one that began on the page before."""
        self.structure.open.append(element)
        yield element
        self.structure.open.pop()

    @contextmanager
    def marked(self, element: Element) -> Iterator[None]:
        """What is drawn here is the content of `element`."""
        with self.inside(element):
            self.begin_marked(element)
            yield
            self.end_marked()

    def encoded(self, text: str, font: str) -> tuple[list[tuple[str, str]], float]:
        """`text` as (font resource, PDF string) runs, and its width at size 1; unknown characters become "?"."""
        found = self._texts.get((text, font))
        if found is None:
            face: Any = pdfmetrics.getFont(font)
            known = face.face.charToGlyph
            drawn = "".join(character if ord(character) in known else "?" for character in text)
            runs = [
                (face.getSubsetInternalName(subset, self._doc), escapePDF(run))
                for subset, run in face.splitString(drawn, self._doc)
            ]
            found = self._texts[text, font] = (runs, face.stringWidth(drawn, 1))
        return found

    def mark_heading(self, title: str, key: str, rank: int, top: float) -> None:
        """Make this place a destination and an entry of the outline; late texts may ask for its page."""
        self.bookmarkHorizontal(key, 0, top)
        self.page_of[key] = self.getPageNumber()
        self.addOutlineEntry(title, key, rank - 1, closed=1)

    def draw_late(self, name: str, late: Late, x: float, y: float) -> None:
        """Keep a place, a comment in the page's operators, for a text that ends at `x` on baseline `y`."""
        self.late[name] = late, x, y
        self.write(f"%late {len(self.late) - 1}")

    def _draw_late_texts(self) -> None:
        texts = []
        for late, x, y in self.late.values():
            runs, width = self.encoded(late.text(), late.font)
            texts.append(text_operators(runs, x - width * late.size, y, late.size, late.color))
        for page in self._doc.Pages.pages:
            page.stream = _LATE.sub(lambda place: texts[int(place[1])], page.stream)

    def showPage(self) -> None:  # noqa: N802
        if self._code[-1] == ARTIFACT:
            self._code.pop()
        else:
            self._code.append("EMC")
        self.structure.end_page()
        super().showPage()
        self._code.append(ARTIFACT)

    def save(self) -> None:
        if self._code == [ARTIFACT]:
            self._code.clear()
        else:
            self.showPage()
            self._code.clear()
        self._draw_late_texts()
        self.structure.write(self._doc)
        describe(self._doc)
        self._doc.format = partial(packed, self._doc)
        super().save()

    def _addAnnotation(self, annotation: Any, name: str | None = None, addtopage: int = 1) -> None:  # noqa: N802
        key = self.structure.add_annotation(f"Annot.NUMBER{self._annotationCount + 1}")
        if isinstance(annotation, pdfdoc.LinkAnnotation):
            annotation.otherkw.update(StructParent=key, F=_PRINTED)
            annotation.Border = "[0 0 0]"
        else:
            annotation["StructParent"] = key
            if "FT" not in annotation.dict:
                annotation["F"] = _PRINTED
                annotation["Contents"] = pdfdoc.PDFString(self.link_text)
        super()._addAnnotation(annotation, name, addtopage)


def text_operators(runs: list[tuple[str, str]], x: float, y: float, size: float, color: str) -> str:
    """The operators that show one line of text."""
    shown = " ".join(f"{font} {size} Tf ({text}) Tj" for font, text in runs)
    return f"BT {color} 1 0 0 1 {x:.2f} {y:.2f} Tm {shown} ET"


class ReportDocument(PmlBaseDoc):  # type: ignore[misc]
    """xhtml2pdf's document on a tagged canvas, with the running head and foot drawn by `canvas.furniture`."""

    def _makeCanvas(self, filename: Any = None, canvasmaker: Any = None) -> Any:  # noqa: N802
        return super()._makeCanvas(filename, TaggedCanvas)

    def beforePage(self) -> None:  # noqa: N802
        super().beforePage()
        self.canv.setProducer("MUST")
        if self.canv.furniture:
            self.canv.furniture(self.canv, self.pageTemplate.id)


# -------------------------------------------------------------------------------------------------------------- prose


@dataclass(eq=False, slots=True)
class ListTag:
    """One HTML list."""

    element: Element | None = None


@dataclass(eq=False, slots=True)
class ParagraphTag:
    """What HTML says about a block; both parts of a split paragraph share one, and so one element."""

    role: str = "P"
    language: str = ""
    anchor: str = ""
    list: ListTag | None = None
    element: Element | None = None


class TaggedParagraph(PmlParagraph):  # type: ignore[misc]
    """A paragraph of prose as one element of the structure tree, also when it runs over two pages."""

    @property
    def tag(self) -> ParagraphTag:
        if "_tag" not in self.__dict__:
            self._tag = next((f.report_tag for f in self.frags if hasattr(f, "report_tag")), None) or ParagraphTag()
        return self._tag

    def split(self, width: float, height: float) -> list[Flowable]:
        parts = super().split(width, height)
        for part in parts:
            part._tag = self.tag
        return list(parts)

    def draw(self) -> None:
        plain = "".join(f.text for f in self.frags if isinstance(getattr(f, "text", ""), str)).strip()
        if not plain:
            super().draw()
            return
        canvas = self.canv
        element = self.tag.element or self._begin(canvas, plain)
        self._end_lines_with_a_space()
        if all(f.link for f in self.frags if getattr(f, "text", "").strip()):
            canvas.link_text = plain
            with canvas.inside(element):
                element = canvas.structure.add("Link")
        with canvas.marked(element):
            super().draw()

    def _begin(self, canvas: TaggedCanvas, plain: str) -> Element:
        """Make the element, and the destination, the outline entry or the list that goes with it."""
        tag = self.tag
        language = f"/Lang {pdf_text(tag.language)}" if tag.language else ""
        if tag.list is None:
            element = canvas.structure.add(tag.role, language)
        else:
            if tag.list.element is None:
                tag.list.element = canvas.structure.add("L", BULLET_LIST)
            with canvas.inside(tag.list.element), canvas.element("LI"):
                element = canvas.structure.add("LBody", language)
            canvas.setFillColor(self.style.textColor)
            middle = self.height - self.style.fontSize * 0.72
            canvas.circle(self.style.leftIndent - BULLET_GAP, middle, BULLET_RADIUS, stroke=0, fill=1)
        if tag.anchor:
            canvas.mark_heading(plain, tag.anchor, int(tag.role[1:]), self.height + 20)
        tag.element = element
        return element

    def _end_lines_with_a_space(self) -> None:
        """So that reading aloud or copying does not join the words on both sides of a line break."""
        goes_on = getattr(self, "_splitpara", False)
        for line in self.blPara.lines[: None if goes_on else -1]:
            if self.blPara.kind == 0:
                line[1][-1] += " "
            else:
                line.words[-1].text += " "


def _block(role: str) -> Callable[[Any, Any], None]:
    """The start of a block tag that knows its role."""

    def start(self: Any, context: Any) -> None:
        super(type(self), self).start(context)
        get = self.node.getAttribute
        context.frag.report_tag = ParagraphTag(role, get("lang"), get("id"), getattr(context.frag, "report_list", None))

    return start


def _start_list(self: Any, context: Any) -> None:
    super(type(self), self).start(context)
    context.frag.report_list = ListTag()


def _refuse(self: Any, context: Any) -> None:
    raise ValueError(f"reports have no <{self.node.tagName}>: it would not be tagged")


def _start_inline(self: Any, context: Any) -> None:
    if self.node.getAttribute("lang"):
        raise ValueError("lang belongs on a block: inline text would lose it")


def _start_drawn(self: Any, context: Any) -> None:
    """Put the flowables that the template made into the story: number `n`, or all from `n` up to `to`."""
    context.addPara()
    first, end = int(self.node.getAttribute("n")), self.node.getAttribute("to")
    for flowable in context.meta["drawn"][first : int(end or first + 1)]:
        context.addStory(flowable)


_TAGS: dict[str, tuple[Any, Callable[[Any, Any], None]]] = {
    "H1": (pisa_tags.pisaTagH1, _block("H1")),
    "H2": (pisa_tags.pisaTagH2, _block("H2")),
    "H3": (pisa_tags.pisaTagH3, _block("H3")),
    "P": (pisa_tags.pisaTagP, _block("P")),
    "LI": (pisa_tags.pisaTag, _block("LI")),
    "UL": (pisa_tags.pisaTagUL, _start_list),
    "OL": (pisa_tags.pisaTagOL, _refuse),
    "IMG": (pisa_tags.pisaTagIMG, _refuse),
    "TABLE": (pisa_tags.pisaTag, _refuse),
    "SPAN": (pisa_tags.pisaTag, _start_inline),
    "B": (pisa_tags.pisaTag, _start_inline),
    "STRONG": (pisa_tags.pisaTag, _start_inline),
    "PDFDRAWN": (pisa_tags.pisaTag, _start_drawn),
}


# -------------------------------------------------------------------------------------------------------------- hooks


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
    for name, (base, start) in _TAGS.items():
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
