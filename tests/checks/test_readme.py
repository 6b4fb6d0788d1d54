"""The README says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import click
from flask import Flask

from app.domain.survey import GRACE
from app.web.privacy import as_markdown

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_privacy_section_is_made_from_the_constants_of_the_code() -> None:
    """After a change: python -m tests.checks.test_readme"""
    section = README.split("<!-- privacy -->")[1].split("<!-- /privacy -->")[0]
    assert section.strip() == as_markdown("en", GRACE).strip()


def test_every_setting_is_in_the_table_and_nothing_else() -> None:
    files = [*(ROOT / "app" / "config").glob("*.py"), ROOT / "app" / "__init__.py"]
    used = {name for file in files for name in re.findall(r"MUST_[A-Z_]+[A-Z]", file.read_text(encoding="utf-8"))}
    documented = set(re.findall(r"`(MUST_[A-Z_]+[A-Z])`", README))
    assert documented == used


def test_every_command_is_named(app: Flask) -> None:
    for name, command in app.cli.commands.items():
        if name in ("run", "shell", "routes", "db"):
            continue
        if isinstance(command, click.Group):
            assert f"flask {name} " in README, name
        else:
            assert f"flask {name}" in README, name


def test_pictures_and_files_that_it_names_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_ci_runs_exactly_the_test_command() -> None:
    assert "make test    #" in README
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith("make test")


if __name__ == "__main__":
    before, _, rest = README.partition("<!-- privacy -->")
    _, _, after = rest.partition("<!-- /privacy -->")
    text = f"{before}<!-- privacy -->\n\n{as_markdown('en', GRACE)}\n<!-- /privacy -->{after}"
    (ROOT / "README.md").write_text(text, encoding="utf-8")
