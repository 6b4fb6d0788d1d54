"""What the contact person sees of a survey while it runs (spec 8, 9)."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.db.orders import ShownCount
from app.services.answering import count_submitted

STEP = 5
COUNTED_EVERY = timedelta(hours=1)


def shown_count(session: Session, survey_id: str, now: datetime) -> int:
    """The number of answers in steps of five, counted once an hour: nobody can see one colleague's answer tick in.

    Commit afterwards: the count of this hour is kept, so that asking more often shows nothing more.
    """
    shown = session.get(ShownCount, survey_id)
    if shown is not None and now - shown.counted_at < COUNTED_EVERY:
        return shown.n
    n = count_submitted(session, survey_id) // STEP * STEP
    hour = now.replace(minute=0, second=0, microsecond=0)
    with suppress(IntegrityError), session.begin_nested():  # two who look for the first time in the same moment
        session.merge(ShownCount(survey_id=survey_id, n=n, counted_at=hour))
    return n
