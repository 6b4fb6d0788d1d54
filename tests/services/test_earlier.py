"""An earlier survey beside this one: taken from what was delivered, refused when it is anything else, verifiable."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.adapters.storage import Storage
from app.domain.errors import DomainError
from app.domain.units import UnitPath, UnitTree
from app.domain.withholding import Withholding
from app.reports.html import render_html
from app.reports.model import Report
from app.reports.pdf import render_pdf
from app.reports.workbook import render_workbook
from app.services.earlier import read_earlier
from app.services.public_audit import read_manifest, read_published
from app.services.releases import Release, compared_release
from app.services.verification import verify_set
from tests.services.published import (
    ORGANISATION,
    PERIOD,
    instrument_of,
    random_submitted,
    release_of,
    setup_of,
    write_set,
)

THEMES = ("workload", "conflicts", "unequal_treatment")
THEN = (date(2024, 3, 4), date(2024, 3, 22))
TREE = UnitTree.from_rows([(("A", "A1"), None), (("A", "A2"), None), (("B",), None)])
SIZES: dict[UnitPath, int] = {("A", "A1"): 14, ("A", "A2"): 6, ("B",): 12}
INSTRUMENT = instrument_of(THEMES)


def release(sizes: dict[UnitPath, int], seed: int, *decisions: Withholding) -> Release:
    submitted = random_submitted(TREE, sizes, INSTRUMENT.themes, seed, share_skipped=0)
    return release_of(setup_of(TREE, INSTRUMENT), submitted, decisions)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years ago A2 was too small, and staff withheld a theme in B."""
    then = release({**SIZES, ("A", "A2"): 3}, 3, Withholding(TREE.get(("B",)).index, "workload", "asked for"))
    then = replace(then, report_set=replace(then.report_set, period=THEN))
    return write_set(then, tmp_path_factory.mktemp("then") / "set", ["en"])


@pytest.fixture(scope="module")
def compared(delivered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    now = compared_release(release(SIZES, 4), read_earlier(delivered, ORGANISATION, PERIOD[0]))
    return write_set(now, tmp_path_factory.mktemp("now") / "set")


@pytest.fixture
def folder(delivered: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(delivered, tmp_path / "set"))


def audit(folder: Path) -> dict[UnitPath, dict[str, Any]]:
    content = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    return {tuple(report["unit"]): report["themes"] for report in content["reports"]}


def change_json(file: Path, change: Callable[[Any], object]) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(json.dumps(content), encoding="utf-8")


def test_every_earlier_figure_was_printed_then_and_every_one_that_was_is_shown(delivered: Path, compared: Path) -> None:
    then, now = audit(delivered), audit(compared)
    assert now.keys() == {*then, ("A", "A2")}
    n_shown = 0
    for path, themes in now.items():
        for theme_id, found in themes.items():
            printed = then.get(path, {}).get(theme_id, {})
            expected = {name: printed[name] for name in ("n_mean", "mean")} if "mean" in printed else None
            assert found.get("earlier") == expected
            n_shown += "earlier" in found
    assert n_shown == 4 * 2 - 1, "two themes with a mean in four reports, less what was withheld"


def test_set_with_earlier_figures_is_all_good_in_every_file_and_language(compared: Path) -> None:
    assert verify_set(Storage(str(compared))).findings == ()


def test_files_can_be_made_again_from_the_public_audit_file_alone(compared: Path) -> None:
    manifest = read_manifest((compared / "manifest.json").read_bytes())
    published = read_published(manifest, (compared / "audit.json").read_bytes())
    report_set = replace(published.report_set, definitions=INSTRUMENT.definitions)
    organisation, *others = published.reports
    place, results = next((i, report) for i, report in enumerate(others, 1) if report.unit.path == ("A", "A1"))
    assert any(result.earlier for result in results.themes)
    report, stem = Report(report_set, results, organisation), compared / published.files[place]["en"]
    assert render_pdf(report, "en") == stem.with_name(f"{stem.name}.pdf").read_bytes()
    assert render_html(report, "en") == stem.with_name(f"{stem.name}.html").read_bytes()
    book = compared / f"{published.files[0]['en']}.xlsx"
    assert render_workbook(report_set, organisation, published.reports, "en") == book.read_bytes()


def test_manifest_and_audit_file_are_enough(delivered: Path, folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in ("manifest.json", "audit.json"):
            path.unlink()
    assert read_earlier(folder, ORGANISATION, PERIOD[0]) == read_earlier(delivered, ORGANISATION, PERIOD[0])


@pytest.mark.parametrize("name", ["manifest.json", "audit.json"])
def test_folder_without_either_is_no_set(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(DomainError, match=r"^set\.none"):
        read_earlier(folder, ORGANISATION, PERIOD[0])


def test_audit_file_that_was_changed_is_refused(folder: Path) -> None:
    change_json(folder / "audit.json", lambda content: content["reports"][0]["themes"]["workload"].update(mean="3.3"))
    with pytest.raises(DomainError, match=r"^earlier\.changed"):
        read_earlier(folder, ORGANISATION, PERIOD[0])


def test_set_that_breaks_the_guarantee_is_refused_though_its_checksums_are_right(folder: Path) -> None:
    change_json(folder / "audit.json", lambda content: content["reports"][1]["themes"]["workload"].update(n_mean=3))
    digest = hashlib.sha256((folder / "audit.json").read_bytes()).hexdigest()
    change_json(folder / "manifest.json", lambda content: content["sha256"].update({"audit.json": digest}))
    with pytest.raises(DomainError, match=r"^earlier\.changed"):
        read_earlier(folder, ORGANISATION, PERIOD[0])


@pytest.mark.parametrize(
    ("organisation", "before", "values"),
    [
        ("Another", PERIOD[0], {}),
        (ORGANISATION, THEN[1], {}),
        (ORGANISATION, PERIOD[0], {"is_rehearsal": True}),
    ],
    ids=["other organisation", "not over yet", "rehearsal"],
)
def test_set_of_something_else_is_refused(
    folder: Path, organisation: str, before: date, values: dict[str, object]
) -> None:
    change_json(folder / "manifest.json", lambda content: content.update(values))
    with pytest.raises(DomainError, match=r"^earlier\.other"):
        read_earlier(folder, organisation, before)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda theme: theme["earlier"].update(mean="4.4"), "figure.differs"),
        (lambda theme: theme["earlier"].update(n_mean=44), "figure.differs"),
        (lambda theme: theme.pop("earlier"), "figure.differs"),
        (lambda theme: theme["earlier"].update(n_mean=4), "trend.limit"),
        (lambda theme: theme["earlier"].update(mean="5.0"), "display.mean"),
        (lambda theme: (theme.pop("mean"), theme.pop("n_mean")), "trend.alone"),
        (lambda theme: theme["earlier"].update(n_mean="9"), "set.unreadable"),
    ],
    ids=["mean", "n", "absent", "too few", "beyond the clamp", "alone", "no number"],
)
def test_what_a_forger_does_to_an_earlier_figure_is_found(
    compared: Path, tmp_path: Path, change: Callable[[Any], object], code: str
) -> None:
    out = Path(shutil.copytree(compared, tmp_path / "set", ignore=shutil.ignore_patterns("nb", "*.zip")))
    change_json(out / "manifest.json", lambda content: [report["files"].pop("nb") for report in content["reports"]])
    change_json(out / "audit.json", lambda content: change(content["reports"][2]["themes"]["workload"]))
    assert code in {finding.code for finding in verify_set(Storage(str(out))).findings}
