"""Orders, and what is kept about them: unit lists, the audit trail, mail that waits, staff."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import AnswersBase, Json
from app.db.surveys import Organisation


class Order(AnswersBase):
    """What an organisation asked for. The survey that comes of it has the same id."""

    __tablename__ = "survey_order"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organisation_number: Mapped[str] = mapped_column(ForeignKey("organisation.number"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    """Until staff approve; from then on the survey's state counts."""
    language: Mapped[str] = mapped_column(String(8))
    """Of the mails about it."""
    contact_name: Mapped[str] = mapped_column(String(100), default="")
    contact_email: Mapped[str] = mapped_column(String(254), default="")
    leader_name: Mapped[str] = mapped_column(String(100), default="")
    leader_email: Mapped[str] = mapped_column(String(254), default="")
    n_invited: Mapped[int | None]
    first_on: Mapped[date | None]
    last_on: Mapped[date | None]
    extra_themes: Mapped[list[str]] = mapped_column(JSON, default=list)
    definitions: Mapped[Json] = mapped_column(default=dict)
    invitation: Mapped[Json] = mapped_column(default=dict)
    units: Mapped[list[list[Any]] | None] = mapped_column(JSON)
    """Rows of the unit list when it has no error: [names from the top, head count or None]."""
    reason: Mapped[str] = mapped_column(String(1000), default="")
    """Why staff rejected it."""
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[str] = mapped_column(String(100), default="")
    signed_role: Mapped[str] = mapped_column(String(100), default="")
    agreement_version: Mapped[str] = mapped_column(String(16), default="")
    agreement_hash: Mapped[str] = mapped_column(String(64), default="")
    agreement_facts: Mapped[Json] = mapped_column(default=dict)
    """What stood in the placeholders of the text that was signed."""

    organisation: Mapped[Organisation] = relationship(lazy="joined")


class UploadedList(AnswersBase):
    """The workbook as it was uploaded, for its findings and the repaired copy; gone when the order is approved."""

    __tablename__ = "uploaded_list"

    order_id: Mapped[str] = mapped_column(ForeignKey("survey_order.id"), primary_key=True)
    file_name: Mapped[str] = mapped_column(String(200))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    findings: Mapped[list[list[Any]]] = mapped_column(JSON)
    """What is to be said about it: [code, sheet, cell, value, values]."""


class AuditLine(AnswersBase):
    """Who did what when with an order or survey (spec 2). Lines are only ever added: a trigger refuses all else.

    There is no line about an employee or an answer.
    """

    __tablename__ = "audit_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[str] = mapped_column(String(32), index=True)
    at: Mapped[datetime]
    audience: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(100))
    """Of who did it; empty for the clock."""
    event: Mapped[str] = mapped_column(String(40))
    details: Mapped[Json]


class Mail(AnswersBase):
    """One mail that waits, or was sent. `topic` is unique: what has been queued once is never queued again."""

    __tablename__ = "mail"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    topic: Mapped[str] = mapped_column(String(200), unique=True)
    survey_id: Mapped[str] = mapped_column(String(32), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(8))
    recipient: Mapped[str] = mapped_column(String(254))
    content: Mapped[Json]
    """The values that its wording needs."""
    attachment: Mapped[str] = mapped_column(Text, default="")
    """The name of what is attached, made anew when it is sent; see services.mail."""
    due_at: Mapped[datetime] = mapped_column(index=True)
    n_attempts: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    """Given up: the address was refused, or too many attempts failed."""
    problem: Mapped[str] = mapped_column(String(200), default="")


class ShownCount(AnswersBase):
    """The number of answers as the portal shows it, which moves in steps (spec 8)."""

    __tablename__ = "shown_count"

    survey_id: Mapped[str] = mapped_column(ForeignKey("survey.id"), primary_key=True)
    n: Mapped[int]
    counted_at: Mapped[datetime]


class StaffMember(AnswersBase):
    """Somebody who may log in as staff."""

    __tablename__ = "staff_member"

    mark: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    """Keyed hash of the identity number, with a key of the installation."""
    name: Mapped[str] = mapped_column(String(100), unique=True)
