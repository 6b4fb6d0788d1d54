"""What several commands share: finding a survey, naming an error, the exit codes."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NoReturn

import click
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from app.adapters import finding_texts
from app.db.base import begin_writing, kind_of
from app.db.orders import Order
from app.db.surveys import Survey
from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.survey import Audience
from app.domain.unit_list import refused
from app.extensions import MIGRATIONS, db, key_ring, session, settings
from app.services import doctor
from app.services.approval import approve_order
from app.services.audit import Actor, Event, record
from app.services.closing import SWEEP, Step, check_sweep_due, is_swept
from app.services.compaction import compact
from app.services.notices import notices_about
from app.services.orders import find_order
from app.services.surveys import get_survey

SHELL = Actor(Audience.STAFF, "shell")
FAILED, REFUSED, NOT_SAFE = 1, 2, 3
"""Exit codes: part of the work failed; the call cannot be carried out; publishing would reveal somebody."""


class Command(click.Command):
    """Ends with a sentence and an exit code when a rule says no, or the installation or a file cannot be used."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DomainError as error:
            fail(_about_refusal(error), REFUSED)
        except SQLAlchemyError as error:  # not repeated: its statement and parameters may be somebody's
            fail(_about_database(error), FAILED)
        except OSError as error:
            if error.errno == errno.EPIPE:  # nobody reads on: click ends without a word
                raise
            fail(_about_file(error), FAILED)


class Words(click.ParamType[str]):
    """A name or a reason: something has to be there."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return value.strip() or self.fail("it is empty.", param, ctx)


class Place(click.Path):
    """A path that is named: an empty one, as of a variable that is not set, is not the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return self.fail("it is empty.", param, ctx) if value == "" else super().convert(value, param, ctx)


class Group(AppGroup):
    """Of such commands."""

    command_class = Command


