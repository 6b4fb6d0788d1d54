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
    assert result.output.splitlines() == [
        "The list can be used. Findings to look at: 0.",
        "The whole organisation",
        "  A",
        "    x (5)",
        "    ingen (2)",
        "  B (7)",
    ]
    assert result.exit_code == 0


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
