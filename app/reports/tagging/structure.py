"""The structure tree of a PDF: what each piece of content is, in reading order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from reportlab.pdfbase import pdfdoc

COLUMN_HEADER = "/A<</O/Table/Scope/Column>>"
ROW_HEADER = "/A<</O/Table/Scope/Row>>"
BULLET_LIST = "/A<</O/List/ListNumbering/Disc>>"
_FIRST_ANNOTATION_KEY = 100_000  # parent tree keys below it are pages


def pdf_text(text: str) -> str:
    """A text string for a dictionary that is written raw."""
    return f"<FEFF{text.encode('utf-16-be').hex().upper()}>"


def pdf_span(name: str, count: int) -> str:
    """The attributes of a header or data cell that spans several rows ("Row") or columns ("Col")."""
    return f"/{name}Span {count}"


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
