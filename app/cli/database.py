"""`flask database grants`: the least rights in PostgreSQL."""

from __future__ import annotations

import click
from flask import Flask

from app.cli.common import REFUSED, Group, fail
from app.db.grants import DATABASES, grants_sql
from app.extensions import db

group = Group("database", help="The databases themselves.")


def init_app(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
@click.argument("name", metavar="DATABASE", type=click.Choice(list(DATABASES)), required=False)
@click.option("--apply", "is_applied", is_flag=True, help="Run it in all three databases instead of printing it.")
def grants(name: str | None, *, is_applied: bool) -> None:
    """Print the SQL that gives must_web and must_commands their rights, or with --apply run it.

    The owner of the tables runs it after each migration.
    """
    if (name is None) is not is_applied:
        raise click.UsageError(f"Name one of {', '.join(DATABASES)}, or give --apply.")
    if name is not None:
        click.echo(grants_sql(name), nl=False)
        return
    engines = {database: db.engines[None if database == "answers" else database] for database in DATABASES}
    if any(engine.dialect.name != "postgresql" for engine in engines.values()):
        fail("Only PostgreSQL has roles.", REFUSED)
    for database, engine in engines.items():
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT", no_parameters=True) as connection:
            connection.exec_driver_sql(grants_sql(database))
    click.echo("must_web and must_commands have their rights in all three databases.")
