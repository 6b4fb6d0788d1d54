"""No file of a report set holds a figure that its pages do not show.

Two ways. One: every PDF, page and workbook is made again from the public audit file alone, byte for byte; so none
of them can depend on anything that is not printed. Two: a search for what must be nowhere, in every corner a value
can hide in. The organisation here has sizes that give themselves away: every pool, total and count is a number of
three digits or more that no page prints. The search is itself put to the test by planting such values.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pikepdf
import pytest
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName

from app.domain.results import FigureTable, ReportResults, ThemeResult
from app.domain.scoring import complete_cases
from app.domain.units import UnitTree
from app.domain.withholding import Withholding
from app.reports.html import render_html
from app.reports.model import Report
from app.reports.pdf import render_pdf
from app.reports.reading import read
from app.reports.workbook import render_workbook
from app.services.public_audit import read_manifest, read_published
from app.services.releases import Release
from app.services.report_basis import Submitted
from tests.services.published import instrument_of, random_submitted, release_of, setup_of, write_set

TREE = UnitTree.from_rows(
    [
        (("Avdeling", "Seksjon"), None),
        (("Avdeling", "Kanarifugl"), None),
        (("Avdeling", "ingen"), None),
        (("Hemmelig",), None),
        (("Stab",), None),
        (("Dompap",), None),
        (("ingen",), None),
    ]
)
SIZES = {
    ("Avdeling",): 137,
    ("Avdeling", "Seksjon"): 173,
    ("Avdeling", "Kanarifugl"): 4,
    ("Avdeling", "ingen"): 131,
    ("Hemmelig",): 211,
    ("Stab",): 167,
    ("Dompap",): 3,
    ("ingen",): 149,
    (): 2,
}
INNOCENT = frozenset({100, 190})
"""What stands in every file for reasons of its own: the width of a drawing, all of a percentage, a heading's height."""
NAMED_NOWHERE = {"Kanarifugl", "Dompap", "Hemmelig"}
"""Two units below 5, and one whose report staff withhold."""
DECISIONS = (
    Withholding(TREE.get(("Hemmelig",)).index, None, "own"),
    Withholding(TREE.get(("Stab",)).index, "workload", "own"),
)


@dataclass(frozen=True, slots=True)
class Made:
    release: Release
    withheld: tuple[ReportResults, ...]
    """The reports as they would be without the decisions of staff."""
    submitted: Submitted
    folder: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    instrument = instrument_of()
    setup = setup_of(TREE, instrument, n_invited=1319)
    submitted = random_submitted(TREE, SIZES, instrument.themes, seed=5, share_skipped=0.04)
    release = release_of(setup, submitted, DECISIONS)
    whole = tuple(FigureTable(release.basis.frozen, instrument).reports(setup.n_invited))
    return Made(release, whole, submitted, write_set(release, tmp_path_factory.mktemp("hidden") / "set"))


# ------------------------------------------------------------------------------------------- from printed figures alone


def test_every_file_can_be_made_again_from_the_public_audit_file_alone(made: Made) -> None:
    manifest = read_manifest((made.folder / "manifest.json").read_bytes())
    published = read_published(manifest, (made.folder / "audit.json").read_bytes())
    report_set = replace(published.report_set, definitions=made.release.report_set.definitions)
    organisation, *_ = published.reports
    assert not any(result.mean_pools or result.distribution_pools for result in organisation.themes)
    n_files = 0
    for language in ("nb", "en"):
        for results, files in zip(published.reports, published.files, strict=True):
            report = Report(report_set, results, organisation, published.reports if results is organisation else ())
            stem = made.folder / files[language]
            assert render_pdf(report, language) == stem.with_name(f"{stem.name}.pdf").read_bytes()
            assert render_html(report, language) == stem.with_name(f"{stem.name}.html").read_bytes()
            n_files += 2
        workbook = made.folder / f"{published.files[0][language]}.xlsx"
        assert render_workbook(report_set, organisation, published.reports, language) == workbook.read_bytes()
        n_files += 1
    n_guides = 2 * len(manifest["guides"])  # for whoever presents; they hold no figure
    assert n_files + n_guides == len(manifest["sha256"]) - 1  # all but the audit file itself


