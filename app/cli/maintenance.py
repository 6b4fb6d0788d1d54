"""`flask maintenance run`: what the clock asks for, late or twice without harm."""

from __future__ import annotations

import json

import click
from flask import Flask
from flask.cli import AppGroup

from app.cli.common import compact_all, now, sweep
from app.db.base import begin_writing
from app.db.surveys import Survey
from app.extensions import key_ring, session, settings
from app.services.closing import is_sweep_due, is_swept
from app.services.deletion import DELETION, delete_old_sums, describe_deletion, is_deletion_due
from app.services.surveys import list_surveys

group = AppGroup("maintenance", help="Work that the clock asks for.")


def init_app(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
def run() -> None:
    """Close what has run out, destroy what closing destroys, delete what is ten weeks old. Run it every few minutes."""
    for survey in list_surveys(session()):
        if is_deletion_due(survey, now()):
            _delete(survey)
        elif is_sweep_due(session(), survey, now()) and not is_swept(session(), key_ring(), survey):
            sweep(survey)
            click.echo(f"{survey.id[:8]} closed and swept.")
        delete_old_sums(session(), survey, now())
        session().commit()


def _delete(survey: Survey) -> None:
    """Delete one survey and leave a certificate of it."""
    certificate = describe_deletion(session(), survey) | {"deleted_at": now().isoformat(timespec="minutes")}
    for step in DELETION:
        session().commit()
        begin_writing(session(), Survey)
        step(session(), key_ring(), survey, now())
        session().commit()
    compact_all()
    folder = settings().instance / "certificates"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"deletion-{survey.id}.json"
    file.write_text(json.dumps(certificate, indent=1) + "\n", encoding="utf-8")
    if not certificate["was_exported"]:
        click.echo(f"{survey.id[:8]}: what was consented to had not been exported.", err=True)
    click.echo(f"{survey.id[:8]} deleted: {file}")
