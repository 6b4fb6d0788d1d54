"""What was taken away, remembered until no backup can bring it back: deleted responses, withdrawn consents, and so on.

One sealed set of marks per survey and kind, padded to a round number, in the database of keys, which no backup
replaces. There is no row per mark: who, how many, when and in which order is in no row, page or transaction number.
That a set was written last can be seen, as it can of the response or the bucket concerned. It is sealed with the key
that the backups concerned need, too, and goes with it: then they are unreadable, and nothing has to be remembered.

========================= =================================================== ======================================
key                       marks                                               until
========================= =================================================== ======================================
RESPONSE                  responses that employees deleted                    closing
REGISTER                  who took back a yes to research                     closing
CLOSED_REGISTER           the same after closing                              deletion
CLOSED_DATA               what staff withhold from reports                    deletion
STAFF                     whom staff no longer are                            as long as the installation
========================= =================================================== ======================================
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Select, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.adapters.sealing import seal, unseal
from app.db.keys import Tombstones
from app.services.survey_keys import KeyRing, Purpose

MARK_BYTES = 16
MARKS_PER_STEP = 64
_NOTHING = bytes(MARK_BYTES)

Marks = frozenset[bytes]


def add_tombstone(session: Session, keys: KeyRing, survey_id: str, purpose: Purpose, mark: bytes) -> None:
    """Remember `mark`, of MARK_BYTES; twice is no error. DomainError ``key.destroyed``.

    Commit before what it is about is taken away. Where others may write meanwhile, `begin_writing` comes before.
    """
    _change(session, keys, survey_id, purpose, lambda marks: marks | {mark})


def remove_tombstone(session: Session, keys: KeyRing, survey_id: str, purpose: Purpose, mark: bytes) -> None:
    """What was taken away has been given again; otherwise as `add_tombstone`."""
    _change(session, keys, survey_id, purpose, lambda marks: marks - {mark})


def list_tombstones(session: Session, keys: KeyRing, survey_id: str, purpose: Purpose) -> Marks:
    """DomainError ``key.destroyed``; ``sealed.broken`` with another installation's key."""
    key = keys.get(session, survey_id, purpose)
    sealed: bytes | None = session.scalar(_query(survey_id, purpose))
    return frozenset() if sealed is None else _unseal(key, survey_id, purpose, sealed)


def _change(
    session: Session, keys: KeyRing, survey_id: str, purpose: Purpose, change: Callable[[Marks], Marks]
) -> None:
    key = keys.get(session, survey_id, purpose)
    locked = _query(survey_id, purpose).with_for_update()
    sealed: bytes | None = session.scalar(locked)
    if sealed is None:
        _lay(session, survey_id, purpose, _seal(key, survey_id, purpose, frozenset()))
        sealed = session.scalars(locked).one()
    marks = change(_unseal(key, survey_id, purpose, sealed))
    session.execute(
        update(Tombstones)
        .where(Tombstones.survey_id == survey_id, Tombstones.purpose == purpose.value)
        .values(sealed=_seal(key, survey_id, purpose, marks))
        .execution_options(synchronize_session=False)
    )


def _query(survey_id: str, purpose: Purpose) -> Select[bytes]:
    return select(Tombstones.sealed).where(Tombstones.survey_id == survey_id, Tombstones.purpose == purpose.value)


def _lay(session: Session, survey_id: str, purpose: Purpose, sealed: bytes) -> None:
    with suppress(IntegrityError), session.begin_nested():  # another process may have been faster
        session.execute(insert(Tombstones), {"survey_id": survey_id, "purpose": purpose.value, "sealed": sealed})


def _seal(key: bytes, survey_id: str, purpose: Purpose, marks: Marks) -> bytes:
    n = max(1, math.ceil(len(marks) / MARKS_PER_STEP)) * MARKS_PER_STEP
    return seal(key, b"".join(sorted(marks)).ljust(n * MARK_BYTES, b"\0"), _label(survey_id, purpose))


def _unseal(key: bytes, survey_id: str, purpose: Purpose, sealed: bytes) -> Marks:
    plain = unseal(key, sealed, _label(survey_id, purpose))
    return frozenset(plain[i : i + MARK_BYTES] for i in range(0, len(plain), MARK_BYTES)) - {_NOTHING}


def _label(survey_id: str, purpose: Purpose) -> bytes:
    return f"tombstones:{survey_id}:{purpose.value}".encode()
