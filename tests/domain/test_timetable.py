"""The proposed timetable: every date in its place, and no work on a day off."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.survey import Clock
from app.domain.timetable import Milestone, propose_timetable
from app.domain.working_days import DayOff, day_off

DAYS = st.dates(date(2026, 1, 1), date(2032, 12, 31))
TO_DO = {Milestone.UNIT_LIST, Milestone.SIGNATURE, Milestone.REMINDER, Milestone.CLOSE, Milestone.REPORTS}


def test_fortnight_in_october() -> None:
    """The example of the ordering guide: 1 to 15 October."""
    entries = propose_timetable(date(2026, 10, 1), date(2026, 10, 15))
    assert [(entry.milestone.value, entry.day.isoformat()) for entry in entries] == [
        ("unit_list", "2026-09-24"),
        ("signature", "2026-09-30"),
        ("link", "2026-10-01"),
        ("reminder", "2026-10-02"),
        ("reminder", "2026-10-05"),
        ("reminder", "2026-10-06"),
        ("last_day", "2026-10-15"),
        ("close", "2026-10-16"),
        ("reports", "2026-10-23"),
    ]


def test_access_adds_the_two_dates_that_it_decides() -> None:
    clock = Clock(datetime(2026, 9, 28, 7, tzinfo=UTC))
    days = {entry.milestone: entry.day for entry in propose_timetable(date(2026, 10, 1), date(2026, 10, 15), clock)}
    assert days[Milestone.CLOSES_BY_ITSELF] == date(2026, 11, 8)
    assert days[Milestone.DELETED] == date(2026, 12, 7)


def test_nobody_is_told_to_close_what_has_closed_by_itself() -> None:
    clock = Clock(datetime(2026, 10, 1, 7, tzinfo=UTC))
    days = {entry.milestone: entry.day for entry in propose_timetable(date(2026, 10, 1), clock.last_open_on, clock)}
    assert days[Milestone.CLOSE] == clock.last_open_on


@given(DAYS, st.integers(0, 41))
def test_work_falls_on_working_days_and_all_is_in_order(first_on: date, n_days: int) -> None:
    last_on = first_on + timedelta(days=n_days)
    entries = propose_timetable(first_on, last_on)
    assert list(entries) == sorted(entries, key=lambda entry: entry.day)
    assert not any(day_off(entry.day) for entry in entries if entry.milestone in TO_DO)
    days = {entry.milestone: entry.day for entry in entries}
    assert days[Milestone.UNIT_LIST] <= first_on - timedelta(days=7)
    assert days[Milestone.SIGNATURE] < first_on
    n_waiting = (days[Milestone.CLOSE] - last_on).days
    assert n_waiting >= 1
    assert all(day_off(last_on + timedelta(days=n)) for n in range(1, n_waiting)), (
        "closed as soon as people are at work"
    )
    reminders = [entry.day for entry in entries if entry.milestone is Milestone.REMINDER]
    assert len(reminders) == len(set(reminders))
    assert all(first_on < day < last_on for day in reminders)
    week = [first_on + timedelta(days=n) for n in range(8)]
    assert len(reminders) >= 2 or n_days < 7 or any(day_off(day) is DayOff.HOLIDAY for day in week)
