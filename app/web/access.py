"""Who may see what. Missing and forbidden both answer 404: nobody learns that something exists."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import abort, g, session as cookie

from app.extensions import session
from app.services.answering import Respondent
from app.services.surveys import OpenedSurvey, find_opened

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(minutes=120)
_EMPLOYEE = "employee"


def now() -> datetime:
    """The time of this request, the same for everything that it does."""
    if "now" not in g:
        g.now = datetime.now(UTC)
    moment: datetime = g.now
    return moment


def opened_survey(code: str) -> OpenedSurvey:
    survey = find_opened(session(), code)
    if survey is None:
        abort(404)
    return survey


def remember_respondent(survey: OpenedSurvey, respondent: Respondent) -> None:
    """Log an employee in to one survey. Whatever else the session held is kept out of it (no fixation)."""
    kept = cookie.get("pending")
    cookie.clear()
    if kept:
        cookie["pending"] = kept
    secrets = (respondent.response_id, respondent.person, respondent.link, respondent.for_research)
    cookie[_EMPLOYEE] = {
        "survey": survey.setup.id,
        "secrets": [base64.b64encode(secret).decode() for secret in secrets],
        "since": now().timestamp(),
        "seen": now().timestamp(),
    }


def respondent_of(survey: OpenedSurvey) -> Respondent | None:
    """Who is logged in to this survey, if anybody still is: 30 minutes after the last request, 120 in all."""
    login: dict[str, Any] | None = cookie.get(_EMPLOYEE)
    if login is None or login["survey"] != survey.setup.id:
        return None
    moment = now().timestamp()
    if moment - login["seen"] > IDLE.total_seconds() or moment - login["since"] > ABSOLUTE.total_seconds():
        cookie.pop(_EMPLOYEE)
        return None
    login["seen"] = moment
    cookie.modified = True
    return Respondent(*(base64.b64decode(secret) for secret in login["secrets"]))


def forget_respondent() -> None:
    cookie.pop(_EMPLOYEE, None)
