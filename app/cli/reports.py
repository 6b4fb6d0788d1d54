"""`flask build-reports` and `flask audit-reports`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import click
from flask import Flask
from flask.cli import with_appcontext
from tqdm import tqdm

from app.cli.common import FAILED, NOT_SAFE, SHELL, Command, Place, Words, fail, find_survey, note, sweep
from app.db.base import begin_writing
from app.db.keys import Tombstones
from app.db.surveys import Survey
from app.domain.certificate import Certificate
from app.domain.errors import DomainError
from app.domain.results import ReportResults
from app.domain.survey import Action, Audience, State, oslo_day, state_after
from app.domain.trend import Earlier
from app.extensions import key_ring, report_storage, session, settings
from app.services.audit import Event
from app.services.audit_file import write_audit_file
from app.services.release_gate import PATH_SEPARATOR
from app.services.releases import (
    Release,
    add_withholding,
    list_withholdings,
    prepare_release,
    review_release,
    select_reports,
)
from app.services.report_store import publish_set, upload_set
from app.services.surveys import OpenedSurvey, opened

if TYPE_CHECKING:
    from app.services.report_building import Built
    from app.services.report_workers import Workers

_THIS_MACHINE = {"127.0.0.1", "::1", "localhost"}


def init_app(app: Flask) -> None:
    app.cli.add_command(build_reports)
    app.cli.add_command(audit_reports)
    app.cli.add_command(review_withdrawals)


@click.command("build-reports", cls=Command)
@with_appcontext
@click.argument("survey_id", metavar="SURVEY")
@click.option("--out", type=Place(path_type=Path), help="Write the set into this folder, and publish nothing.")
@click.option("--lang", "languages", multiple=True, help="nb, nn, en; repeat for several. Default: all.")
@click.option("--workers", type=click.IntRange(1, 256), default=os.cpu_count() or 1, show_default=True)
@click.option("--scheduler", metavar="ADDRESS", help="A Dask cluster does the work: tcp://… or tls://…")
@click.option(
    "--unit",
    "unit_path",
    type=Words(),
    help='One unit only, its path as "Division / Section"; "/" is the organisation.',
)
@click.option(
    "--earlier",
    type=Place(exists=True, file_okay=False, path_type=Path),
    help="Folder of the delivered set of an earlier survey: its means are shown beside this one's. Give it each time.",
)
@click.option("--resume", is_flag=True, help="Go on with a build that was interrupted, or in which a report failed.")
@click.option(
    "--read-back", is_flag=True, help="Read every finished file before publishing: its figures must be right."
)
@click.option("--dry-run", is_flag=True, help="Say what would be made, and write nothing.")
def build_reports(
    survey_id: str,
    out: Path | None,
    languages: tuple[str, ...],
    workers: int,
    scheduler: str | None,
    unit_path: str | None,
    earlier: Path | None,
    *,
    resume: bool,
    read_back: bool,
    dry_run: bool,
) -> None:
    """Make the reports of a closed survey: PDF and HTML for every unit that is large enough, and one workbook.

    Exit codes: 0 done, 1 some report failed (nothing is published), 2 refused, 3 a figure would reveal somebody.
    """
    if unit_path is not None and (resume or scheduler or read_back):
        raise click.UsageError("--resume, --scheduler and --read-back are for a whole set, not for one unit.")
    if read_back and resume:
        raise click.UsageError("--read-back is for a set that is made in one go.")
    survey = find_survey(survey_id)
    if not dry_run or survey.swept_at is None:
        sweep(survey)
    release = _release(survey_id, earlier)
    chosen = select_reports(release, None if unit_path is None else _path(unit_path))
    languages = _known(release, languages)
    if dry_run:
        session().rollback()
        _print_plan(release, chosen, languages[0])
        return
    session().commit()  # the basis is frozen before the first page is drawn
    folder = (out or settings().building_folder / survey.id).absolute()
    place = str(folder)
    if unit_path is not None and (folder / "manifest.json").exists():
        raise click.UsageError(f"{folder} holds a whole set, whose archive and checksums one report would belie.")
    if unit_path is not None:
        _check_built(_build_one(release, chosen[0], languages, folder))
    else:
        publication = None if out else _Publication(survey_id, languages, len(chosen))
        makers = _workers(scheduler, workers)
        _check_built(_build_set(release, languages, folder, makers, publication, resume=resume, reads_back=read_back))
        place = place if publication is None else publication.place
        click.echo(f"For staff only, what was withheld where: {_write_for_staff(release, survey.id)}")
    click.echo(f"{len(chosen)} reports in {', '.join(languages)}: {place}")
    if not chosen:
        click.echo(_too_few(release))


class _Publication:
    """Puts a finished set where the portal finds it."""

    def __init__(self, survey_id: str, languages: tuple[str, ...], n_reports: int) -> None:
        self.survey_id = survey_id
        self.details = {"n_reports": n_reports, "languages": list(languages)}
        self.place = ""

    def __call__(self, folder: Path, names: Sequence[str]) -> None:
        """Copied while nobody waits; then, with the survey's row held, it becomes the set that counts."""
        storage = report_storage()
        survey = find_survey(self.survey_id)
        session().commit()
        place = upload_set(storage, survey.id, folder, names)
        survey = find_survey(self.survey_id, for_writing=True)
        session().refresh(survey, with_for_update={"of": Survey})
        try:
            survey.state = state_after(Audience.STAFF, Action.PUBLISH, State(survey.state)).value
        except DomainError:
            storage.delete(place)  # deleted meanwhile
            raise
        publish_set(storage, survey.id, place, folder, names)
        note(survey, Event.PUBLISHED, SHELL, **self.details)
        session().commit()
        self.place = f"{storage.address}/{place}"


