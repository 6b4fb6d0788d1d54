"""Logins that ended at ID-porten, remembered for as long as one here could outlive them.

What is kept says that some login ended, not whose: the name under which ID-porten knows it is hashed with a key, and
stands nowhere but in the sealed cookie of who was logged in.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.adapters.sealing import keyed_hash
from app.db.base import begin_writing
from app.db.keys import EndedLogin

_HOUR = 3600


def mark_of(key: bytes, session_hash: str) -> bytes:
    return keyed_hash(key, session_hash.encode())


def remember_ended_login(session: Session, mark: bytes, now: datetime, longest: timedelta) -> None:
    """For `longest`, rounded up to the full hour; twice is no error. What is older is forgotten. Commit afterwards."""
    forget_ended_logins(session, now)
    row = {"mark": mark, "until_hour": math.ceil((now + longest).timestamp() / _HOUR)}
    try:
        with session.begin_nested():
            session.execute(insert(EndedLogin), row)
    except IntegrityError:
        return


def forget_ended_logins(session: Session, now: datetime) -> None:
    """Those that no login here can be left of. Commit afterwards."""
    begin_writing(session, EndedLogin)
    session.execute(
        delete(EndedLogin)
        .where(EndedLogin.until_hour <= now.timestamp() / _HOUR)
        .execution_options(synchronize_session=False)
    )


def list_ended_logins(session: Session) -> frozenset[bytes]:
    """The marks of all that are remembered."""
    return frozenset(session.scalars(select(EndedLogin.mark)))
