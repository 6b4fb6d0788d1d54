"""What happens when somebody has logged in, whichever way: what waited is saved, and the visit goes on."""

from __future__ import annotations

from flask import Response, flash
from flask_babel import gettext as _

from app.db.answers import ResponseRow
from app.db.base import begin_writing
from app.domain.errors import DomainError
from app.extensions import key_ring, session
from app.services import answering
from app.services.answering import Respondent
from app.services.surveys import OpenedSurvey
from app.web import access
from app.web.fragments import go_to

PLACES = frozenset(
    {"start", "go_on", "consent", "unit", "page", "review", "receipt", "delete", "your_data", "withdraw"}
)
"""Where somebody may be sent after logging in: pages of the questionnaire, and nothing else."""


def arrive(survey: OpenedSurvey, respondent: Respondent, place: str | None, number: int | None) -> Response:
    """Log `respondent` in, save the answers that came after the login had run out, and go on to `place`."""
    access.remember_respondent(survey, respondent)
    session().rollback()
    _save_pending(survey, respondent)
    endpoint = f"questionnaire.{place if place in PLACES else 'go_on'}"
    if place == "page":
        return go_to(endpoint, code=survey.setup.code, number=number or 1)
    return go_to(endpoint, code=survey.setup.code)


def _save_pending(survey: OpenedSurvey, respondent: Respondent) -> None:
    answers = access.take_pending(survey)
    if not answers:
        return
    begin_writing(session(), ResponseRow)
    try:
        answering.save_answers(session(), key_ring(), survey, respondent, answers, access.now())
    except DomainError:
        session().rollback()
        flash(_("The answers you gave after you were logged out could not be saved, because the survey has closed."))
        return
    session().commit()
    flash(_("You had been logged out. The answers you gave in the meantime have now been saved."))
