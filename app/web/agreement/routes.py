"""The terms and data processing agreement, for who may sign for the organisation (spec 2).

================================================ ===================================================================
GET/POST /organisation/orders/<id>/agreement     ``role`` of who signs; ``is_read`` y; ``seen``: what the page showed
GET  /organisation/orders/<id>/agreement.pdf     the text to read; once it is signed, the signed copy
================================================ ===================================================================
"""

from __future__ import annotations

from io import BytesIO

from flask import Blueprint, Response, abort, request, send_file, url_for
from flask_babel import format_decimal, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import DataRequired, Length

from app.db.base import begin_writing
from app.db.orders import Order
from app.domain.order import LONGEST_NAME
from app.domain.rights import Right
from app.domain.survey import Audience, State
from app.extensions import session, settings
from app.services import orders
from app.services.mailing import agreement_facts, agreement_text, signed_agreement
from app.services.notices import notices_about
from app.services.orders import content_of, state_of, tree_of
from app.web import access, language, visitors
from app.web.fragments import go_to, respond
from app.web.sealed_session import ORGANISATION

bp = Blueprint("agreement", __name__, url_prefix=f"/{ORGANISATION}")

_UNSENT = (State.DRAFT, State.REJECTED)
FILE_NAME = "must-agreement.pdf"


class SignForm(FlaskForm):  # type: ignore[misc]
    """`seen` says which text and which order the page showed: nobody signs anything else."""

    role = StringField(
        filters=[lambda role: " ".join((role or "").split())],
        validators=[
            DataRequired(lazy_gettext("Write the role in which you sign, such as director.")),
            Length(max=LONGEST_NAME, message=lazy_gettext("This is too long. Use at most 100 characters.")),
        ],
    )
    is_read = BooleanField(validators=[DataRequired(lazy_gettext("Tick the box when you have read the agreement."))])
    seen = HiddenField()


@bp.before_request
def ask_to_log_in() -> Response | None:
    return visitors.ask_to_log_in(ORGANISATION)


@bp.get("/orders/<order_id>/agreement")
def show(order_id: str) -> Response:
    order = _order(order_id)
    return _show_form(order, SignForm()) if _is_asked(order) else _show_answered(order)


@bp.post("/orders/<order_id>/agreement")
def sign(order_id: str) -> Response:
    session().rollback()
    begin_writing(session(), Order)
    order = _order(order_id)
    session().refresh(order, with_for_update={"of": Order})
    if not _is_asked(order):
        return _show_answered(order)
    form = SignForm()
    if form.seen.data != _shown(order) or not form.validate_on_submit():
        return _show_form(order, form, status=422)
    actor = visitors.visitor().as_(Audience.LEADER)
    facts = agreement_facts(order, settings().operator)
    orders.sign_order(session(), order, agreement_text(), facts, form.role.data, actor, access.now())
    notices_about(session(), order, settings(), access.now()).signed()
    session().commit()
    return go_to(".show", order_id=order_id)


@bp.get("/orders/<order_id>/agreement.pdf")
def pdf(order_id: str) -> Response:
    order = _order(order_id)
    if _is_asked(order):
        content = _unsigned(order)
    elif state_of(session(), order) in _UNSENT:
        abort(404)
    else:
        content = signed_agreement(order, language.current())
    return send_file(BytesIO(content), mimetype="application/pdf", as_attachment=True, download_name=FILE_NAME)


def _order(order_id: str) -> Order:
    return visitors.order_for(Right.SIGN, order_id)


def _is_asked(order: Order) -> bool:
    return state_of(session(), order) is State.SUBMITTED


def _unsigned(order: Order) -> bytes:
    from app.reports.agreement_pdf import render_agreement  # loads the renderer, half a second

    facts = agreement_facts(order, settings().operator)
    return render_agreement(agreement_text(), language.current(), facts, None)


def _shown(order: Order) -> str:
    """The text, and the round of the order: one that was sent back and sent again is another."""
    return f"{agreement_text().digest} {order.sent_at:%Y%m%dT%H%M%S}"


def _show_form(order: Order, form: SignForm, *, status: int = 200) -> Response:
    """With what was typed; when something else was shown before, the box has to be ticked anew."""
    is_stale = form.is_submitted() and form.seen.data != _shown(order)
    content, tree = content_of(order), tree_of(order)
    return _show(
        "sign",
        order,
        status=status,
        form=form,
        mistakes={} if is_stale else {name: messages[0] for name, messages in form.errors.items()},
        is_stale=is_stale,
        is_ticked=bool(form.is_read.data) and not is_stale,
        seen=_shown(order),
        content=content,
        n_invited="" if content.n_invited is None else format_decimal(content.n_invited),
        n_units="" if tree is None else format_decimal(len(tree.units) - 1),
        document=agreement_text(),
        facts=agreement_facts(order, settings().operator),
        longest=LONGEST_NAME,
    )


def _show_answered(order: Order) -> Response:
    """Who signed when, or that there is nothing to sign: an order that is being changed has lost its signature."""
    state = state_of(session(), order)
    if state in _UNSENT:
        return _show("nothing", order, status=409)
    return _show("signed", order, status=409 if request.method == "POST" else 200, is_waiting=state is State.SIGNED)


def _show(page: str, order: Order, *, status: int = 200, **context: object) -> Response:
    return respond(
        f"agreement/{page}.html",
        status=status,
        visitor=visitors.visitor(),
        here=url_for(".show", order_id=order.id),
        order=order,
        organisation=order.organisation.name,
        was_sent=request.method == "POST",
        **context,
    )
