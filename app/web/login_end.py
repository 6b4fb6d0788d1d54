"""When a login ends, said on every page of who is logged in, and how it is kept alive (WCAG 2.2.1).

========================= =======================================================================================
POST /s/<code>/stay       keeps the login of an employee alive
POST /<area>/stay         that of who acts for an organisation, or is staff
========================= =======================================================================================

204 for the script that asks, 401 once the login has ended; without the script, a page to go on from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Flask, Response, request, url_for

from app.web import access, visitors
from app.web.fragments import go_to, is_partial
from app.web.sealed_session import EMPLOYEE, ORGANISATION, STAFF, area

bp = Blueprint("login_end", __name__)

WARNING = timedelta(minutes=3)
"""How long before the end a page says so. Whoever does not press a button in this time is logged out."""
_START = {ORGANISATION: "ordering.start", STAFF: "staff.queue"}


@dataclass(frozen=True, slots=True)
class LoginEnd:
    """The end of a login if nothing more is opened or saved."""

    at: datetime
    n_seconds_idle: int
    """What each request prolongs it to, counted from then …"""
    n_seconds_left: int
    """… but not beyond this, counted from now."""
    n_seconds_warning: int
    stay: str
    again: str
    """Where to log in anew and come back here."""


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    app.add_template_global(login_end)


def login_end() -> LoginEnd:
    """Of who is logged in at the address of this request."""
    own = area(request.path)
    last = access.last_login_end() if own == EMPLOYEE else visitors.last_visit_end()
    now = access.now()
    return LoginEnd(
        min(now + access.IDLE, last),
        int(access.IDLE.total_seconds()),
        int((last - now).total_seconds()),
        int(WARNING.total_seconds()),
        *(_addresses_of_employee() if own == EMPLOYEE else _addresses_of_visitor(own)),
    )


@bp.post("/s/<code>/stay")
def stay_respondent(code: str) -> Response:
    survey = access.opened_survey(code)
    if access.respondent_of(survey) is not None:
        return _alive("questionnaire.start", code=code)
    return _ended("login.log_in", code=code)


@bp.post(f"/<any({ORGANISATION},{STAFF}):area>/stay")
def stay_visitor(area: str) -> Response:
    if visitors.find_visitor() is not None:
        return _alive(_START[area])
    return _ended("login.enter", area=area)


def _alive(endpoint: str, **values: str) -> Response:
    return Response(status=204) if is_partial() else go_to(endpoint, **values)


def _ended(endpoint: str, **values: str) -> Response:
    return Response(status=401) if is_partial() else go_to(endpoint, **values)


def _addresses_of_employee() -> tuple[str, str]:
    values = request.view_args or {}
    place = (request.endpoint or "").rpartition(".")[2]
    again = url_for("login.log_in", code=values["code"], next=place, number=values.get("number"))
    return url_for("login_end.stay_respondent", code=values["code"]), again


def _addresses_of_visitor(area: str) -> tuple[str, str]:
    place = request.path if request.method == "GET" else None
    return url_for("login_end.stay_visitor", area=area), url_for("login.enter", area=area, next=place)
