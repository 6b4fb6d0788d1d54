"""The keys of each survey, wrapped with the installation's key; which logins have ended; what was taken away."""

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


class Tombstones(KeysBase):
    """What was taken away of what one key seals or finds, in case a backup is restored; goes with the key."""

    __tablename__ = "tombstones"
    __table_args__ = {"sqlite_with_rowid": False}

    survey_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """All marks together, sealed with that key; see services.tombstones."""


class EndedLogin(KeysBase):
    """A login that ended at ID-porten while one here might go on; forgotten within three hours, and in no backup."""

    __tablename__ = "ended_login"
    __table_args__ = {"sqlite_with_rowid": False}

    mark: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    """Keyed hash of the login's random name at ID-porten; that name stands nowhere else but in a sealed cookie."""
    until_hour: Mapped[int]
    """The full hour, counted from 1970, from which no login here can be left."""
