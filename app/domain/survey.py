"""The life of a survey: states, allowed steps, and every date counted from the access time (spec 2).

Days are calendar days in Europe/Oslo; times are aware and in UTC. A survey is open for the access day and the 41
days after it, so that it closes by itself at midnight six weeks after access.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


class Audience(Enum):
    """Who acts. Employees act on a survey that is open and never change its state."""

    CONTACT = "contact"
    LEADER = "leader"
    STAFF = "staff"
    CLOCK = "clock"


class Action(Enum):
    EDIT = "edit"
    """Change the draft; a rejected order becomes a draft again."""
    DISCARD = "discard"
    SEND = "send"
    SIGN = "sign"
    REJECT = "reject"
    APPROVE = "approve"
    CLOSE = "close"
    PUBLISH = "publish"
    DOWNLOAD = "download"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class _Rule:
    by: frozenset[Audience]
    leads: Mapping[State, State]
    """State before -> state after."""


def _rule(by: Iterable[Audience], before: Iterable[State], after: State | None = None) -> _Rule:
    return _Rule(frozenset(by), {state: after or state for state in before})


_CLOSED = (State.CLOSED, State.REPORTED)
_RULES = {
    Action.EDIT: _rule([Audience.CONTACT], [State.DRAFT, State.REJECTED], State.DRAFT),
    Action.DISCARD: _rule([Audience.CONTACT], [State.DRAFT, State.REJECTED]),
    Action.SEND: _rule([Audience.CONTACT], [State.DRAFT], State.SUBMITTED),
    Action.SIGN: _rule([Audience.LEADER], [State.SUBMITTED], State.SIGNED),
    Action.REJECT: _rule([Audience.STAFF], [State.SUBMITTED, State.SIGNED], State.REJECTED),
    Action.APPROVE: _rule([Audience.STAFF], [State.SIGNED], State.OPEN),
    Action.CLOSE: _rule([Audience.CONTACT, Audience.STAFF, Audience.CLOCK], [State.OPEN], State.CLOSED),
    Action.PUBLISH: _rule([Audience.STAFF], _CLOSED, State.REPORTED),
    Action.DOWNLOAD: _rule([Audience.CONTACT], [State.REPORTED]),
    Action.DELETE: _rule([Audience.CLOCK], [State.OPEN, *_CLOSED], State.DELETED),
}
"""Who may do what, when, and where it leads (spec 2)."""


def may(audience: Audience, action: Action, state: State) -> bool:
    rule = _RULES[action]
    return audience in rule.by and state in rule.leads


def state_after(audience: Audience, action: Action, state: State) -> State:
    """DomainError ``survey.not_yours`` when never this audience's, ``survey.illegal_step`` when not in this state."""
    rule = _RULES[action]
    if audience not in rule.by:
        raise DomainError("survey.not_yours", action=action.value)
    if state not in rule.leads:
        raise DomainError("survey.illegal_step", action=action.value, current=state.value)
    return rule.leads[state]


def oslo_day(moment: datetime) -> date:
    return moment.astimezone(OSLO).date()


def start_of(day: date) -> datetime:
    """The first moment of `day` in Oslo, in UTC; both clock changes happen later in the night."""
    return datetime.combine(day, time(), tzinfo=OSLO).astimezone(UTC)


def morning_of(day: date) -> datetime:
    """Eight o'clock in Oslo, in UTC."""
    return datetime.combine(day, time(8), tzinfo=OSLO).astimezone(UTC)


def last_open_day(access_on: date) -> date:
    """The last calendar day on which a survey can be answered that was opened on `access_on` and is never closed."""
    return access_on + timedelta(weeks=N_WEEKS_OPEN, days=-1)


@dataclass(frozen=True, slots=True)
class Clock:
    """What time does to one survey. `closed_at` is set when the contact person closed it."""

    access_at: datetime
    closed_at: datetime | None = None
    grace: timedelta = GRACE

    @property
    def last_open_on(self) -> date:
        return last_open_day(oslo_day(self.access_at))

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