def fail(message: str, code: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(code)


def broken_databases() -> Iterator[doctor.Finding]:
    """What is wrong with each of the three; the sentences are in `DATABASE_SENTENCES`."""
    for name, engine in db.engines.items():
        yield from doctor.check_database(name or "answers", engine, MIGRATIONS)


def _about_refusal(error: DomainError) -> str:
    if error.code in finding_texts.TEXTS:  # a workbook that cannot be read
        return finding_texts.describe(refused(error).findings[0], str)
    return _SENTENCES.get(error.code, "Refused: {error}").format(error=error, **error.values)


def _about_database(error: SQLAlchemyError) -> str:
    """The doctor's words on the first database that is broken: to wait for each that is away would take minutes."""
    broken = next(broken_databases(), None)
    if broken is not None:
        return DATABASE_SENTENCES[broken.code].format(**broken.values)
    return _REFUSED.get(kind_of(error), f"A database refused what it was asked for ({kind_of(error)}).")


def _about_file(error: OSError) -> str:
    what = error.filename if isinstance(error.filename, str) and error.filename else "A file or an address"
    return f"{what} cannot be used: {error.strerror or type(error).__name__}."


def now() -> datetime:
    return datetime.now(UTC)


def find_survey(name: str, *, for_writing: bool = False) -> Survey:
    """The survey of this name; `for_writing` when the command goes on to change it."""
    if for_writing:
        session().rollback()
        begin_writing(session(), Survey)
    return get_survey(session(), name)


def go_on_writing() -> None:
    """Keep what was done so far, and begin a transaction that may write, whoever else writes meanwhile."""
    session().commit()
    begin_writing(session(), Survey)


def sweep(survey: Survey, *, is_forced: bool = False) -> None:
    """Do what closing is due to destroy; nothing when it is done already. `is_forced`: do not wait for the grace."""
    if not is_swept(session(), key_ring(), survey):
        if not is_forced:
            check_sweep_due(session(), survey, now())
        run_steps(SWEEP, survey)
    compact_if_needed(survey)


def run_steps(steps: tuple[Step, ...], survey: Survey) -> None:
    """Each step in a transaction of its own."""
    for step in steps:
        go_on_writing()
        step(session(), key_ring(), survey, now())
        session().commit()


def open_order(order: Order, limits: Limits, actor: Actor) -> Survey:
    """Approve a signed order, with a commit after each step."""
    *_, survey = (
        _committed(survey) for survey in approve_order(session(), key_ring(), order, limits, settings(), actor, now())
    )
    session().commit()
    return survey


def _committed(survey: Survey) -> Survey:
    go_on_writing()
    return survey


def note(survey: Survey, event: Event, actor: Actor, **details: object) -> None:
    """A line in the audit trail, and the mail that follows; commit afterwards."""
    record(session(), survey.id, actor, event, now(), **details)
    order = find_order(session(), survey.id)
    if order is None:
        return
    notices = notices_about(session(), order, settings(), now())
    if event is Event.CLOSED:
        notices.closed(survey)
    elif event is Event.PUBLISHED:
        notices.published(survey, int(str(details["n_reports"])))
    elif event is Event.DELETED:
        notices.deleted(survey)


def compact_if_needed(survey: Survey) -> None:
    """Leave no trace of what was destroyed; `flask maintenance run` tries again when somebody is in the way."""
    if survey.needs_compacting:
        session().commit()
        for engine in db.engines.values():
            compact(engine)
        go_on_writing()
        survey.needs_compacting = False
        session().commit()


DATABASE_SENTENCES = {
    "database.unreachable": "The database of {name} cannot be reached ({kind}). Check that it runs, and {setting}.",
    "database.file": "The database of {name}, the file {file}, cannot be used ({kind}). Check who may write there and "
    "in its folder, and {setting}.",
    "database.no_rights": "{user} has no rights in the database of {name}. Run as the owner of the tables: flask "
    "database grants --apply",
    "database.empty": "The database of {name} has no tables yet: flask db upgrade",
    "database.behind": "The database of {name} is at version {found}, and this version needs {needed}: flask db "
    "upgrade (a newer version than needed: install the newer release).",
}
_REFUSED = {
    "InsufficientPrivilege": "This role may not do that. The owner of the tables runs db, database, demo and backup "
    "restore; must_commands runs everything else.",
}
_SENTENCES = {
    "order.unknown": "There is no order {order}, or more than one begins like that. See: flask orders list --all",
    "order.being_opened": "Its approval was interrupted. Approve it again: flask orders approve ORDER",
    "organisation.not_in_area": "It is not on the list. See: flask organisations list",
    "organisation_number.invalid": "That is no organisation number: nine digits with a check digit.",
    "organisations.invalid": "Row {row}: {number} is no organisation number. Nothing was imported.",
    "organisations.nameless": "Row {row} has no name. Nothing was imported.",
    "organisations.none": "The file lists no organisation. Nothing was imported.",
    "organisations.headings": "The first row needs a heading for numbers and one for names. Known: {known}.",
    "organisations.unreadable": "The file is neither CSV in UTF-8 nor an .xlsx workbook.",
    "identity_number.invalid": "That is no national identity number.",
    "staff.known": "Somebody else is called {name} already. Choose a name that tells them apart.",
    "staff.unknown": "There is no {name} among the staff. See: flask staff list",
    "entity_register.unavailable": "The register of entities cannot be reached just now.",
    "survey.unknown": "There is no survey {survey}, or more than one begins like that. See: flask surveys list",
    "survey.still_open": "The survey is open. Close it first: flask surveys close SURVEY",
    "survey.not_open": "The survey is not open.",
    "survey.not_opened": "The survey has not been opened.",
    "survey.in_grace": "Employees in the middle of the form may finish until {until:%Y-%m-%d %H:%M} UTC. Wait, or end "
    "it now: flask surveys close SURVEY --end-grace",
    "survey.illegal_step": "Not possible ({action}): the survey is {current}.",
    "survey.closed": "The survey has closed; nothing can be answered any more.",
    "instrument.unknown": "The survey asks instrument {version}, which this release does not have: install the newest.",
    "register.missing": "Part of the register of consents is missing. Check that MUST_IDENTITIES_URL is the database "
    "that the survey was opened with.",
    "compact.busy": "Everything is destroyed, but its traces are left while {holder} reads an older state; they go at "
    "the next flask maintenance run.",
    "respondent.refused": "{url} answered with {status}, so a simulated person could not go on.",
    "register.busy": "The register of consents is in use. Try again.",
    "basis.changed": "The unit list, the limits or the themes are not those that reports were first made with.",
    "reports.folder": "{folder} holds something else than a report set, and that would be lost. Choose a new folder.",
    "reports.in_progress": "Another process is building these reports.",
    "storage.unavailable": "The storage of reports, {address}, cannot be used ({reason}). Check MUST_REPORTS_URL, the "
    "credentials and the way there; for s3:// install the extra s3.",
    "cluster.unavailable": "The cluster at {address} cannot be used ({kind}): no scheduler, no worker, or the extra "
    "distributed is not installed.",
    "report.none": "No report is made for {path}: there is no such unit, or too few answered.",
    "unit.unknown": "There is no unit {path}.",
    "theme.unknown": "There is no theme {theme} in this survey.",
    "withholding.organisation": "The organisation's own report cannot be withheld: the others compare with it.",
    "answer_file.invalid": "Line {line}: {problem}. Nothing was saved.",
    "set.none": "{folder} is no report set: it lacks manifest.json or audit.json.",
    "set.unreadable": "The report set cannot be used: {problem}.",
    "earlier.changed": "{folder} is not what was delivered, or its figures break the guarantee. See: flask "
    "verify-reports {folder}",
    "earlier.other": "{folder} is not an earlier survey of this organisation: it is of {organisation}, of a later or "
    "the same period, or a rehearsal.",
    "gate.no_members": "The answers are deleted, so nobody can check any more who is behind a figure.",
    "keys.do_not_open": "The keys of this survey do not open with MUST_INSTALLATION_KEY: it is not the one they were "
    "wrapped with last (flask keys rotate). Nothing was changed.",
    "sealed.broken": "Something does not open with the keys at hand: check MUST_INSTALLATION_KEY and MUST_KEYS_URL. "
    "See: flask doctor",
    "key.destroyed": "The key that this needs has been destroyed.",
}