@click.command("audit-reports", cls=Command)
@with_appcontext
@click.argument("survey_id", metavar="SURVEY")
@click.option("--json", "file", type=Place(path_type=Path, dir_okay=False), required=True)
def audit_reports(survey_id: str, file: Path) -> None:
    """Write what the gate checked, for a checker of your own: who is behind each figure, under fresh pseudonyms."""
    survey = find_survey(survey_id)
    sweep(survey)
    release = _release(survey_id)
    session().rollback()
    write_audit_file(session(), key_ring(), opened(find_survey(survey_id)).setup, release, file)
    click.echo(_verdict(release.certificate))


@click.command("review-withdrawals", cls=Command)
@with_appcontext
@click.argument("survey_id", metavar="SURVEY")
@click.option("--withhold", "unit_path", help='Publish less: the unit, its path as "Division / Section".')
@click.option("--theme", "theme_id", help="Only this theme of the unit, instead of its whole report.")
@click.option("--reason", type=Words(), help="Why; kept for staff.")
def review_withdrawals(survey_id: str, unit_path: str | None, theme_id: str | None, reason: str | None) -> None:
    """Per report: answers in it, answers withdrawn and why, and what is withheld. It can withhold more, never less."""
    survey = find_survey(survey_id)
    sweep(survey)
    if unit_path is not None:
        if not reason:
            raise click.UsageError("--withhold needs a --reason.")
        find_survey(survey_id, for_writing=True)
        begin_writing(session(), Tombstones)
        add_withholding(session(), key_ring(), opened(survey).setup, _path(unit_path), theme_id, reason)
        note(survey, Event.WITHHELD, SHELL, unit=unit_path, theme=theme_id or "", reason=reason)
        session().commit()
    release = _release(survey_id)
    session().commit()
    _print_review(release)
    for decision in list_withholdings(session(), survey.id):
        unit = release.basis.frozen.tree.units[decision.unit]
        click.echo(
            f"Withheld by staff: {PATH_SEPARATOR.join(unit.path)}, {decision.theme_id or 'all'}: "
            f"{decision.reason or 'decided before a backup was restored'}"
        )
    click.echo(_verdict(release.certificate))


def _print_review(release: Release) -> None:
    lines = review_release(release)
    if not lines:
        click.echo(_too_few(release))
        return
    click.echo(f"{'in':>6} {'of':>6} {'withdrawn':>9} {'no mean':>7} {'no spread':>9} {'most lost':>9}  report")
    for line in lines:
        name = PATH_SEPARATOR.join(line.report.unit.path) or release.report_set.organisation
        click.echo(
            f"{line.report.n_included:6} {line.report.n_answers:6} {line.n_withdrawn:9} {line.n_themes_without_mean:7} "
            f"{line.n_themes_without_distribution:9} {line.most_lost:9}  {name}"
        )
    click.echo(_WHY)


_WHY = """
withdrawn: fewer than the limit belong directly there, also together with what rose from below; they count in the next
report above that has enough. most lost: complete answers that the mean of some theme lacks, against the best that any
plan could print (all of them); at most the limit less one. no spread: themes without percentages.
"""


def _release(survey_id: str, earlier: Path | None = None) -> Release:
    survey = opened(find_survey(survey_id, for_writing=True))
    try:
        return prepare_release(session(), key_ring(), survey, _earlier(survey, earlier))
    except DomainError as error:
        if error.code != "gate.refused":
            raise
        session().rollback()
        certificate: Certificate = error.values["certificate"]  # type: ignore[assignment]
        _print_violations(certificate)
        fail(
            "Nothing is published: figures are wrong, or a combination of them would reveal too small a group.",
            NOT_SAFE,
        )


