"""`flask database grants`: the least rights in PostgreSQL."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup

from app.db.grants import DATABASES, grants_sql

group = AppGroup("database", help="The databases themselves.")


def init_app(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
@click.argument("name", metavar="DATABASE", type=click.Choice(list(DATABASES)))
def grants(name: str) -> None:
    """Print the SQL that gives must_web and must_commands their rights; run it as the owner after each migration.

    \b
    flask database grants answers | psql --set ON_ERROR_STOP=1 ANSWERS
    """
    click.echo(grants_sql(name), nl=False)
