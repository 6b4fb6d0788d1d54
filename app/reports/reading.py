"""Reading a PDF back the way assistive technology does: text with its place, and the structure tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, cast

import pikepdf


@dataclass(frozen=True, slots=True)
class Run:
    """One shown string; the box is empty for rotated text. `mark` is None for an artifact."""

    page: int
    mark: int | None
    text: str
    font: str
    box: tuple[float, float, float, float]
    is_upright: bool


@dataclass(slots=True)
class Node:
    role: str
    attributes: Any
    kids: list[Node] = field(default_factory=list)
    own_text: str = ""
    pages: set[int] = field(default_factory=set)

    @property
    def text(self) -> str:
        return " ".join([self.own_text.strip(), *(kid.text for kid in self.kids)]).strip()

    def walk(self) -> Iterator[Node]:
        yield self
        for kid in self.kids:
            yield from kid.walk()

    def all(self, *roles: str) -> list[Node]:
        return [node for node in self.walk() if node.role in roles]


@dataclass(slots=True)
class Document:
    pdf: pikepdf.Pdf
    runs: list[Run]
    root: Node

    @property
    def text(self) -> str:
        """All tagged text in reading order."""
        return self.root.text

    def sections(self) -> dict[str, list[Node]]:
        """Per heading the elements up to the next heading."""
        found: dict[str, list[Node]] = {}
        current: list[Node] = []
        for node in self.root.kids:
            if node.role in ("H1", "H2"):
                current = found.setdefault(node.text, [])
            else:
                current.append(node)
        return found


def read(data: bytes) -> Document:
    """ValueError, or an error of pikepdf, for anything that is not one of our reports."""
    pdf = pikepdf.open(BytesIO(data))
    runs = [run for number, page in enumerate(pdf.pages) for run in _runs(number, page.obj)]
    texts: dict[tuple[int, int], str] = {}
    for run in runs:
        if run.mark is not None:
            texts[run.page, run.mark] = texts.get((run.page, run.mark), "") + run.text
    pages = {page.obj.objgen: number for number, page in enumerate(pdf.pages)}
    return Document(pdf, runs, _node(pdf.Root.StructTreeRoot.K, pages, texts))


def _node(element: Any, pages: dict[tuple[int, int], int], texts: dict[tuple[int, int], str]) -> Node:
    node = Node(str(element.S)[1:], element.get("/A"))
    own = pages.get(element.Pg.objgen) if "/Pg" in element else None
    for kid in element.get("/K", []):
        if isinstance(kid, int):
            _add_text(node, own, int(kid), texts)
        elif kid.get("/Type") == "/MCR":
            _add_text(node, pages[kid.Pg.objgen], int(kid.MCID), texts)
        elif kid.get("/Type") == "/StructElem":
            node.kids.append(_node(kid, pages, texts))
    return node


def _add_text(node: Node, page: int | None, mark: int, texts: dict[tuple[int, int], str]) -> None:
    if page is None:
        raise ValueError("marked content on no page")
    node.pages.add(page)
    node.own_text += texts.get((page, mark), "")


class _Font:
    def __init__(self, font: Any) -> None:
        self.name = str(font.BaseFont)[1:]
        self.is_embedded = "/FontFile2" in font.get("/FontDescriptor", {})
        cmap = font.ToUnicode.read_bytes().decode() if "/ToUnicode" in font else ""
        pairs = re.findall(r"<([0-9A-F]{2})> <([0-9A-F]{4})>", cmap.partition("endcodespacerange")[2])
        self.characters = {int(code, 16): chr(int(character, 16)) for code, character in pairs}
        self.first = int(font.get("/FirstChar", 0))
        self.widths = [float(width) for width in font.get("/Widths", [])]

    def text(self, codes: bytes) -> str:
        return "".join(self.characters.get(code, "\N{REPLACEMENT CHARACTER}") for code in codes)

    def width(self, codes: bytes) -> float:
        return sum(self.widths[code - self.first] for code in codes) / 1000


Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)


def _times(one: Matrix, two: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    g, h, i, j, k, m = two
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def _runs(  # noqa: C901, PLR0912 - one case per operator
    number: int, page: Any, matrix: Matrix = _IDENTITY, mark: int | None = None
) -> Iterator[Run]:
    """Every shown string of a page or form, forms opened up where they are drawn."""
    resources = page.Resources
    fonts = {name: _Font(font) for name, font in resources.get("/Font", {}).items()}
    saved: list[Matrix] = []
    outer = mark
    line: Matrix = _IDENTITY
    leading, size, font = 0.0, 1.0, None
    for operands, operator in cast(list[tuple[Any, Any]], pikepdf.parse_content_stream(page)):
        match str(operator):
            case "q":
                saved.append(matrix)
            case "Q":
                matrix = saved.pop()
            case "cm":
                matrix = _times(_matrix(operands), matrix)
            case "BDC":
                mark = int(operands[1].MCID)
            case "EMC":
                mark = outer
            case "BT":
                line = _IDENTITY
            case "Tm":
                line = _matrix(operands)
            case "Td":
                line = _times((1, 0, 0, 1, float(operands[0]), float(operands[1])), line)
            case "TL":
                leading = float(operands[0])
            case "T*":
                line = _times((1, 0, 0, 1, 0, -leading), line)
            case "Tf":
                font, size = fonts[str(operands[0])], float(operands[1])
            case "Tj":
                if font is None:
                    raise ValueError("text without a font")
                codes = bytes(operands[0])
                if codes:
                    yield _run(number, mark, font, codes, size, _times(line, matrix))
                line = _times((1, 0, 0, 1, font.width(codes) * size, 0), line)
            case "Do":
                form = resources.XObject[str(operands[0])]
                if form.get("/Subtype") == "/Form":
                    yield from _runs(number, form, _times(_matrix(form.get("/Matrix", _IDENTITY)), matrix), mark)


def _matrix(values: Any) -> Matrix:
    a, b, c, d, e, f = (float(value) for value in values)
    return a, b, c, d, e, f


def _run(number: int, mark: int | None, font: _Font, codes: bytes, size: float, matrix: Matrix) -> Run:
    text, (a, b, _, _, x, y) = font.text(codes), matrix
    trailing = len(text) - len(text.rstrip())
    width = font.width(codes[: len(codes) - trailing]) * size * a
    box = (x, y - 0.22 * size, x + width, y + 0.70 * size)
    return Run(number, mark, text, font.name, box, abs(b) < 1e-6)
