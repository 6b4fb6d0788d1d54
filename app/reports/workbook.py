"""All published figures of a survey as one workbook: the printed figures, no formulas, nothing behind the cells."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from io import BytesIO
from math import ceil
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from app.domain.instrument import Scale
from app.domain.results import ReportResults
from app.reports.content import (
    PrintedShare,
    ReportContent,
    ThemeContent,
    Verdict,
    content_of,
    front_notes,
    rehearsal_words,
    title_of,
    trend_notes,
    verdict_key,
    withheld_words,
)
from app.reports.guide import guide_of
from app.reports.model import Report, ReportSet
from app.reports.style import HEAT, MARKS

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_FONT, _LINE, _LETTERS = "Calibri", 15, 1.1
"""What all cells have; the height of a line in points; letters per unit of a column's width."""
_HEAD = Font(name=_FONT, size=11, bold=True, color="FFFFFF")
_HEAD_FILL = PatternFill("solid", fgColor="12344D")
_MUTED = Font(name=_FONT, size=11, italic=True, color="52616A")
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_CENTRED = Alignment(horizontal="center", vertical="top")
_UPRIGHT = Alignment(text_rotation=90, horizontal="center", vertical="bottom")
_NARROW, _UPRIGHT_HEIGHT = 10, 190
"""Columns narrower than this have upright headings, which take so many points."""
_WIDEST_OF_FIGURES = 18
_A4, _A3, _A3_FROM = 9, 8, 220
"""The paper for printing sheets that are so wide, in the units of columns."""
_FILLS = {
    value: (PatternFill("solid", fgColor=fill[1:].upper()), Font(name=_FONT, size=11, bold=True, color=ink[1:].upper()))
    for value, (fill, ink) in HEAT.items()
    if value is not Verdict.SAME
}
_CALCULATED = ("=", "+", "-", "@", "\t", "\r")
_MEAN_FORMAT, _SHARE_FORMAT, _CHANGE_FORMAT = "0.0", "0%", "+0.0;\N{MINUS SIGN}0.0;0.0"


def render_workbook(
    report_set: ReportSet, organisation_results: ReportResults, units: Sequence[ReportResults], language: str
) -> bytes:
    """The workbook of the whole organisation; `units` are all its reports. The same bytes for the same figures."""
    organisation = content_of(Report(report_set, organisation_results, organisation_results), language)
    others = [unit for unit in units if unit.unit.parent is not None]
    book = Workbook(write_only=True)
    writer = _Writer(book, organisation, _scales(organisation, [organisation_results, *others]))
    writer.add(organisation)
    for unit in others:  # one at a time: all of them in words would take hundreds of megabytes
        writer.add(content_of(Report(report_set, unit, organisation_results), language))
    writer.finish()
    if report_set.is_rehearsal:
        _mark(book, organisation.texts.gettext("Rehearsal"))
    book.properties.title = title_of(organisation)
    book.properties.creator = report_set.organisation
    book.properties.language = language
    book.properties.created = datetime.combine(report_set.period[1], time())
    out = BytesIO()
    book.save(out)
    return _fixed(out.getvalue())


