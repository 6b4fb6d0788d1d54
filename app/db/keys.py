"""The keys of each survey, wrapped with the installation's key."""

from __future__ import annotations

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import KeysBase


class SurveyKey(KeysBase):
    """One key of one survey. Deleting the row destroys the key: this database is in no backup."""

    __tablename__ = "survey_key"
    __table_args__ = {"sqlite_with_rowid": False}

    survey_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16), primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
