"""The keys of a survey: made when it opens, destroyed one by one as spec 8 says.

The database of keys is in no backup. A key that is deleted there is gone from everywhere, and with it whatever it
sealed, in every copy that was ever made of the other two databases.
"""

from __future__ import annotations

import time
from contextlib import suppress
from enum import Enum

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.adapters.sealing import new_key, seal, unseal
from app.db.keys import SurveyKey, Tombstones
from app.domain.errors import DomainError


class Purpose(Enum):
    RESPONSE = "response"
    """Finds the response of who logs in. Destroyed at closing: from then on nobody's response can be found."""
    IDENTITY = "identity"
    """Finds the consent of who logs in."""
    REGISTER = "register"
    """Seals the buckets of the register."""
    DATA = "data"
    """Seals the responses."""
    CLOSED_REGISTER = "closed_register"
    CLOSED_DATA = "closed_data"
    """What stays after closing is sealed anew with these two; their forerunners are destroyed, so that no backup
    from the answering period can be read. CLOSED_DATA is destroyed 10 weeks after access."""
    STAFF = "staff"
    """Of the installation, not of a survey: finds the name of who logs in as staff."""


FIELD = (Purpose.RESPONSE, Purpose.IDENTITY, Purpose.REGISTER, Purpose.DATA)
"""The keys of a survey while it is open."""


INSTALLATION = "installation"
"""Stands where a survey's id stands, for what belongs to none."""
CACHED_SECONDS = 30
"""How long a process that serves may go on knowing a key that another one destroyed."""


class KeyRing:
    """The surveys' keys, unwrapped with the installation's key and remembered for `CACHED_SECONDS`."""

    def __init__(self, installation_key: bytes) -> None:
        self._installation_key = installation_key
        self._known: dict[tuple[str, Purpose], tuple[float, bytes]] = {}

    def get(self, session: Session, survey_id: str, purpose: Purpose) -> bytes:
        """DomainError ``key.destroyed`` when there is none (any more)."""
        now = time.monotonic()
        self.forget_old()
        _, key = self._known.get((survey_id, purpose), (0.0, b""))
        if not key:
            query = select(SurveyKey.wrapped).where(
                SurveyKey.survey_id == survey_id, SurveyKey.purpose == purpose.value
            )
            wrapped = session.scalar(query)
            if wrapped is None:
                raise DomainError("key.destroyed", purpose=purpose.value)
            key = unseal(self._installation_key, wrapped, _label(survey_id, purpose))
            self._known[survey_id, purpose] = now, key
        return key

    def forget_old(self) -> None:
        """Every old key, not only one that is asked for: what is destroyed elsewhere must not live on here."""
        now = time.monotonic()
        for name in [name for name, (read_at, _) in self._known.copy().items() if now - read_at > CACHED_SECONDS]:
            self._known.pop(name, None)

    def forget(self) -> None:
        """All keys, at once; they are read again when they are needed."""
        self._known.clear()

    def make(self, session: Session, survey_id: str, *purposes: Purpose) -> None:
        """Make the keys that are not there yet. Commit before anything is sealed with them.

        DomainError ``keys.do_not_open`` when those that are there were wrapped with another installation key.
        """
        kept = session.scalars(select(SurveyKey).where(SurveyKey.survey_id == survey_id)).all()
        if not all(opens(self._installation_key, key) for key in kept):
            raise DomainError("keys.do_not_open")
        present = {key.purpose for key in kept}
        for purpose in purposes:
            if purpose.value not in present:
                wrapped = seal(self._installation_key, new_key(), _label(survey_id, purpose))
                with suppress(IntegrityError), session.begin_nested():  # another process may have been faster
                    session.execute(
                        insert(SurveyKey), {"survey_id": survey_id, "purpose": purpose.value, "wrapped": wrapped}
                    )

    def has(self, session: Session, survey_id: str, purpose: Purpose) -> bool:
        return session.get(SurveyKey, (survey_id, purpose.value)) is not None

    def destroy(self, session: Session, survey_id: str, *purposes: Purpose) -> None:
        """With what was remembered for as long as backups could be read with them."""
        names = [purpose.value for purpose in purposes]
        for entity in (Tombstones, SurveyKey):
            session.execute(delete(entity).where(entity.survey_id == survey_id, entity.purpose.in_(names)))
        for purpose in purposes:
            self._known.pop((survey_id, purpose), None)


def opens(installation_key: bytes, kept: SurveyKey) -> bool:
    """Whether a stored key was wrapped with this installation's key."""
    try:
        unseal(installation_key, kept.wrapped, _label(kept.survey_id, Purpose(kept.purpose)))
    except DomainError:
        return False
    return True


def rewrap(session: Session, old_key: bytes, new_key: bytes) -> int:
    """Wrap every stored key with another installation key; how many. What is wrapped with it already stays.

    DomainError ``sealed.broken`` when one opens with neither: nothing may be committed then.
    """
    wrapped_anew = [kept for kept in session.scalars(select(SurveyKey).with_for_update()) if not opens(new_key, kept)]
    for kept in wrapped_anew:
        name = _label(kept.survey_id, Purpose(kept.purpose))
        kept.wrapped = seal(new_key, unseal(old_key, kept.wrapped, name), name)
    session.flush()
    return len(wrapped_anew)


def _label(survey_id: str, purpose: Purpose) -> bytes:
    return f"{survey_id}:{purpose.value}".encode()