class _Table:
    """One sheet: a row of headings, then rows of cells."""

    def __init__(self, book: Workbook, name: str, columns: Iterable[tuple[str, float]], frozen: str = "A2") -> None:
        """`columns` are headings and their widths."""
        columns = list(columns)
        self._sheet: Any = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", name)[:31])
        self._made: dict[tuple[object, ...], Cell] = {}
        """The cells that may come again: a write-only sheet keeps none, so one object serves many."""
        self._widths = [width for _, width in columns]
        self._n_rows = 0
        self._sheet.freeze_panes = frozen
        self._print(sum(self._widths))
        self._is_narrow = min(self._widths) < _NARROW
        for number, (_, width) in enumerate(columns, start=1):
            self._sheet.column_dimensions[get_column_letter(number)].width = width
        self.add([self._heading(heading, width) for heading, width in columns])

    def _print(self, width: float) -> None:
        """On paper as many pages long as it has to be, one wide, headings and page number on each."""
        setup = self._sheet.page_setup
        setup.orientation, setup.paperSize = "landscape", _A3 if width > _A3_FROM else _A4
        setup.fitToWidth, setup.fitToHeight = 1, 0
        self._sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        self._sheet.print_title_rows = "1:1"
        self._sheet.oddFooter.left.text, self._sheet.oddFooter.right.text = "&A", "&P / &N"

    def _heading(self, text: str, width: float) -> Cell:
        cell = self._text(text, _HEAD, _HEAD_FILL)
        across = "center" if width <= _WIDEST_OF_FIGURES else "left"
        cell.alignment = _UPRIGHT if width < _NARROW else Alignment(across, "bottom", wrap_text=True)
        return cell

    def add(self, cells: Sequence[Cell]) -> None:
        """Rows of more than one line say how high they are: not every program finds out by itself."""
        self._n_rows += 1
        n_lines = max(
            ceil(len(cell.value) / (width * _LETTERS))
            for cell, width in zip(cells, self._widths, strict=False)
            if isinstance(cell.value, str)
        )
        if n_lines > 1:
            height = _UPRIGHT_HEIGHT if self._is_narrow and self._n_rows == 1 else n_lines * _LINE
            self._sheet.row_dimensions[self._n_rows].height = height
        self._sheet.append(cells)

    def finish(self) -> None:
        self._sheet.auto_filter.ref = f"A1:{get_column_letter(len(self._widths))}{self._n_rows}"

    def text(self, text: str) -> Cell:
        """A cell that is text, whatever its first sign; spreadsheets must not calculate a unit's name."""
        return self._made.get(("text", text)) or self._made.setdefault(("text", text), self._text(text))

    def muted(self, text: str) -> Cell:
        return self._made.get(("muted", text)) or self._made.setdefault(("muted", text), self._text(text, _MUTED))

    def number(self, value: float, form: str = "General", found: Verdict | None = None) -> Cell:
        """A number; where it is better or worse than the organisation's with a sign, in its format, and a colour."""
        key = (value, form, found)
        if key not in self._made:
            cell = self._made[key] = WriteOnlyCell(self._sheet, value)
            cell.number_format = f'{form}" {MARKS[found]}"' if found in _FILLS else form
            cell.alignment = _CENTRED
            if found in _FILLS:
                cell.fill, cell.font = _FILLS[found]
        return self._made[key]

    def _text(self, text: str, font: Font | None = None, fill: PatternFill | None = None) -> Cell:
        cell: Cell = WriteOnlyCell(self._sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
        cell.data_type = "s"
        cell.quotePrefix = text.startswith(_CALCULATED)
        cell.alignment = _WRAPPED
        if font is not None:
            cell.font = font
        if fill is not None:
            cell.fill = fill
        return cell


class _Writer:
    """Writes all sheets of one workbook, in one language, unit by unit."""

    def __init__(self, book: Workbook, organisation: ReportContent, scales: Sequence[Scale]) -> None:
        self.organisation, self.words, self.gettext = organisation, organisation.texts, organisation.texts.gettext
        gettext, language = self.gettext, self.words.language
        themes = [theme for theme in organisation.themes if theme.theme.scale.has_mean]
        self.theme_ids = [theme.id for theme in themes]
        self.about = _Table(book, gettext("About"), ((gettext("Subject"), 28), (gettext("Text"), 110)))
        self.units = _Table(
            book,
            gettext("Units"),
            ((gettext("Level"), 12), (gettext("Unit"), 44), (gettext("Path"), 70), (gettext("Answers included"), 18),
             (gettext("Answers"), 18), (gettext("Response rate"), 18)),
        )  # fmt: skip
        names = ((gettext("Path"), 56), (gettext("Unit"), 36))
        columns = (*names, *((theme.name, 9) for theme in themes))
        self.means = _Table(book, gettext("Means"), columns, "C2")
        self.numbers = _Table(book, gettext("Answers behind means"), columns, "C2")
        self.trend = self._trend(book, names) if organisation.report.set.earlier_period else None
        columns = (*names, (gettext("Theme"), 32), (gettext("Statement or question"), 60), (gettext("Answers"), 12))
        self.spreads = {
            scale.id: _Table(
                book, self._scale_name(scale), (*columns, *((text[language], 18) for text in scale.categories))
            )
            for scale in scales
        }
        self.prevalence = self._prevalence(book)
        self._tell()

    def add(self, content: ReportContent) -> None:
        """The rows of one report."""
        self._add_unit(content)
        self._add_means(content)
        for theme in content.themes:
            if self.trend and theme.earlier:
                self._add_trend(self.trend, content, theme)
            if theme.theme.scale.id in self.spreads:
                self._add_spread(self.spreads[theme.theme.scale.id], content, theme)

    def finish(self) -> None:
        tables = [self.about, self.units, self.means, self.numbers, *self.spreads.values()]
        for table in (*tables, self.trend, self.prevalence):
            if table:
                table.finish()

    # ---------------------------------------------------------------------------------------------------- the sheets

    def _tell(self) -> None:
        gettext, content, table = self.gettext, self.organisation, self.about
        rows = [
            *([(gettext("Rehearsal"), rehearsal)] if (rehearsal := rehearsal_words(content)) else []),
            (gettext("Organisation"), content.organisation),
            (gettext("Answering period"), content.period),
            (gettext("Answers included"), front_notes(content)[0]),
            *((gettext("Note"), note) for note in front_notes(content)[1:]),
            *(
                (gettext("Colours and signs"), f"{text} ({MARKS[value]})")
                for value, text in verdict_key(self.words)
                if value in _FILLS
            ),
        ]
        rows += [(gettext("Earlier survey"), note) for note in trend_notes(content)]
        rows += self._section("how_to_read")
        for chapter in content.chapters:
            about = (f"{theme.name}: {theme.about}" for theme in chapter.themes)
            rows += [(chapter.title, text) for text in (chapter.introduction, *about)]
        rows += [*self._section("method"), *self._section("withheld")]
        for label, text in rows:
            table.add([table.text(label), table.text(text)])

    def _section(self, name: str) -> list[tuple[str, str]]:
        section = guide_of(self.organisation)[name]
        return [(section.heading, text) for text in (*section.paragraphs, *section.points)]

    def _add_unit(self, content: ReportContent) -> None:
        table, results = self.units, content.report.results
        rate = results.response_rate
        table.add([
            table.number(results.unit.level),
            *self._names(table, content)[::-1],
            table.number(results.n_included),
            table.number(results.n_answers),
            table.text(self.gettext("not known")) if rate is None else table.number(rate / 100, _SHARE_FORMAT),
        ])  # fmt: skip

    def _add_means(self, content: ReportContent) -> None:
        """One column per theme with a mean, coloured as in the heat map; and how many answers each rests on."""
        contents = {theme.id: theme for theme in content.themes}
        results = {result.theme.id: result.n_mean for result in content.report.results.themes}
        too_few = self.gettext("Too few answers")
        means, numbers = self._names(self.means, content), self._names(self.numbers, content)
        for theme_id in self.theme_ids:
            theme, n = contents[theme_id], results[theme_id]
            if theme.mean is None:
                means.append(self.means.muted(too_few))
            else:
                means.append(self.means.number(float(theme.mean.value), _MEAN_FORMAT, theme.verdict))
            numbers.append(self.numbers.number(n) if n else self.numbers.muted(too_few))
        self.means.add(means)
        self.numbers.add(numbers)

    def _trend(self, book: Workbook, names: tuple[tuple[str, float], ...]) -> _Table:
        """What an earlier survey printed, beside what this one prints."""
        gettext = self.gettext
        headings = (gettext("Mean then"), gettext("Answers then"), gettext("Mean now"), gettext("Change since then"))
        columns = (*names, (gettext("Theme"), 32), *((heading, 15) for heading in headings))
        return _Table(book, gettext("Earlier survey"), columns)

    def _add_trend(self, table: _Table, content: ReportContent, theme: ThemeContent) -> None:
        result = content.report.results.result(theme.id)
        if result is None or result.earlier is None or result.mean is None or result.change is None:
            raise ValueError(f"{theme.id} has no trend")
        table.add([
            *self._names(table, content),
            table.text(theme.name),
            table.number(float(result.earlier.mean), _MEAN_FORMAT),
            table.number(result.earlier.n),
            table.number(float(result.mean), _MEAN_FORMAT),
            table.number(float(result.change), _CHANGE_FORMAT),
        ])  # fmt: skip

    def _add_spread(self, table: _Table, content: ReportContent, theme: ThemeContent) -> None:
        """Per item how the answers spread over the categories of one scale; one row of reason where not."""
        start = [*self._names(table, content), table.text(theme.name)]
        if not theme.items:
            table.add([*start, table.muted(self._why_no_spread(content, theme))])
        for item in theme.items:
            n = next(found.n_distribution for found in content.report.results.themes if found.theme.id == theme.id)
            shares = [self._share(table, share) for share in item.shares]
            table.add([*start, table.text(item.text), table.number(n or 0), *shares])

    def _prevalence(self, book: Workbook) -> _Table | None:
        """The most sensitive themes, for the whole organisation only (spec 7.2)."""
        gettext, content = self.gettext, self.organisation
        themes = [theme for theme in content.themes if not theme.theme.scale.has_mean and not theme.items]
        if not themes:
            return None
        columns = ((gettext("Theme"), 44), (gettext("Answer"), 40), (gettext("Answers"), 12), (gettext("Share"), 18))
        table = _Table(book, gettext("Incidents"), columns)
        numbers = {result.theme.id: result.n_distribution for result in content.report.results.themes}
        for theme in themes:
            for group in theme.prevalence:
                n, share = numbers[theme.id] or 0, self._share(table, group.share)
                table.add([table.text(theme.name), table.text(group.label), table.number(n), share])
            if not theme.prevalence:
                table.add([table.text(theme.name), table.muted(withheld_words(content, theme))])
        return table

    # ----------------------------------------------------------------------------------------------------- the cells

    def _names(self, table: _Table, content: ReportContent) -> list[Cell]:
        path = " › ".join(content.report.results.unit.path) or content.organisation
        return [table.text(path), table.text(content.unit)]

    def _share(self, table: _Table, share: PrintedShare) -> Cell:
        """A number where the page prints one, else the words of the page."""
        if share.text == self.words.percent(share.percent):
            return table.number(share.percent / 100, _SHARE_FORMAT)
        return table.text(share.text)

    def _why_no_spread(self, content: ReportContent, theme: ThemeContent) -> str:
        limit = content.report.set.limits.of(theme.theme.sensitivity)[1]
        words = self.gettext(
            "How the answers spread is shown only from %(limit)s answers.", limit=self.words.number(limit)
        )
        return withheld_words(content, theme) or words

    def _scale_name(self, scale: Scale) -> str:
        known = {
            "agree5": self.gettext("Agreement"),
            "frequency5": self.gettext("How often"),
            "yesno": self.gettext("Yes or no"),
        }
        return known.get(scale.id, scale.id)


def _mark(book: Workbook, word: str) -> None:
    """Say on the tab of every sheet and on top of every printed page that the figures are not real."""
    sheets: list[Any] = book.worksheets
    for sheet in sheets:
        sheet.title = f"{word} {sheet.title}"[:31]
        sheet.oddHeader.center.text = word


def _scales(organisation: ReportContent, reports: Iterable[ReportResults]) -> list[Scale]:
    """The scales of which some report shows how the answers spread, in the order of the themes."""
    shown = {result.theme.scale.id for report in reports for result in report.themes if result.items}
    scales = {theme.theme.scale.id: theme.theme.scale for theme in organisation.themes}
    return [scale for name, scale in scales.items() if name in shown]


def _fixed(data: bytes) -> bytes:
    """The same archive without the time of its making."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", _as_created(content), content)
            target.writestr(zipfile.ZipInfo(name, _ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _as_created(core: bytes) -> bytes:
    created = re.search(rb"<dcterms:created[^>]*>([^<]*)", core)
    return rb"\g<1>" + (created[1] if created else b"")
