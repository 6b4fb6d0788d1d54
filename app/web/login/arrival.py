"""What happens when somebody has logged in, whichever way: what waited is saved, and the visit goes on."""

from __future__ import annotations

from flask import Response, flash
from flask_babel import gettext as _

from app.db.answers import ResponseRow
from app.db.base import begin_writing
from app.domain.errors import DomainError
from app.extensions import consent_source, key_ring, session, settings
from app.services import answering
from app.services.answering import Respondent
from app.services.consent_source import take_over
from app.services.surveys import OpenedSurvey
from app.web import access
from app.web.fragments import go_to

PLACES = frozenset(
    {"start", "go_on", "consent", "unit", "page", "review", "receipt", "delete", "your_data", "withdraw"}
)
"""Where somebody may be sent after logging in: pages of the questionnaire, and nothing else."""


def arrive(survey: OpenedSurvey, *, number: str, name: str, place: str | None, page_number: int | None) -> Response:
    """Log in the person of this identity number, save the answers that came after the login had run out, and go on.

    DomainError ``key.destroyed`` after deletion.
    """
    public_key = settings().research_public_key
    respondent = answering.recognise(session(), key_ring(), public_key, survey.setup, number=number, name=name)
    access.remember_respondent(survey, respondent)
    session().rollback()
    _take_consent(survey, respondent, number)
    _save_pending(survey, respondent)
    endpoint = f"questionnaire.{place if place in PLACES else 'go_on'}"
    if place == "page":
        return go_to(endpoint, code=survey.setup.code, number=page_number or 1)
    return go_to(endpoint, code=survey.setup.code)


def _take_consent(survey: OpenedSurvey, respondent: Respondent, number: str) -> None:
    decision = consent_source().decision_of(number, survey.setup.id, access.now())
    if decision is not None:
        for _step in take_over(session(), key_ring(), survey.setup, respondent, decision):
            session().commit()


def _save_pending(survey: OpenedSurvey, respondent: Respondent) -> None:
    try:
        answers = access.take_pending(survey)
        session().rollback()
        if not answers:
            return
        begin_writing(session(), ResponseRow)
        answering.save_answers(session(), key_ring(), survey, respondent, answers, access.now())
    except DomainError:
        session().rollback()
        flash(_("The answers you gave after you were logged out could not be saved, because the survey has closed."))
        return
    session().commit()
    flash(_("You had been logged out. The answers you gave in the meantime have now been saved."))