# ------------------------------------------------------------------------------------------------------- what is hidden


@dataclass(frozen=True, slots=True)
class Secrets:
    whole: frozenset[str]
    """Sizes, totals, counts: numbers of three digits or more."""
    exact: frozenset[str]
    """Means and percentages before rounding, to four digits and more."""
    words: frozenset[str]


@pytest.fixture(scope="module")
def secrets(made: Made) -> Secrets:
    whole = {*_pool_numbers(made), *_numbers_of_unpublished(made), *SIZES.values()} - INNOCENT
    printed = {number for report in made.release.reports for number in _printed_numbers(report)}
    hidden = {str(number) for number in whole if number > 99} - {str(number) for number in printed}
    return Secrets(frozenset(hidden), frozenset(_exact_figures(made)), frozenset(NAMED_NOWHERE))


def _pool_numbers(made: Made) -> Iterator[int]:
    """Size, total and counts of every pool, and of everything that is added up from pools on the way to a figure."""
    for sums in made.release.basis.frozen.sums.values():
        for mean in sums.means.values():
            yield from (mean.n, mean.total)
        for histogram in sums.histograms.values():
            yield histogram.n
            yield from (count for item in histogram.counts for count in item)
        for report in made.withheld:
            for theme_sums in (made.release.basis.frozen.sums[sums.theme_id],):
                below = [own for own in theme_sums.means if _is_below(own, report)]
                yield sum(theme_sums.means[own].total for own in below)
                found = [theme_sums.histograms[own] for own in theme_sums.histograms if _is_below(own, report)]
                for counts in zip(*(histogram.counts for histogram in found), strict=True):
                    yield from (sum(column) for column in zip(*counts, strict=True))


def _is_below(unit: int, report: ReportResults) -> bool:
    path = report.unit.path
    return TREE.units[unit].path[: len(path)] == path


def _numbers_of_unpublished(made: Made) -> Iterator[int]:
    """Of units without report, of withheld reports and themes, and of who skipped an item."""
    shown = {report.unit.path: report for report in made.release.reports}
    for unit in TREE.units:
        if unit.path not in shown:
            yield made.release.basis.frozen.n_answers[unit.index]
    for report in made.withheld:
        for result in report.themes:
            own = shown[report.unit.path].result(result.theme.id) if report.unit.path in shown else None
            if own is None or own.n_mean is None:
                yield from (n for n in (result.n_mean, result.n_distribution) if n)
    yield made.release.reports[0].n_invited or 0
    instrument = made.release.report_set.instrument
    complete = complete_cases(instrument, instrument.themes, made.submitted.answers)
    yield from (int(n) for n in complete.sum(axis=0))
    yield from (int(n) for n in (~complete).sum(axis=0))


def _exact_figures(made: Made) -> Iterator[str]:
    """The beginnings of unrounded means and percentages, with a point and with a comma."""
    for report in made.withheld:
        for result in report.themes:
            n_items = len(result.theme.items)
            sums = made.release.basis.frozen.sums[result.theme.id]
            total = sum(mean.total for own, mean in sums.means.items() if _is_below(own, report))
            if result.n_mean:
                yield from _beginnings(Decimal(total) / Decimal(result.n_mean * n_items))
            found = [histogram for own, histogram in sums.histograms.items() if _is_below(own, report)]
            for counts in zip(*(histogram.counts for histogram in found), strict=True):
                for column in zip(*counts, strict=True):
                    n = sum(histogram.n for histogram in found)
                    yield from _beginnings(Decimal(100 * sum(column)) / Decimal(n))
                    yield from _beginnings(Decimal(sum(column)) / Decimal(n))


