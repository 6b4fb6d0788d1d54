"""The audit trail: who did what when with an order or survey; never about an employee or an answer (spec 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.orders import AuditLine
from app.domain.survey import Audience


class Event(Enum):
    CREATED = "created"
    LIST_UPLOADED = "list_uploaded"
    SENT = "sent"
    SIGNED = "signed"
    REJECTED = "rejected"
    REOPENED = "reopened"
    """A rejected order is being changed."""
    DISCARDED = "discarded"
    APPROVED = "approved"
    CLOSED = "closed"
    WITHHELD = "withheld"
    PUBLISHED = "published"
    DOWNLOADED = "downloaded"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts; the clock has no name."""

    audience: Audience
    name: str = ""


THE_CLOCK = Actor(Audience.CLOCK)


def record(session: Session, survey_id: str, actor: Actor, event: Event, now: datetime, **details: object) -> None:
    """Add a line; `details` are what its sentence needs, in JSON's types."""
    line = AuditLine(
        survey_id=survey_id, at=now, audience=actor.audience.value, name=actor.name, event=event.value, details=details
    )
    session.add(line)


def is_recorded(session: Session, survey_id: str, event: Event) -> bool:
    query = select(AuditLine.id).where(AuditLine.survey_id == survey_id, AuditLine.event == event.value).limit(1)
    return session.scalar(query) is not None


def list_trail(session: Session, survey_id: str) -> list[AuditLine]:
    """From the first line to the last."""
    return list(session.scalars(select(AuditLine).where(AuditLine.survey_id == survey_id).order_by(AuditLine.id)))
