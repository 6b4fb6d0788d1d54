"""What a restored backup has brought back is taken away once more, before anybody sees it (services.tombstones)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.db.answers import ResponseRow, WithholdingRow
from app.db.keys import Tombstones
from app.db.orders import StaffMember
from app.db.surveys import Survey
from app.domain.errors import DomainError
from app.domain.survey import State
from app.services.answering import mark_of_person, mark_of_response
from app.services.register import lay_register, take_back_consents
from app.services.releases import mark_of_withholding
from app.services.staff import mark_of_member
from app.services.survey_keys import KeyRing, Purpose
from app.services.surveys import opened
from app.services.tombstones import Marks, list_tombstones


@dataclass(frozen=True, slots=True)
class TakenAway:
    """How many of each a backup had brought back."""

    n_responses: int = 0
    n_consents: int = 0
    n_staff: int = 0
    n_withheld: int = 0
    """Decisions to publish less, which the backup did not know yet."""
    n_closed: int = 0
    """Surveys that have closed since; what was answered cannot be read any more."""


def take_away_again(session: Session, keys: KeyRing, now: datetime) -> TakenAway:
    """In the transactions that have restored; commit afterwards.

    DomainError ``keys.do_not_open`` when what was taken away cannot be read with the installation's key.
    """
    found = dict.fromkeys(_KINDS, 0)
    sets = session.execute(select(Tombstones.survey_id, Tombstones.purpose)).all()
    for survey_id, purpose in ((survey_id, Purpose(name)) for survey_id, name in sets):
        if keys.has(session, survey_id, purpose):  # else written by who still knew a key that was destroyed just then
            found[purpose] += _KINDS[purpose](session, keys, survey_id, _marks(session, keys, survey_id, purpose))
    return TakenAway(
        found[Purpose.RESPONSE],
        found[Purpose.REGISTER] + found[Purpose.CLOSED_REGISTER],
        found[Purpose.STAFF],
        found[Purpose.CLOSED_DATA],
        _close_again(session, keys, now),
    )


def _close_again(session: Session, keys: KeyRing, now: datetime) -> int:
    """Nobody may answer, or look for a consent, in a survey whose keys closing has destroyed since.

    It is not swept again: reports of what is left, nothing, must not take the place of those that were delivered.
    """
    unswept = select(Survey).where(Survey.access_at.is_not(None), Survey.swept_at.is_(None))
    closed = [
        survey
        for survey in session.scalars(unswept)
        if keys.has(session, survey.id, Purpose.CLOSED_REGISTER) and not keys.has(session, survey.id, Purpose.RESPONSE)
    ]
    for survey in closed:
        if survey.state == State.OPEN.value:
            survey.state = State.CLOSED.value
        over = now - timedelta(minutes=survey.grace_minutes)
        survey.closed_at = min(survey.closed_at or over, over)
        key = keys.get(session, survey.id, Purpose.CLOSED_REGISTER)
        lay_register(session, key, survey.id, survey.n_register_buckets)
    return len(closed)


def _marks(session: Session, keys: KeyRing, survey_id: str, purpose: Purpose) -> Marks:
    try:
        return list_tombstones(session, keys, survey_id, purpose)
    except DomainError as error:
        raise DomainError("keys.do_not_open") from error


def _responses(session: Session, keys: KeyRing, survey_id: str, marks: Marks) -> int:
    rows = session.execute(select(ResponseRow.id, ResponseRow.life).where(ResponseRow.survey_id == survey_id))
    deleted = [own for own, life in rows if mark_of_response(own, life) in marks]
    for own in deleted:
        gone = delete(ResponseRow).where(ResponseRow.id == own)
        session.execute(gone.execution_options(synchronize_session=False))
    return _noted(session, survey_id, len(deleted))


def _consents(purpose: Purpose) -> Callable[[Session, KeyRing, str, Marks], int]:
    def take_back(session: Session, keys: KeyRing, survey_id: str, marks: Marks) -> int:
        key, is_closed = keys.get(session, survey_id, purpose), purpose is Purpose.CLOSED_REGISTER
        n = take_back_consents(
            session, key, survey_id, lambda person: mark_of_person(person) in marks, is_closed=is_closed
        )
        return _noted(session, survey_id, n)

    return take_back


def _staff(session: Session, keys: KeyRing, survey_id: str, marks: Marks) -> int:
    removed = [member for member in session.scalars(select(StaffMember)) if mark_of_member(member) in marks]
    for member in removed:
        session.delete(member)
    return len(removed)


def _withholdings(session: Session, keys: KeyRing, survey_id: str, marks: Marks) -> int:
    """Without their reasons, which are not remembered."""
    survey = session.get(Survey, survey_id)
    if survey is None:
        return 0
    setup = opened(survey).setup
    known = session.execute(
        select(WithholdingRow.unit, WithholdingRow.theme_id).where(WithholdingRow.survey_id == survey_id)
    )
    missing = {
        (unit.index, theme_id)
        for unit in setup.tree.units
        for theme_id in ("", *(theme.id for theme in setup.themes))
        if mark_of_withholding(unit.index, theme_id) in marks
    } - {(unit, theme_id) for unit, theme_id in known}
    session.add_all(
        WithholdingRow(survey_id=survey_id, unit=unit, theme_id=theme_id, reason="") for unit, theme_id in missing
    )
    return len(missing)


def _noted(session: Session, survey_id: str, n: int) -> int:
    """What was there for a moment leaves traces; `flask maintenance run` writes the databases anew."""
    survey = session.get(Survey, survey_id)
    if n and survey is not None:
        survey.needs_compacting = True
    return n


_KINDS: Mapping[Purpose, Callable[[Session, KeyRing, str, Marks], int]] = {
    Purpose.RESPONSE: _responses,
    Purpose.REGISTER: _consents(Purpose.REGISTER),
    Purpose.CLOSED_REGISTER: _consents(Purpose.CLOSED_REGISTER),
    Purpose.CLOSED_DATA: _withholdings,
    Purpose.STAFF: _staff,
}
