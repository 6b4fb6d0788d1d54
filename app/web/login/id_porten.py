"""Login through ID-porten: to the provider, back with its word, and out again (spec 5.2)."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, flash, redirect, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.adapters.id_porten import Identity, IdPorten, StartedLogin, hash_session, start_login
from app.domain.errors import DomainError
from app.domain.identifiers import check_identity_number
from app.extensions import session, settings
from app.services.ended_logins import list_ended_logins, mark_of, remember_ended_login
from app.web import access, language, visitors
from app.web.errors import CLOSED_CODES, Wording
from app.web.fragments import go_to, respond
from app.web.login import sides
from app.web.login.arrival import arrive

bp = Blueprint("login", __name__)

EMPLOYEE = "employee"
_STARTED = "started_login"
_AT_PROVIDER = "at_provider"
LOOKS_AGAIN_AFTER = 5
"""Seconds within which every process knows that a login has ended."""
_log = logging.getLogger(__name__)

FAULTS = {
    "not_started": Wording(
        400,
        lazy_gettext("The login could not be completed"),
        lazy_gettext(
            "It was not begun in this browser, it took too long, or it was begun again in another tab. "
            "Please log in once more. Your browser has to accept cookies from this site."
        ),
    ),
    "cancelled": Wording(
        403,
        lazy_gettext("You cancelled the login"),
        lazy_gettext("You are not logged in. You can log in again whenever you like."),
    ),
    "unavailable": Wording(
        503,
        lazy_gettext("ID-porten cannot be reached just now"),
        lazy_gettext("You are not logged in. What you had saved is still there. Please try again in a few minutes."),
    ),
    "refused": Wording(
        502,
        lazy_gettext("We could not check who you are"),
        lazy_gettext(
            "What we were told by ID-porten did not pass our checks, so for safety you are not logged in. "
            "Please log in once more."
        ),
    ),
    "too_weak": Wording(
        403,
        lazy_gettext("A more secure login is needed"),
        lazy_gettext(
            "You are not logged in. Please log in once more, and choose a method with a high level of security, "
            "such as BankID."
        ),
    ),
    "no_number": Wording(
        403,
        lazy_gettext("Your identity number is missing"),
        lazy_gettext(
            "ID-porten did not give us a valid national identity number, so you are not logged in. "
            "Please log in once more, perhaps with another method."
        ),
    ),
}
"""How each way that a login can fail is told; the name is that of the error, and stands in the address."""
_EXPIRED = Wording(
    200,
    lazy_gettext("You have been logged out"),
    lazy_gettext("What you had saved is still there. Log in again to go on where you were."),
)
_LOGGED_OUT = Wording(
    200, lazy_gettext("You have been logged out"), lazy_gettext("You can close this window, or go back to the survey.")
)
_LEAVING = Wording(
    200,
    lazy_gettext("You have been logged out of the survey"),
    lazy_gettext("We are now logging you out of ID-porten too. If nothing happens, press the button."),
)


class EndedLogins:
    """Logins that ended at the provider, whichever process was told; this one looks again after some seconds."""

    def __init__(self) -> None:
        self._marks: frozenset[bytes] = frozenset()
        self._read_at = -math.inf

    def add(self, session_hash: str) -> None:
        """Commits."""
        session().rollback()
        remember_ended_login(session(), self._mark(session_hash), access.now(), access.ABSOLUTE)
        session().commit()
        self._read_at = -math.inf

    def has(self, session_hash: str) -> bool:
        """Ends the transaction, if it has to look."""
        if time.monotonic() - self._read_at > LOOKS_AGAIN_AFTER:
            self._marks, self._read_at = list_ended_logins(session()), time.monotonic()
            session().rollback()
        return self._mark(session_hash) in self._marks

    def _mark(self, session_hash: str) -> bytes:
        return mark_of(settings().secret_key, session_hash)


def init_app(app: Flask) -> None:
    app.extensions["id_porten"] = IdPorten(app.config["SETTINGS"].id_porten)
    app.extensions["ended_logins"] = EndedLogins()
    app.register_blueprint(bp)


@bp.get("/s/<code>/login")
def log_in(code: str) -> Response:
    """To ID-porten; with ``fault`` what went wrong there, and after an expired login first a page that says so.

    That page is not for politeness alone: who sent a form comes here by redirection, and browsers do not let a form
    lead to another site (Content-Security-Policy, form-action).
    """
    survey = access.opened_survey(code)
    if fault := FAULTS.get(request.args.get("fault", "")):
        return _notice(fault, _again(code), _("Try again"))
    if access.has_expired_login(survey) and "again" not in request.args:
        return _notice(_EXPIRED, _again(code), _("Log in"))
    return _set_out(EMPLOYEE, _address(".callback"), {"code": code, **_place()}, _again(code))


@bp.get("/s/login/callback")
def callback() -> Response:
    """Back from ID-porten. The login that was started is forgotten first: it is good for one answer."""
    waiting = _take_started()
    if waiting is None:
        return _notice(FAULTS["not_started"], url_for("front.start"), _("To the first page"))
    started, way = waiting
    try:
        identity, number = _finish(started, _address(".callback"))
    except DomainError as error:
        return go_to(".log_in", fault=_fault(error), **way)
    return _arrive(identity, number, way)


@bp.get(f"/{sides.SIDES}/login")
def enter(area: str) -> Response:
    """To ID-porten for who acts for an organisation, or is staff; with ``again`` a page first (see `log_in`)."""
    place = visitors.place_after_login(area)
    again = url_for(".enter", area=area, next=place)
    if fault := FAULTS.get(request.args.get("fault", "")):
        return _notice(fault, again, _("Try again"))
    if "expired" in request.args:
        return _notice(_EXPIRED, again, _("Log in"))
    return _set_out(area, _address(".entered", area=area), {"next": place}, again)


@bp.get(f"/{sides.SIDES}/login/callback")
def entered(area: str) -> Response:
    waiting = _take_started()
    if waiting is None:
        return _notice(FAULTS["not_started"], url_for(".enter", area=area), _("Try again"))
    started, way = waiting
    try:
        identity, number = _finish(started, _address(".entered", area=area))
    except DomainError as error:
        return go_to(".enter", area=area, fault=_fault(error), **way)
    response = sides.arrive(area, number=number, name=identity.name, place=way["next"])
    if identity.session_hash:
        cookie[_AT_PROVIDER] = identity.session_hash
    return response


@bp.post(f"/{sides.SIDES}/logout")
def leave(area: str) -> Response:
    visitors.forget_visitor()
    return go_to(".left", area=area)


@bp.get(f"/{sides.SIDES}/logout")
def left(area: str) -> Response:
    """Logged out here; on to logging out at ID-porten, as in `say_goodbye`."""
    if visitors.find_visitor() is not None:
        return go_to(sides.START[area])
    return _leave_provider(area, url_for("front.start"), _("To the first page"))


def _set_out(purpose: str, return_to: str, way: dict[str, Any], again: str) -> Response:
    session().rollback()  # no transaction waits for the provider
    started = start_login(purpose, access.now())
    try:
        address = _provider().address_for(started, return_to=return_to, language=language.current(), now=access.now())
    except DomainError as error:
        return _notice(FAULTS[_fault(error)], again, _("Try again"))
    cookie[_STARTED] = {"login": asdict(started), "way": way}
    return _go_out(address)


def _take_started() -> tuple[StartedLogin, dict[str, Any]] | None:
    waiting: dict[str, Any] | None = cookie.pop(_STARTED, None)
    return None if waiting is None else (StartedLogin(**waiting["login"]), waiting["way"])


def _finish(started: StartedLogin, return_to: str) -> tuple[Identity, str]:
    identity = _provider().finish(started, request.args, return_to=return_to, now=access.now())
    return identity, _number_of(identity)


@bp.post("/s/<code>/logout")
def log_out(code: str) -> Response:
    access.forget_respondent()
    return go_to(".say_goodbye", code=code)


@bp.get("/s/<code>/logout")
def say_goodbye(code: str) -> Response:
    """Logged out here; on to logging out at ID-porten, by a page of its own, since a form may not lead there."""
    survey = access.opened_survey(code)
    start = url_for("questionnaire.start", code=code)
    if access.respondent_of(survey) is not None:
        return go_to("questionnaire.start", code=code)
    return _leave_provider(code, start, _("About the survey"))


def _leave_provider(state: str, start: str, label: str) -> Response:
    session().rollback()
    try:
        address = _provider().logout_address(return_to=_address(".logged_out"), state=state, now=access.now())
    except DomainError as error:
        _fault(error)
        address = None
    if address is None:
        return _notice(_LOGGED_OUT, start, label)
    response = _notice(_LEAVING, address, _("Log out of ID-porten"))
    response.headers["Refresh"] = f"0; url={address}"
    return response


@bp.get("/s/login/logged-out")
def logged_out() -> Response:
    """Back from logging out at ID-porten; `state` is the survey's code, or the side that somebody left."""
    if request.args.get("state") in sides.START:
        return go_to("front.start")
    survey = access.opened_survey(request.args.get("state", ""))
    flash(_("You have been logged out."))
    return go_to("questionnaire.start", code=survey.setup.code)