def _beginnings(value: Decimal) -> Iterator[str]:
    """To three decimals, cut and rounded; not where the value has fewer of its own."""
    if value != round(value, 2) and value > Decimal("0.01"):
        for text in (str(value)[: str(value).index(".") + 4], f"{value:.3f}"):
            if not text.endswith("0"):
                yield text
                yield text.replace(".", ",")


def _printed_numbers(report: ReportResults) -> Iterator[int]:
    yield from (report.n_answers, report.n_included)
    for result in report.themes:
        yield from (n for n in (result.n_mean, result.n_distribution) if n)


def test_there_is_much_to_hide(secrets: Secrets, made: Made) -> None:
    assert len(secrets.whole) > 60
    assert len(secrets.exact) > 400
    assert "137" in secrets.whole  # nobody but staff sees how many are directly in the division
    assert {"211", "1319"} <= secrets.whole
    assert made.release.certificate.is_valid


# ----------------------------------------------------------------------------------------------------------- the search

_TOKEN = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w])")
_GROUPS = re.compile("(?<=\\d)[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE} ,.](?=\\d{3}(?!\\d))")


def found_in(text: str, secrets: Secrets) -> set[str]:
    """The secrets in a text; numbers also where their digits are grouped, exact ones also where they go on."""
    tokens = {*_TOKEN.findall(text), *_TOKEN.findall(_GROUPS.sub("", text))}
    leaked = (tokens & secrets.whole) | {word for word in secrets.words if word in text}
    leaked |= {token for token in tokens if _cut(token) in secrets.exact or token in secrets.exact}
    return leaked


def _cut(token: str) -> str:
    """To three decimals."""
    match = re.match(r"\d+[.,]\d{3}", token)
    return match[0] if match else token


def leaks(file: Path, secrets: Secrets) -> set[str]:
    """Every secret in a file, its name included."""
    data = file.read_bytes()
    texts: Iterator[str]
    match file.suffix:
        case ".pdf":
            texts = _texts_of_pdf(data)
        case ".xlsx" | ".zip":
            texts = _texts_of_archive(data)
        case ".html":
            texts = iter([unescape(data.decode())])
        case _:
            texts = iter([data.decode(), " ".join(_scalars(json.loads(data)))])
    return {leak for text in (file.name, *texts) for leak in found_in(text, secrets)}


