"""Paragraphs, lists and headings of HTML as elements of the structure tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reportlab.platypus.flowables import Flowable
from xhtml2pdf import tags as pisa_tags
from xhtml2pdf.xhtml2pdf_reportlab import PmlParagraph

from app.reports.tagging.canvas import TaggedCanvas
from app.reports.tagging.structure import BULLET_LIST, Element, pdf_text

BULLET_GAP, BULLET_RADIUS = 8.0, 1.3


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


TAGS: dict[str, tuple[Any, Callable[[Any, Any], None]]] = {
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