@bp.get("/s/login/frontchannel-logout")
def end_login() -> Response:
    """ID-porten says, from within its own page, that a login has ended. Our cookie does not come along (SameSite)."""
    session_id = request.args.get("sid")
    if not session_id or request.args.get("iss") != _provider().registration.issuer:
        abort(400)
    _ended().add(hash_session(session_id))
    return Response(status=204)


@bp.before_app_request
def notice_ended_login() -> None:
    session_hash = cookie.get(_AT_PROVIDER)
    if session_hash is not None and _ended().has(session_hash):
        del cookie[_AT_PROVIDER]
        access.expire_login()
        visitors.end_visit()


def _arrive(identity: Identity, number: str, way: dict[str, Any]) -> Response:
    survey = access.opened_survey(way["code"])
    place, page_number = way["next"], way["number"]
    try:
        response = arrive(survey, number=number, name=identity.name, place=place, page_number=page_number)
    except DomainError as error:
        if error.code not in CLOSED_CODES:
            raise
        return go_to("questionnaire.start", code=way["code"])
    if identity.session_hash:
        cookie[_AT_PROVIDER] = identity.session_hash
    return response


def _number_of(identity: Identity) -> str:
    """DomainError ``login.no_number``."""
    if _provider().registration.claim != "pid":
        return identity.number
    try:
        return check_identity_number(identity.number, accept_synthetic=not settings().is_production)
    except DomainError:
        raise DomainError("login.no_number", reason="check digits") from None


def _provider() -> IdPorten:
    found: IdPorten = current_app.extensions["id_porten"]
    return found


def _ended() -> EndedLogins:
    found: EndedLogins = current_app.extensions["ended_logins"]
    return found


def _fault(error: DomainError) -> str:
    """Its name in FAULTS. Goes into the log, as far as it is one: there is nothing about anybody in it."""
    if error.code != "login.cancelled":
        _log.warning("no login: %s", error)
    return error.code.removeprefix("login.")


def _place() -> dict[str, Any]:
    """Where the visitor wants to go after logging in."""
    return {"next": request.args.get("next"), "number": request.args.get("number", type=int)}


def _again(code: str) -> str:
    return url_for(".log_in", code=code, again=1, **_place())


def _address(endpoint: str, **values: Any) -> str:
    """As registered at the provider."""
    return settings().public_url + url_for(endpoint, **values)


def _go_out(address: str) -> Response:
    answer = redirect(address, 303)
    assert isinstance(answer, Response)  # noqa: S101 - narrows werkzeug's type to Flask's
    return answer


def _notice(wording: Wording, way_on: str, label: str) -> Response:
    return respond("login/notice.html", status=wording.status, wording=wording, way_on=way_on, label=label)
