"""`flask build-reports` when something goes wrong: a report that fails, a build that is killed, two at once."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from app.adapters.spreadsheets import write_unit_list
from app.adapters.storage import Storage
from app.domain.errors import DomainError
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.results import ReportResults
from app.domain.units import UnitPath, UnitTree
from app.extensions import settings
from app.reports.html import render_html
from app.reports.model import Report, ReportSet
from app.reports.pdf import render_pdf
from app.reports.workbook import render_workbook
from app.services import report_workers
from app.services.release_gate import PATH_SEPARATOR
from app.services.releases import Release
from app.services.report_building import UNFINISHED, build_set, find_finished
from app.services.report_store import POINTER, find_published
from app.services.report_workers import local_workers
from app.services.verification import verify_set
from tests.services.published import instrument_of, random_submitted, release_of, setup_of, write_set

SIZES: dict[UnitPath, int] = {("A", "A1"): 11, ("A", "A2"): 6, ("B",): 12, ("C",): 7}
TREE = UnitTree.from_rows([(path, None) for path in SIZES])
ITEMS = [item.id for theme in load_instrument(CURRENT_VERSION).chosen(()) for item in theme.items]
BROKEN = "B"


@cache
def release(seed: int = 1) -> Release:
    instrument = instrument_of(("workload", "conflicts"))
    return release_of(setup_of(TREE, instrument), random_submitted(TREE, SIZES, instrument.themes, seed))


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def kill_after(n_reports: int, out: Path, n_workers: int) -> None:
    """Build in a process of its own that is killed when so many reports and workbooks are made."""
    code = (
        "import os, signal, itertools\n"
        "from pathlib import Path\n"
        "from tests.cli.test_reports import release, build_set, local_workers\n"
        "count = itertools.count(1)\n"
        f"def kill(): next(count) < {n_reports} or os.kill(os.getpid(), signal.SIGKILL)\n"
        f"workers, out = local_workers({n_workers}), Path({str(out)!r})\n"
        "if __name__ == '__main__': build_set(release(), ('nb', 'en'), out, workers, kill)"
    )
    script = out.parent / "build.py"
    script.write_text(code)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, str(script)], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a set that nothing interrupted."""
    return files_in(write_set(release(), tmp_path_factory.mktemp("whole") / "reports"))


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("killed") / "reports"
    kill_after(6, out, n_workers=2)
    return out


@pytest.fixture
def out(killed: Path, tmp_path: Path) -> Path:
    """What a build left behind that was killed."""
    shutil.copytree(killed, tmp_path / "reports")
    return tmp_path / "reports"


def test_build_that_was_killed_goes_on_where_it_was_and_ends_with_the_same_bytes(
    out: Path, at_once: dict[str, bytes]
) -> None:
    assert {path.name for path in out.iterdir()} == {UNFINISHED}
    finished = find_finished(release(), ("nb", "en"), out)
    assert 3 <= len(finished) < 12
    pages = [out / UNFINISHED / f"{name}.pdf" for name in finished]
    before = [page.stat().st_ino for page in pages]
    made: list[int] = []
    built = build_set(release(), ("nb", "en"), out, local_workers(1), lambda: made.append(1), finished)
    assert not built.failures
    assert len(made) == 12 + 2 - len(finished)
    assert [(out / page.relative_to(out / UNFINISHED)).stat().st_ino for page in pages] == before
    assert files_in(out) == at_once


def test_two_workers_make_the_same_bytes_as_one_and_every_language_has_the_same_figures(tmp_path: Path) -> None:
    languages = ("nb", "nn", "en")
    built = build_set(release(), languages, tmp_path / "two", local_workers(2), lambda: None)
    assert not built.failures
    one = write_set(release(), tmp_path / "one", languages)
    assert files_in(tmp_path / "two") == files_in(one)
    verification = verify_set(Storage(str(one)))
    assert verification.findings == ()
    assert verification.n_figures > 900


