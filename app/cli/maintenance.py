"""`flask maintenance run`: what the clock asks for, late or twice without harm."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup

from app.cli.common import now, sweep
from app.extensions import key_ring, session
from app.services.closing import is_sweep_due, is_swept
from app.services.surveys import list_surveys

group = AppGroup("maintenance", help="Work that the clock asks for.")


def init_app(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
def run() -> None:
    """Close what has run out, destroy what closing destroys. Run it every few minutes."""
    for survey in list_surveys(session()):
        if is_sweep_due(session(), survey, now()) and not is_swept(session(), key_ring(), survey):
            sweep(survey)
            click.echo(f"{survey.id[:8]} closed and swept.")
