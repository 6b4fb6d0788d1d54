"""The staff's pages: what waits, one order, what reports lack. Staff never see an answer."""

from __future__ import annotations

from operator import attrgetter

from flask import Blueprint, Response, abort, flash, request
from flask_babel import format_decimal
from flask_babel import gettext as _

from app.adapters.remark_texts import describe_remark
from app.db.base import begin_writing
from app.db.keys import Tombstones
from app.db.orders import Order
from app.db.surveys import Survey
from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.order_review import Remark
from app.domain.survey import Action, Audience, State, may
from app.domain.units import UnitPath
from app.extensions import entity_source, key_ring, session, settings
from app.services.approval import approve_order
from app.services.audit import Actor, Event, list_trail, record
from app.services.mail_queue import list_mails
from app.services.notices import notices_about
from app.services.order_facts import FindEntity, asked_until_silent, remarks_about
from app.services.orders import find_order, list_orders, reject_order, state_of, tree_of
from app.services.releases import add_withholding, list_withholdings, prepare_release, review_release
from app.services.surveys import opened
from app.web import access, visitors
from app.web.fragments import go_to, respond
from app.web.language import day
from app.web.sealed_session import STAFF
from app.web.staff.forms import ApproveForm, RejectForm, WithholdForm
from app.web.staff.view import OrderLine, card_of, withdrawals_of
from app.web.trail import worded_trail

bp = Blueprint("staff", __name__, url_prefix=f"/{STAFF}")


@bp.before_request
def only_staff() -> Response | None:
    return visitors.ask_to_log_in(STAFF)


@bp.get("/")
def queue() -> Response:
    """What waits for staff first, then what runs; who has waited longest comes first."""
    orders = list_orders(session())
    lines = [OrderLine.of(order, state_of(session(), order)) for order in orders]
    find = asked_until_silent(entity_source().find)
    waiting = [
        line.with_remarks(_remarks(order, find))
        for order, line in zip(orders, lines, strict=True)
        if line.state is State.SIGNED
    ]
    return _respond(
        "staff/queue.html",
        waiting=sorted(waiting, key=attrgetter("since")),
        unsigned=sorted((line for line in lines if line.state is State.SUBMITTED), key=attrgetter("since")),
        running=[line for line in lines if line.state in (State.OPEN, State.CLOSED)],
        ended=[line for line in lines if line.state in (State.REPORTED, State.DELETED, State.REJECTED)],
        n_mails_given_up=sum(mail.failed_at is not None and bool(mail.recipient) for mail in list_mails(session())),
    )


@bp.get("/orders/<order_id>")
def order(order_id: str) -> Response:
    found = _order(order_id)
    return _show(found, ApproveForm(), RejectForm())


@bp.route("/orders/<order_id>/approve", methods=["GET", "POST"])
def approve(order_id: str) -> Response:
    """Open the survey, unless a remark stops it and nobody took that on. Opened anew, the page is the order's."""
    if request.method == "GET":
        return go_to(".order", order_id=_order(order_id).id)
    found = _order(order_id, for_writing=True)
    form = ApproveForm()
    if not form.validate_on_submit():
        return _show(found, form, RejectForm())
    if any(remark.stops for remark in _remarks(found)) and not form.despite_remarks.data:
        form.despite_remarks.errors = [_("Settle what stops the order, or tick this box to approve it all the same.")]
        return _show(found, form, RejectForm())
    limits, now = form.limits(), access.now()
    for _survey in approve_order(session(), key_ring(), found, limits, settings(), _actor(), now):
        session().commit()
        begin_writing(session(), Survey)
    session().commit()
    flash(_("The survey is open. The contact person is told by e-mail."))
    return go_to(".order", order_id=order_id)


@bp.route("/orders/<order_id>/reject", methods=["GET", "POST"])
def reject(order_id: str) -> Response:
    if request.method == "GET":
        return go_to(".order", order_id=_order(order_id).id)
    found = _order(order_id, for_writing=True)
    form = RejectForm()
    if not form.validate_on_submit():
        return _show(found, ApproveForm(), form)
    reject_order(session(), found, form.reason.data, _actor(), access.now())
    notices_about(session(), found, settings(), access.now()).rejected()
    session().commit()
    flash(
        _(
            "The order of %(organisation)s is sent back. The contact person is told by e-mail.",
            organisation=found.organisation.name,
        )
    )
    return go_to(".queue")


