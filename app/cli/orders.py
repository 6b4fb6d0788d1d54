"""`flask orders`: list, show, approve, reject. The staff's pages do the same."""

from __future__ import annotations

from collections.abc import Iterator

import click
from flask import Flask

from app.adapters.remark_texts import describe_remark
from app.cli.common import REFUSED, Group, Words, fail, now, open_order
from app.db.base import begin_writing
from app.db.orders import Order
from app.domain.disclosure import Limits
from app.domain.order_review import count_findings
from app.domain.survey import Audience, State
from app.extensions import entity_source, session, settings
from app.services.audit import Actor, list_trail
from app.services.notices import notices_about
from app.services.order_facts import FindEntity, asked_until_silent, remarks_about
from app.services.orders import get_order, list_orders, reject_order, state_of, tree_of

group = Group("orders", help="See, approve and reject orders.")
_BY = click.option(
    "--by", type=Words(), default="shell", show_default=True, metavar="NAME", help="Who decides, for the audit trail."
)


def init_app(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("list")
@click.option("--all", "shows_all", is_flag=True, help="Drafts and opened surveys too, not only what waits.")
def list_(*, shows_all: bool) -> None:
    """One line per order: id, state, answering period, invited, organisation; of a signed one how many remarks."""
    find = asked_until_silent(entity_source().find)
    for order in list_orders(session()):
        state = state_of(session(), order)
        if shows_all or state in (State.SUBMITTED, State.SIGNED):
            period = f"{order.first_on} – {order.last_on}" if order.first_on else "no period"
            said = f"  {_findings(order, find)}" if state is State.SIGNED else ""
            click.echo(
                f"{order.id[:8]}  {state.value:9}  {period}  {order.n_invited or 0:6}  {order.organisation.name}{said}"
            )


@group.command()
@click.argument("order_id", metavar="ORDER")
def show(order_id: str) -> None:
    """Everything about one order, what the rules say about it, and its audit trail."""
    order = get_order(session(), order_id)
    for name, value in _facts(order):
        click.echo(f"{name:16} {value}")
    for remark in remarks_about(session(), order, Limits(), entity_source().find, now()):
        click.echo(f"{'STOP' if remark.stops else 'note'}: {describe_remark(remark, str, str)}")
    for line in list_trail(session(), order.id):
        details = ", ".join(f"{name}={value}" for name, value in line.details.items())
        click.echo(f"{line.at:%Y-%m-%d %H:%M} UTC  {line.audience:8} {line.name:20} {line.event}  {details}".rstrip())


@group.command()
@click.argument("order_id", metavar="ORDER")
@_BY
@click.option("--despite-remarks", is_flag=True, help="Approve although a rule says stop.")
@click.option("--limit", type=click.IntRange(min=Limits().k_means), help="Smallest group of a report. Default: 5.")
def approve(order_id: str, by: str, limit: int | None, *, despite_remarks: bool) -> None:
    """Open the survey: the contact person gets access now, and every date is counted from now."""
    order = _for_writing(order_id)
    limits = Limits() if limit is None else Limits(limit, max(limit, Limits().k_distributions))
    stops = [each for each in remarks_about(session(), order, limits, entity_source().find, now()) if each.stops]
    if stops and not despite_remarks:
        for remark in stops:
            click.echo(f"STOP: {describe_remark(remark, str, str)}", err=True)
        fail("Not approved. Settle this first, or add --despite-remarks.", REFUSED)
    survey = open_order(order, limits, Actor(Audience.STAFF, by))
    click.echo(f"Open: {settings().public_url}/s/{survey.code}")


@group.command()
@click.argument("order_id", metavar="ORDER")
@click.option("--reason", type=Words(), required=True, help="What has to change, as the contact person reads it.")
@_BY
def reject(order_id: str, reason: str, by: str) -> None:
    """Send an order back with a reason; the contact person can change it and send it again."""
    order = _for_writing(order_id)
    reject_order(session(), order, reason, Actor(Audience.STAFF, by), now())
    notices_about(session(), order, settings(), now()).rejected()
    session().commit()
    click.echo("Rejected.")


def _findings(order: Order, find: FindEntity) -> str:
    n_stops, n_notes = count_findings(remarks_about(session(), order, Limits(), find, now()))
    return f"(stops: {n_stops}, notes: {n_notes})"


def _for_writing(order_id: str) -> Order:
    session().rollback()
    begin_writing(session(), Order)
    return get_order(session(), order_id)


def _facts(order: Order) -> Iterator[tuple[str, object]]:
    tree = tree_of(order)
    yield "id", order.id
    yield "organisation", f"{order.organisation.name} ({order.organisation_number})"
    yield "state", state_of(session(), order).value
    yield "contact person", f"{order.contact_name} <{order.contact_email}>"
    yield "leader", f"{order.leader_name} <{order.leader_email}>"
    yield "answering", f"{order.first_on} – {order.last_on}"
    yield "invited", order.n_invited
    yield "extra themes", ", ".join(order.extra_themes) or "none"
    yield "units, levels", "no list" if tree is None else f"{len(tree.units) - 1}, {tree.n_levels}"
    if order.signed_at is not None:
        yield "signed", f"{order.signed_by}, {order.signed_role}, {order.signed_at:%Y-%m-%d %H:%M} UTC"
        yield "agreement", f"{order.agreement_version}, SHA-256 {order.agreement_hash}"
    if order.reason:
        yield "rejected", order.reason