def test_interrupted_build_of_other_figures_texts_or_languages_is_not_gone_on_with(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_finished(release(), ("nb", "en"), out)
    assert not find_finished(release(), ("nb",), out)
    assert not find_finished(release(seed=2), ("nb", "en"), out)
    monkeypatch.setattr(report_workers, "_MADE_FROM", ("app/reports",))
    assert not find_finished(release(), ("nb", "en"), out)


def test_file_without_its_end_is_made_again(out: Path, at_once: dict[str, bytes]) -> None:
    one, two, *others = sorted(find_finished(release(), ("nb", "en"), out))
    os.truncate(out / UNFINISHED / f"{one}.pdf", 4000)
    os.truncate(out / UNFINISHED / f"{two}.html", 0)
    assert find_finished(release(), ("nb", "en"), out) == set(others)
    (out / UNFINISHED / "nb" / ".half.pdf.123").write_bytes(b"%PDF")
    build_set(release(), ("nb", "en"), out, local_workers(1), lambda: None, find_finished(release(), ("nb", "en"), out))
    assert files_in(out) == at_once


def test_new_build_without_resume_starts_over(out: Path) -> None:
    made: list[int] = []
    build_set(release(), ("nb", "en"), out, local_workers(1), lambda: made.append(1))
    assert len(made) == 14


def test_two_builds_of_one_set_at_once_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "reports"
    refused: list[str] = []

    def build_again() -> None:
        with pytest.raises(DomainError) as caught:
            build_set(release(), ("nb",), out, local_workers(1), lambda: None)
        refused.append(caught.value.code)

    build_set(release(), ("nb",), out, local_workers(1), build_again)
    assert set(refused) == {"reports.in_progress"}
    assert (out / "manifest.json").is_file()


def test_set_and_archive_hold_the_guide_for_whoever_presents_a_report(at_once: dict[str, bytes]) -> None:
    manifest = json.loads(at_once["manifest.json"])
    with zipfile.ZipFile(BytesIO(at_once["reports.zip"])) as archive:
        names = set(archive.namelist())
    for language in ("nb", "en"):
        for kind in ("pdf", "html"):
            name = f"{manifest['guides'][language]}.{kind}"
            assert name in at_once
            assert name in names
            assert name in manifest["sha256"]


# --------------------------------------------------------------------------------------------------------- the command


class Desk:
    """A closed survey and the command."""

    def __init__(self, app: Flask, folder: Path, sizes: Mapping[UnitPath, int] = SIZES) -> None:
        self.runner: FlaskCliRunner = app.test_cli_runner()
        self.out = folder / "reports"
        (folder / "units.xlsx").write_bytes(write_unit_list(TREE))
        self.survey = self.run("demo", "create", "--units", str(folder / "units.xlsx"), "--invited", "90").split()[0]
        self._answer(folder / "answers.csv", sizes)
        self.run("surveys", "close", self.survey)

    def run(self, *arguments: str, exit_code: int = 0) -> str:
        result = self.runner.invoke(args=list(arguments))
        assert result.exit_code == exit_code, result.output
        return str(result.output)

    def build(self, *options: str, exit_code: int = 0) -> str:
        arguments = ("--out", str(self.out), "--workers", "1", "--lang", "en", *options)
        return self.run("build-reports", self.survey, *arguments, exit_code=exit_code)

    def _answer(self, file: Path, sizes: Mapping[UnitPath, int]) -> None:
        random = Random(1)
        with file.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(["Nivå1", "Nivå2", *ITEMS])
            for path, n in sizes.items():
                levels = [*path, *[""] * (2 - len(path))]
                writer.writerows([[*levels, *(random.randint(1, 2) for _ in ITEMS)] for _ in range(n)])
        self.run("simulate-answers", self.survey, "--from", str(file))


@pytest.fixture
def desk(app: Flask, tmp_path: Path) -> Desk:
    return Desk(app, tmp_path)


@pytest.mark.parametrize(("n", "mail"), [(4, "no_report"), (5, "reports_ready")])
def test_where_too_few_answered_everybody_is_told_so(app: Flask, tmp_path: Path, n: int, mail: str) -> None:
    desk = Desk(app, tmp_path, {("A", "A1"): 2, ("B",): n - 2})
    built = desk.run("build-reports", desk.survey, "--workers", "1", "--lang", "en")
    outputs = [built, desk.run("review-withdrawals", desk.survey), desk.run("build-reports", desk.survey, "--dry-run")]
    assert ["Fewer than 5 answered" in output for output in outputs] == [n < 5] * 3
    assert "None" not in "".join(outputs)
    assert [line.split()[-1] for line in desk.run("mail", "list").splitlines()][-1] == mail


def test_one_report_that_fails_stops_no_other_is_named_at_the_end_and_nothing_is_published(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_one(report: Report, language: str) -> bytes:
        if report.results.unit.name == BROKEN:
            raise ValueError("no ink")
        return render_pdf(report, language)

    with monkeypatch.context() as patched:
        patched.setattr(report_workers, "render_pdf", break_one)
        lines = desk.build(exit_code=1).splitlines()
    assert lines[-2].endswith("B (en): ValueError: no ink")
    assert lines[-1].startswith("1 of the reports failed; nothing was published.")
    assert not (desk.out / "manifest.json").exists()
    assert "closed" in desk.run("surveys", "show", desk.survey)
    output = desk.build("--resume")
    assert "5 reports are made already." in output
    assert "6 reports in en" in output
    assert (desk.out / "manifest.json").is_file()
    assert not (desk.out / UNFINISHED).exists()


def test_workbook_that_fails_is_named_like_a_report(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise OSError("disk full")

    monkeypatch.setattr(report_workers, "render_workbook", fail)
    assert ".xlsx: OSError: disk full" in desk.build(exit_code=1)


def test_what_is_for_staff_never_lies_where_reports_are_published(app: Flask, desk: Desk, storage: Storage) -> None:
    app.extensions["report_storage"] = storage
    desk.run("build-reports", desk.survey, "--workers", "1", "--lang", "en")
    published = find_published(storage, desk.survey)
    assert published is not None
    assert {name.removeprefix(f"{published.place}/") for name in storage.sizes()} == {
        *published.names,
        f"{desk.survey}/{POINTER}",
    }
    folder = settings().staff_folder / desk.survey
    assert folder.stat().st_mode & 0o077 == 0
    protocol = json.loads((folder / "protocol.json").read_text(encoding="utf-8"))
    n_answers = {unit["unit"]: unit["n_answers"] for unit in protocol["units"]}
    assert {path: n_answers[PATH_SEPARATOR.join(path)] for path in SIZES} == SIZES
    assert json.loads((folder / "certificate.json").read_text(encoding="utf-8"))["violations"] == []
    desk.build()
    assert files_in(desk.out).keys() == published.names


def test_published_set_stays_while_a_later_build_fails(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.build()
    before = files_in(desk.out)
    monkeypatch.setattr(report_workers, "render_html", None)
    desk.build(exit_code=1)
    assert {name: data for name, data in files_in(desk.out).items() if not name.startswith(UNFINISHED)} == before


@pytest.mark.parametrize("holds", ["something else", "a set, and notes in it", "a set, and a link"])
def test_set_takes_the_place_of_nothing_but_a_set(desk: Desk, holds: str) -> None:
    """Among those who give `--out .`, or an empty variable, nobody means: and delete what is here."""
    if holds != "something else":
        desk.build()
    notes = desk.out / ("en" if holds == "a set, and notes in it" else "") / "notes.txt"
    notes.parent.mkdir(exist_ok=True, parents=True)
    if holds == "a set, and a link":
        notes.symlink_to(desk.out.parent)
    else:
        notes.write_text("mine", encoding="utf-8")
    before = sorted(desk.out.rglob("*"))
    output = desk.build(exit_code=2)
    assert (
        output == f"{desk.out} holds something else than a report set, and that would be lost. Choose a new folder.\n"
    )
    assert sorted(desk.out.rglob("*")) == before


def test_current_folder_is_not_given_up_for_an_empty_argument(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "precious.txt").write_text("mine", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "work")
    for argument, words in (("", "it is empty"), (".", "holds something else")):
        assert words in desk.run("build-reports", desk.survey, "--out", argument, exit_code=2)
    assert (tmp_path / "work" / "precious.txt").read_text(encoding="utf-8") == "mine"


def test_resume_is_for_whole_sets(desk: Desk) -> None:
    assert "are for a whole set" in desk.build("--resume", "--unit", "B", exit_code=2)
    assert "made in one go" in desk.build("--read-back", "--resume", exit_code=2)


def test_resume_with_nothing_to_go_on_with_makes_everything(desk: Desk) -> None:
    assert "0 reports are made already." in desk.build("--resume")


def test_earlier_survey_is_shown_from_its_delivered_folder_and_refused_when_it_is_not_earlier(
    desk: Desk, tmp_path: Path
) -> None:
    desk.build()
    earlier = Path(shutil.copytree(desk.out, tmp_path / "earlier"))
    assert "is not an earlier survey of this organisation" in desk.build("--earlier", str(earlier), exit_code=2)
    manifest = json.loads((earlier / "manifest.json").read_text(encoding="utf-8"))
    manifest["period"] = ["2020-03-02", "2020-03-20"]
    (earlier / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    desk.build("--earlier", str(earlier))
    audit = json.loads((desk.out / "audit.json").read_text(encoding="utf-8"))
    workload = audit["reports"][0]["themes"]["workload"]
    assert workload["earlier"] == {"mean": workload["mean"], "n_mean": workload["n_mean"]}
    assert "All good." in desk.run("verify-reports", str(desk.out))


def test_file_with_a_foreign_figure_is_stopped_when_files_are_read_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A renderer that prints the organisation's figures under a unit's name. The five other reports pass."""

    def print_others(report: Report, language: str) -> bytes:
        themes = report.organisation_results.themes if report.results.unit.name == "C" else report.results.themes
        return render_html(replace(report, results=replace(report.results, themes=themes)), language)

    monkeypatch.setattr(report_workers, "render_html", print_others)
    lines = desk.build("--read-back", exit_code=1).splitlines()
    assert lines[-2].startswith("en/")
    assert "C (en): ValueError: HTML page: other figures than those it was made from: " in lines[-2]
    assert "workload mean" in lines[-2]
    assert lines[-1].startswith("1 of the reports failed; nothing was published.")
    assert not (desk.out / "manifest.json").exists()


def test_workbook_with_a_foreign_figure_is_stopped_when_files_are_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def print_other(
        report_set: ReportSet, first: ReportResults, units: Sequence[ReportResults], language: str
    ) -> bytes:
        return render_workbook(report_set, first, [*units[:-1], replace(units[-1], n_included=99)], language)

    monkeypatch.setattr(report_workers, "render_workbook", print_other)
    built = build_set(release(), ("en",), tmp_path / "reports", local_workers(1), lambda: None, reads_back=True)
    ((name, problem),) = built.failures
    assert name.endswith(".xlsx")
    assert problem == "ValueError: C: other figures than those it was made from: front n_included"
