"""The main job from end to end: unit list and answers in, closed, reports out, and the figures read back."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from app.adapters.spreadsheets import write_unit_list
from app.domain.instrument import CURRENT_VERSION, Theme, load_instrument
from app.domain.units import UnitTree
from tests.reports.reading import Document, read

CASES = sorted((Path(__file__).parent / "domain" / "cases").glob("*.json"))
INSTRUMENT = load_instrument(CURRENT_VERSION)
THEMES = INSTRUMENT.chosen(())
ITEMS = [item.id for theme in THEMES for item in theme.items]
INCLUDED = re.compile(r"(\d+) of (\d+) answers are included")


class Job:
    """The commands, run as a new user would."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.runner: FlaskCliRunner = app.test_cli_runner()
        self.folder = folder
        self.survey = ""

    def run(self, *arguments: str, exit_code: int = 0) -> str:
        result = self.runner.invoke(args=list(arguments))
        assert result.exit_code == exit_code, result.output
        return str(result.output)

    def open_survey(self, tree: UnitTree, *options: str) -> None:
        units = self.folder / "units.xlsx"
        units.write_bytes(write_unit_list(tree))
        self.survey = self.run("demo", "create", "--units", str(units), *options).split()[0]

    def answer(self, rows: list[tuple[tuple[str, ...], Mapping[str, int]]]) -> None:
        n_levels = max(len(path) for path, _ in rows)
        file = self.folder / "answers.csv"
        with file.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow([f"Nivå{level}" for level in range(1, n_levels + 1)] + ITEMS)
            for path, answers in rows:
                levels = [*path, *[""] * (n_levels - len(path))]
                writer.writerow([*levels, *(answers.get(item, "") for item in ITEMS)])
        self.run("simulate-answers", self.survey, "--from", str(file))

    def build(self) -> Path:
        self.run("surveys", "close", self.survey)
        out = self.folder / "reports"
        self.run("build-reports", self.survey, "--out", str(out), "--workers", "1")
        return out


@pytest.fixture
def job(app: Flask, tmp_path: Path) -> Iterator[Job]:
    return Job(app, tmp_path)


def documents(out: Path, language: str = "en") -> dict[tuple[str, ...], Document]:
    """Every PDF of a set, by unit path."""
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    return {
        tuple(report["unit"]): read((out / f"{report['files'][language]}.pdf").read_bytes())
        for report in manifest["reports"]
    }


def theme_text(document: Document, theme_id: str) -> str:
    """What stands below the heading of a theme."""
    return " ".join(node.text for node in document.sections()[INSTRUMENT.theme(theme_id).name["en"]])


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_hand_worked_case_end_to_end(job: Job, file: Path) -> None:
    """simulate-answers, close, build-reports: the numbers read out of the PDFs are those worked out by hand."""
    case: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    job.open_survey(UnitTree.from_rows([(tuple(path), None) for path in case["units"]]))
    rows = [
        (tuple(group["path"]), {item: 1 + (number + len(item)) % 2 for item in ITEMS})
        for group in case["respondents"]
        for number in range(group["count"])
    ]
    job.answer(rows)
    found = documents(job.build())
    for expected in case["themes"][0]["expected"]:
        path = tuple(expected["unit"])
        if expected["n_means"] is None:
            assert path not in found
            continue
        match = INCLUDED.search(found[path].text)
        assert match is not None
        assert (int(match[1]), int(match[2])) == (expected["n_means"], expected["answers_in_unit"])
        theme = theme_text(found[path], "workload")
        counts = {int(n) for n in re.findall(r"(\d+) answers", theme)}
        assert counts == {n for n in (expected["n_means"], expected["n_distribution"]) if n is not None}
        assert ("%" in theme) == (expected["n_distribution"] is not None)


def random_answers(random: Random) -> dict[str, int]:
    """Everything answered but for a few items."""
    return {
        item.id: random.randint(1, len(theme.scale.categories))
        for theme in THEMES
        for item in theme.items
        if random.random() > 0.01
    }


TREE = UnitTree.from_rows([(("A", "A1"), None), (("A", "A2"), None), (("B",), None), (("ingen",), None)])
SIZES = {("A", "A1"): 14, ("A", "A2"): 6, ("A",): 3, ("B",): 27, ("ingen",): 8, (): 2}


def theme_mean(theme: Theme, people: list[Mapping[str, int]]) -> str:
    """Worked out from the raw answers, person by person, with fractions."""
    scores = [
        Fraction(sum(6 - p[item.id] if item.is_reversed else p[item.id] for item in theme.items), len(theme.items))
        for p in people
    ]
    exact = sum(scores, Fraction(0)) / len(scores)
    mean = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return str(mean)


def test_means_and_percentages_in_the_pdf_are_those_of_the_raw_answers(job: Job) -> None:
    random = Random(4)
    rows = [(path, random_answers(random)) for path, n in SIZES.items() for _ in range(n)]
    job.open_survey(TREE)
    job.answer(rows)
    document = documents(job.build())["B",]
    n_means = n_shares = 0
    for theme in THEMES:
        complete = [a for path, a in rows if path == ("B",) and all(item.id in a for item in theme.items)]
        text = theme_text(document, theme.id)
        if theme.scale.has_mean:
            assert theme_mean(theme, complete) in text
            n_means += 1
        if theme.sensitivity.value == "most_sensitive":
            assert "%" not in text
            continue
        for item in theme.items:
            for category in range(1, len(theme.scale.categories) + 1):
                share = Fraction(100 * sum(a[item.id] == category for a in complete), len(complete))
                assert f"{int(share + Fraction(1, 2))}%" in text
                n_shares += 1
    assert n_means == 15
    assert n_shares > 150


