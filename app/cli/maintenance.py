"""`flask maintenance run`: what the clock asks for, late or twice without harm."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import click
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.cli.common import FAILED, Group, compact_if_needed, find_survey, go_on_writing, note, now, run_steps, sweep
from app.db.base import begin_writing
from app.db.orders import Mail
from app.db.surveys import Survey
from app.domain.errors import DomainError
from app.extensions import key_ring, report_storage, session, settings
from app.services.audit import THE_CLOCK, Event, is_recorded
from app.services.closing import is_sweep_due, is_swept
from app.services.deletion import DELETION, delete_old_sums, describe_deletion, is_deletion_due
from app.services.ended_logins import forget_ended_logins
from app.services.mail_queue import forget_addresses
from app.services.report_store import delete_sets
from app.services.surveys import list_surveys

LOOKED_AFTER = timedelta(days=14)
"""So long after its deletion a survey's reports are looked for again."""

group = Group("maintenance", help="Work that the clock asks for.")


def init_app(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
def run() -> None:
    """Delete what is ten weeks old, close what has run out, destroy what closing destroys. Run it every few minutes.

    Exit code 1 when something could not be done for some survey; the others are done all the same.
    """
    surveys = [survey.id for survey in list_surveys(session())]
    faults = [
        survey_id for work in (_delete_if_due, _sweep_if_due) for survey_id in surveys if not _try(work, survey_id)
    ]
    session().rollback()
    begin_writing(session(), Mail)
    forget_addresses(session(), now())
    session().commit()
    forget_ended_logins(session(), now())
    session().commit()
    if faults:
        sys.exit(FAILED)


def _try(work: Callable[[Survey], None], survey_id: str) -> bool:
    """Whether it went well: one survey's fault must not keep the others past their day."""
    try:
        work(find_survey(survey_id))
    except (DomainError, SQLAlchemyError) as error:
        session().rollback()
        reason = error if isinstance(error, DomainError) else type(error).__name__
        click.echo(f"{survey_id[:8]}: {reason}", err=True)
        return False
    return True


def _sweep_if_due(survey: Survey) -> None:
    if is_sweep_due(session(), survey, now()):
        was_swept = is_swept(session(), key_ring(), survey)
        sweep(survey)
        go_on_writing()
        if not is_recorded(session(), survey.id, Event.CLOSED):  # nobody pressed the button
            note(survey, Event.CLOSED, THE_CLOCK)
        session().commit()
        if not was_swept:
            click.echo(f"{survey.id[:8]} closed and swept.")
    compact_if_needed(survey)


def _delete_if_due(survey: Survey) -> None:
    if is_deletion_due(survey, now()):
        _delete(survey)
    elif survey.deleted_at is not None and now() - survey.deleted_at < LOOKED_AFTER:
        _forget_reports(survey)
    go_on_writing()
    delete_old_sums(session(), survey, now())
    session().commit()


def _delete(survey: Survey) -> None:
    """Delete one survey and leave a certificate of it, begun before the first step and finished after the last."""
    folder = settings().instance / "certificates"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"deletion-{survey.id}.json"
    if not file.exists():
        _write(file, describe_deletion(session(), survey) | {"deleted_at": None})
    run_steps(DELETION, survey)
    _forget_reports(survey)
    compact_if_needed(survey)
    certificate = json.loads(file.read_text(encoding="utf-8"))
    _write(file, certificate | {"deleted_at": now().isoformat(timespec="minutes")})
    go_on_writing()
    survey.deleted_at = now()
    note(survey, Event.DELETED, THE_CLOCK, n_responses=certificate["n_responses"])
    session().commit()
    if not certificate["was_exported"]:
        click.echo(f"{survey.id[:8]}: what was consented to had not been exported.", err=True)
    click.echo(f"{survey.id[:8]} deleted: {file}")


def _forget_reports(survey: Survey) -> None:
    """Once more after deletion, too: a build that was under way then may have left something."""
    for folder in (settings().building_folder, settings().staff_folder):
        shutil.rmtree(folder / survey.id, ignore_errors=True)
    delete_sets(report_storage(), survey.id)


def _write(file: Path, certificate: dict[str, object]) -> None:
    temporary = file.with_suffix(".part")
    temporary.write_text(json.dumps(certificate, indent=1) + "\n", encoding="utf-8")
    temporary.replace(file)
