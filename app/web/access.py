"""Who may see what. Missing and forbidden both answer 404: nobody learns that something exists."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import abort, g
from flask import session as cookie

from app.adapters.sealing import seal, unseal
from app.extensions import key_ring, session
from app.services.answering import Respondent
from app.services.survey_keys import Purpose
from app.services.surveys import OpenedSurvey, Setup, find_opened

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(minutes=120)
_EMPLOYEE = "employee"
_PENDING = "waiting"
_CSRF = "csrf_token"
_NOTHING = "-"
_N_SECRETS = 3
_SEEN_TO_SECONDS = 30


def now() -> datetime:
    """The time of this request, the same for everything that it does."""
    if "now" not in g:
        g.now = datetime.now(UTC)
    moment: datetime = g.now
    return moment


def opened_survey(code: str) -> OpenedSurvey:
    """The survey behind a link, read once in a request."""
    known: dict[str, OpenedSurvey] = g.setdefault("surveys", {})
    if code not in known:
        survey = find_opened(session(), code)
        if survey is None:
            abort(404)
        known[code] = survey
    return known[code]


def forget_survey() -> None:
    """Read it again when it is next asked for: it may have been closed since."""
    g.pop("surveys", None)


def remember_respondent(survey: OpenedSurvey, respondent: Respondent) -> None:
    """Log an employee in to one survey. Whatever else the session held is kept out of it (no fixation).

    Only who logs in again keeps what belongs to this person: answers not saved yet, and the forms in other tabs.
    """
    kept = {name: cookie[name] for name in (_CSRF, _PENDING) if name in cookie} if _was(respondent) else {}
    cookie.clear()
    cookie.update(kept)
    secrets = (respondent.response_id, respondent.person, respondent.carried)
    cookie[_EMPLOYEE] = {
        "survey": survey.setup.id,
        "secrets": [base64.b64encode(secret).decode() for secret in secrets],
        "since": now().timestamp(),
        "seen": now().timestamp(),
    }


def respondent_of(survey: OpenedSurvey) -> Respondent | None:
    """Who is logged in to this survey, if anybody still is: 30 minutes after the last request, 120 in all.

    To half a minute: not every request seals the cookie anew.
    """
    login = _login_to(survey)
    if login is None or _is_expired(login):
        return None
    if now().timestamp() - login["seen"] > _SEEN_TO_SECONDS:
        login["seen"] = now().timestamp()
        cookie.modified = True
    return Respondent(*(base64.b64decode(secret) for secret in login["secrets"]))


def last_login_end() -> datetime:
    """When the login of who is logged in ends, whatever is done until then."""
    return datetime.fromtimestamp(cookie[_EMPLOYEE]["since"], UTC) + ABSOLUTE


def forget_respondent() -> None:
    cookie.clear()


def has_expired_login(survey: OpenedSurvey) -> bool:
    """Whether somebody was logged in to this survey in this browser, and no longer is."""
    login = _login_to(survey)
    return login is not None and _is_expired(login)


def expire_login() -> None:
    """As if the time had run out: answers that come too late wait for the same person."""
    if _EMPLOYEE in cookie:
        cookie[_EMPLOYEE]["since"] = 0
        cookie.modified = True


def keep_pending(survey: OpenedSurvey, answers: Mapping[str, int]) -> None:
    """Keep answers that came too late for the login, sealed in the cookie, until the same person is back.

    One character per item: a whole questionnaire fits. Nothing is kept for who was not logged in before. Sealed once
    more with the survey's own key, which closing destroys: a copy of the cookie says nothing from then on.
    """
    login = _login_to(survey)
    if login is None or not answers:
        return
    merged = {**_pending_answers(survey.setup), **answers}
    items = (str(merged.get(item_id, _NOTHING)) for item_id in _item_ids(survey.setup))
    who = login["secrets"][0]
    sealed = seal(key_ring().get(session(), survey.setup.id, Purpose.DATA), "".join(items).encode(), who.encode())
    cookie[_PENDING] = {"who": who, "answers": base64.b64encode(sealed).decode()}


def take_pending(survey: OpenedSurvey) -> dict[str, int]:
    """The answers that were kept for who is logged in now, item id -> value; they are kept no longer.

    DomainError ``key.destroyed`` when the survey has closed since.
    """
    try:
        return _pending_answers(survey.setup)
    finally:
        cookie.pop(_PENDING, None)


def _pending_answers(setup: Setup) -> dict[str, int]:
    login: dict[str, Any] = cookie.get(_EMPLOYEE) or {}
    pending: dict[str, Any] = cookie.get(_PENDING) or {}
    if login.get("survey") != setup.id or pending.get("who") != login["secrets"][0]:
        return {}
    key = key_ring().get(session(), setup.id, Purpose.DATA)
    answers = unseal(key, base64.b64decode(pending["answers"]), pending["who"].encode()).decode()
    pairs = zip(_item_ids(setup), answers, strict=False)
    return {item_id: int(value) for item_id, value in pairs if value != _NOTHING}


def _item_ids(setup: Setup) -> list[str]:
    return [item.id for theme in setup.themes for item in theme.items]


def _login_to(survey: OpenedSurvey) -> dict[str, Any] | None:
    """The login to this survey in the cookie, expired or not."""
    login: dict[str, Any] | None = cookie.get(_EMPLOYEE)
    return login if login is not None and login["survey"] == survey.setup.id else None


def _is_expired(login: Mapping[str, Any]) -> bool:
    """That of another version, too, which carries other secrets."""
    if len(login["secrets"]) != _N_SECRETS:
        return True
    seen, since = (datetime.fromtimestamp(login[name], UTC) for name in ("seen", "since"))
    return now() - seen > IDLE or now() - since > ABSOLUTE


def _was(respondent: Respondent) -> bool:
    """Whether the last login in this browser was the same person's, in the same survey."""
    login: dict[str, Any] | None = cookie.get(_EMPLOYEE)
    return login is not None and bool(base64.b64decode(login["secrets"][1]) == respondent.person)
