"""The contact person's side until an order is approved (spec 3, 4)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request

from app.db.base import begin_writing
from app.db.orders import Order
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.rights import Right
from app.domain.survey import Audience, State
from app.domain.unit_list import DEFAULT_LIMITS
from app.extensions import session
from app.services.audit import Actor
from app.services.orders import state_of
from app.web import visitors
from app.web.language import FIELD
from app.web.ordering.forms import changes
from app.web.sealed_session import ORGANISATION

bp = Blueprint("ordering", __name__, url_prefix=f"/{ORGANISATION}")

EDITABLE = (State.DRAFT, State.REJECTED)
WAITING = (State.SUBMITTED, State.SIGNED)
_NOT_TYPED = frozenset({"csrf_token", "before", "checked", "save", "go", FIELD})
MAX_UPLOAD = DEFAULT_LIMITS.n_bytes + 3_000_000
"""Room for what is around the file, and for one that is somewhat too large, so that its own sentence says so."""
_MAX_FIELDS = 512 * 1024
"""A piece of the file passes here on its way to the disk; no field of a form is that long."""


@bp.url_value_preprocessor
def let_a_workbook_in(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Only here may a request be larger than a form, and only of who is logged in.

    Before the token of the form is looked at, since that reads the request.
    """
    if endpoint == "ordering.upload":
        if (answer := visitors.ask_to_log_in(ORGANISATION)) is not None:
            abort(answer)
        request.max_content_length = MAX_UPLOAD
        request.max_form_memory_size = _MAX_FIELDS


@bp.before_request
def ask_to_log_in() -> Response | None:
    answer = visitors.ask_to_log_in(ORGANISATION)
    if answer is not None and request.endpoint == "ordering.save_order":
        typed = changes(request.form, choosable())
        visitors.keep_typed((name, value) for name, value in typed.items(multi=True) if name not in _NOT_TYPED)
    return answer


def choosable() -> list[str]:
    """The themes that an order may choose."""
    return [theme.id for theme in load_instrument(CURRENT_VERSION).choosable]


def actor() -> Actor:
    return visitors.visitor().as_(Audience.CONTACT)


def start_writing() -> None:
    """Take the write lock before the first read, so that reading, changing and writing are one step."""
    session().rollback()
    begin_writing(session(), Order)


def own_order(order_id: str) -> Order:
    """404 for the order of an organisation that the visitor may not order for."""
    return visitors.order_for(Right.ORDER, order_id)


def own_draft(order_id: str) -> Order:
    """Also 404 when it can no longer be changed."""
    order = own_order(order_id)
    if state_of(session(), order) not in EDITABLE:
        abort(404)
    return order
