"""What went wrong, in the visitor's language: one sentence, one way on, and never data of a person."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from flask import Flask, Response, current_app, request, url_for
from flask import session as cookie
from flask_babel import lazy_gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from app.db.base import kind_of
from app.domain.errors import DomainError
from app.extensions import session
from app.web.fragments import respond

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wording:
    """How an error is told. `title` and `text` are lazily translated."""

    status: int
    title: object
    text: object


_UNKNOWN = Wording(
    500,
    lazy_gettext("Something went wrong"),
    lazy_gettext(
        "The fault is ours. What you had saved is still there. Please try again in a little while. "
        "If you were answering, your last answers may not have been saved."
    ),
)
_BAD = Wording(
    400, lazy_gettext("We did not understand that"), lazy_gettext("Please go back to the page and try once more.")
)
_BY_STATUS = {
    400: _BAD,
    404: Wording(
        404,
        lazy_gettext("We cannot find the page"),
        lazy_gettext("Check that you have got the whole address, for example by copying the link once more."),
    ),
    405: Wording(
        405, lazy_gettext("The page cannot be opened this way"), lazy_gettext("Please start again from the first page.")
    ),
    413: Wording(413, lazy_gettext("That was too much at once"), lazy_gettext("We do not accept anything that large.")),
    429: Wording(429, lazy_gettext("That was too fast"), lazy_gettext("Please wait a minute, and then try once more.")),
}
_CSRF = Wording(
    400,
    lazy_gettext("The page had become too old"),
    lazy_gettext(
        "Nothing that was saved is lost. Open the page again, check what you chose there, and go on from there."
    ),
)
_DATABASE = Wording(
    503,
    lazy_gettext("We cannot save just now"),
    lazy_gettext(
        "If you were answering, the answers you gave last could not be saved. Those you saved before are still there. "
        "Please try again in a few minutes."
    ),
)
_CLOSED = Wording(
    410,
    lazy_gettext("The survey has closed"),
    lazy_gettext("It can no longer be answered or changed. What you had submitted counts."),
)
_STALE = Wording(
    422,
    lazy_gettext("That choice is no longer there"),
    lazy_gettext("Open the page again and choose once more. Nothing that was saved is lost."),
)
_NO_ALTINN = Wording(
    503,
    lazy_gettext("Altinn cannot be reached just now"),
    lazy_gettext("We could not ask what you may do for your organisation. Please try again in a few minutes."),
)
_WRONG_STATE = Wording(
    409,
    lazy_gettext("That is not possible now"),
    lazy_gettext("Somebody else may have been faster. Open the page again to see how things stand."),
)
_BUSY = Wording(
    503, lazy_gettext("The service is very busy just now"), lazy_gettext("Please try once more in a few seconds.")
)
_BY_CODE = {
    "survey.closed": _CLOSED,
    "key.destroyed": _CLOSED,
    "unit.missing": Wording(
        422, lazy_gettext("Your unit is missing"), lazy_gettext("Choose your unit before you submit your answers.")
    ),
    "unit.unknown": _STALE,
    "item.unknown": _STALE,
    "answer.unknown": _STALE,
    "visitor.not_staff": Wording(
        403,
        lazy_gettext("You are not registered as staff"),
        lazy_gettext("This part is for those who run the survey. A colleague can register you."),
    ),
    "visitor.no_rights": Wording(
        403,
        lazy_gettext("You cannot act for any organisation here"),
        lazy_gettext(
            "To order a survey you need the role “Lønn og personalmedarbeider” in Altinn for an organisation in the "
            "state collective-agreement area. To sign, you need the right to sign for it. Whoever manages access for "
            "your organisation in Altinn can give you that."
        ),
    ),
    "rights.unavailable": _NO_ALTINN,
    "rights.refused": _NO_ALTINN,
    "organisation.not_in_area": Wording(
        403,
        lazy_gettext("This organisation cannot order"),
        lazy_gettext(
            "MUST is for organisations in the state collective-agreement area, and this one is not on the list."
        ),
    ),
    "survey.illegal_step": _WRONG_STATE,
    "survey.not_open": _WRONG_STATE,
    "order.being_opened": _WRONG_STATE,
    "survey.not_yours": Wording(404, _BY_STATUS[404].title, _BY_STATUS[404].text),
    "register.busy": _BUSY,
    "storage.unavailable": _BUSY,
}
_OUTAGES = frozenset({"storage.unavailable"})
"""What passes, and yet is for whoever runs the installation to know."""


CLOSED_CODES = frozenset({"survey.closed", "key.destroyed"})


def init_app(app: Flask) -> None:
    app.register_error_handler(DomainError, domain_error)
    app.register_error_handler(CSRFError, lambda error: _tell(_CSRF))
    app.register_error_handler(SQLAlchemyError, _database_error)
    app.register_error_handler(HTTPException, _http_error)


def domain_error(error: DomainError) -> Response:
    wording = _BY_CODE.get(error.code)
    if wording is None or error.code in _OUTAGES:
        _log.error("unexpected refusal: %s %s", error.code, error.values.get("reason", ""))
    return _tell(wording or _UNKNOWN)


def _database_error(error: SQLAlchemyError) -> Response:
    """The kind of error is logged, never the statement: its parameters are somebody's."""
    _log.error("database: %s", kind_of(error))
    return _tell(_DATABASE)


def _http_error(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < 400 or error.code == 416:  # 416 tells a downloader how long the file is
        return error
    if error.code >= 500:
        return _tell(_UNKNOWN)
    return _tell(_BY_STATUS.get(error.code, _BAD))


def _tell(wording: Wording) -> Response:
    """Give up the transaction, so that a half-made change is neither kept nor in the way, and say what happened."""
    session().rollback()
    if wording.status >= 500:
        _leave_cookie_as_it_came()
    return respond(
        "errors/error.html",
        "errors/_error.html",
        status=wording.status,
        wording=wording,
        way_on=_way_on(wording.status),
    )


def _leave_cookie_as_it_came() -> None:
    """What failed is tried again with the same page: its token, and answers that wait in the cookie, must be there."""
    came = current_app.session_interface.open_session(current_app, request)
    cookie.clear()
    cookie.update(came or {})
    cookie.modified = False


def _way_on(status: int) -> str:
    """The page itself where it may be opened again, else the first page of the survey, else of the installation."""
    code = (request.view_args or {}).get("code")
    if status == 404 or code is None:
        return url_for("front.start")
    adapter = current_app.create_url_adapter(request)
    if adapter is not None and "GET" in adapter.allowed_methods():
        return request.path
    return url_for("questionnaire.start", code=code)
