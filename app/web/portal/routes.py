"""What the contact person sees and does once there is access. Every form works without JavaScript.

========================================== =========================================================================
GET  /organisation/orders/<id>/survey      how the survey stands; for a partial request the number of answers
POST …/<id>/survey/close                   ``confirm``: the organisation's name, to close for good
GET  …/<id>/survey/agreement.pdf           the signed copy
GET  …/<id>/survey/qr.svg, poster.pdf, …   what the survey is made known with (see `sharing`)
POST …/<id>/reports                        ``search``: a part of a unit's name; ``n``: how many units to show
GET  …/<id>/reports/<name>                 one file of the report set
========================================== =========================================================================

Every form also has ``csrf_token``. Success answers 303, something to mend 422, too late 409.
"""

from __future__ import annotations

from io import BytesIO

from flask import Response, abort, request, send_file
from flask import session as cookie

from app.db.base import begin_writing
from app.db.surveys import Survey
from app.domain.survey import Audience, State, oslo_day
from app.extensions import session, settings
from app.services.audit import Event, record
from app.services.mailing import signed_agreement
from app.services.notices import notices_about
from app.services.orders import state_of
from app.services.surveys import close_survey, opened
from app.web import access, language, visitors
from app.web.fragments import go_to, is_partial
from app.web.portal import reports, sharing  # noqa: F401 - their routes
from app.web.portal.blueprint import OwnSurvey, Phase, bp, own_order, own_survey, show
from app.web.portal.view import count_context, survey_context

__all__ = ["bp"]

_SIGNED = (State.SIGNED, State.OPEN, State.CLOSED, State.REPORTED, State.DELETED)


@bp.get("/orders/<order_id>/survey", endpoint="show")
def survey(order_id: str) -> Response:
    own = own_survey(order_id)
    if not is_partial():
        return show(own, "survey", **count_context(own), **survey_context(own))
    is_open = own.phase is Phase.OPEN
    answer = show(own, "_count", "_count", **count_context(own)) if is_open else go_to(".show", order_id=order_id)
    cookie.modified = False  # a page that asks by itself keeps nobody logged in
    return answer


@bp.get("/orders/<order_id>/survey/close")
def close(order_id: str) -> Response:
    own = own_survey(order_id)
    return _ask(own) if own.phase is Phase.OPEN else go_to(".show", order_id=order_id)


@bp.post("/orders/<order_id>/survey/close")
def close_for_good(order_id: str) -> Response:
    session().rollback()
    begin_writing(session(), Survey)
    own = own_survey(order_id)
    row = session().get_one(Survey, own.order.id)
    session().refresh(row, with_for_update={"of": Survey})
    if not opened(row).is_open(access.now()):
        session().rollback()
        return show(own_survey(order_id), "closed_already", status=409)
    if _plain(request.form.get("confirm", "")) != _plain(own.survey.setup.organisation):
        return _ask(own, status=422)
    close_survey(row, access.now())
    record(session(), row.id, visitors.visitor().as_(Audience.CONTACT), Event.CLOSED, access.now())
    notices_about(session(), own.order, settings(), access.now()).closed(row)
    session().commit()
    return go_to(".show", order_id=order_id)


@bp.get("/orders/<order_id>/survey/agreement.pdf")
def agreement_pdf(order_id: str) -> Response:
    order = own_order(order_id)
    if state_of(session(), order) not in _SIGNED:
        abort(404)
    content = signed_agreement(order, language.current())
    return send_file(
        BytesIO(content), mimetype="application/pdf", as_attachment=True, download_name="must-agreement.pdf"
    )


def _ask(own: OwnSurvey, *, status: int = 200) -> Response:
    is_early = oslo_day(access.now()) <= own.survey.setup.last_on
    return show(own, "close", status=status, is_early=is_early, typed=request.form.get("confirm", ""))


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
