"""States and dates, in Oslo's calendar days, through both clock changes and a leap day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from app.domain.errors import DomainError
from app.domain.survey import OSLO, Action, Audience, Clock, State, may, morning_of, oslo_day, start_of, state_after

ALLOWED = {
    ("contact", "edit", "draft"): "draft",
    ("contact", "edit", "rejected"): "draft",
    ("contact", "discard", "draft"): "draft",
    ("contact", "discard", "rejected"): "rejected",
    ("contact", "send", "draft"): "submitted",
    ("leader", "sign", "submitted"): "signed",
    ("staff", "reject", "submitted"): "rejected",
    ("staff", "reject", "signed"): "rejected",
    ("staff", "approve", "signed"): "open",
    ("contact", "close", "open"): "closed",
    ("staff", "close", "open"): "closed",
    ("clock", "close", "open"): "closed",
    ("staff", "publish", "closed"): "reported",
    ("staff", "publish", "reported"): "reported",
    ("contact", "download", "reported"): "reported",
    ("clock", "delete", "open"): "deleted",
    ("clock", "delete", "closed"): "deleted",
    ("clock", "delete", "reported"): "deleted",
}


@pytest.mark.parametrize(("audience", "action", "state"), list(product(Audience, Action, State)))
def test_only_the_steps_of_the_specification_are_allowed(audience: Audience, action: Action, state: State) -> None:
    after = ALLOWED.get((audience.value, action.value, state.value))
    assert may(audience, action, state) == (after is not None)
    if after is not None:
        assert state_after(audience, action, state) == State(after)
        return
    is_ever_theirs = any(names[:2] == (audience.value, action.value) for names in ALLOWED)
    with pytest.raises(DomainError) as refusal:
        state_after(audience, action, state)
    assert refusal.value.code == ("survey.illegal_step" if is_ever_theirs else "survey.not_yours")


@pytest.mark.parametrize(
    ("access", "last_open_on", "closes_at", "deleted_on"),
    [
        # Autumn: the clock goes back on 25 October.
        ("2026-10-01T07:00", "2026-11-11", "2026-11-11T23:00", "2026-12-10"),
        # Spring: the clock goes forward on 28 March.
        ("2027-03-01T22:59", "2027-04-11", "2027-04-11T22:00", "2027-05-10"),
        # A leap day on the way.
        ("2028-02-01T11:00", "2028-03-13", "2028-03-13T23:00", "2028-04-11"),
        # Just after midnight in Oslo it is still the day before in UTC.
        ("2026-06-30T22:01", "2026-08-11", "2026-08-11T22:00", "2026-09-09"),
    ],
)
def test_dates_are_counted_in_oslo_days_from_access(
    access: str, last_open_on: str, closes_at: str, deleted_on: str
) -> None:
    clock = Clock(datetime.fromisoformat(access).replace(tzinfo=UTC))
    assert clock.last_open_on == date.fromisoformat(last_open_on)
    assert clock.closes_at == datetime.fromisoformat(closes_at).replace(tzinfo=UTC)
    assert clock.deleted_on == date.fromisoformat(deleted_on)
    assert clock.deletes_at.astimezone(OSLO).hour == 0


ACCESS = datetime(2026, 10, 1, 7, tzinfo=UTC)


def test_nobody_starts_at_the_closing_moment_and_who_began_has_half_an_hour() -> None:
    clock = Clock(ACCESS, ACCESS + timedelta(days=3))
    closing = clock.closes_at
    assert clock.may_start(closing - timedelta(microseconds=1))
    assert not clock.may_start(closing)
    assert clock.may_finish(closing + timedelta(minutes=30, microseconds=-1))
    assert not clock.may_finish(closing + timedelta(minutes=30))


def test_nothing_is_possible_before_access() -> None:
    clock = Clock(ACCESS)
    assert not clock.may_start(ACCESS - timedelta(seconds=1))
    assert not clock.may_finish(ACCESS - timedelta(seconds=1))


def test_button_pressed_too_late_changes_nothing() -> None:
    late = Clock(ACCESS, ACCESS + timedelta(weeks=9))
    assert late.closes_at == Clock(ACCESS).closes_at


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2028-02-29"])
def test_days_start_at_midnight_in_oslo_whatever_the_clock_does_later(day: str) -> None:
    start = start_of(date.fromisoformat(day))
    assert oslo_day(start) == date.fromisoformat(day)
    assert oslo_day(start - timedelta(microseconds=1)) == date.fromisoformat(day) - timedelta(days=1)
    eight = morning_of(date.fromisoformat(day)).astimezone(OSLO)
    assert (eight.date().isoformat(), eight.hour) == (day, 8)
