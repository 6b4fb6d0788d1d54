"""The life of a survey: states, allowed steps, and every date counted from the access time (spec 2).

Days are calendar days in Europe/Oslo; times are aware and in UTC. A survey is open for the access day and the 41
days after it, so that it closes by itself at midnight six weeks after access.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from app.domain.errors import DomainError

OSLO = ZoneInfo("Europe/Oslo")

N_WEEKS_OPEN = 6
N_WEEKS_UNTIL_DELETION = 10
N_WEEKS_SUMS = 104
"""How long the sums behind the reports are kept, so that the next survey can be compared with this one."""
GRACE = timedelta(minutes=30)


class State(Enum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    SIGNED = "signed"
    OPEN = "open"
    CLOSED = "closed"
    REPORTED = "reported"
    DELETED = "deleted"


_STEPS = {
    State.DRAFT: {State.SUBMITTED},
    State.SUBMITTED: {State.SIGNED, State.REJECTED},
    State.REJECTED: {State.DRAFT},
    State.SIGNED: {State.OPEN, State.REJECTED},
    State.OPEN: {State.CLOSED, State.DELETED},
    State.CLOSED: {State.REPORTED, State.DELETED},
    State.REPORTED: {State.DELETED},
    State.DELETED: set[State](),
}


def check_step(current: State, wanted: State) -> None:
    """DomainError ``survey.illegal_step`` unless a survey may go from `current` to `wanted`."""
    if wanted not in _STEPS[current]:
        raise DomainError("survey.illegal_step", current=current.value, wanted=wanted.value)


def oslo_day(moment: datetime) -> date:
    return moment.astimezone(OSLO).date()


def start_of(day: date) -> datetime:
    """The first moment of `day` in Oslo, in UTC; both clock changes happen later in the night."""
    return datetime.combine(day, time(), tzinfo=OSLO).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """What time does to one survey. `closed_at` is set when the contact person closed it."""

    access_at: datetime
    closed_at: datetime | None = None
    grace: timedelta = GRACE

    @property
    def last_open_on(self) -> date:
        """The last calendar day on which the survey can be answered when nobody closes it."""
        return oslo_day(self.access_at) + timedelta(weeks=N_WEEKS_OPEN, days=-1)

    @property
    def closes_at(self) -> datetime:
        """When the survey closes, or closed: by the button or by itself, whichever comes first."""
        by_itself = start_of(self.last_open_on + timedelta(days=1))
        return by_itself if self.closed_at is None else min(self.closed_at, by_itself)

    @property
    def grace_ends_at(self) -> datetime:
        """Until then somebody in the middle of the form can finish; after it closing's destruction is due."""
        return self.closes_at + self.grace

    @property
    def deleted_on(self) -> date:
        """On this day, from midnight, no answer and no identity is left."""
        return oslo_day(self.access_at) + timedelta(weeks=N_WEEKS_UNTIL_DELETION)

    @property
    def deletes_at(self) -> datetime:
        return start_of(self.deleted_on)

    def may_start(self, now: datetime) -> bool:
        """Whether a respondent without a response may begin one."""
        return self.access_at <= now < self.closes_at

    def may_finish(self, now: datetime) -> bool:
        """Whether a respondent who has begun may still save, submit, change and delete."""
        return self.access_at <= now < self.grace_ends_at
