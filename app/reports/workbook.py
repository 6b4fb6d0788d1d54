"""All published figures of a survey as one workbook: the printed figures, no formulas, nothing behind the cells."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from app.domain.instrument import Scale
from app.domain.results import ReportResults
from app.reports.content import (
    PrintedMean,
    PrintedShare,
    ReportContent,
    ThemeContent,
    Verdict,
    content_of,
    front_notes,
    title_of,
    verdict,
    verdict_key,
    withheld_words,
)
from app.reports.guide import guide_of
from app.reports.model import Report, ReportSet
from app.reports.style import HEAT
from app.reports.texts import Texts

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_HEAD = Font(bold=True, color="FFFFFF")
_HEAD_FILL = PatternFill("solid", fgColor="12344D")
_MUTED = Font(italic=True, color="52616A")
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_FILLS = {
    value: (PatternFill("solid", fgColor=fill[1:].upper()), Font(bold=True, color=ink[1:].upper()))
    for value, (fill, ink) in HEAT.items()
    if value is not Verdict.SAME
}
_CALCULATED = ("=", "+", "-", "@", "\t", "\r")
_MEAN_FORMAT, _SHARE_FORMAT = "0.0", "0%"

Sheet = Any  # a write-only sheet, whose type stubs lack half of it
Value = int | Cell | None


def render_workbook(
    report_set: ReportSet, organisation_results: ReportResults, units: Sequence[ReportResults], language: str
) -> bytes:
    """The workbook of the whole organisation; `units` are all its reports. The same bytes for the same figures."""
    contents = [
        content_of(Report(report_set, results, organisation_results), language)
        for results in (organisation_results, *(unit for unit in units if unit.unit.parent is not None))
    ]
    book = Workbook(write_only=True)
    _Writer(book, contents[0].texts).write(contents)
    book.properties.title = title_of(contents[0])
    book.properties.creator = report_set.organisation
    book.properties.language = language
    book.properties.created = datetime.combine(report_set.period[1], time())
    out = BytesIO()
    book.save(out)
    return _fixed(out.getvalue())


class _Writer:
    """Writes the sheets of one workbook, in one language."""

    def __init__(self, book: Workbook, words: Texts) -> None:
        self.book = book
        self.words = words
        self.gettext = words.gettext
        self._made: dict[tuple[str, str | int], Cell] = {}
        """The cells of this sheet that may come again: a write-only sheet keeps none, so one object serves many."""

    def write(self, contents: Sequence[ReportContent]) -> None:
        self._about(contents[0])
        self._units(contents)
        self._means(contents)
        self._numbers(contents)
        for scale in _scales(contents):
            self._spread(scale, contents)
        self._prevalence(contents[0])

    # ---------------------------------------------------------------------------------------------------- the sheets

    def _about(self, content: ReportContent) -> None:
        gettext = self.gettext
        sheet = self._sheet(gettext("About"), (28, 110))
        rows = [
            (gettext("Organisation"), content.organisation),
            (gettext("Answering period"), content.period),
            (gettext("Answers included"), front_notes(content)[0]),
            *((gettext("Note"), note) for note in front_notes(content)[1:]),
            *((gettext("Colours"), text) for value, text in verdict_key(self.words) if value is not Verdict.SAME),
        ]
        for section in (guide_of(content)["method"], guide_of(content)["withheld"]):
            rows += [(section.heading, text) for text in (*section.paragraphs, *section.points)]
        self._head(sheet, (gettext("Subject"), gettext("Text")))
        for label, text in rows:
            sheet.append([self._text(sheet, label), self._text(sheet, text)])
        self._finish(sheet, 2, len(rows) + 1)

    def _units(self, contents: Sequence[ReportContent]) -> None:
        gettext = self.gettext
        sheet = self._sheet(gettext("Units"), (12, 44, 70, 18, 18, 18))
        self._head(
            sheet,
            (gettext("Level"), gettext("Unit"), gettext("Path"), gettext("Answers included"), gettext("Answers"),
             gettext("Response rate")),
        )  # fmt: skip
        for content in contents:
            results = content.report.results
            rate = results.response_rate
            sheet.append([
                results.unit.level,
                *self._names(sheet, content)[::-1],
                results.n_included,
                results.n_answers,
                self._text(sheet, gettext("not known")) if rate is None else self._share_number(sheet, rate),
            ])  # fmt: skip
        self._finish(sheet, 6, len(contents) + 1)

    def _means(self, contents: Sequence[ReportContent]) -> None:
        """One row per unit, one column per theme with a mean; coloured as in the heat map."""
        themes = [theme for theme in contents[0].themes if theme.theme.scale.has_mean]
        sheet = self._matrix(self.gettext("Means"), themes)
        for content in contents:
            found = {theme.id: theme for theme in content.themes}
            row: list[Value] = list(self._names(sheet, content))
            row += [self._mean(sheet, content, found[theme.id], theme.mean) for theme in themes]
            sheet.append(row)
        self._finish(sheet, len(themes) + 2, len(contents) + 1)

    def _numbers(self, contents: Sequence[ReportContent]) -> None:
        """How many answers each mean rests on."""
        themes = [theme for theme in contents[0].themes if theme.theme.scale.has_mean]
        sheet = self._matrix(self.gettext("Answers behind means"), themes)
        for content in contents:
            found = {result.theme.id: result.n_mean for result in content.report.results.themes}
            row: list[Value] = list(self._names(sheet, content))
            row += [found[theme.id] or self._muted(sheet, self.gettext("Too few answers")) for theme in themes]
            sheet.append(row)
        self._finish(sheet, len(themes) + 2, len(contents) + 1)

    def _spread(self, scale: Scale, contents: Sequence[ReportContent]) -> None:
        """Per unit and item how the answers spread over the categories of one scale; one row of reason where not."""
        gettext = self.gettext
        categories = [text[self.words.language] for text in scale.categories]
        sheet = self._sheet(self._scale_name(scale), (40, 44, 32, 60, 12, *(18 for _ in categories)))
        heads = (gettext("Path"), gettext("Unit"), gettext("Theme"), gettext("Statement or question"))
        self._head(sheet, (*heads, gettext("Answers"), *categories))
        n_rows = 1
        for content in contents:
            numbers = {result.theme.id: result.n_distribution for result in content.report.results.themes}
            for theme in (theme for theme in content.themes if theme.theme.scale.id == scale.id):
                start = [*self._names(sheet, content), self._text(sheet, theme.name)]
                for item in theme.items:
                    shares = [self._share(sheet, share) for share in item.shares]
                    sheet.append([*start, self._text(sheet, item.text), numbers[theme.id], *shares])
                if not theme.items:
                    sheet.append([*start, self._muted(sheet, self._why_no_spread(content, theme))])
                n_rows += len(theme.items) or 1
        self._finish(sheet, 5 + len(categories), n_rows)

    def _prevalence(self, content: ReportContent) -> None:
        """The most sensitive themes, for the whole organisation only (spec 7.2)."""
        gettext = self.gettext
        themes = [theme for theme in content.themes if not theme.theme.scale.has_mean and not theme.items]
        if not themes:
            return
        sheet = self._sheet(gettext("Incidents"), (44, 40, 12, 24))
        self._head(sheet, (gettext("Theme"), gettext("Answer"), gettext("Answers"), gettext("Share")))
        numbers = {result.theme.id: result.n_distribution for result in content.report.results.themes}
        n_rows = 1
        for theme in themes:
            for group in theme.prevalence:
                share = self._share(sheet, group.share)
                sheet.append([self._text(sheet, theme.name), self._text(sheet, group.label), numbers[theme.id], share])
            if not theme.prevalence:
                sheet.append([self._text(sheet, theme.name), self._muted(sheet, withheld_words(content, theme))])
            n_rows += len(theme.prevalence) or 1
        self._finish(sheet, 4, n_rows)

    # ----------------------------------------------------------------------------------------------------- the cells

    def _names(self, sheet: Sheet, content: ReportContent) -> tuple[Cell, Cell]:
        path = " › ".join(content.report.results.unit.path) or content.organisation
        return self._text(sheet, path), self._text(sheet, content.unit)

    def _mean(self, sheet: Sheet, content: ReportContent, theme: ThemeContent, reference: PrintedMean | None) -> Value:
        if theme.mean is None:
            return self._muted(sheet, self.gettext("Too few answers"))
        cell: Cell = WriteOnlyCell(sheet, float(theme.mean.value))
        cell.number_format = _MEAN_FORMAT
        found = None if content.is_organisation or reference is None else verdict(
            theme.theme, theme.mean.value, reference.value
        )  # fmt: skip
        if found in _FILLS:
            cell.fill, cell.font = _FILLS[found]
        return cell

    def _share(self, sheet: Sheet, share: PrintedShare) -> Value:
        """A number where the page prints one, else the words of the page."""
        if share.text == self.words.percent(share.percent):
            return self._share_number(sheet, share.percent)
        return self._text(sheet, share.text)

    def _share_number(self, sheet: Sheet, percent: int) -> Cell:
        cell = self._made.get(("share", percent))
        if cell is None:
            cell = self._made["share", percent] = WriteOnlyCell(sheet, percent / 100)
            cell.number_format = _SHARE_FORMAT
        return cell

    def _text(self, sheet: Sheet, text: str) -> Cell:
        """A cell that is text, whatever its first sign; spreadsheets must not calculate a unit's name."""
        return self._made.get(("text", text)) or self._made.setdefault(("text", text), _text_cell(sheet, text))

    def _muted(self, sheet: Sheet, text: str) -> Cell:
        if ("muted", text) not in self._made:
            self._made["muted", text] = _text_cell(sheet, text)
            self._made["muted", text].font = _MUTED
        return self._made["muted", text]

    def _why_no_spread(self, content: ReportContent, theme: ThemeContent) -> str:
        limit = content.report.set.limits.of(theme.theme.sensitivity)[1]
        words = self.gettext(
            "How the answers spread is shown only from %(limit)s answers.", limit=self.words.number(limit)
        )
        return withheld_words(content, theme) or words

    # ------------------------------------------------------------------------------------------------ sheets as such

    def _sheet(self, name: str, widths: Iterable[float]) -> Sheet:
        sheet = self.book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", name)[:31])
        self._made = {}
        sheet.freeze_panes = "A2"
        sheet.sheet_properties.pageSetUpPr = None
        sheet.page_setup.orientation = "landscape"
        sheet.print_title_rows = "1:1"
        for number, width in enumerate(widths, start=1):
            sheet.column_dimensions[get_column_letter(number)].width = width
        return sheet

    def _matrix(self, name: str, themes: Sequence[ThemeContent]) -> Sheet:
        sheet = self._sheet(name, (40, 44, *(15 for _ in themes)))
        sheet.freeze_panes = "C2"
        self._head(sheet, (self.gettext("Path"), self.gettext("Unit"), *(theme.name for theme in themes)))
        return sheet

    def _head(self, sheet: Sheet, names: Iterable[str]) -> None:
        cells = [_text_cell(sheet, name) for name in names]
        for cell in cells:
            cell.font, cell.fill = _HEAD, _HEAD_FILL
        sheet.append(cells)

    def _finish(self, sheet: Sheet, n_columns: int, n_rows: int) -> None:
        sheet.auto_filter.ref = f"A1:{get_column_letter(n_columns)}{n_rows}"

    def _scale_name(self, scale: Scale) -> str:
        known = {
            "agree5": self.gettext("Agreement"),
            "frequency5": self.gettext("How often"),
            "yesno": self.gettext("Yes or no"),
        }
        return known.get(scale.id, scale.id)


def _text_cell(sheet: Sheet, text: str) -> Cell:
    cell: Cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
    cell.data_type = "s"
    cell.quotePrefix = text.startswith(_CALCULATED)
    cell.alignment = _WRAPPED
    return cell


def _scales(contents: Sequence[ReportContent]) -> list[Scale]:
    """The scales of which some report shows how the answers spread, in the order of the themes."""
    found = {theme.theme.scale.id: theme.theme.scale for content in contents for theme in content.themes if theme.items}
    return list(found.values())


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
