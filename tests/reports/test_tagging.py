"""One test for each private name of xhtml2pdf and ReportLab that the package tagging takes hold of."""

from __future__ import annotations

from typing import Any
from xml.parsers.expat import ExpatError

import pytest
from reportlab.platypus.flowables import Flowable
from xhtml2pdf import context as pisa_context

from app.reports.pdf import _build
from app.reports.pen import BODY, Pen
from app.reports.tagging import REGULAR, Late, TaggedCanvas, install
from app.reports.templating import environment
from tests.reports.reading import Document, Node, read

HEAD = environment("en").get_template("empty.xml").render().partition("</head>")[0] + "</head>"


def _read(body: str, *drawn: Flowable) -> Document:
    install()
    inner = f'{HEAD}<body><p>Front</p><pdf:nextpage name="inner"/>{body}</body></html>'
    return read(_build(inner, list(drawn), "Title", "Author"))


def _roles(node: Node) -> Any:
    return node.role, [_roles(kid) for kid in node.kids]


class Drawing(Flowable):
    """A flowable that runs a function on its canvas."""

    def __init__(self, paint: Any) -> None:
        super().__init__()
        self.paint = paint

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        return width, 30

    def draw(self) -> None:
        self.paint(self.canv)


def test_headings_and_paragraphs_become_elements_of_their_role() -> None:
    root = _read("<h1>One</h1><h2>Two</h2><h3>Three</h3><p>Some <b>bold</b> words</p>").root
    assert [(node.role, node.text) for node in root.kids[1:]] == [
        ("H1", "One"),
        ("H2", "Two"),
        ("H3", "Three"),
        ("P", "Some bold words"),
    ]


def test_list_becomes_l_with_li_and_lbody_and_two_lists_stay_two() -> None:
    root = _read("<ul><li>a</li><li>b</li></ul><ul><li>c</li></ul>").root
    item: tuple[str, list[Any]] = ("LI", [("LBody", [])])
    assert [_roles(node) for node in root.kids[1:]] == [("L", [item, item]), ("L", [item])]
    assert root.text == "Front a b c"


def test_paragraph_over_two_pages_is_one_element() -> None:
    words = "word " * 1500
    root = _read(f"<p>{words}</p>").root
    assert len(root.kids) == 2
    assert root.kids[1].pages == {1, 2}
    assert root.kids[1].own_text.split() == words.split()


def test_line_ends_keep_words_apart() -> None:
    words = [f"word{number}" for number in range(60)]
    assert _read(f"<p>{' '.join(words)}</p>").root.kids[1].own_text.split() == words


def test_heading_with_id_is_destination_and_outline_entry() -> None:
    document = _read('<h1 id="one">One</h1><h2 id="two">Two</h2><h2>No entry</h2>')
    with document.pdf.open_outline() as outline:
        assert [(entry.title, [kid.title for kid in entry.children]) for entry in outline.root] == [("One", ["Two"])]


def test_link_alone_in_its_paragraph_is_tagged_with_its_words() -> None:
    document = _read('<p><a href="https://example.no/">example.no</a></p>')
    link = document.root.all("Link")[0]
    annotation = document.pdf.pages[1].Annots[0]
    assert link.text == "example.no"
    assert str(annotation.Contents) == "example.no"
    key = int(annotation.StructParent)
    numbers: list[Any] = list(document.pdf.Root.StructTreeRoot.ParentTree.Nums)
    assert str(numbers[numbers.index(key) + 1].S) == "/Link"


def test_link_among_other_words_is_refused() -> None:
    with pytest.raises(ValueError, match="must stand alone"):
        _read('<p>See <a href="https://example.no/">example.no</a> too</p>')


def test_list_and_paragraph_say_their_language() -> None:
    document = _read('<p lang="nb">Hei</p><ul><li lang="nb">du</li></ul>')
    languages = [str(element.get("/Lang", "")) for element in _elements(document.pdf.Root.StructTreeRoot.K)]
    assert languages.count("nb") == 2


def _elements(element: Any) -> list[Any]:
    kids = [kid for kid in element.get("/K", []) if not isinstance(kid, int) and "/S" in kid]
    return [element, *(inner for kid in kids for inner in _elements(kid))]