def _scalars(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield str(key)
            yield from _scalars(value)
    elif isinstance(content, list):
        for value in content:
            yield from _scalars(value)
    else:
        yield str(content)


def _texts_of_archive(data: bytes) -> Iterator[str]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        yield archive.comment.decode("latin-1")
        for entry in archive.infolist():
            yield entry.filename
            yield (entry.comment + entry.extra).decode("latin-1")
            if entry.filename.endswith((".xml", ".rels", ".txt", ".json", ".html")):
                # The number of a shared string is none of ours, nor that of a number format.
                text = re.sub(r'(<c [^>]*t="s"[^>]*>)<v>\d+</v>', r"\1", archive.read(entry).decode())
                yield unescape(re.sub(r'numFmtId="\d+"', "", text))


def _texts_of_pdf(data: bytes) -> Iterator[str]:
    """All strings of all objects, all shown text, all numbers that draw, comments, and every stream but fonts."""
    document = read(data)
    yield document.text
    yield " ".join(run.text for run in document.runs)
    fonts, drawings = _fonts(document.pdf), _drawings(document.pdf)
    for element in document.pdf.objects:
        yield from _strings(element)
        if isinstance(element, pikepdf.Stream) and element.objgen not in fonts:
            text = element.read_bytes().decode("latin-1")
            yield _without_places(text) if element.objgen in drawings else text
    yield data.decode("latin-1").rpartition("%%EOF")[2]


def _drawings(pdf: pikepdf.Pdf) -> set[tuple[int, int]]:
    forms = {own.objgen for own in pdf.objects if isinstance(own, pikepdf.Stream) and own.get("/Subtype") == "/Form"}
    return forms | {page.Contents.objgen for page in pdf.pages}


def _without_places(text: str) -> str:
    """Without colours, numbers of marked content and whole numbers that can be a place on the page.

    A page is 842 points high: sizes below that could be anything there. That no place depends on them is what making
    the files again shows.
    """
    drawn = [line.partition("%")[0] for line in text.splitlines()]
    said = " ".join(line.partition("%")[2] for line in text.splitlines())
    plain = re.sub(r"(?:[\d.]+ ){3}(?:rg|RG)\b|/MCID \d+|\([^)]*\)", " ", "\n".join(drawn))
    return f"{said}\n" + re.sub(r"(?<![\d.])\d{1,3}(?![\d.])", " ", plain)


def _fonts(pdf: pikepdf.Pdf) -> set[tuple[int, int]]:
    """The streams of fonts and images, where bytes that look like digits mean nothing, and those of packed objects."""
    found = set()
    for element in pdf.objects:
        if isinstance(element, pikepdf.Dictionary):
            for key in ("/FontFile2", "/FontFile3", "/ToUnicode", "/CIDToGIDMap"):
                if key in element:
                    found.add(element[key].objgen)
        if isinstance(element, pikepdf.Stream) and (
            element.get("/Subtype") == "/Image" or element.get("/Type") in ("/ObjStm", "/XRef")
        ):
            found.add(element.objgen)
    return found


def _strings(element: Any) -> Iterator[str]:
    if isinstance(element, pikepdf.String | pikepdf.Name):
        yield str(element)
    elif isinstance(element, pikepdf.Array):
        for inner in element:
            yield from _strings(inner)
    elif isinstance(element, pikepdf.Dictionary | pikepdf.Stream):
        for key in element.keys():  # noqa: SIM118 - iterating a stream is something else
            yield key
            if not getattr(element[key], "is_indirect", False):
                yield from _strings(element[key])


def public_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_no_secret_is_in_any_file_of_the_set(made: Made, secrets: Secrets) -> None:
    files = public_files(made.folder)
    assert {file.suffix for file in files} == {".pdf", ".html", ".xlsx", ".zip", ".json"}
    assert {file.name: leaks(file, secrets) for file in files if leaks(file, secrets)} == {}


def test_archive_holds_the_files_and_nothing_else(made: Made) -> None:
    with zipfile.ZipFile(made.folder / "reports.zip") as archive:
        entries = archive.infolist()
        for entry in entries:
            assert archive.read(entry) == (made.folder / entry.filename).read_bytes()
            assert (entry.comment, entry.extra, entry.date_time) == (b"", b"", (1980, 1, 1, 0, 0, 0))
        assert archive.comment == b""
    assert {entry.filename for entry in entries} == {
        file.relative_to(made.folder).as_posix() for file in public_files(made.folder) if file.suffix != ".zip"
    }


def test_no_number_of_answers_below_five_is_in_manifest_or_audit_file(made: Made) -> None:
    for name in ("manifest.json", "audit.json"):
        content = json.loads((made.folder / name).read_text(encoding="utf-8"))
        assert min(_numbers_of_answers(content)) >= 5


def _numbers_of_answers(content: Any) -> Iterator[int]:
    """All whole numbers that are no percentage and no category."""
    if isinstance(content, dict):
        for key, value in content.items():
            if key not in ("items", "prevalence", "response_rate"):
                yield from _numbers_of_answers(value)
    elif isinstance(content, list):
        for value in content:
            yield from _numbers_of_answers(value)
    elif isinstance(content, int) and not isinstance(content, bool):
        yield content


def test_withheld_theme_has_no_figure_in_any_file(made: Made) -> None:
    """Staff withheld it in one unit; in the heat map, the workbook and the audit file it is missing as well."""
    audit = json.loads((made.folder / "audit.json").read_text(encoding="utf-8"))
    staff = next(report for report in audit["reports"] if report["unit"] == ["Stab"])
    assert staff["themes"]["workload"] == {}
    manifest = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    stem = next(report["files"]["en"] for report in manifest["reports"] if report["unit"] == ["Stab"])
    nodes = read((made.folder / f"{stem}.pdf").read_bytes()).sections()["Workload and pace"]
    assert [node for node in nodes if node.role == "Table" or re.search(r"\d[.,]\d|%", node.text)] == []
    book = openpyxl.load_workbook(made.folder / f"{manifest['reports'][0]['files']['en']}.xlsx")
    for sheet in ("Means", "Answers behind means"):
        rows = list(book[sheet].iter_rows(values_only=True))
        column = rows[0].index("Workload and pace")
        assert [row[column] for row in rows if row[1] == "Stab"] == ["Too few answers"]


def test_results_carry_no_more_digits_than_they_print(made: Made) -> None:
    """Also what renderers are handed is rounded: there is nothing more exact for them to print by mistake."""
    for report in made.release.reports:
        for result in report.themes:
            _check_rounded(result)


def _check_rounded(result: ThemeResult) -> None:
    assert result.mean is None or result.mean.as_tuple().exponent == -1
    assert all(isinstance(share.percent, int) for shares in result.items for share in shares)


# --------------------------------------------------------------------------------------------- planted, to be found


def _in_pdf(change: Callable[[pikepdf.Pdf, str], None]) -> Callable[[Path, str], None]:
    def plant(file: Path, value: str) -> None:
        with pikepdf.open(file, allow_overwriting_input=True) as pdf:
            change(pdf, value)
            pdf.save(object_stream_mode=pikepdf.ObjectStreamMode.generate)

    return plant


def _docinfo(pdf: pikepdf.Pdf, value: str) -> None:
    pdf.docinfo["/Keywords"] = f"n={value}"


def _xmp(pdf: pikepdf.Pdf, value: str) -> None:
    pdf.Root.Metadata = pdf.make_stream(pdf.Root.Metadata.read_bytes().replace(b">MUST<", f">MUST {value}<".encode()))


def _outline(pdf: pikepdf.Pdf, value: str) -> None:
    with pdf.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem(f"Unit ({value})", 0))


