"""A delivered set is checked from its folder alone, and every kind of tampering is found and named."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pikepdf
import pytest
from flask import Flask

from app import create_app
from app.adapters.storage import Storage
from app.config import read_settings
from app.domain.errors import DomainError
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.results import Bound, PrevalenceGroup, Share, ThemeResult, printed_mean, printed_prevalence
from app.domain.results import printed_shares as shares_of
from app.domain.units import UnitTree
from app.domain.withholding import Withholding
from app.reports.reading import read
from app.reports.texts import texts
from app.services.verification import (
    Verification,
    can_print_mean,
    can_print_prevalence,
    can_print_shares,
    remaining_people,
)
from app.services.verification import verify_set as verify_stored
from tests.services.published import (
    instrument_of,
    random_submitted,
    release_of,
    setup_of,
    write_set,
)

TREE = UnitTree.from_rows([(("A", "A1"), None), (("A", "A2"), None), (("B",), None), (("ingen",), None)])
SIZES = {("A", "A1"): 14, ("A", "A2"): 6, ("A",): 3, ("B",): 27, ("ingen",): 8, (): 2}
Change = Callable[[Any], None]


def verify_set(folder: Path, on_progress: Callable[[], object] = lambda: None) -> Verification:
    return verify_stored(Storage(str(folder)), on_progress)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    instrument = instrument_of()
    submitted = random_submitted(TREE, SIZES, instrument.themes, seed=3)
    release = release_of(setup_of(TREE, instrument, n_invited=90), submitted)
    return write_set(release, tmp_path_factory.mktemp("verification") / "set")


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "set"))


@pytest.fixture
def app_without_database(tmp_path: Path) -> Iterator[Flask]:
    nowhere = {f"MUST_{name}_URL": "sqlite:////nonexistent/x.sqlite" for name in ("ANSWERS", "IDENTITIES", "KEYS")}
    app = create_app(read_settings({"MUST_ENV": "test", **nowhere}, tmp_path / "instance"))
    with app.app_context():
        yield app


def codes(verification: Verification) -> set[str]:
    return {finding.code for finding in verification.findings}


def repair(folder: Path) -> None:
    """What a forger does: new checksums for what was changed, and a new archive left out."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["sha256"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["sha256"]}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "reports.zip").unlink()


def change_json(file: Path, change: Change) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(json.dumps(content), encoding="utf-8")


def file_of(folder: Path, *unit: str, language: str = "en", ending: str = "pdf") -> str:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return next(f"{report['files'][language]}.{ending}" for report in manifest["reports"] if report["unit"] == [*unit])


# ----------------------------------------------------------------------------------------------------------- delivered


def test_delivered_set_is_all_good_without_database_and_keys(app_without_database: Flask, original: Path) -> None:
    result = app_without_database.test_cli_runner().invoke(args=["verify-reports", str(original)])
    assert result.exit_code == 0, result.output
    assert "All good." in result.output
    assert "5 reports" in result.output


def test_what_is_left_of_every_difference_is_enough(original: Path) -> None:
    verification = verify_set(original)
    assert verification.findings == ()
    assert verification.n_figures > 1500
    assert (verification.smallest_mean or 0) >= 5
    assert (verification.smallest_dist or 0) >= 10


def test_archive_may_be_absent(folder: Path) -> None:
    (folder / "reports.zip").unlink()
    assert verify_set(folder).findings == ()


