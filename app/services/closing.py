"""What closing destroys (spec 8), in steps that may each be repeated after a crash.

Commit after every step: three databases cannot be changed at once, so each step leaves something that the next can
go on from, and no answer depends on a key that is not on disk.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, insert, select, text
from sqlalchemy.orm import Session

from app.adapters.sealing import HASH_BYTES, seal, unseal
from app.db.answers import ResponseRow
from app.db.surveys import Survey
from app.domain.errors import DomainError
from app.domain.survey import State
from app.services.register import check_register, keep_only_consenting
from app.services.survey_keys import KeyRing, Purpose
from app.services.surveys import opened

Step = Callable[[Session, KeyRing, Survey, datetime], None]


def is_sweep_due(session: Session, survey: Survey, now: datetime) -> bool:
    """Whether closing's destruction may happen: the survey is closed, and the grace is over."""
    if survey.access_at is None or survey.state == State.DELETED.value:
        return False
    return now >= opened(survey).clock.grace_ends_at


def check_sweep_due(session: Session, survey: Survey, now: datetime) -> None:
    """DomainError ``survey.still_open`` or ``survey.in_grace`` (with `until`)."""
    clock = opened(survey).clock
    if now < clock.closes_at:
        raise DomainError("survey.still_open")
    if not is_sweep_due(session, survey, now):
        raise DomainError("survey.in_grace", until=clock.grace_ends_at)


def is_swept(session: Session, keys: KeyRing, survey: Survey) -> bool:
    """Whether every step of the sweep is done."""
    return survey.swept_at is not None and not keys.has(session, survey.id, Purpose.RESPONSE)


def make_closed_keys(session: Session, keys: KeyRing, survey: Survey, now: datetime) -> None:
    keys.make(session, survey.id, Purpose.CLOSED_DATA, Purpose.CLOSED_REGISTER)


def rewrite_responses(session: Session, keys: KeyRing, survey: Survey, now: datetime) -> None:
    """Submitted responses under new random ids, in random order, sealed anew; the others go. Survey is closed."""
    _lock_responses(session)
    session.refresh(survey)
    if survey.swept_at is not None:
        return
    old_key = keys.get(session, survey.id, Purpose.DATA)
    new_key = keys.get(session, survey.id, Purpose.CLOSED_DATA)
    query = select(ResponseRow.id, ResponseRow.sealed).where(
        ResponseRow.survey_id == survey.id, ResponseRow.is_submitted
    )
    kept = [_rewritten(old_key, new_key, survey.id, own, sealed) for own, sealed in session.execute(query)]
    secrets.SystemRandom().shuffle(kept)
    session.execute(
        delete(ResponseRow).where(ResponseRow.survey_id == survey.id).execution_options(synchronize_session=False)
    )
    if kept:
        session.execute(insert(ResponseRow), kept)
    if survey.state == State.OPEN.value:
        survey.state = State.CLOSED.value
    survey.swept_at = now
    survey.needs_compacting = True


def rewrite_register(session: Session, keys: KeyRing, survey: Survey, now: datetime) -> None:
    if keys.has(session, survey.id, Purpose.REGISTER):
        old_key = keys.get(session, survey.id, Purpose.REGISTER)
        new_key = keys.get(session, survey.id, Purpose.CLOSED_REGISTER)
        keep_only_consenting(session, old_key, new_key, survey.id)


def destroy_field_keys(session: Session, keys: KeyRing, survey: Survey, now: datetime) -> None:
    """The response key goes: nobody's response can be found any more. What backups hold becomes unreadable."""
    check_register(session, keys.get(session, survey.id, Purpose.CLOSED_REGISTER), survey.id)
    keys.destroy(session, survey.id, Purpose.RESPONSE, Purpose.DATA, Purpose.REGISTER)


SWEEP: tuple[Step, ...] = (make_closed_keys, rewrite_responses, rewrite_register, destroy_field_keys)
"""In this order, a commit after each; then `compaction.compact` every database."""


def _lock_responses(session: Session) -> None:
    """Keep savers out while responses are rewritten; they find the survey swept when they go on."""
    if session.get_bind(ResponseRow).dialect.name == "postgresql":
        session.execute(text("LOCK TABLE response IN EXCLUSIVE MODE"))


def _rewritten(old_key: bytes, new_key: bytes, survey_id: str, own: bytes, sealed: bytes) -> dict[str, object]:
    fresh = secrets.token_bytes(HASH_BYTES)
    plain = unseal(old_key, sealed, own)
    return {"id": fresh, "survey_id": survey_id, "is_submitted": True, "sealed": seal(new_key, plain, fresh)}
