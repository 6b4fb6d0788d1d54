"""What the texts for employees leave open, filled in for one survey."""

from __future__ import annotations

from typing import Any

from app.domain.survey import N_WEEKS_OPEN, N_WEEKS_UNTIL_DELETION
from app.extensions import settings
from app.services.surveys import OpenedSurvey
from app.web import language


def facts_of(survey: OpenedSurvey) -> dict[str, Any]:
    """The values of every placeholder in the information letter and the consent text."""
    setup = survey.setup
    return {
        "organisation": setup.organisation,
        "operator": settings().operator,
        "contact_email": settings().contact_email,
        "research_ends_on": language.day(settings().research_ends_on),
        "n_minutes": setup.instrument.minutes(setup.extra_themes),
        "n_weeks_open": N_WEEKS_OPEN,
        "n_weeks_deleted": N_WEEKS_UNTIL_DELETION,
        "closes_on": language.day(survey.clock.last_open_on),
        "k_means": setup.limits.k_means,
        "k_distributions": setup.limits.k_distributions,
    }
