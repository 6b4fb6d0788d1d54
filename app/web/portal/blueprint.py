"""The contact person's page while a survey runs and afterwards (spec 9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from flask import Blueprint, Response, abort, request, url_for
from flask_babel import format_decimal

from app.db.orders import Order
from app.db.surveys import Survey
from app.domain.errors import DomainError
from app.domain.rights import Right
from app.domain.survey import State
from app.extensions import report_storage, session, settings
from app.services.report_store import PublishedSet, find_published
from app.services.surveys import OpenedSurvey, find_opened
from app.web import access, visitors
from app.web.fragments import go_to, respond
from app.web.sealed_session import ORGANISATION

bp = Blueprint("portal", __name__, url_prefix=f"/{ORGANISATION}")


class Phase(Enum):
    """Where a survey stands for the contact person. Closing and deletion are facts of the clock (spec 2)."""

    OPEN = "open"
    GRACE = "grace"
    """Closed; who has begun may finish."""
    CLOSED = "closed"
    REPORTED = "reported"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class OwnSurvey:
    """A survey of the visitor's organisation that has been opened, at this moment."""

    order: Order
    survey: OpenedSurvey
    phase: Phase

    @property
    def link(self) -> str:
        return f"{settings().public_url}/s/{self.survey.setup.code}"

    def published(self) -> PublishedSet | None:
        """The reports, from their publication until their deletion."""
        return find_published(report_storage(), self.survey.setup.id) if self.phase is Phase.REPORTED else None


@bp.before_request
def ask_to_log_in() -> Response | None:
    return visitors.ask_to_log_in(ORGANISATION)


def own_order(order_id: str) -> Order:
    """404 for the order of an organisation that the visitor may not order for."""
    return visitors.order_for(Right.ORDER, order_id)


def own_survey(order_id: str) -> OwnSurvey:
    """404 as `own_order`; as long as there is no access, on to the order.

    DomainError ``survey.not_open`` for a step that was sent all the same.
    """
    order = own_order(order_id)
    row = session().get(Survey, order.id)
    survey = None if row is None else find_opened(session(), row.code)
    if row is None or survey is None:
        if request.method == "POST":
            raise DomainError("survey.not_open")
        abort(go_to("ordering.order", order_id=order.id))
    return OwnSurvey(order, survey, phase_of(survey, row.swept_at is not None, access.now()))


def running_survey(order_id: str) -> OwnSurvey:
    """As `own_survey`; once it is closed, on to the page that says so."""
    own = own_survey(order_id)
    if own.phase is not Phase.OPEN:
        abort(go_to("portal.show", order_id=order_id))
    return own


def phase_of(survey: OpenedSurvey, is_swept: bool, now: datetime) -> Phase:
    clock = survey.clock
    if survey.state is State.DELETED or now >= clock.deletes_at:
        return Phase.DELETED
    if survey.state is State.REPORTED:
        return Phase.REPORTED
    if clock.may_start(now):
        return Phase.OPEN
    return Phase.GRACE if clock.may_finish(now) and not is_swept else Phase.CLOSED


def show(
    own: OwnSurvey, page: str, fragment: str | None = None, /, *, status: int = 200, **context: object
) -> Response:
    """A page about this survey, or its fragment."""
    return respond(
        f"portal/{page}.html",
        f"portal/{fragment}.html" if fragment else None,
        status=status,
        visitor=visitors.visitor(),
        here=url_for(str(request.endpoint), **(request.view_args or {})),
        number=format_decimal,
        contact_email=settings().contact_email,
        order=own.order,
        organisation=own.survey.setup.organisation,
        setup=own.survey.setup,
        clock=own.survey.clock,
        phase=own.phase.value,
        **context,
    )
