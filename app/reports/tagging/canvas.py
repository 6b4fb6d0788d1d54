"""A canvas that keeps a structure tree while it is drawn on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from reportlab.lib.rl_accel import escapePDF
from reportlab.pdfbase import pdfdoc, pdfmetrics
from xhtml2pdf.builders.printmarks import MarkedCanvas
from xhtml2pdf.xhtml2pdf_reportlab import PmlBaseDoc

from app.reports.finishing import describe, packed
from app.reports.tagging.structure import Element, Structure

ARTIFACT = "/Artifact BMC"
_PRINTED = 4  # annotation flag
_LATE = re.compile(r"^%late (\d+)$", re.MULTILINE)


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
