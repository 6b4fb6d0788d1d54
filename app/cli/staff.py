"""`flask staff`: who may log in as staff."""

from __future__ import annotations

import click
from flask import Flask

from app.cli.common import Group, Words, go_on_writing
from app.domain.identifiers import check_identity_number
from app.extensions import session, settings
from app.services.staff import add_staff, list_staff, remove_staff

group = Group("staff", help="Who may log in as staff.")


def init_app(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
@click.argument("name", type=Words())
@click.option("--number", prompt="National identity number", hide_input=True, help="Asked for when it is not given.")
def add(name: str, number: str) -> None:
    """Let NAME log in. The identity number itself is not kept."""
    digits = check_identity_number(number, accept_synthetic=not settings().is_production)
    go_on_writing()
    add_staff(session(), settings().installation_key, digits, name)
    session().commit()
    click.echo(f"{name} is staff.")


@group.command()
@click.argument("name")
def remove(name: str) -> None:
    """Let NAME log in no more; who is logged in stays so for two hours at most."""
    go_on_writing()
    for _step in remove_staff(session(), settings().installation_key, name):
        session().commit()
    click.echo(f"{name} is no longer staff.")


@group.command("list")
def list_() -> None:
    for name in list_staff(session()):
        click.echo(name)
