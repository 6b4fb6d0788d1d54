"""The dates of a survey in words, and for a calendar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext

from app.adapters.calendar_files import CalendarEvent
from app.domain.timetable import Entry, Milestone

MILESTONES: Mapping[Milestone, tuple[object, object]] = {
    Milestone.UNIT_LIST: (
        lazy_gettext("The unit list is ready"),
        lazy_gettext("Upload it by now, so that there is time to mend it."),
    ),
    Milestone.SIGNATURE: (
        lazy_gettext("Signed and approved"),
        lazy_gettext("By now the top leader has signed, and we have approved the order."),
    ),
    Milestone.LINK: (
        lazy_gettext("Share the link"),
        lazy_gettext("Send it to all employees, by e-mail and on the intranet."),
    ),
    Milestone.REMINDER: (
        lazy_gettext("Remind"),
        lazy_gettext("Send a reminder yourself: the system sends none. Reminders help most in the first week."),
    ),
    Milestone.LAST_DAY: (lazy_gettext("Last day"), lazy_gettext("The deadline that you give your employees.")),
    Milestone.CLOSE: (
        lazy_gettext("Close the survey"),
        lazy_gettext(
            "Press the button a day or two after the deadline, so that nobody is too late. It cannot be undone."
        ),
    ),
    Milestone.REPORTS: (
        lazy_gettext("The reports are ready"),
        lazy_gettext("About a week after closing. You get an e-mail."),
    ),
    Milestone.CLOSES_BY_ITSELF: (
        lazy_gettext("The survey closes by itself"),
        lazy_gettext("If nobody has closed it before."),
    ),
    Milestone.DELETED: (lazy_gettext("Answers and reports are deleted"), lazy_gettext("Download the reports before.")),
}
"""Title and explanation."""


@dataclass(frozen=True, slots=True)
class Date:
    """One line of the timetable. `key` stays the same when the day is moved: "reminder-2"."""

    key: str
    day: date
    title: str
    explanation: str


def worded_dates(entries: Iterable[Entry]) -> Iterator[Date]:
    n: Counter[Milestone] = Counter()
    for entry in entries:
        n[entry.milestone] += 1
        title, explanation = MILESTONES[entry.milestone]
        yield Date(f"{entry.milestone.value}-{n[entry.milestone]}", entry.day, str(title), str(explanation))


def calendar_events(order_id: str, dates: Iterable[Date]) -> Iterator[CalendarEvent]:
    """A later file moves what an earlier one put into the calendar."""
    for each in dates:
        yield CalendarEvent(f"{order_id}-{each.key}@must", each.day, f"MUST: {each.title}", each.explanation)
