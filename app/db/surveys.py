"""Organisations and their surveys."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import AnswersBase, Json


class Organisation(AnswersBase):
    """A state organisation that may order (spec 3)."""

    __tablename__ = "organisation"

    number: Mapped[str] = mapped_column(String(9), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    is_in_area: Mapped[bool] = mapped_column(default=False)
    """Belongs to the state collective-agreement area, by the list that staff import (spec 3.2)."""


class Survey(AnswersBase):
    """One answering period of one organisation. What it was approved with stays with it (spec, head)."""

    __tablename__ = "survey"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    """The secret part of the survey link."""
    organisation_number: Mapped[str] = mapped_column(ForeignKey("organisation.number"))
    state: Mapped[str] = mapped_column(String(16))
    instrument_version: Mapped[str] = mapped_column(String(16))
    extra_themes: Mapped[list[str]] = mapped_column(JSON)
    definitions: Mapped[Json]
    """The organisation's own wording: "nearest_leader" and "unit" -> language -> text."""
    units: Mapped[list[list[object]]] = mapped_column(JSON)
    """Rows of the unit list: [names from the top, head count or None]."""
    n_invited: Mapped[int | None]
    n_register_buckets: Mapped[int]
    k_means: Mapped[int]
    k_distributions: Mapped[int]
    k_prevalence: Mapped[int]
    grace_minutes: Mapped[int]
    """How long who has begun may finish after closing."""
    first_on: Mapped[date]
    last_on: Mapped[date]
    access_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    swept_at: Mapped[datetime | None]
    """When closing's destruction was done: keys gone, responses rewritten (spec 8)."""
    needs_compacting: Mapped[bool] = mapped_column(default=False)
    """Rows or keys were destroyed, and the databases still have to be written anew to leave no trace of them."""
    exported_at: Mapped[datetime | None]
    """When what was consented to was last handed to research."""
    deleted_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined")