def _alternative_text(pdf: pikepdf.Pdf, value: str) -> None:
    pdf.Root.StructTreeRoot.K.Alt = pikepdf.String(f"Bar for {value}")


def _attachment(pdf: pikepdf.Pdf, value: str) -> None:
    pdf.attachments["data.csv"] = f"n;{value}".encode()


def _comment(pdf: pikepdf.Pdf, value: str) -> None:
    page = pdf.pages[0]
    page.Contents = pdf.make_stream(page.Contents.read_bytes() + f"\n% n {value}\n".encode())


def _coordinate(pdf: pikepdf.Pdf, value: str) -> None:
    page = pdf.pages[0]
    page.Contents = pdf.make_stream(page.Contents.read_bytes() + f"\n0 0 {value} 3 re f\n".encode())


def _annotation(pdf: pikepdf.Pdf, value: str) -> None:
    pdf.pages[-1].Annots = pdf.make_indirect([pikepdf.Dictionary(Subtype=pikepdf.Name.Text, Contents=value)])


def _in_text(before: str, after: str) -> Callable[[Path, str], None]:
    def plant(file: Path, value: str) -> None:
        text = file.read_text(encoding="utf-8")
        assert before in text
        file.write_text(text.replace(before, after.format(value), 1), encoding="utf-8")

    return plant


def _in_workbook(change: Callable[[Any, str], None]) -> Callable[[Path, str], None]:
    def plant(file: Path, value: str) -> None:
        book = openpyxl.load_workbook(file)
        change(book, value)
        book.save(file)

    return plant


