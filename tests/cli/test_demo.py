"""The commands for trying the product, and that production refuses them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from app import create_app
from app.config import read_settings
from tests.conftest import dispose


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


def run(runner: FlaskCliRunner, *arguments: str, exit_code: int = 0) -> str:
    result = runner.invoke(args=list(arguments))
    assert result.exit_code == exit_code, result.output
    return str(result.output)


def test_fictional_directorate_answers_over_http(runner: FlaskCliRunner) -> None:
    run(runner, "demo", "survey", exit_code=2)
    survey = run(runner, "demo", "create", "--invited", "20").split()[0]
    assert run(runner, "demo", "survey").strip() == survey
    output = run(runner, "demo", "answer", survey, "--respondents", "8", "--seed", "3")
    n_submitted = int(output.split(" submitted")[0])
    assert 5 <= n_submitted <= 8
    assert f"{n_submitted} responses are submitted." in output
    shown = run(runner, "surveys", "show", survey[:6])
    assert "units, levels          60, 3" in shown
    assert "invited                20" in shown
    assert survey[:8] in run(runner, "surveys", "list")


def test_closing_waits_for_who_is_in_the_middle_unless_told_not_to(runner: FlaskCliRunner) -> None:
    survey = run(runner, "demo", "create").split()[0]
    run(runner, "demo", "answer", survey, "--respondents", "12", "--seed", "5")
    assert "begun, not submitted   0" not in run(runner, "surveys", "show", survey)
    run(runner, "surveys", "close", survey, "--keep-grace")
    assert "may finish until" in run(runner, "build-reports", survey, "--dry-run", exit_code=2)
    run(runner, "surveys", "close", survey, "--end-grace")
    assert "smallest group" in run(runner, "build-reports", survey, "--dry-run")


def test_closing_twice_is_refused(runner: FlaskCliRunner) -> None:
    survey = run(runner, "demo", "create").split()[0]
    run(runner, "surveys", "close", survey)
    assert "not open" in run(runner, "surveys", "close", survey, exit_code=2)
    assert "no survey" in run(runner, "surveys", "close", "zzz", exit_code=2)


def test_unit_list_with_errors_opens_nothing(runner: FlaskCliRunner, tmp_path: Path) -> None:
    file = tmp_path / "units.xlsx"
    file.write_text("no workbook", encoding="utf-8")
    assert "has errors" in run(runner, "demo", "create", "--units", str(file), exit_code=2)


@pytest.mark.parametrize("command", [["demo", "create"], ["demo", "answer", "x"], ["simulate-answers", "x", "--from"]])
def test_production_refuses_to_play(tmp_path: Path, command: list[str]) -> None:
    key = base64.b64encode(bytes(32)).decode()
    keys = dict.fromkeys(("MUST_SECRET_KEY", "MUST_INSTALLATION_KEY", "MUST_RESEARCH_PUBLIC_KEY"), key)
    provider = {
        "MUST_ID_PORTEN_ISSUER": "https://idporten.example",
        "MUST_ID_PORTEN_CLIENT_ID": "must",
        "MUST_ID_PORTEN_CLIENT_SECRET": "secret",
    }
    outside = {"MUST_RIGHTS": "local", "MUST_MAIL": "folder", "MUST_PUBLIC_URL": "https://must.example"}
    environ = {"MUST_ENV": "production", **outside, **keys, **provider}
    app = create_app(read_settings(environ, tmp_path / "instance"))
    file = tmp_path / "answers.csv"
    file.touch()
    arguments = [*command, str(file)] if command[-1] == "--from" else command
    with app.app_context():
        assert "in production" in run(app.test_cli_runner(), *arguments, exit_code=2)
        dispose()