@pytest.mark.parametrize(
    "html", ['<img src="x.png"/>', "<table><tr><td>x</td></tr></table>", "<ol><li>x</li></ol>"]
)  # fmt: skip
def test_what_would_not_be_tagged_is_refused(html: str) -> None:
    with pytest.raises(ValueError, match="would not be tagged"):
        _read(html)


@pytest.mark.parametrize("tag", ["span", "b", "strong"])
def test_language_of_inline_text_is_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="lang belongs on a block"):
        _read(f'<p>Some <{tag} lang="nb">ord</{tag}></p>')


def test_template_that_is_not_well_formed_is_refused() -> None:
    with pytest.raises(ExpatError):
        _read("<p>not closed")


def test_drawn_blocks_stand_where_the_template_places_them() -> None:
    def paint(canvas: TaggedCanvas) -> None:
        Pen(canvas).leaf("P", "drawn", 0, 10, BODY)

    root = _read('<p>before</p><pdf:drawn n="0"/><p>after</p>', Drawing(paint)).root
    assert [node.text for node in root.kids] == ["Front", "before", "drawn", "after"]


def test_what_is_drawn_outside_an_element_is_an_artifact() -> None:
    def paint(canvas: TaggedCanvas) -> None:
        Pen(canvas).decoration("not for reading aloud", 0, 10, BODY)

    document = _read('<pdf:drawn n="0"/>', Drawing(paint))
    run = next(run for run in document.runs if run.text == "not for reading aloud")
    assert run.mark is None
    content = document.pdf.pages[1].Contents.read_bytes()
    before = content[: content.index(b"not for reading")]
    assert before.rindex(b"/Artifact BMC") > before.rfind(b"BDC")
    assert content.count(b"BMC") + content.count(b"BDC") == content.count(b"EMC")


def test_late_text_is_filled_in_after_the_last_page() -> None:
    def paint(canvas: TaggedCanvas) -> None:
        late = Late(lambda: f"{canvas.getPageNumber() - 1} pages", REGULAR, 8, "0 0 0 rg")
        canvas.draw_late("n", late, 100, 10)

    document = _read('<pdf:drawn n="0"/><pdf:nextpage name="inner"/><p>last</p>', Drawing(paint))
    assert "3 pages" in [run.text for run in document.runs]


def test_characters_that_the_font_lacks_are_drawn_as_question_marks() -> None:
    def paint(canvas: TaggedCanvas) -> None:
        Pen(canvas).leaf("P", "a\N{GRINNING FACE}b", 0, 10, BODY)

    assert _read('<pdf:drawn n="0"/>', Drawing(paint)).root.kids[1].text == "a?b"


def test_no_character_map_leads_to_nul() -> None:
    document = _read("<p>Some words</p>")
    for font in document.pdf.pages[1].Resources.Font.values():
        if "/ToUnicode" in font:
            assert b"<0000>" not in font.ToUnicode.read_bytes()


def test_stylesheet_of_rules_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _read("<p>first</p>")
    parsed: list[str] = []
    parse = pisa_context.pisaCSSParser.parse

    def listen(self: Any, text: str) -> Any:
        parsed.append(text)
        return parse(self, text)

    monkeypatch.setattr(pisa_context.pisaCSSParser, "parse", listen)
    _read("<p>second</p>")
    assert [text for text in parsed if "@font-face" not in text] == []


def test_pages_have_a_place_in_the_parent_tree_and_tab_by_structure() -> None:
    document = _read("<p>x</p>")
    assert [int(sheet.StructParents) for sheet in document.pdf.pages] == [0, 1]
    assert {str(sheet.Tabs) for sheet in document.pdf.pages} == {"/S"}
    assert str(document.pdf.docinfo.Producer) == "MUST"


def test_document_says_which_colours_it_means() -> None:
    document = _read("<p>x</p>")
    (intent,) = document.pdf.Root.OutputIntents
    assert intent.DestOutputProfile.read_bytes()[36:40] == b"acsp"
    assert intent.DestOutputProfile.N == 3
