"""Calendar files: whole days, valid for a strict reader, the same event under the same name."""

from __future__ import annotations

from datetime import UTC, date, datetime

from icalendar import Calendar

from app.adapters.calendar_files import CalendarEvent, write_calendar

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
EVENTS = [
    CalendarEvent("1-link@must.example.org", date(2026, 10, 1), "Del lenken", "Legg ut lenken; på intranett, og mer."),
    CalendarEvent(
        "1-close@must.example.org", date(2026, 12, 31), "Lukk undersøkelsen", "Linje én\nLinje to " + "æ" * 200
    ),
]


def read(data: bytes) -> Calendar:
    calendar = Calendar.from_ical(data)
    assert isinstance(calendar, Calendar)
    return calendar


def test_every_day_is_a_whole_day_that_counts_as_free() -> None:
    read_back = read(write_calendar(EVENTS, "nb", NOW)).events
    assert [(str(event["uid"]), event.start, event.end) for event in read_back] == [
        ("1-link@must.example.org", date(2026, 10, 1), date(2026, 10, 2)),
        ("1-close@must.example.org", date(2026, 12, 31), date(2027, 1, 1)),
    ]
    assert {str(event["transp"]) for event in read_back} == {"TRANSPARENT"}


def test_texts_come_back_letter_by_letter_with_their_language() -> None:
    for event, entry in zip(EVENTS, read(write_calendar(EVENTS, "nb", NOW)).events, strict=True):
        assert str(entry["summary"]) == event.title
        assert str(entry["description"]) == event.description
        assert entry["summary"].params["LANGUAGE"] == "nb"


def test_file_follows_the_standard() -> None:
    data = write_calendar(EVENTS, "nb", NOW)
    assert data.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:")
    assert data.endswith(b"END:VCALENDAR\r\n")
    assert data.count(b"\n") == data.count(b"\r\n")
    assert max(map(len, data.split(b"\r\n"))) <= 75
    calendar = read(data)
    assert not calendar.errors
    assert all(not event.errors and event.DTSTAMP == NOW for event in calendar.events)
    for line in data.split(b"\r\n"):
        line.decode()  # no letter is cut in two by a fold


def test_same_timetable_is_the_same_file() -> None:
    assert write_calendar(EVENTS, "nb", NOW) == write_calendar(list(EVENTS), "nb", NOW)


def test_no_text_becomes_a_line_of_the_file() -> None:
    hostile = CalendarEvent("1@x", date(2026, 10, 1), "a\r\nBEGIN:VALARM\r\nb", "END:VEVENT\n\\n;,:")
    (event,) = read(write_calendar([hostile], "en", NOW)).events
    assert event.subcomponents == []
    assert str(event["description"]) == hostile.description
