"""`flask units`: what a unit list will give, without ordering anything. Needs no database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import click
from babel.support import Translations
from flask import Flask
from tqdm import tqdm

from app.adapters import forecast_texts
from app.adapters.finding_texts import describe, how_to_mend, severity_name
from app.adapters.forecast_texts import describe_hint, describe_needed, outlook_name
from app.adapters.spreadsheets import check_unit_list
from app.cli.common import FAILED, REFUSED, Group, Place, fail, now
from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.forecast import Forecast, UnitForecast, has_head_counts, make_forecasts
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.survey import oslo_day
from app.domain.unit_list import Finding, Severity, UnitList
from app.domain.units import Unit, UnitTree

LANGUAGES = load_instrument(CURRENT_VERSION).languages
HINTS_AT = 70
"""The response rate, in per cent, that units are merged for."""
TRANSLATIONS = Path(__file__).resolve().parents[2] / "translations"

Gettext = Callable[[str], str]

units = Group("units", help="Check unit lists, and see what reports they would give.")


def init_app(app: Flask) -> None:
    app.cli.add_command(units)


@units.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organisation", default="", metavar="NAME", help="The organisation's name, to find a level for it.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the messages.")
def check(file: Path, organisation: str, lang: str) -> None:
    """Say what is wrong in the unit list FILE, show its tree, and with head counts a forecast of reports.

    Exit code 1 when there are errors.
    """
    gettext = Translations.load(str(TRANSLATIONS), [lang]).gettext
    unit_list = check_unit_list(file, organisation=organisation)
    for finding in unit_list.findings:
        click.echo("\n".join(_finding_lines(finding, gettext)))
    click.echo(_verdict(unit_list, gettext))
    if unit_list.tree is None:
        raise SystemExit(1)
    name = organisation or gettext("The whole organisation")
    for line in _tree_lines(unit_list.tree, name):
        click.echo(line)
    if has_head_counts(unit_list.tree):
        for line in _forecast_lines(make_forecasts(unit_list.tree, Limits()), name, gettext):
            click.echo(line)


@units.command("rehearse")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=Place(file_okay=False, path_type=Path), required=True, help="A new folder.")
@click.option("--organisation", metavar="NAME", help="The organisation's name. Default: the name of the file.")
@click.option("--theme", "themes", multiple=True, help="An extended or add-on theme; repeat for several.")
@click.option("--lang", "languages", type=click.Choice(LANGUAGES), multiple=True, help="Repeat for several; all.")
@click.option("--reports", "n_reports", type=click.IntRange(1), default=12, show_default=True, help="At most so many.")
@click.option("--workers", type=click.IntRange(1, 256), default=os.cpu_count() or 1, show_default=True)
def rehearse(
    file: Path,
    out: Path,
    organisation: str | None,
    themes: tuple[str, ...],
    languages: tuple[str, ...],
    n_reports: int,
    workers: int,
) -> None:
    """Make reports for the unit list FILE on invented answers, marked as such on every page.

    Exit codes: 0 done, 1 some report failed, 2 refused.
    """
    # The renderer takes half a second to load; no other command here needs it.
    from app.services import rehearsal

    name = organisation or file.stem
    tree = check_unit_list(file, organisation=name).tree
    if tree is None:
        fail(f"{file} has errors. See them: flask units check {file}", REFUSED)
    today = oslo_day(now())
    with tqdm(unit="report", disable=None) as bar:  # None: quiet in a pipe
        try:
            done = rehearsal.rehearse(
                name,
                tree,
                out.absolute(),
                period=(today, today + timedelta(days=13)),
                limits=Limits(),
                extra_themes=themes,
                languages=languages,
                n_reports_at_most=n_reports,
                n_workers=workers,
                on_progress=bar.update,
            )
        except DomainError as error:
            fail(_REFUSALS.get(error.code, "Refused: {error}").format(error=error, **error.values), REFUSED)
    for report, problem in done.built.failures:
        click.echo(f"{report}: {problem}", err=True)
    if done.built.failures:
        fail("The set is not complete, so it was not put in its place.", FAILED)
    click.echo(f"{len(done.release.reports)} reports on invented answers: {out}")
    if done.left_out:
        click.echo(f"Left out, to be quick (all of them: --reports {len(done.release.reports) + len(done.left_out)}):")
        for unit in done.left_out:
            click.echo(f"  {' / '.join(unit.path)}")


_REFUSALS = {
    "theme.unknown": "There is no theme {theme}.",
    "rehearsal.folder": "{folder} holds something else than a rehearsal. Choose a new folder.",
    "rehearsal.no_report": "With these head counts there would be no report at all.",
}


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


def _forecast_lines(forecasts: tuple[Forecast, ...], organisation: str, gettext: Gettext) -> Iterator[str]:
    """Per unit that may have a report what it may expect at each response rate; then which small units to merge."""
    rows = [
        (_indented(own[0].unit, organisation), *(_outlook(at_rate, gettext) for at_rate in own))
        for own in zip(*(forecast.units for forecast in forecasts), strict=True)
        if not own[0].unit.is_catch_all
    ]
    yield ""
    yield gettext("Forecast of reports")
    yield from _columns([("", *(f"{forecast.rate} %" for forecast in forecasts)), *rows])
    yield ""
    yield gettext(forecast_texts.BASIS)
    if any(own.n_left_out for forecast in forecasts for own in forecast.units):
        yield gettext(forecast_texts.LEFT_OUT)
    for forecast in forecasts:
        yield describe_needed(forecast, gettext)
    hints = [hint for forecast in forecasts if forecast.rate == HINTS_AT for hint in forecast.hints]
    if hints:
        yield ""
        yield gettext("Small units that you could merge, if %(rate)d %% answer:") % {"rate": HINTS_AT}
        yield from (f"  {describe_hint(hint, organisation, gettext)}" for hint in hints)


def _indented(unit: Unit, organisation: str) -> str:
    return f"{'  ' * unit.level}{unit.name or organisation}"


def _outlook(own: UnitForecast, gettext: Gettext) -> str:
    return outlook_name(own.outlook, gettext) + (f" ({own.n_left_out})" if own.n_left_out else "")


def _columns(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
