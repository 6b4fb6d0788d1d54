"""Who consented to research, in sealed buckets."""

from __future__ import annotations

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import IdentitiesBase


class RegisterBucket(IdentitiesBase):
    """A share of a survey's identities, sealed as one.

    There is no row per person: who came first, and when somebody came, is in no row, page or transaction number.
    """

    __tablename__ = "register_bucket"
    __table_args__ = {"sqlite_with_rowid": False}

    survey_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    locator: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    """Keyed hash of survey and number, with the key that seals the bucket: what the web's role has to name to see it
    (app/db/grants.py)."""