def test_unpacked_archive_is_a_set_too(original: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(original / "reports.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    assert verify_set(tmp_path / "unpacked").findings == ()


def test_set_with_withheld_reports_and_themes_is_all_good(tmp_path: Path) -> None:
    instrument = instrument_of(("workload", "conflicts"))
    decisions = [Withholding(TREE.get(("A",)).index, None, "r"), Withholding(TREE.get(("B",)).index, "workload", "r")]
    submitted = random_submitted(TREE, SIZES, instrument.themes, seed=4)
    out = write_set(release_of(setup_of(TREE, instrument), submitted, decisions), tmp_path / "set", ["en"])
    verification = verify_set(out)
    assert verification.findings == ()
    assert verification.n_reports == 4


def test_set_without_reports_is_all_good(tmp_path: Path) -> None:
    instrument = instrument_of(("conflicts",))
    submitted = random_submitted(TREE, {("B",): 4}, instrument.themes, seed=4)
    out = write_set(release_of(setup_of(TREE, instrument), submitted), tmp_path / "set")
    assert verify_set(out).findings == ()


def test_progress_is_told_report_by_report(original: Path) -> None:
    calls: list[None] = []
    verify_set(original, partial(calls.append, None))
    assert len(calls) == 10


@pytest.mark.parametrize("name", ["nothing", "empty", "file"])
def test_folder_that_is_no_set_is_refused(app_without_database: Flask, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    result = app_without_database.test_cli_runner().invoke(args=["verify-reports", str(tmp_path / name)])
    assert result.exit_code == 2, result.output


# --------------------------------------------------------------------------------------------------------------- files


def test_changed_missing_and_added_files_are_named(folder: Path) -> None:
    changed, missing = file_of(folder, "B", ending="html"), file_of(folder, "A", language="nb")
    (folder / changed).write_bytes((folder / changed).read_bytes() + b"\n")
    (folder / missing).unlink()
    (folder / "extra.txt").write_text("x", encoding="utf-8")
    found = {(finding.file, finding.code) for finding in verify_set(folder).findings}
    assert found == {(changed, "file.changed"), (missing, "file.missing"), ("extra.txt", "file.unknown")}


def test_archive_holds_the_same_files_and_no_other(folder: Path) -> None:
    drop_pages(folder)
    with zipfile.ZipFile(folder / "reports.zip", "a") as archive:
        archive.writestr("more.txt", "x")
    with zipfile.ZipFile(folder / "reports.zip") as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    name = file_of(folder, "B", ending="html")
    with zipfile.ZipFile(folder / "reports.zip", "w") as archive:
        for other, data in kept.items():
            archive.writestr(other, data + b" " if other == name else data)
    findings = [finding for finding in verify_set(folder).findings if finding.file == "reports.zip"]
    found = {(finding.code, finding.values["name"]) for finding in findings}
    assert found == {("archive.differs", name), ("archive.unknown", "more.txt")}


def test_archive_that_is_none_is_a_finding(folder: Path) -> None:
    drop_pages(folder)
    (folder / "reports.zip").write_bytes(b"PK nothing")
    assert ("reports.zip", "file.unreadable") in {(found.file, found.code) for found in verify_set(folder).findings}


def test_file_of_no_report_and_report_without_checksum_are_found(folder: Path) -> None:
    (folder / "letter.txt").write_text("x", encoding="utf-8")
    missing = file_of(folder, "B")

    def change(manifest: Any) -> None:
        manifest["sha256"]["letter.txt"] = hashlib.sha256(b"x").hexdigest()
        del manifest["sha256"][missing]

    change_json(folder / "manifest.json", change)
    (folder / "reports.zip").unlink()
    found = {(finding.file, finding.code) for finding in verify_set(folder).findings}
    assert found == {
        ("letter.txt", "file.of_no_report"), (missing, "file.not_in_manifest"), (missing, "file.unknown")
    }  # fmt: skip


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd"])
def test_manifest_cannot_point_outside_its_folder(folder: Path, name: str) -> None:
    change_json(folder / "manifest.json", lambda manifest: manifest["sha256"].update({name: "0"}))
    (finding,) = verify_set(folder).findings
    assert (finding.file, finding.code) == ("manifest.json", "set.unreadable")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sha256": {}, "reports": [{}]}'])
def test_manifest_that_is_none_is_a_finding(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    assert codes(verify_set(folder)) == {"set.unreadable"}


# ------------------------------------------------------------------------------------------------------------- figures


def test_forged_figure_on_a_page_is_named_with_file_theme_and_both_values(
    folder: Path, app_without_database: Flask
) -> None:
    file = folder / file_of(folder, "B", ending="html")
    page = file.read_text(encoding="utf-8")
    before = page.split('data-kind="n_mean">')[1].split("<")[0]
    file.write_text(page.replace(f'data-kind="n_mean">{before}<', 'data-kind="n_mean">31<', 1), encoding="utf-8")
    repair(folder)
    result = app_without_database.test_cli_runner().invoke(args=["verify-reports", str(folder)])
    assert result.exit_code == 1
    (line,) = [line for line in result.output.splitlines() if "31" in line]
    assert line == (
        f"{file.relative_to(folder).as_posix()}: workload: number of answers behind the mean no. 1 is 31, "
        f"in the audit file {before}."
    )


def test_figure_forged_in_one_language_of_the_pdf_is_found(folder: Path) -> None:
    """The file is drawn anew with another mean: valid in itself, at odds with all others."""
    file = file_of(folder, "B", language="nb")
    with pikepdf.open(folder / file, allow_overwriting_input=True) as pdf:
        n_changed = sum(_replace_first_score(pdf, page) for page in pdf.pages)
        pdf.save()
    assert n_changed > 0
    repair(folder)
    findings = verify_set(folder).findings
    assert {(finding.file, finding.code) for finding in findings} == {(file, "figure.differs")}


def _replace_first_score(pdf: pikepdf.Pdf, page: pikepdf.Page) -> bool:
    """Any shown text that starts with a comma's figure gets its first byte exchanged for the next glyph's."""
    instructions = []
    changed = False
    for operands, operator in pikepdf.parse_content_stream(page):
        if not changed and str(operator) == "Tj" and len(bytes(operands[0])) == 3:
            text = bytes(operands[0])
            operands = [pikepdf.String(text[2:] + text[1:2] + text[:1])]  # noqa: PLW2901
            changed = True
        instructions.append((operands, operator))
    page.Contents = pdf.make_stream(pikepdf.unparse_content_stream(instructions))
    return changed


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "kind"),
    [
        ("Means", "C3", 1.23, "mean"),
        ("Answers behind means", "C3", 4, "n_mean"),
        ("Units", "D3", 4, "n_included"),
        ("How often", "F2", 0.123, "share"),
        ("Incidents", "D2", 0.015, "prevalence"),
    ],
)
def test_forged_cell_of_the_workbook_is_found(folder: Path, sheet: str, cell: str, value: float, kind: str) -> None:
    file = folder / file_of(folder, ending="xlsx")
    book = openpyxl.load_workbook(file)
    book[sheet][cell] = value
    book.save(file)
    repair(folder)
    drop_pages(folder)
    findings = [finding for finding in verify_set(folder).findings if finding.code == "figure.differs"]
    assert {(finding.file, finding.values["kind"]) for finding in findings} == {
        (file.relative_to(folder).as_posix(), kind)
    }
    assert str(findings[0].values["shown"]) in (str(value), f"{value}")


@pytest.mark.parametrize("ending", ["pdf", "html", "xlsx"])
def test_file_that_cannot_be_read_is_a_finding(folder: Path, ending: str) -> None:
    file = file_of(folder, ending=ending)
    (folder / file).write_bytes(b"\xff\xfe nothing")
    repair(folder)
    assert {(finding.file, finding.code) for finding in verify_set(folder).findings} == {(file, "file.unreadable")}


def test_workbook_with_a_sheet_or_row_too_many_cannot_be_read(folder: Path) -> None:
    file = folder / file_of(folder, ending="xlsx")
    whole = file.read_bytes()
    drop_pages(folder)
    for change in (_drop_all_but_one, _add_row, _add_sheet):
        book = openpyxl.load_workbook(BytesIO(whole))
        change(book)
        book.save(file)
        assert "file.unreadable" in codes(verify_set(folder))


def _drop_all_but_one(book: Any) -> None:
    for sheet in book.worksheets[1:]:
        book.remove(sheet)


def _add_row(book: Any) -> None:
    book["How often"].append(["x"] * 10)


def _add_sheet(book: Any) -> None:
    book.create_sheet("More").append(["x"] * 10)


# ---------------------------------------------------------------------------------------------------------- audit file


def test_audit_file_holds_nothing_that_the_reports_do_not_print(original: Path) -> None:
    """Every value of it, one by one, is on a page of the PDF of its report."""
    words = texts("en")
    audit = json.loads((original / "audit.json").read_text(encoding="utf-8"))
    whole = read((original / file_of(original)).read_bytes()).text
    assert audit.keys() == {"limits", "reports"}
    # The third limit stands in the texts that every employee reads, and on the page only where it withholds.
    assert all(f"{audit['limits'][name]} answers" in whole for name in ("k_means", "k_distributions"))
    n_values = 0
    for report in audit["reports"]:
        document = read((original / file_of(original, *report["unit"])).read_bytes())
        assert report.keys() == {"unit", "n_included", "n_answers", "response_rate", "themes"}
        assert all(name in document.text for name in report["unit"])
        assert f"{report['n_included']} of {report['n_answers']} answers are included" in document.text
        if report["response_rate"] is not None:
            assert words.percent(report["response_rate"]) in document.text
        for theme_id, figures in report["themes"].items():
            n_values += _check_theme_is_printed(document.sections(), theme_id, figures)
    assert n_values > 150


def _check_theme_is_printed(sections: Any, theme_id: str, figures: Any) -> int:
    words, theme = texts("en"), load_instrument(CURRENT_VERSION).theme(theme_id)
    nodes = sections[theme.name["en"]]
    cells = [cell.text for node in nodes for cell in node.all("TD", "TH", "P")]
    assert figures.keys() <= {"n_mean", "mean", "n_distribution", "items", "prevalence"}
    if "mean" in figures:
        assert figures["mean"] in cells
        assert f"{figures['n_mean']} answers" in cells
    if "n_distribution" in figures:
        assert f"{figures['n_distribution']} answers, in per cent" in cells
    shares = [share for item in figures.get("items", []) for share in item]
    shares += [share for _, _, share in figures.get("prevalence", [])]
    said = {">=90": "at least 90%", "<=10": "at most 10%", "<5": "fewer than 5 people"}
    for share in shares:
        assert (said[share] if isinstance(share, str) else words.percent(share)) in cells
    for first, last, _ in figures.get("prevalence", []):
        one, two = (theme.scale.categories[number]["en"] for number in (first, last))
        merged = f"{one} to {two.removeprefix('Yes, ')}"
        assert {one, merged, f"{one} or more often", "Yes, all taken together"} & set(cells)
    return len(shares)


SPOIL: dict[str, Change] = {
    "no reports": lambda audit: audit.pop("reports"),
    "lower limit": lambda audit: audit["limits"].update(k_means=4),
    "more answers than the manifest": lambda audit: audit["reports"][1].update(n_included=99),
    "unit twice": lambda audit: audit["reports"].append(audit["reports"][1]),
    "organisation not first": lambda audit: audit["reports"].reverse(),
    "unknown theme": lambda audit: audit["reports"][0]["themes"].update(nothing={}),
    "mean without number": lambda audit: audit["reports"][0]["themes"]["workload"].pop("n_mean"),
    "number without shares": lambda audit: audit["reports"][0]["themes"]["workload"].pop("items"),
    "number that is none": lambda audit: audit["reports"][0]["themes"]["workload"].update(n_mean="60"),
    "share too few": lambda audit: audit["reports"][0]["themes"]["workload"]["items"][0].pop(),
    "mean that is none": lambda audit: audit["reports"][0]["themes"]["workload"].update(mean="x"),
}


@pytest.mark.parametrize("name", SPOIL)
def test_audit_file_that_is_none_is_a_finding(folder: Path, name: str) -> None:
    change_json(folder / "audit.json", SPOIL[name])
    found = {(finding.file, finding.code) for finding in verify_set(folder).findings}
    assert ("audit.json", "set.unreadable") in found


def test_missing_audit_file_is_a_finding(folder: Path) -> None:
    (folder / "audit.json").unlink()
    found = {(finding.file, finding.code) for finding in verify_set(folder).findings}
    assert found == {("audit.json", "file.missing"), ("audit.json", "set.unreadable")}


# ----------------------------------------------------------------------------------------------------------- guarantee


def drop_pages(folder: Path) -> None:
    """Reading pages takes most of the time: left out where a test is about something else."""
    for file in (*folder.rglob("*.pdf"), *folder.rglob("*.html")):
        file.unlink()


def spoiled(folder: Path, change: Change) -> set[tuple[str, str]]:
    """Findings about the guarantee after the audit file was changed, and the manifest with it."""
    drop_pages(folder)
    change_json(folder / "audit.json", change)
    audit = json.loads((folder / "audit.json").read_text(encoding="utf-8"))

    def follow(manifest: Any) -> None:
        for own, told in zip(manifest["reports"], audit["reports"], strict=True):
            own.update(n_included=told["n_included"], n_answers=told["n_answers"])

    change_json(folder / "manifest.json", follow)
    findings = verify_set(folder).findings
    return {(finding.file, finding.code) for finding in findings if finding.code.startswith(("guarantee", "display"))}


def theme_of(audit: Any, theme_id: str, *unit: str) -> Any:
    return next(report for report in audit["reports"] if report["unit"] == [*unit])["themes"][theme_id]


def n_below(audit: Any, kind: str, theme_id: str = "workload") -> int:
    """What the units right below the organisation print."""
    return sum(theme_of(audit, theme_id, unit)[kind] for unit in ("A", "B"))


def test_difference_of_three_people_between_printed_means_is_found(folder: Path, app_without_database: Flask) -> None:
    def change(audit: Any) -> None:
        theme_of(audit, "workload")["n_mean"] = n_below(audit, "n_mean") + 3

    assert ("Direktoratet for prøver", "guarantee.difference") in spoiled(folder, change)
    result = app_without_database.test_cli_runner().invoke(args=["verify-reports", str(folder)])
    assert "workload (mean): the number of answers here less those of the units below leaves 3 people" in result.output


def test_difference_of_nine_people_between_printed_distributions_is_found(folder: Path) -> None:
    def change(audit: Any) -> None:
        own = theme_of(audit, "workload")
        own["n_distribution"] = own["n_mean"] = n_below(audit, "n_mean") + 9
        own["n_distribution"] = n_below(audit, "n_distribution") + 9

    assert ("Direktoratet for prøver", "guarantee.difference") in spoiled(folder, change)


def test_unit_that_counts_fewer_than_those_below_is_found(folder: Path) -> None:
    def change(audit: Any) -> None:
        theme_of(audit, "workload")["n_mean"] = 20

    assert ("Direktoratet for prøver", "guarantee.difference") in spoiled(folder, change)


def test_front_pages_that_differ_by_two_people_are_found(folder: Path) -> None:
    def change(audit: Any) -> None:
        by_path = {tuple(report["unit"]): report for report in audit["reports"]}
        by_path["A",]["n_included"] = by_path["A", "A1"]["n_included"] + by_path["A", "A2"]["n_included"] + 2

    assert ("A", "guarantee.difference") in spoiled(folder, change)


SMALL: dict[str, tuple[Change, str, str]] = {
    "report of four": (
        lambda audit: audit["reports"][3].update(n_included=4), "A / A2", "guarantee.report"
    ),
    "more answers in than there are": (
        lambda audit: audit["reports"][3].update(n_included=99), "A / A2", "guarantee.report"
    ),
    "distribution of six": (
        lambda audit: theme_of(audit, "workload", "A", "A2").update(
            n_distribution=6, items=[[33, 33, 33, 0, 0]] * 3
        ), "A / A2", "guarantee.limit",
    ),
    "mean of more than answered": (
        lambda audit: theme_of(audit, "workload", "B").update(n_mean=90), "B", "guarantee.limit"
    ),
    "mean and distribution of two people more": (
        lambda audit: theme_of(audit, "workload", "B").update(
            n_distribution=theme_of(audit, "workload", "B")["n_mean"] - 2
        ), "B", "guarantee.tiers",
    ),
    "most sensitive theme of a unit": (
        lambda audit: theme_of(audit, "bullying", "B").update(n_distribution=27, prevalence=[[1, 4, "<5"]]),
        "B", "guarantee.most_sensitive",
    ),
    "mean of a theme without": (
        lambda audit: theme_of(audit, "unequal_treatment", "B").update(n_mean=27, mean="1.5"),
        "B", "guarantee.no_mean",
    ),
    "mean at the end of the scale": (
        lambda audit: theme_of(audit, "workload", "A", "A2").update(mean="5.0"), "A / A2", "display.mean"
    ),
    "unanimous group": (
        lambda audit: theme_of(audit, "conflicts", "A", "A1").update(items=[[100, 0, 0, 0, 0]]),
        "A / A1", "display.shares",
    ),
    "prevalence of two people": (
        lambda audit: theme_of(audit, "bullying").update(n_distribution=60, prevalence=[[0, 0, 97], [1, 4, 3]]),
        "Direktoratet for prøver", "display.prevalence",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_what_a_unit_may_not_print_is_found(folder: Path, name: str) -> None:
    change, where, code = SMALL[name]
    assert (where, code) in spoiled(folder, change)


def test_catch_all_with_a_report_is_found(folder: Path) -> None:
    def change(content: Any) -> None:
        content["reports"][4]["unit"] = ["Ingen"]

    drop_pages(folder)
    change_json(folder / "audit.json", change)
    change_json(folder / "manifest.json", change)
    assert ("Ingen", "guarantee.catch_all") in {(f.file, f.code) for f in verify_set(folder).findings}


def test_remaining_people_pass_units_that_do_not_print() -> None:
    numbers = {(): 40, ("A",): 20, ("A", "x", "y"): 8, ("B", "z"): 12}
    assert remaining_people(numbers) == {(): 8, ("A",): 12, ("A", "x", "y"): 8, ("B", "z"): 12}


def test_every_figure_that_the_rules_print_can_be_printed() -> None:
    theme = load_instrument(CURRENT_VERSION).theme("workload")
    for n in (5, 9, 10, 19, 20, 30, 101):
        for total in range(3 * n, 15 * n + 1):
            assert can_print_mean(ThemeResult(theme, n, printed_mean(total, n, 3), None, (), (), (), ()))
        for count in range(n + 1):
            counts = [count, n - count, 0, 0, 0]
            assert can_print_shares(shares_of(counts), n)
            if n >= 50:
                assert can_print_prevalence(printed_prevalence(counts), n)


def test_figures_that_no_answers_give_cannot_be_printed() -> None:
    theme = load_instrument(CURRENT_VERSION).theme("workload")
    for n, mean in ((7, "1.0"), (7, "4.9"), (12, "5.0"), (30, "5.1"), (30, "0.9")):
        assert not can_print_mean(ThemeResult(theme, n, Decimal(mean), None, (), (), (), ()))
    assert not can_print_mean(ThemeResult(theme, None, None, None, (), (), (), ()))
    exact = [tuple(Share(percent) for percent in row) for row in ((50, 51, 49), (33, 33, 33), (100, 0, 0), (92, 8, 0))]
    assert [can_print_shares(shares, n) for shares, n in zip(exact, (10, 10, 12, 12), strict=True)] == [False] * 4
    bounds = (Share(90, Bound.AT_LEAST), Share(10, Bound.AT_MOST))
    assert can_print_shares(bounds, 19)
    assert not can_print_shares(bounds, 20)
    assert not can_print_shares((*bounds, Share(5)), 12)
    assert not can_print_prevalence((PrevalenceGroup(0, 0, Share(96)), PrevalenceGroup(1, 4, Share(4))), 50)
    assert not can_print_prevalence((PrevalenceGroup(0, 0, Share(50)), PrevalenceGroup(1, 4, Share(40))), 50)
    assert not can_print_prevalence((PrevalenceGroup(0, 0, Share(90, Bound.AT_LEAST)),), 50)


def test_folder_without_manifest_is_no_set(tmp_path: Path) -> None:
    with pytest.raises(DomainError, match=r"set\.none"):
        verify_set(tmp_path)
