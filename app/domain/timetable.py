"""The timetable that an organisation is proposed from its answering period (spec 3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from app.domain.survey import Clock
from app.domain.working_days import working_day_from, working_day_until

_DAYS_BEFORE = 7
_REMINDERS_AFTER = (1, 3, 5)
_DAYS_UNTIL_CLOSING = 1
_DAYS_UNTIL_REPORTS = 7


class Milestone(Enum):
    UNIT_LIST = "unit_list"
    SIGNATURE = "signature"
    """The leader has signed, and staff have approved."""
    LINK = "link"
    REMINDER = "reminder"
    LAST_DAY = "last_day"
    """The organisation's own deadline."""
    CLOSE = "close"
    """Press the button; later than the deadline, so that nobody comes too late by a day."""
    REPORTS = "reports"
    CLOSES_BY_ITSELF = "closes_by_itself"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Entry:
    milestone: Milestone
    day: date


def propose_timetable(first_on: date, last_on: date, clock: Clock | None = None) -> tuple[Entry, ...]:
    """In the order of days. Without `clock` (no access yet) the two dates that access decides are left out.

    What somebody has to do falls on a working day, but for the first and last day, which the organisation chooses.
    """
    close_on = working_day_from(last_on + timedelta(days=_DAYS_UNTIL_CLOSING))
    if clock is not None:
        close_on = min(close_on, clock.last_open_on)
    days = [
        (Milestone.UNIT_LIST, working_day_until(first_on - timedelta(days=_DAYS_BEFORE))),
        (Milestone.SIGNATURE, working_day_until(first_on - timedelta(days=1))),
        (Milestone.LINK, first_on),
        *((Milestone.REMINDER, day) for day in _reminders(first_on, last_on)),
        (Milestone.LAST_DAY, last_on),
        (Milestone.CLOSE, close_on),
        (Milestone.REPORTS, working_day_from(close_on + timedelta(days=_DAYS_UNTIL_REPORTS))),
    ]
    if clock is not None:
        days += [(Milestone.CLOSES_BY_ITSELF, clock.last_open_on), (Milestone.DELETED, clock.deleted_on)]
    return tuple(Entry(milestone, day) for milestone, day in sorted(days, key=lambda entry: entry[1]))


def _reminders(first_on: date, last_on: date) -> list[date]:
    """Different working days of the first week, each before the last day."""
    days = {working_day_from(first_on + timedelta(days=n)) for n in _REMINDERS_AFTER}
    return sorted(day for day in days if day < last_on)
