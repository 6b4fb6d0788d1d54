"""Answers, and the sums that reports are made from."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import AnswersBase, Json


class ResponseRow(AnswersBase):
    """The answers of one respondent. Has no key, time or order that leads to an identity (spec 8)."""

    __tablename__ = "response"
    __table_args__ = {"sqlite_with_rowid": False}  # stored by random key: the n-th row tells nothing

    id: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    """While the survey is open a keyed hash of who answers; after closing random."""
    survey_id: Mapped[str] = mapped_column(String(32), index=True)
    is_submitted: Mapped[bool]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """`Response.to_bytes`, sealed with the survey's data key and bound to `id`."""
    life: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    """Random, drawn when the response is begun: tells it from one that the same person deleted before. None after
    closing, and for who began before there were any."""


class ReportBasis(AnswersBase):
    """What the reports of a survey are made from, stored once at the first build (disclosure.md 3)."""

    __tablename__ = "report_basis"

    survey_id: Mapped[str] = mapped_column(ForeignKey("survey.id"), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of tree, limits, themes and instrument: another build on other ground is refused."""
    n_answers: Mapped[list[int]] = mapped_column(JSON)
    n_included: Mapped[list[int]] = mapped_column(JSON)
    sealed_pools: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Which response is in which pool, for the gate; sealed with the data key and gone with the answers."""


class PoolSum(AnswersBase):
    """The sums of one theme over one accepted pool; never over fewer than the limit of its tier."""

    __tablename__ = "pool_sum"

    survey_id: Mapped[str] = mapped_column(ForeignKey("report_basis.survey_id"), primary_key=True)
    theme_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    tier: Mapped[int] = mapped_column(primary_key=True)
    unit: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int]
    sums: Mapped[Json]
    """Tier 1: {"total": sum of item values}; tier 2: {"counts": per item, per category}."""


class WithholdingRow(AnswersBase):
    """A decision of staff to publish less than the rule allows; empty `theme_id`: the unit's whole report."""

    __tablename__ = "withholding"

    survey_id: Mapped[str] = mapped_column(ForeignKey("survey.id"), primary_key=True)
    unit: Mapped[int] = mapped_column(primary_key=True)
    theme_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    reason: Mapped[str] = mapped_column(String(500))