def _earlier(survey: OpenedSurvey, folder: Path | None) -> Earlier | None:
    if folder is None:
        return None
    from app.services.earlier import read_earlier  # as below

    return read_earlier(folder, survey.setup.organisation, oslo_day(survey.clock.access_at))


def _print_violations(certificate: Certificate) -> None:
    for violation in certificate.violations:
        figures = ", ".join(violation.contained_in)
        if violation.kind in _WRONG:
            click.echo(f"{figures}: {_WRONG[violation.kind]}", err=True)
            continue
        click.echo(
            f"{violation.theme}: {violation.n} of at least {violation.limit} ({violation.kind}); counted in {figures}; "
            f"not in {', '.join(violation.told_apart_by) or 'any other'}",
            err=True,
        )


_WRONG = {
    "n": "the number of answers that is printed is not the number of people behind the figure",
    "repeated": "somebody is counted twice",
    "place": "so sensitive that only the organisation's report may show it",
    "value": "what is printed is not the figure of the answers behind it",
}


def _path(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(PATH_SEPARATOR.strip()) if name.strip())


def _known(release: Release, languages: tuple[str, ...]) -> tuple[str, ...]:
    known = release.report_set.instrument.languages
    unknown = [language for language in languages if language not in known]
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)}; known: {', '.join(known)}", param_hint="--lang")
    return languages or known


def _print_plan(release: Release, chosen: tuple[ReportResults, ...], language: str) -> None:
    from app.services.report_building import report_file

    for report in chosen:
        design = "means and distributions" if report.has_distributions else "means"
        counts = f"{report.n_included} of {report.n_answers}"
        click.echo(f"{report_file(release, report, language)}  {counts}  {design}")
    if not chosen:
        click.echo(_too_few(release))
    click.echo(_verdict(release.certificate))


def _too_few(release: Release) -> str:
    return f"Fewer than {release.report_set.limits.k_means} answered. To protect them, there is no report."


def _verdict(certificate: Certificate) -> str:
    return (
        f"{certificate.n_figures} figures; smallest group behind any combination of means "
        f"{certificate.smallest_mean or 'none'}, of distributions {certificate.smallest_dist or 'none'}."
    )


# The renderer takes half a second to load; no other command and no web process needs it.


def _build_one(release: Release, report: ReportResults, languages: tuple[str, ...], folder: Path) -> Built:
    from app.services.report_building import build_one

    return build_one(release, report, languages, folder)


def _workers(scheduler: str | None, n: int) -> Workers:
    from app.services.report_workers import cluster_workers, local_workers

    if scheduler is None:
        return local_workers(n)
    address = _address(scheduler)
    if settings().is_production and address.scheme != "tls" and address.hostname not in _THIS_MACHINE:
        raise click.UsageError("In production --scheduler is tls:// or on this machine: who reaches it runs code here.")
    return cluster_workers(scheduler)


def _address(scheduler: str) -> SplitResult:
    try:
        address = urlsplit(scheduler)
        if address.scheme in ("tcp", "tls") and address.hostname and address.port:
            return address
    except ValueError:
        pass
    raise click.BadParameter(f"{scheduler} is not tcp://HOST:PORT or tls://HOST:PORT.", param_hint="--scheduler")


def _build_set(
    release: Release,
    languages: tuple[str, ...],
    folder: Path,
    workers: Workers,
    publication: _Publication | None,
    *,
    resume: bool,
    reads_back: bool,
) -> Built:
    from app.services.report_building import build_set, count_jobs, find_finished

    finished = find_finished(release, languages, folder) if resume else frozenset()
    if resume:
        click.echo(f"{len(finished)} reports are made already.")
    n_jobs = count_jobs(release, languages)
    # None: quiet in a pipe
    with tqdm(total=n_jobs, initial=len(finished), unit="report", disable=None, smoothing=0.1) as bar:
        return build_set(release, languages, folder, workers, bar.update, finished, publication, reads_back=reads_back)


def _write_for_staff(release: Release, survey_id: str) -> Path:
    from app.services.report_building import write_for_staff

    folder = settings().staff_folder / survey_id
    write_for_staff(release, folder)
    return folder


def _check_built(built: Built) -> None:
    for name, error in built.failures:
        click.echo(f"{name}: {error}", err=True)
    if built.failures:
        fail(
            f"{len(built.failures)} of the reports failed; nothing was published. The others are kept: when the cause "
            "is mended, --resume makes what is missing.",
            FAILED,
        )
