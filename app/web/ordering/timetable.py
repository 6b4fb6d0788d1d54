"""The dates that follow from the answering period, as a list and for a calendar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from app.adapters.calendar_files import CalendarEvent
from app.db.orders import Order
from app.domain.order import OrderContent, last_day_at_most
from app.domain.timetable import Entry, propose_timetable
from app.web.ordering.wording import explanation_of, title_of


@dataclass(frozen=True, slots=True)
class Date:
    """One line of the timetable, worded."""

    day: date
    title: str
    explanation: str


def timetable_of(content: OrderContent) -> list[Date]:
    """Empty as long as the answering period is not one."""
    return [Date(entry.day, title_of(entry.milestone), explanation_of(entry.milestone)) for entry in _entries(content)]


def events_of(order: Order, content: OrderContent) -> Iterator[CalendarEvent]:
    """With names that stay the same when the period is moved."""
    n: Counter[str] = Counter()
    for entry in _entries(content):
        name = entry.milestone.value
        n[name] += 1
        title = f"MUST: {title_of(entry.milestone)}"
        yield CalendarEvent(f"{order.id}-{name}-{n[name]}@must", entry.day, title, explanation_of(entry.milestone))


def _entries(content: OrderContent) -> tuple[Entry, ...]:
    first_on, last_on = content.first_on, content.last_on
    if first_on is None or last_on is None or not first_on <= last_on <= last_day_at_most(first_on):
        return ()
    return propose_timetable(first_on, last_on)
