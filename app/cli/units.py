"""`flask units`: look at a unit list without ordering anything. Needs no database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import click
from babel.support import Translations
from flask import Flask
from flask.cli import AppGroup

from app.adapters.finding_texts import describe, how_to_mend, severity_name
from app.adapters.spreadsheets import check_unit_list
from app.domain.unit_list import Finding, Severity, UnitList
from app.domain.units import Unit, UnitTree

LANGUAGES = ("en", "nb")
TRANSLATIONS = Path(__file__).resolve().parents[2] / "translations"

Gettext = Callable[[str], str]

units = AppGroup("units", help="Check unit lists.")


def init_app(app: Flask) -> None:
    app.cli.add_command(units)


@units.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organisation", default="", metavar="NAME", help="The organisation's name, to find a level for it.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the messages.")
def check(file: Path, organisation: str, lang: str) -> None:
    """Say what is wrong in the unit list FILE, and show its tree. Exit code 1 when there are errors."""
    gettext = Translations.load(str(TRANSLATIONS), [lang]).gettext
    unit_list = check_unit_list(file, organisation=organisation)
    for finding in unit_list.findings:
        click.echo("\n".join(_finding_lines(finding, gettext)))
    click.echo(_verdict(unit_list, gettext))
    if unit_list.tree is None:
        raise SystemExit(1)
    for line in _tree_lines(unit_list.tree, organisation or gettext("The whole organisation")):
        click.echo(line)


def _finding_lines(finding: Finding, gettext: Gettext) -> Iterator[str]:
    where = "!".join(filter(None, (finding.sheet, finding.cell)))
    heading = severity_name(finding.severity, gettext)
    yield f"{heading}, {where}" if where else heading
    if finding.value:
        yield f"  «{finding.value}»"
    yield f"  {describe(finding, gettext)}"
    yield f"  {how_to_mend(finding, gettext)}"


def _verdict(unit_list: UnitList, gettext: Gettext) -> str:
    n_errors = sum(finding.severity is Severity.ERROR for finding in unit_list.findings)
    if n_errors:
        return gettext("The list cannot be used yet. Errors: %(n)d.") % {"n": n_errors}
    return gettext("The list can be used. Findings to look at: %(n)d.") % {"n": len(unit_list.findings)}


def _tree_lines(tree: UnitTree, organisation: str) -> Iterator[str]:
    """Every unit below its parent, indented, with its head count."""

    def lines(unit: Unit) -> Iterator[str]:
        count = "" if unit.n_people is None else f" ({unit.n_people})"
        yield f"{'  ' * unit.level}{unit.name or organisation}{count}"
        for child in tree.children(unit):
            yield from lines(child)

    return lines(tree.root)
