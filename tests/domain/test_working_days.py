"""Weekends and the public holidays of Norway."""

from __future__ import annotations

from datetime import date, timedelta

from app.domain.working_days import DayOff, day_off, working_day_from, working_day_until


def test_public_holidays_of_2027_that_are_no_weekend() -> None:
    """As the almanac of the University of Oslo has them; 1 May and 26 December fall on weekends."""
    days = (date(2027, 1, 1) + timedelta(days=n) for n in range(365))
    holidays = [f"{day:%d.%m}" for day in days if day_off(day) is DayOff.HOLIDAY]
    assert holidays == ["01.01", "25.03", "26.03", "29.03", "06.05", "17.05"]


def test_ascension_day_and_whit_monday_follow_easter() -> None:
    assert day_off(date(2026, 5, 14)) is DayOff.HOLIDAY
    assert day_off(date(2026, 5, 25)) is DayOff.HOLIDAY
    assert day_off(date(2026, 5, 26)) is None


def test_saturday_and_sunday_are_off_and_monday_is_not() -> None:
    friday = date(2026, 12, 4)
    found = [day_off(friday + timedelta(days=n)) for n in range(4)]
    assert found == [None, DayOff.WEEKEND, DayOff.WEEKEND, None]


def test_working_days_around_easter_and_christmas() -> None:
    assert working_day_from(date(2027, 3, 25)) == date(2027, 3, 30)
    assert working_day_until(date(2027, 3, 29)) == date(2027, 3, 24)
    assert working_day_from(date(2026, 12, 25)) == date(2026, 12, 28)
    assert working_day_from(date(2026, 12, 24)) == working_day_until(date(2026, 12, 24)) == date(2026, 12, 24)
