"""The audit trail in words, for staff and for the contact person alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.db.orders import AuditLine
from app.domain.survey import Audience, oslo_day
from app.services.audit import Event
from app.web.language import clock_time, day

EVENTS: Mapping[Event, object] = {
    Event.CREATED: lazy_gettext("Began an order"),
    Event.LIST_UPLOADED: lazy_gettext("Uploaded a unit list"),
    Event.SENT: lazy_gettext("Sent the order"),
    Event.SIGNED: lazy_gettext("Signed the agreement"),
    Event.REJECTED: lazy_gettext("Sent the order back"),
    Event.REOPENED: lazy_gettext("Began to change the order"),
    Event.DISCARDED: lazy_gettext("Discarded the order"),
    Event.APPROVED: lazy_gettext("Approved the order and opened the survey"),
    Event.CLOSED: lazy_gettext("Closed the survey"),
    Event.WITHHELD: lazy_gettext("Decided to publish less"),
    Event.PUBLISHED: lazy_gettext("Published the reports"),
    Event.DOWNLOADED: lazy_gettext("Downloaded"),
    Event.DELETED: lazy_gettext("Deleted all answers and keys"),
}
AUDIENCES: Mapping[Audience, object] = {
    Audience.CONTACT: lazy_gettext("contact person"),
    Audience.LEADER: lazy_gettext("leader"),
    Audience.STAFF: lazy_gettext("staff"),
    Audience.CLOCK: lazy_gettext("by itself, at its time"),
}
_TOLD = ("reason", "role", "version", "unit", "theme", "file")
"""The details that are shown, in this order; the others are for a closer look on the shell."""


@dataclass(frozen=True, slots=True)
class TrailLine:
    when: str
    who: str
    what: str
    details: str


def worded_trail(lines: Iterable[AuditLine]) -> list[TrailLine]:
    return [
        TrailLine(
            f"{day(oslo_day(line.at))} {clock_time(line.at)}",
            _who(line),
            str(EVENTS[Event(line.event)]),
            ", ".join(str(line.details[name]) for name in _TOLD if line.details.get(name)),
        )
        for line in lines
    ]


def _who(line: AuditLine) -> str:
    audience = str(AUDIENCES[Audience(line.audience)])
    return _("%(name)s, %(audience)s", name=line.name, audience=audience) if line.name else audience