def test_no_report_below_five_and_hidden_themes_nowhere(job: Job) -> None:
    random = Random(5)
    sizes = {("A", "A1"): 12, ("A", "A2"): 4, ("B",): 7}
    job.open_survey(TREE)
    job.answer([(path, random_answers(random)) for path, n in sizes.items() for _ in range(n)])
    found = documents(job.build())
    assert set(found) == {(), ("A",), ("A", "A1"), ("B",)}
    for path in (("A",), ("A", "A1"), ("B",), ()):
        for theme_id in ("bullying", "sexual_attention"):
            assert not re.search(r"\d+\s?%", theme_text(found[path], theme_id))
    for theme in THEMES:
        assert "%" not in theme_text(found["B",], theme.id)


def test_set_is_complete_checked_and_the_same_twice(job: Job) -> None:
    random = Random(6)
    job.open_survey(TREE)
    job.answer([(path, random_answers(random)) for path, n in SIZES.items() for _ in range(n)])
    out = job.build()
    first = {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    names = {path.as_posix() for path in first}
    assert {"manifest.json", "reports.zip"} <= names
    assert not [name for name in names if "protocol" in name or "certificate" in name]
    assert not any(path.name.startswith(".") for path in out.parent.iterdir())
    with zipfile.ZipFile(out / "reports.zip") as archive:
        assert not [name for name in archive.namelist() if "staff" in name]
        assert archive.namelist() == [*sorted(archive.namelist()[:-1]), "manifest.json"]
    job.run("build-reports", job.survey, "--out", str(out), "--workers", "2")
    second = {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert first == second


def test_dry_run_writes_nothing_and_says_what_would_be_made(job: Job) -> None:
    random = Random(7)
    job.open_survey(TREE)
    job.answer([(("B",), random_answers(random)) for _ in range(8)])
    job.run("surveys", "close", job.survey)
    out = job.folder / "dry"
    output = job.run("build-reports", job.survey, "--out", str(out), "--dry-run")
    assert "8 of 8  means" in output
    assert not out.exists()


def test_one_unit_only(job: Job) -> None:
    random = Random(8)
    job.open_survey(TREE)
    job.answer([(("A", "A1"), random_answers(random)) for _ in range(8)])
    job.run("surveys", "close", job.survey)
    out = job.folder / "one"
    job.run("build-reports", job.survey, "--out", str(out), "--unit", "A / A1", "--lang", "nb")
    assert {path.suffix for path in out.rglob("*") if path.is_file()} == {".pdf", ".html"}
    assert job.run("build-reports", job.survey, "--unit", "A / A2", exit_code=2).startswith("No report is made")


@pytest.mark.parametrize("language", ["se", "xx"])
def test_unknown_language_is_refused(job: Job, language: str) -> None:
    job.open_survey(TREE)
    job.answer([(("B",), {}) for _ in range(8)])
    job.run("surveys", "close", job.survey)
    assert "known: nb, nn, en" in job.run("build-reports", job.survey, "--lang", language, exit_code=2)


def test_open_survey_has_no_reports(job: Job) -> None:
    job.open_survey(TREE)
    assert "The survey is open" in job.run("build-reports", job.survey, exit_code=2)
    assert "no survey" in job.run("build-reports", "nothing", exit_code=2)


def test_survey_with_too_few_answers_has_no_reports_and_no_error(job: Job) -> None:
    random = Random(9)
    job.open_survey(TREE)
    job.answer([(("B",), random_answers(random)) for _ in range(4)])
    out = job.build()
    assert documents(out) == {}


def test_audit_file_names_everybody_behind_every_figure(job: Job) -> None:
    random = Random(10)
    job.open_survey(TREE)
    job.answer([(path, random_answers(random)) for path, n in SIZES.items() for _ in range(n)])
    job.run("surveys", "close", job.survey)
    contents = []
    for name in ("first.json", "second.json"):
        job.run("audit-reports", job.survey, "--json", str(job.folder / name))
        contents.append(json.loads((job.folder / name).read_text(encoding="utf-8")))
    first, second = contents
    assert (first["k_mean"], first["k_dist"], first["scoring"]) == (5, 10, "person")
    assert len(first["answered"]) == sum(SIZES.values())
    assert not set(first["answered"]) & set(second["answered"])
    for figure in first["figures"]:
        assert len(figure["respondents"]) >= (5 if figure["kind"] == "mean" else 10)
        theme = INSTRUMENT.theme(figure["theme"])
        for person in figure["respondents"]:
            assert {item.id for item in theme.items} <= set(first["answered"][person])


def test_answer_file_with_a_mistake_saves_nothing(job: Job) -> None:
    job.open_survey(TREE)
    for text, problem in (
        ("Nivå1,nothing_1\nB,1\n", "unknown column"),
        ("Nivå1,workload_1\nB,9\n", "no category"),
        ("Nivå1,workload_1\nC,1\n", "unknown unit"),
        ("Nivå1,workload_1,workload_1\nB,1,1\n", "twice"),
        ("Nivå1,workload_1\nB,1,2\n", "more cells"),
    ):
        file = job.folder / "wrong.csv"
        file.write_text(text, encoding="utf-8")
        assert problem in job.run("simulate-answers", job.survey, "--from", str(file), exit_code=2)
    assert "answers                0" in job.run("surveys", "show", job.survey)
