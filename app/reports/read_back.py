"""The figures of a report as its finished files show them, to be compared with what should stand there."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import openpyxl

from app.domain.instrument import Sensitivity
from app.domain.results import ReportResults
from app.reports.content import (
    HeatRow,
    ReportContent,
    ThemeContent,
    content_of,
    earlier_label,
    earlier_words,
    front_notes,
)
from app.reports.figures import Kind, figures_of
from app.reports.model import Report, ReportSet
from app.reports.reading import Document, Node, read
from app.reports.stands_out import stands_out_of
from app.reports.style import MARKS
from app.reports.texts import Texts

Shown = dict[tuple[str, str], tuple[str, ...]]
"""Per place (a theme's id, or "front") and kind of figure the printed texts, in the order of the page."""

FRONT, NOTE, OVERVIEW, HEAT_MAP, STANDS_OUT = "front", "note", "overview", "heat_map", "stands_out"
_ON_FRONT = {Kind.N_INCLUDED, Kind.N_ANSWERS, Kind.RESPONSE_RATE}
_OF_TREND = (Kind.EARLIER, Kind.N_EARLIER, Kind.CHANGE)
_IN_WORKBOOK = {Kind.N_MEAN, Kind.MEAN, Kind.N_DISTRIBUTION, Kind.SHARE, Kind.PREVALENCE, *_ON_FRONT, *_OF_TREND}
_NO_MEAN = "–"
_SCORE = re.compile(r"[+−]?\d[.,]\d")
_N_FIXED_SHEETS = 4
_HEAD_OF_SPREAD = 5
"""Path, unit, theme, wording and number of answers stand before the shares."""


def expected_figures(content: ReportContent) -> Shown:
    """What PDF and HTML have to show."""
    shown: dict[tuple[str, str], list[str]] = {}
    for figure in figures_of(content):
        shown.setdefault((figure.theme_id or FRONT, figure.kind.value), []).append(figure.text)
    shown[FRONT, NOTE] = [front_notes(content)[0]]
    for theme in content.themes:
        if theme.mean:
            texts = (theme.mean.text, theme.reference.text if theme.reference else None, theme.difference)
            shown[theme.id, OVERVIEW] = [text for text in texts if text]
    if content.heat_map:
        rows = content.heat_map.rows
        shown[FRONT, HEAT_MAP] = [text for row in rows for text in (row.n_included, *_means(row))]
    if stands_out := stands_out_of(content):
        shown[FRONT, STANDS_OUT] = [*(words for _, words in stands_out.balance), *stands_out.points]
    return _tidy(shown)


def _means(row: HeatRow) -> list[str]:
    return [mean.text if mean else _NO_MEAN for mean in row.means]


def _without_sign(text: str) -> str:
    """A cell of the heat map: the mean, and its sign where it has one."""
    mean, _, sign = text.rpartition(" ")
    return mean if sign in MARKS.values() else text


def expected_in_workbook(content: ReportContent) -> Shown:
    """What the workbook has to show about one unit."""
    kinds = {kind.value for kind in _IN_WORKBOOK}
    return {key: texts for key, texts in expected_figures(content).items() if key[1] in kinds}


def check_report(pdf: bytes, page: bytes, report: Report, language: str) -> None:
    """ValueError when one of the files does not show the report's figures, or others too."""
    content = content_of(report, language)
    expected = expected_figures(content)
    for kind, shown in (("PDF", figures_in_pdf(pdf, content)), ("HTML page", figures_in_html(page, content))):
        _check(kind, shown, expected)


def check_workbook(book: bytes, report_set: ReportSet, reports: Sequence[ReportResults], language: str) -> None:
    """ValueError when the workbook does not show the figures of all reports, or others too."""
    contents = [content_of(Report(report_set, report, reports[0]), language) for report in reports]
    for shown, content in zip(figures_in_workbook(book, contents), contents, strict=True):
        _check(content.unit, shown, expected_in_workbook(content))


def _check(name: str, shown: Shown, expected: Shown) -> None:
    wrong = sorted(
        " ".join(place) for place in shown.keys() | expected.keys() if shown.get(place) != expected.get(place)
    )
    if wrong:
        raise ValueError(f"{name}: other figures than those it was made from: {', '.join(wrong)}")


def _tidy(shown: dict[tuple[str, str], list[str]]) -> Shown:
    """Without what is empty; all blanks alike, since a PDF has one kind."""
    return {key: tuple(" ".join(text.split()) for text in texts) for key, texts in shown.items() if texts}


# ----------------------------------------------------------------------------------------------------------------- PDF


def figures_in_pdf(data: bytes, content: ReportContent) -> Shown:
    """What the PDF shows. ValueError, or an error of pikepdf, when it cannot be read."""
    document = read(data)
    words = content.texts
    shown = _front_of_pdf(document, words)
    sections = document.sections()
    for theme in content.themes:
        for node in sections.get(theme.name, []):
            _add_theme_node(shown, theme, node, words)
    names = {theme.name: theme.id for theme in content.themes}
    for chapter in content.chapters:
        for table in (node for node in sections.get(chapter.title, []) if node.role == "Table"):
            for row in table.kids:
                name, *cells = [cell.text for cell in row.kids]
                if name in names:
                    shown[names[name], OVERVIEW] = [text for text in cells if _SCORE.fullmatch(text)]
    if stands_out := stands_out_of(content):
        nodes = sections.get(stands_out.heading, [])
        shown[FRONT, STANDS_OUT] = [point.text for node in nodes for point in node.all("LBody")]
    tables = [node for node in sections.get(words.gettext("Units side by side"), []) if node.role == "Table"]
    shown[FRONT, HEAT_MAP] = [_without_sign(cell.text) for table in tables for cell in table.all("TD")]
    return _tidy(shown)


def _front_of_pdf(document: Document, words: Texts) -> dict[tuple[str, str], list[str]]:
    shown: dict[tuple[str, str], list[str]] = {}
    texts = [" ".join(node.text.split()) for node in _front_nodes(document)]
    labels = (words.gettext("Answers included"), words.gettext("Response rate"))
    for label, text in itertools.pairwise(texts):
        if label == labels[0]:
            counts = _filled(words.gettext("%(included)s of %(all)s", included="\0", all="\0"), [text])
            for kind, count in zip((Kind.N_INCLUDED, Kind.N_ANSWERS), counts, strict=False):
                shown[FRONT, kind.value] = [count]
        elif label == labels[1] and "%" in text:
            shown[FRONT, Kind.RESPONSE_RATE.value] = [text]
    shown[FRONT, NOTE] = [text for text in texts if _is_note(text, words)]
    return shown


def _front_nodes(document: Document) -> Iterator[Node]:
    """Everything before the second heading of the first rank."""
    n_headings = 0
    for node in document.root.kids:
        n_headings += node.role == "H1"
        if n_headings > 1:
            return
        yield node


def _is_note(text: str, words: Texts) -> bool:
    pattern = words.gettext(
        "%(included)s of %(all)s answers are included when skipped statements are disregarded.",
        included="\0",
        all="\0",
    )
    return re.match(_pattern(pattern), text) is not None


def _add_theme_node(shown: dict[tuple[str, str], list[str]], theme: ThemeContent, node: Node, words: Texts) -> None:
    def add(kind: Kind, texts: Iterable[str]) -> None:
        shown.setdefault((theme.id, kind.value), []).extend(texts)

    if node.role == "P":
        add(Kind.N_MEAN, _filled(words.gettext("%(number)s answers", number="\0"), [node.text]))
        then = _filled(earlier_words(words, "\0", "\0"), [node.text])
        for kind, text in zip((Kind.N_EARLIER, Kind.CHANGE), then, strict=False):
            add(kind, [text])
        difference = re.match(rf"({_SCORE.pattern}): ", node.text)
        add(Kind.DIFFERENCE, [difference[1]] if difference else [])
    elif node.role == "Table" and node.kids:
        head, *rows = node.kids
        numbers = _filled(words.gettext("%(number)s answers, in per cent", number="\0"), _cells(head, "TH")[:1])
        if not numbers:
            for number, row in enumerate(node.kids):
                is_earlier = _cells(row, "TH") == [earlier_label(words)]
                kind = Kind.MEAN if number == 0 else Kind.EARLIER if is_earlier else Kind.REFERENCE
                add(kind, _cells(row))
            return
        add(Kind.N_DISTRIBUTION, numbers)
        for row in rows:
            add(_kind_of_row(theme, row), _cells(row))


def _kind_of_row(theme: ThemeContent, row: Node) -> Kind:
    """The first row of an item has two headings, its wording and whose shares follow; the organisation's has one."""
    if theme.theme.sensitivity is Sensitivity.MOST_SENSITIVE:
        return Kind.PREVALENCE
    return Kind.SHARE if len(_cells(row, "TH")) > 1 else Kind.REFERENCE_SHARE


def _cells(row: Node, role: str = "TD") -> list[str]:
    return [cell.text for cell in row.kids if cell.role == role]


def _pattern(message: str) -> str:
    """What matches `message` with anything in the place of each NUL."""
    return "(.+?)".join(re.escape(part) for part in " ".join(message.split()).split("\0"))


def _filled(message: str, texts: Iterable[str]) -> list[str]:
    """What stands in the places of NUL in `message`, for each text that is one."""
    found = (re.fullmatch(_pattern(message), " ".join(text.split())) for text in texts)
    return [value for match in found if match for value in match.groups()]


# ---------------------------------------------------------------------------------------------------------------- HTML


@dataclass(slots=True)
class Element:
    tag: str
    attributes: dict[str, str]
    kids: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for kid in self.kids:
            if isinstance(kid, str):
                yield kid
            else:
                yield from kid._texts()

    def all(self, tag: str, **attributes: str) -> Iterator[Element]:
        for kid in self.kids:
            if isinstance(kid, Element):
                if kid.tag == tag and attributes.items() <= kid.attributes.items():
                    yield kid
                yield from kid.all(tag, **attributes)


class _Page(HTMLParser):
    """A page that closes every element it opens, as ours do."""

    VOID = frozenset({"meta", "br", "hr", "img", "input", "link", "rect", "line"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].kids.append(element)
        if tag not in self.VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].kids.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while len(self._open) > 1 and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        self._open[-1].kids.append(data)


def figures_in_html(data: bytes, content: ReportContent) -> Shown:
    """What the HTML page shows. UnicodeDecodeError when it is no text."""
    page, words = _Page(data.decode()).root, content.texts
    shown: dict[tuple[str, str], list[str]] = {}
    counts, rate, *_ = [element.text for element in page.all("dd")] + ["", ""]
    found = _filled(words.gettext("%(included)s of %(all)s", included="\0", all="\0"), [counts])
    for kind, count in zip((Kind.N_INCLUDED, Kind.N_ANSWERS), found, strict=False):
        shown[FRONT, kind.value] = [count]
    shown[FRONT, Kind.RESPONSE_RATE.value] = [rate] if "%" in rate else []
    shown[FRONT, NOTE] = [element.text for element in page.all("p") if _is_note(element.text, words)][:1]
    for theme in page.all("section", **{"class": "theme"}):
        name = theme.attributes.get("aria-labelledby", "")
        for element in _marked(theme):
            shown.setdefault((name, element.attributes["data-kind"]), []).append(element.text)
    for row in (row for part in page.all("section", **{"aria-labelledby": "overview"}) for row in part.all("tr")):
        for link in row.all("a"):
            scores = [cell.text for cell in row.all("td") if _SCORE.fullmatch(cell.text)]
            shown[link.attributes.get("href", "")[1:], OVERVIEW] = scores
    shown[FRONT, STANDS_OUT] = [point.text for point in page.all("li", **{"data-kind": STANDS_OUT})]
    cells = [cell.text for table in page.all("table", **{"class": "heat"}) for cell in table.all("td")]
    shown[FRONT, HEAT_MAP] = [_without_sign(text) for text in cells]
    return _tidy(shown)


def _marked(element: Element) -> Iterator[Element]:
    for kid in element.kids:
        if isinstance(kid, Element):
            if "data-kind" in kid.attributes:
                yield kid
            yield from _marked(kid)


# ------------------------------------------------------------------------------------------------------------ workbook

Row = tuple[Any, ...]


def figures_in_workbook(data: bytes, contents: Sequence[ReportContent]) -> list[Shown]:
    """What the workbook shows about each unit. ValueError, or an error of openpyxl, when it cannot be read."""
    book = openpyxl.load_workbook(BytesIO(data))
    words = contents[0].texts
    tables: list[list[Row]] = [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets]
    if len(tables) < _N_FIXED_SHEETS:
        raise ValueError("sheets are missing")
    _, units, means, numbers, *others = tables
    found: list[dict[tuple[str, str], list[str]]] = [{} for _ in contents]
    for shown, row in zip(found, units[1:], strict=True):
        shown[FRONT, Kind.N_INCLUDED.value] = [_number(row[3], words)]
        shown[FRONT, Kind.N_ANSWERS.value] = [_number(row[4], words)]
        shown[FRONT, Kind.RESPONSE_RATE.value] = [_share(row[5], words)] if not isinstance(row[5], str) else []
    ids = {theme.name: theme.id for theme in contents[0].themes}
    for kind, table, said in ((Kind.MEAN, means, _score), (Kind.N_MEAN, numbers, _number)):
        for shown, row in zip(found, table[1:], strict=True):
            for name, value in zip(table[0][2:], row[2:], strict=True):
                if not isinstance(value, str):
                    shown[ids[name], kind.value] = [said(value, words)]
    if contents[0].report.set.earlier_period:
        trend, *others = others
        _add_trend(found, trend, contents, ids, words)
    for table in others:
        if table[0][0] == words.gettext("Theme"):
            _add_prevalence(found[0], table, ids, words)
        else:
            _add_spread(found, table, contents, ids, words)
    return [_tidy(shown) for shown in found]


def _dealt(table: list[Row], n_rows: Sequence[int]) -> Iterator[list[Row]]:
    """The rows below the heads, `n_rows` of them for each report: units may have the same path in words, so the order
    of the reports tells whose a row is. ValueError when there are not as many."""
    rows = iter(table[1:])
    for n in n_rows:
        yield list(itertools.islice(rows, n))
    if len(table) - 1 != sum(n_rows):
        raise ValueError("a sheet does not have as many rows as the reports")


def _add_trend(
    found: Sequence[dict[tuple[str, str], list[str]]],
    table: list[Row],
    contents: Sequence[ReportContent],
    ids: dict[str, str],
    words: Texts,
) -> None:
    n_rows = [sum(1 for theme in content.themes if theme.earlier) for content in contents]
    for shown, rows in zip(found, _dealt(table, n_rows), strict=True):
        for _, _, name, then, n, now, change in rows:
            texts = (_score(then, words), _number(n, words), _change(change, words))
            shown.update({(ids[name], kind.value): [text] for kind, text in zip(_OF_TREND, texts, strict=True)})
            if shown[ids[name], Kind.MEAN.value] != [_score(now, words)]:
                raise ValueError("a mean is not the same in two sheets")


def _add_prevalence(
    shown: dict[tuple[str, str], list[str]], table: list[Row], ids: dict[str, str], words: Texts
) -> None:
    for name, _, number, share, *_ in table[1:]:
        if number is not None:
            shown[ids[name], Kind.N_DISTRIBUTION.value] = [_number(number, words)]
            shown.setdefault((ids[name], Kind.PREVALENCE.value), []).append(_share(share, words))


def _add_spread(
    found: Sequence[dict[tuple[str, str], list[str]]],
    table: list[Row],
    contents: Sequence[ReportContent],
    ids: dict[str, str],
    words: Texts,
) -> None:
    scale = _scale_of(table, contents[0])
    n_rows = [
        sum(len(theme.items) or 1 for theme in content.themes if theme.categories == scale) for content in contents
    ]
    for shown, rows in zip(found, _dealt(table, n_rows), strict=True):
        for _, _, name, _, n, *shares in rows:
            if n is not None:
                shown.setdefault((ids[name], Kind.N_DISTRIBUTION.value), []).append(_number(n, words))
                texts = [_share(value, words) for value in shares]
                shown.setdefault((ids[name], Kind.SHARE.value), []).extend(texts)
    for shown in found:
        for key, texts in shown.items():
            if key[1] == Kind.N_DISTRIBUTION.value and len(set(texts)) == 1:
                shown[key] = texts[:1]


def _scale_of(table: list[Row], content: ReportContent) -> tuple[str, ...]:
    heads = tuple(table[0][_HEAD_OF_SPREAD:])
    if heads not in {theme.categories for theme in content.themes}:
        raise ValueError("a sheet has unknown headings")
    return heads


def _number(value: object, words: Texts) -> str:
    return words.number(value) if isinstance(value, int) else str(value)


def _score(value: object, words: Texts) -> str:
    """As the page prints it; a more exact value as it is."""
    exact = Decimal(str(value))
    return words.mean(exact) if exact == round(exact, 1) else str(value)


def _change(value: object, words: Texts) -> str:
    exact = Decimal(str(value))
    return words.difference(exact) if exact == round(exact, 1) else str(value)


def _share(value: object, words: Texts) -> str:
    if not isinstance(value, int | float):
        return str(value)
    percent = round(value * 100)
    return words.percent(percent) if value == percent / 100 else str(value)