def _cell(book: Any, value: str) -> None:
    book["Means"]["Z99"] = float(value)


def _string(book: Any, value: str) -> None:
    book["About"]["B9"] = f"{value} answers"


def _defined_name(book: Any, value: str) -> None:
    book.defined_names["pool"] = DefinedName("pool", attr_text=value)


def _property(book: Any, value: str) -> None:
    book.properties.keywords = value


def _cell_comment(book: Any, value: str) -> None:
    book["Means"]["C3"].comment = Comment(f"n {value}", "x")


def _hidden_sheet(book: Any, value: str) -> None:
    sheet = book.create_sheet("pools")
    sheet.sheet_state = "hidden"
    sheet["A1"] = float(value)


def _zip_comment(file: Path, value: str) -> None:
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = f"n {value}".encode()


def _zip_member(file: Path, value: str) -> None:
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("pools.txt", value)


def _json_key(file: Path, value: str) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    content["reports"][0]["mean_pools"] = [float(value) if "." in value else int(value)]
    file.write_text(json.dumps(content), encoding="utf-8")


PLANTS: dict[str, tuple[str, Callable[[Path, str], None]]] = {
    "document information": (".pdf", _in_pdf(_docinfo)),
    "XMP": (".pdf", _in_pdf(_xmp)),
    "outline": (".pdf", _in_pdf(_outline)),
    "alternative text": (".pdf", _in_pdf(_alternative_text)),
    "attachment": (".pdf", _in_pdf(_attachment)),
    "comment in a content stream": (".pdf", _in_pdf(_comment)),
    "length of a bar": (".pdf", _in_pdf(_coordinate)),
    "annotation": (".pdf", _in_pdf(_annotation)),
    "attribute": (".html", _in_text("<main ", '<main data-n="{}" ')),
    "comment": (".html", _in_text("<main ", "<!-- n {} --><main ")),
    "text": (".html", _in_text("<dd>", "<dd>{} ")),
    "style": (".html", _in_text("<rect ", '<rect width="{}" ')),
    "cell": (".xlsx", _in_workbook(_cell)),
    "shared string": (".xlsx", _in_workbook(_string)),
    "defined name": (".xlsx", _in_workbook(_defined_name)),
    "properties": (".xlsx", _in_workbook(_property)),
    "comment of a cell": (".xlsx", _in_workbook(_cell_comment)),
    "hidden sheet": (".xlsx", _in_workbook(_hidden_sheet)),
    "archive comment": ("reports.zip", _zip_comment),
    "archive member": ("reports.zip", _zip_member),
    "manifest": ("manifest.json", _json_key),
    "audit file": ("audit.json", _json_key),
}


@pytest.mark.parametrize("place", PLANTS)
def test_planted_value_is_found(made: Made, secrets: Secrets, tmp_path: Path, place: str) -> None:
    """A pool's size and an unrounded mean, in every place that a file has for them."""
    ending, plant = PLANTS[place]
    file = next(file for file in sorted(public_files(made.folder)) if file.name.endswith(ending))
    assert leaks(file, secrets) == set()
    mean = next(text for text in sorted(secrets.exact) if re.fullmatch(r"[2-4]\.\d{3}", text))
    size = max(secrets.whole, key=int) if place == "length of a bar" else "137"
    for value in (size, mean, f"{mean}4142"):
        copy = Path(shutil.copy(file, tmp_path / file.name))
        plant(copy, value)
        assert value in leaks(copy, secrets), value


def test_planted_name_of_a_small_unit_is_found(made: Made, secrets: Secrets, tmp_path: Path) -> None:
    file = next(file for file in public_files(made.folder) if file.suffix == ".html")
    copy = Path(shutil.copy(file, tmp_path / file.name))
    _in_text("<dd>", "<dd>{} ")(copy, "Kanarifugl")
    assert leaks(copy, secrets) == {"Kanarifugl"}
