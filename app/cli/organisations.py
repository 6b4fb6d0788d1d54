"""`flask organisations`: the list of those that may order (spec 3.2)."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask

from app.adapters.organisation_files import read_organisations
from app.cli.common import Group, now
from app.db.base import begin_writing
from app.db.surveys import Organisation
from app.domain.identifiers import check_organisation_number
from app.extensions import entity_source, session
from app.services.orders import list_orders, state_of
from app.services.organisations import get_organisation, import_organisations, list_organisations

group = Group("organisations", help="The state collective-agreement area.")


def init_app(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(file: Path) -> None:
    """Replace the list by that of FILE, CSV or .xlsx with a column of organisation numbers and one of names."""
    rows = read_organisations(file)
    session().rollback()
    begin_writing(session(), Organisation)
    imported = import_organisations(session(), rows)
    session().commit()
    click.echo(f"{imported.n_in_area} organisations may order; {imported.n_left} no longer may.")


@group.command("list")
def list_() -> None:
    for organisation in list_organisations(session()):
        click.echo(f"{organisation.number}  {organisation.name}")


@group.command()
@click.argument("number")
def show(number: str) -> None:
    """One organisation: on the list, in the register of entities, and its orders."""
    organisation = get_organisation(session(), check_organisation_number(number))
    click.echo(f"{organisation.number}  {organisation.name}")
    entity = entity_source().find(organisation.number, now())
    if entity is None:
        click.echo("Unknown to the register of entities.")
    else:
        click.echo(f"Register of entities: {entity.name}{', deleted' if entity.is_deleted else ''}")
        for sub_unit in entity.sub_units:
            click.echo(f"  {sub_unit.number}  {sub_unit.name}{', deleted' if sub_unit.is_deleted else ''}")
    for order in list_orders(session(), [organisation.number]):
        click.echo(f"{order.id[:8]}  {state_of(session(), order).value:9}  {order.first_on} – {order.last_on}")
