"""A survey to try things with: a fictional directorate, opened at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.db.surveys import Survey
from app.domain.instrument import CURRENT_VERSION
from app.domain.survey import GRACE, N_WEEKS_OPEN, oslo_day
from app.domain.units import UnitTree
from app.services.surveys import NewSurvey, create_survey

FICTIONAL_NUMBER = "310000000"
"""In the range of the public test organisations, which are never given to real ones."""


def new_demo_survey(
    session: Session,
    tree: UnitTree,
    organisation: str,
    now: datetime,
    *,
    extra_themes: tuple[str, ...] = (),
    n_invited: int | None = None,
    grace: timedelta = GRACE,
) -> Survey:
    """A signed survey; `PREPARATION` and `open_survey` open it."""
    today = oslo_day(now)
    return create_survey(
        session,
        NewSurvey(
            FICTIONAL_NUMBER,
            organisation,
            CURRENT_VERSION,
            extra_themes,
            tree,
            today,
            today + timedelta(weeks=N_WEEKS_OPEN, days=-1),
            n_invited,
            grace=grace,
        ),
    )
