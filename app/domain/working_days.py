"""The days on which people in Norway are off work."""

from __future__ import annotations

from datetime import date, timedelta
from enum import Enum

from dateutil.easter import easter

_FIXED = frozenset({(1, 1), (5, 1), (5, 17), (12, 25), (12, 26)})
"""Month and day."""
_FROM_EASTER = frozenset({-3, -2, 0, 1, 39, 49, 50})
"""Days from Easter Sunday: Maundy Thursday to Easter Monday, Ascension Day, Whit Sunday and Monday."""
_SATURDAY = 5


class DayOff(Enum):
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


def day_off(day: date) -> DayOff | None:
    """Why people are off on this day, by the laws of 24 February 1995 no. 12 and 26 April 1947 no. 1."""
    if day.weekday() >= _SATURDAY:
        return DayOff.WEEKEND
    is_holiday = (day.month, day.day) in _FIXED or (day - easter(day.year)).days in _FROM_EASTER
    return DayOff.HOLIDAY if is_holiday else None


def working_day_from(day: date) -> date:
    """`day` itself, or the first working day after it."""
    while day_off(day):
        day += timedelta(days=1)
    return day


def working_day_until(day: date) -> date:
    """`day` itself, or the last working day before it."""
    while day_off(day):
        day -= timedelta(days=1)
    return day
