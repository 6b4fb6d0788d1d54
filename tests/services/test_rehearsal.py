"""A rehearsal is a real set on invented answers: certified, marked, the same every time, and in no database."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path

import openpyxl
import pikepdf
import pytest
from flask import Flask

from app.adapters.storage import Storage
from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.fiction import FICTIONAL_NAME, fictional_tree
from app.domain.instrument import CURRENT_VERSION, ThemeGroup, load_instrument
from app.domain.units import UnitPath, UnitTree
from app.reports.texts import texts
from app.services.rehearsal import Rehearsed, choose_reports, prepare_rehearsal, rehearse
from app.services.releases import Release
from app.services.verification import verify_set

PERIOD = (date(2026, 3, 2), date(2026, 3, 15))
HEAD_COUNTS: dict[UnitPath, int] = {
    ("A", "A1"): 10, ("A", "A2"): 30, ("A", "ledelse"): 3, ("B", "B1"): 9, ("B", "B2"): 60, ("C",): 2, ("ingen",): 4,
}  # fmt: skip
TREE = UnitTree.from_rows(HEAD_COUNTS.items())


def prepare(tree: UnitTree, n_at_most: int = 100, *, extra: tuple[str, ...] = (), name: str = "Etaten") -> Release:
    return prepare_rehearsal(name, tree, PERIOD, Limits(), extra, None, n_at_most)[0]


def paths(release: Release) -> list[str]:
    return ["/".join(report.unit.path) for report in release.reports]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rehearsal") / "out"


@pytest.fixture(scope="module")
def rehearsed(out: Path) -> Rehearsed:
    return rehearse("Etaten", TREE, out, period=PERIOD, limits=Limits(), n_reports_at_most=4)


def test_set_is_complete_and_holds_what_it_promises(rehearsed: Rehearsed, out: Path) -> None:
    assert rehearsed.built.failures == ()
    assert paths(rehearsed.release) == ["", "A", "A/A1", "B/B1"]
    assert [unit.path for unit in rehearsed.left_out] == [("A", "A2"), ("B",), ("B", "B2")]
    endings = sorted(Path(name).suffix for name in rehearsed.built.files if "/" in name and "staff" not in name)
    n_languages = 3
    with_guide = (4 + 1) * n_languages
    assert endings == [".html"] * with_guide + [".pdf"] * with_guide + [".xlsx"] * n_languages
    verification = verify_set(Storage(str(out)))
    assert verification.findings == ()
    assert verification.n_reports == 4


def test_every_file_says_that_the_answers_are_invented(rehearsed: Rehearsed, out: Path) -> None:
    manifest = json.loads((out / "manifest.json").read_bytes())
    assert manifest["is_rehearsal"] is True
    guides = set(manifest["guides"].values())

    def files(ending: str) -> list[Path]:
        """All but the guides, which hold no figure."""
        found = out.rglob(f"*{ending}")
        return [file for file in found if file.relative_to(out).as_posix().removesuffix(ending) not in guides]

    for file in files(".html"):
        assert 'class="rehearsal"' in file.read_text(encoding="utf-8")
    words = {language: texts(language).gettext("Rehearsal") for language in ("nb", "nn", "en")}
    for file in files(".xlsx"):
        assert all(name.startswith(words[file.parent.name]) for name in openpyxl.load_workbook(file).sheetnames)
    for file in files(".pdf"):
        with pikepdf.open(file) as pdf:  # what stands on its pages is tested with the renderer
            assert str(pdf.docinfo.Title).startswith(words[file.parent.name])


def test_rehearsal_may_replace_a_rehearsal_and_nothing_else(rehearsed: Rehearsed, out: Path, tmp_path: Path) -> None:
    before = (out / "manifest.json").read_bytes()
    rehearse("Etaten", TREE, out, period=PERIOD, limits=Limits(), n_reports_at_most=4)
    assert (out / "manifest.json").read_bytes() == before
    (tmp_path / "precious.txt").touch()
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "manifest.json").write_text('{"is_rehearsal": false, "sha256": {}, "reports": []}')
    for folder in (tmp_path, tmp_path / "real", tmp_path / "precious.txt"):
        with pytest.raises(DomainError, match=r"rehearsal\.folder"):
            rehearse("Etaten", TREE, folder, period=PERIOD, limits=Limits())
    assert (tmp_path / "precious.txt").exists()


def test_no_table_gets_a_row(app: Flask, tmp_path: Path) -> None:
    def sizes() -> list[tuple[str, int]]:
        return sorted((file.name, file.stat().st_size) for file in Path(app.instance_path).rglob("*.sqlite*"))

    before = sizes()
    rehearse("E", TREE, tmp_path / "out", period=PERIOD, limits=Limits(), languages=("en",), n_reports_at_most=1)
    assert sizes() == before


def test_same_organisation_gets_the_same_figures_and_another_does_not() -> None:
    assert prepare(TREE).reports == prepare(TREE).reports
    assert prepare(TREE).reports != prepare(TREE, name="Verket").reports


def test_seventy_per_cent_of_each_head_count_answer() -> None:
    release = prepare(TREE)
    n_answers = {report.unit.path: report.n_answers for report in release.reports}
    assert n_answers == {
        (): 82,
        ("A",): 30,
        ("A", "A1"): 7,
        ("A", "A2"): 21,
        ("B",): 48,
        ("B", "B1"): 6,
        ("B", "B2"): 42,
    }
    assert release.reports[0].n_invited == sum(HEAD_COUNTS.values())
    assert release.certificate.is_valid


def test_unit_without_head_count_gets_a_common_number_and_the_organisation_no_rate() -> None:
    release = prepare(UnitTree.from_rows([(("A",), None), (("A", "A1"), None), (("A", "ingen"), None), (("B",), 30)]))
    n_answers = release.basis.frozen.n_answers
    assert 4 <= n_answers[2] <= 24
    assert 1 <= n_answers[3] <= 4
    assert 1 <= n_answers[1] - n_answers[2] - n_answers[3] <= 4
    assert release.reports[0].n_invited is None


def test_chosen_themes_are_in_and_unknown_ones_refused() -> None:
    extra = next(theme.id for theme in load_instrument(CURRENT_VERSION).themes if theme.group is ThemeGroup.ADD_ON)
    assert extra in {result.theme.id for result in prepare(TREE, extra=(extra,)).reports[0].themes}
    assert extra not in {result.theme.id for result in prepare(TREE).reports[0].themes}
    with pytest.raises(DomainError, match=r"theme\.unknown"):
        prepare(TREE, extra=("weather",))


def test_too_few_for_any_report_is_refused() -> None:
    with pytest.raises(DomainError, match=r"rehearsal\.no_report"):
        prepare(UnitTree.from_rows([(("A",), 3), (("B",), 2)]))


def test_organisation_without_units_has_one_report() -> None:
    assert paths(prepare(UnitTree.from_rows([((), 40)]))) == [""]


def test_few_reports_show_both_designs_and_every_level() -> None:
    reports = prepare(fictional_tree(), name=FICTIONAL_NAME).reports
    for n in (1, 2, 3, 5, 12):
        chosen = choose_reports(reports, n)
        assert len(chosen) == n
        assert chosen[0].unit.parent is None
        indices = [report.unit.index for report in chosen]
        assert indices == sorted(indices)
        if n >= 3:
            assert {report.has_distributions for report in chosen[1:]} == {False, True}
        if n >= 7:
            assert {report.unit.level for report in chosen} == {report.unit.level for report in reports}
    assert choose_reports(reports, len(reports) + 5) == reports
    assert choose_reports(reports, 0) == reports[:1]


def test_large_organisation_is_prepared_in_seconds() -> None:
    tree = UnitTree.from_rows([((f"D{n % 20}", f"A{n % 200}", f"S{n}"), 5 + n % 30) for n in range(1_000)])
    start = time.process_time()
    release = prepare(tree, 12)
    assert len(release.reports) == 12
    assert time.process_time() - start < 10
