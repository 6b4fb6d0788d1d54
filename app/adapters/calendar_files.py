"""Days of a timetable as an .ics file, which calendars take in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from icalendar import Calendar, Event, vText


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """A whole day. The same `uid` in a later file moves the event instead of adding one."""

    uid: str
    day: date
    title: str
    description: str


def write_calendar(events: Iterable[CalendarEvent], language: str, now: datetime) -> bytes:
    """The file (RFC 5545); `now` is an aware time. The days count as free time."""
    calendar = Calendar()
    calendar.add("prodid", "-//MUST//timetable//EN")
    calendar.add("version", "2.0")
    for event in events:
        calendar.add_component(_entry(event, language, now))
    return bytes(calendar.to_ical())


def _entry(event: CalendarEvent, language: str, now: datetime) -> Event:
    entry = Event()
    entry.add("uid", event.uid)
    entry.add("dtstamp", now)
    entry.add("last-modified", now)
    entry.add("dtstart", event.day)
    entry.add("dtend", event.day + timedelta(days=1))
    entry.add("summary", vText(event.title, params={"LANGUAGE": language}))
    entry.add("description", vText(event.description, params={"LANGUAGE": language}))
    entry.add("transp", "TRANSPARENT")
    return entry