@bp.route("/orders/<order_id>/withdrawals", methods=["GET", "POST"])
def withdrawals(order_id: str) -> Response:
    """Per report what is withdrawn and lost, and why; staff may publish less, never more (disclosure.md 4)."""
    _order(order_id, for_writing=True)
    survey = session().get(Survey, order_id)
    if survey is None or survey.swept_at is None or survey.state == State.DELETED.value:
        return _respond("staff/too_early.html", status=409, order_id=order_id)
    current = opened(survey)
    form = WithholdForm.for_setup(current.setup)
    if form.validate_on_submit():
        path, theme_id = form.unit_path, form.theme.data or None
        begin_writing(session(), Tombstones)
        try:
            add_withholding(session(), key_ring(), current.setup, path, theme_id, form.reason.data)
        except DomainError as error:
            form.refuse(error.code)
        else:
            record(session(), survey.id, _actor(), Event.WITHHELD, access.now(), **_details(path, theme_id, form))
            session().commit()
            flash(_("Held back. It counts for every report that is made from now on."))
            return go_to(".withdrawals", order_id=order_id)
    try:
        release = prepare_release(session(), key_ring(), current)
    except DomainError as error:
        if error.code != "gate.refused":
            raise
        session().rollback()
        names = {theme.id: theme.name for theme in current.setup.themes}
        certificate = error.values["certificate"]
        return _respond("staff/refused.html", status=409, order_id=order_id, certificate=certificate, names=names)
    view = withdrawals_of(current.setup, release, review_release(release), list_withholdings(session(), survey.id))
    session().commit()
    return _respond(
        "staff/withdrawals.html", status=422 if form.errors else 200, order_id=order_id, view=view, form=form
    )


def _details(path: UnitPath, theme_id: str | None, form: WithholdForm) -> dict[str, object]:
    return {"unit": " / ".join(path), "theme": theme_id or "", "reason": form.reason.data}


def _show(found: Order, approve_form: ApproveForm, reject_form: RejectForm) -> Response:
    state = state_of(session(), found)
    survey = session().get(Survey, found.id)
    tree = tree_of(found)
    is_invalid = bool(approve_form.errors or approve_form.despite_remarks.errors or reject_form.errors)
    return _respond(
        "staff/order.html",
        status=422 if is_invalid else 200,
        card=card_of(found, state, survey),
        n_units=0 if tree is None else len(tree.units) - 1,
        may_approve=may(Audience.STAFF, Action.APPROVE, state),
        may_reject=may(Audience.STAFF, Action.REJECT, state),
        remarks=[(remark.stops, describe_remark(remark, _, _word)) for remark in _shown_remarks(found, state)],
        trail=worded_trail(list_trail(session(), found.id)),
        mails=[mail for mail in list_mails(session(), found.id) if mail.recipient],
        approve_form=approve_form,
        reject_form=reject_form,
        is_swept=survey is not None and survey.swept_at is not None and state is not State.DELETED,
        limits=Limits(),
    )


def _shown_remarks(found: Order, state: State) -> tuple[Remark, ...]:
    return _remarks(found) if state in (State.SUBMITTED, State.SIGNED) else ()


def _remarks(found: Order, find: FindEntity | None = None) -> tuple[Remark, ...]:
    return remarks_about(session(), found, Limits(), find or entity_source().find, access.now())


def _word(value: object) -> str:
    """A day or a number as a sentence has it."""
    return str(format_decimal(value)) if isinstance(value, int) else day(value)  # type: ignore[arg-type]


def _order(order_id: str, *, for_writing: bool = False) -> Order:
    if for_writing and request.method == "POST":
        session().rollback()
        begin_writing(session(), Order)
    found = find_order(session(), order_id)
    if found is not None and for_writing:
        session().refresh(found, with_for_update={"of": Order})
    if found is None or state_of(session(), found) is State.DRAFT:
        abort(404)  # a draft is the contact person's own business
    return found


def _actor() -> Actor:
    return visitors.visitor().as_(Audience.STAFF)


def _respond(page: str, *, status: int = 200, **context: object) -> Response:
    return respond(page, status=status, visitor=visitors.visitor(), **context)
