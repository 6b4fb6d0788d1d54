"""Orders, from the first draft until they are approved. Every form works without JavaScript.

======================================= ============================================================================
GET  /organisation/                     the visitor's organisations and their orders
POST /organisation/orders               ``organisation_number``: begins a draft
POST /organisation/orders/<id>          the order form (see `forms`); ``go`` draft | check | unit_list;
                                        ``save`` 1: answer with the fragment that says what was saved;
                                        ``checked`` 1: and what is left to mend
POST /organisation/orders/<id>/send     sends the order to the top leader
POST /organisation/orders/<id>/discard  deletes the draft
POST …/<id>/unit-list                   ``workbook``: a file; or ``go`` show and ``level_1`` …: try the choices
POST …/<id>/unit-list/remove            takes the list away
POST …/<id>/rehearsal                   ``report_language``: a ZIP of reports on invented answers
======================================= ============================================================================

Every form also has ``csrf_token``. Success answers 303, something to mend 422.
"""

from __future__ import annotations

from itertools import groupby

from flask import Response, abort, flash, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.adapters.calendar_files import write_calendar
from app.db.orders import Order
from app.db.surveys import Organisation
from app.domain.errors import DomainError
from app.domain.order import Problem
from app.domain.rights import Right
from app.domain.survey import State
from app.extensions import session, settings
from app.services import orders
from app.services.audit import list_trail
from app.services.notices import notices_about
from app.services.orders import content_of, problems_of, state_of
from app.web import access, language, visitors
from app.web.fragments import go_to
from app.web.ordering import rehearsal, unit_list  # noqa: F401 - their routes
from app.web.ordering.blueprint import EDITABLE, WAITING, actor, bp, choosable, own_draft, own_order, start_writing
from app.web.ordering.forms import Reading, read_order_form
from app.web.ordering.view import (
    form_context,
    listed,
    merged,
    show,
    show_form,
    summary_context,
    timetable_of,
)
from app.web.timetable import calendar_events
from app.web.trail import worded_trail

__all__ = ["bp"]


@bp.get("/")
def start() -> Response:
    visitor = visitors.visitor()
    numbers = visitor.numbers(Right.ORDER)
    found = sorted(orders.list_orders(session(), numbers), key=lambda order: order.organisation_number)
    by_number = {number: list(own) for number, own in groupby(found, key=lambda order: order.organisation_number)}
    query = select(Organisation).where(Organisation.number.in_(numbers)).order_by(Organisation.name)
    organisations = [
        (organisation, [listed(order) for order in by_number.get(organisation.number, [])])
        for organisation in session().scalars(query)
        if organisation.is_in_area or organisation.number in by_number
    ]
    return show("start", organisations=organisations, to_sign=_to_sign(visitor))


def _to_sign(visitor: visitors.Visitor) -> list[Order]:
    found = orders.list_orders(session(), visitor.numbers(Right.SIGN))
    return [order for order in found if state_of(session(), order) is State.SUBMITTED]


@bp.post("/orders")
def begin() -> Response:
    number = request.form.get("organisation_number", "")
    if not visitors.visitor().may(Right.ORDER, number):
        abort(404)
    start_writing()
    order = orders.start_order(session(), number, language.current(), actor(), access.now())
    session().commit()
    return go_to(".order", order_id=order.id)


@bp.get("/orders/<order_id>")
def order(order_id: str) -> Response:
    found = own_order(order_id)
    state = state_of(session(), found)
    if state in EDITABLE:
        typed = visitors.take_typed()
        return _save_typed(order_id, typed) if typed else show_form(found)
    if state in WAITING:
        may_sign = state is State.SUBMITTED and visitors.visitor().may(Right.SIGN, found.organisation_number)
        link = settings().public_url + url_for("agreement.show", order_id=order_id)
        trail = worded_trail(list_trail(session(), order_id))
        return show(
            "waiting", state=state, may_sign=may_sign, agreement_link=link, trail=trail, **summary_context(found)
        )
    return go_to("portal.show", order_id=order_id)


def _save_typed(order_id: str, typed: MultiDict[str, str]) -> Response:
    """What was typed while the login had run out already."""
    start_writing()
    found = own_order(order_id)
    reading = read_order_form(typed, content_of(found), choosable())
    orders.save_draft(session(), found, reading.content, actor(), access.now())
    session().commit()
    flash(_("You had been logged out. What you typed in the meantime has now been saved."))
    return show_form(found, reading, reading.mistakes)


@bp.post("/orders/<order_id>")
def save_order(order_id: str) -> Response:
    start_writing()
    found = own_order(order_id)
    reading = read_order_form(request.form, content_of(found), choosable())
    orders.save_draft(session(), found, reading.content, actor(), access.now())
    session().commit()
    if request.form.get("save"):
        return _show_saved(found, reading)
    if language.switch(request.form.get(language.FIELD)):
        return show_form(found, reading, reading.mistakes, status=422) if reading.mistakes else _back(order_id)
    if request.form.get("go") == "check":
        return _check(found, reading)
    if reading.mistakes:
        return show_form(found, reading, reading.mistakes, status=422)
    if request.form.get("go") == "unit_list":
        return go_to(".unit_list", order_id=order_id)
    flash(_("The draft is saved."))
    return _back(order_id)


def _back(order_id: str) -> Response:
    return go_to(".order", order_id=order_id)


def _show_saved(order: Order, reading: Reading) -> Response:
    """What changes on the page while somebody fills it in: once it was checked, also what is left to mend."""
    was_checked = bool(request.form.get("checked"))
    problems = merged(reading.mistakes, _problems(order), order) if was_checked else reading.mistakes
    context = form_context(order, reading, problems)
    status = 422 if reading.mistakes else 200
    return show("_saved", "_saved", status=status, order=order, was_checked=was_checked, **context)


def _problems(order: Order) -> list[Problem]:
    return problems_of(order, access.now())


def _check(order: Order, reading: Reading) -> Response:
    problems = merged(reading.mistakes, _problems(order), order)
    if problems:
        return show_form(order, reading, problems, status=422)
    return go_to(".confirm", order_id=order.id)


@bp.get("/orders/<order_id>/send")
def confirm(order_id: str) -> Response:
    found = own_draft(order_id)
    if _problems(found):
        return _back(order_id)
    return show("confirm", **summary_context(found))


@bp.post("/orders/<order_id>/send")
def send(order_id: str) -> Response:
    start_writing()
    found = own_order(order_id)
    try:
        orders.send_order(session(), found, actor(), access.now())
    except DomainError as error:
        if error.code != "order.incomplete":
            raise
        session().rollback()
        return show_form(found, None, merged((), _problems(found), found), status=422)
    notices_about(session(), found, settings(), access.now()).sent()
    session().commit()
    flash(_("The order is sent."))
    return _back(order_id)


@bp.get("/orders/<order_id>/discard")
def discard(order_id: str) -> Response:
    found = own_draft(order_id)
    return show("discard", order=found)


@bp.post("/orders/<order_id>/discard")
def discard_order(order_id: str) -> Response:
    start_writing()
    found = own_order(order_id)
    orders.discard_order(session(), found, actor(), access.now())
    session().commit()
    flash(_("The order is deleted."))
    return go_to(".start")


@bp.get("/orders/<order_id>/timetable.ics")
def timetable(order_id: str) -> Response:
    found = own_order(order_id)
    content = write_calendar(
        calendar_events(order_id, timetable_of(content_of(found))), language.current(), access.now()
    )
    return Response(
        content,
        mimetype="text/calendar",
        headers={"Content-Disposition": 'attachment; filename="must-timetable.ics"'},
    )
