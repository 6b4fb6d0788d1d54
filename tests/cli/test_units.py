"""`flask units check` on an application that is nothing but the command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from app.cli import units
from app.domain.unit_list import Formula
from tests.unit_lists.writers import Rows, by_openpyxl

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    app = Flask("x")
    units.init_app(app)

    def check(rows: Rows, *options: str) -> Result:
        path = tmp_path / "liste.xlsx"
        path.write_bytes(by_openpyxl(rows))
        return app.test_cli_runner().invoke(args=["units", "check", str(path), *options])

    return check


def test_good_list_is_shown_as_a_tree_with_head_counts(run: Run) -> None:
    result = run([["Nivå1", "Nivå2", "Antall"], ["A", "x", 5], ["A", "ingen", 2], ["B", None, 7]])
    assert result.output.splitlines()[:7] == [
        "The list can be used. Findings to look at: 0.",
        "The whole organisation",
        "  A",
        "    x (5)",
        "    ingen (2)",
        "  B (7)",
        "",
    ]
    assert result.exit_code == 0


def test_head_counts_give_a_forecast_and_hints(run: Run) -> None:
    rows: Rows = [["Nivå1", "Nivå2", "Antall"], ["A", "x", 6], ["A", "y", 5], ["A", "ledelse", 2], ["B", None, 30]]
    output = run(rows, "--organisation", "Etaten").output.split("\n\n")
    assert output[1].splitlines() == [
        "Forecast of reports",
        "             50 %                         70 %                         90 %",
        "Etaten       means and distributions (1)  means and distributions (1)  means and distributions (1)",
        "  A          uncertain                    means only (1)               means and distributions (1)",
        "    x        uncertain                    uncertain                    uncertain",
        "    y        no report                    uncertain                    uncertain",
        "    ledelse  no report                    no report                    no report",
        "  B          means and distributions      means and distributions      means and distributions",
    ]
    assert "At 70 %, a unit needs 9 employees for a report, and 17 for distributions." in output[2]
    assert output[3].splitlines() == [
        "Small units that you could merge, if 70 % answer:",
        "  “x”, “y” below “A” have 11 employees together, and would likely get a report as one unit.",
    ]


def test_list_without_head_counts_or_small_units_has_no_forecast_or_hints(run: Run) -> None:
    assert "Forecast" not in run([["Nivå1"], ["A"], ["B"]]).output
    output = run([["Nivå1", "Antall"], ["A", 40], ["B", 40]]).output
    assert "Forecast" in output
    assert "merge" not in output
    assert "in brackets" not in output


@pytest.fixture
def rehearse(tmp_path: Path) -> Run:
    app = Flask("x")
    units.init_app(app)

    def run_it(rows: Rows, *options: str) -> Result:
        (tmp_path / "Etaten.xlsx").write_bytes(by_openpyxl(rows))
        arguments = ["units", "rehearse", str(tmp_path / "Etaten.xlsx"), "--workers", "1", *options]
        return app.test_cli_runner().invoke(args=arguments)

    return run_it


def test_rehearsal_makes_reports_without_any_database(rehearse: Run, tmp_path: Path) -> None:
    rows: Rows = [["Nivå1", "Antall"], ["A", 40], ["B", 40]]
    result = rehearse(rows, "--out", str(tmp_path / "out"), "--reports", "2", "--lang", "en")
    assert result.exit_code == 0, result.output
    assert f"2 reports on invented answers: {tmp_path / 'out'}" in result.output
    assert "(all of them: --reports 3):\n  B\n" in result.output
    assert [file.name for file in sorted((tmp_path / "out" / "en").glob("*.pdf"))] == [
        "0 Etaten (en).pdf",
        "1 A (en).pdf",
        "Guide to the meeting about the results (en).pdf",
    ]


def test_rehearsal_says_what_hinders_it(rehearse: Run, tmp_path: Path) -> None:
    rows: Rows = [["Nivå1", "Antall"], ["A", 2], ["B", 2]]
    for sentence, list_, *options in (
        ("would be no report at all", rows, "--out", str(tmp_path / "out")),
        ("no theme x.", rows, "--out", str(tmp_path / "out"), "--theme", "x"),
        ("Choose a new folder", rows, "--out", str(tmp_path)),
        ("has errors", [["Nivå1"]], "--out", str(tmp_path / "out")),
    ):
        result = rehearse(list_, *options)
        assert sentence in result.output
        assert result.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_rehearsal_that_fails_publishes_nothing_and_may_be_repeated(
    rehearse: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise ValueError("no ink")

    monkeypatch.setattr("app.services.report_workers.render_pdf", broken)
    options = ("--out", str(tmp_path / "out"), "--lang", "en")
    result = rehearse([["Nivå1", "Antall"], ["A", 9], ["B", 9]], *options)
    assert "no ink" in result.output
    assert result.exit_code == 1
    assert not list((tmp_path / "out").glob("[!.]*"))
    monkeypatch.undo()
    assert rehearse([["Nivå1", "Antall"], ["A", 9], ["B", 9]], *options).exit_code == 0


def test_error_gives_cell_value_and_way_to_mend_it_and_exit_code_1(run: Run) -> None:
    result = run([["Nivå1"], [Formula("=1+1")]])
    assert result.output.splitlines() == [
        "Error, Ark1!A2",
        "  «=1+1»",
        "  The cell holds the formula “=1+1”. Formulas are not calculated.",
        "  Copy the cell, paste it as a value (“Paste special, Values”), and check that the text is what you want.",
        "The list cannot be used yet. Errors: 1.",
    ]
    assert result.exit_code == 1


def test_warnings_do_not_stop_the_list(run: Run) -> None:
    result = run([["Nivå1", "Nivå2"], ["Etaten", "A"], ["Etaten", "stab"]], "--organisation", "Etaten")
    assert result.output.startswith("Warning, Ark1!A2\n")
    assert "\nEtaten\n  Etaten\n    A\n" in result.output
    assert result.exit_code == 0


def test_file_that_is_no_workbook_is_refused(run: Run, tmp_path: Path) -> None:
    app = Flask("x")
    units.init_app(app)
    (tmp_path / "liste.csv").write_text("Nivå1\nA\n")
    result = app.test_cli_runner().invoke(args=["units", "check", str(tmp_path / "liste.csv")])
    assert result.output.splitlines()[:2] == ["Error", "  The file is not an .xlsx workbook, whatever its name says."]
    assert result.exit_code == 1


@pytest.mark.parametrize("arguments", [["nowhere.xlsx"], [__file__, "--lang", "xx"], []])
def test_wrong_usage_gives_exit_code_2(arguments: list[str]) -> None:
    app = Flask("x")
    units.init_app(app)
    assert app.test_cli_runner().invoke(args=["units", "check", *arguments]).exit_code == 2


def test_messages_come_in_the_language_asked_for(run: Run) -> None:
    for language in units.LANGUAGES:
        assert run([["Nivå1"], ["A"], ["B"]], "--lang", language).exit_code == 0
