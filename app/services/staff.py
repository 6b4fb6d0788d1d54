"""Who may log in as staff: kept as a keyed hash of the identity number, with the name to show.

The key of the hash lies with the surveys' keys, so that the installation key can be changed (`flask keys rotate`).
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.sealing import keyed_hash
from app.db.keys import SurveyKey
from app.db.orders import StaffMember
from app.domain.errors import DomainError
from app.services.survey_keys import INSTALLATION, KeyRing, Purpose


def add_staff(session: Session, installation_key: bytes, number: str, name: str) -> None:
    """DomainError ``staff.known`` when the name is taken; adding the same number again gives it the new name."""
    KeyRing(installation_key).make(session, INSTALLATION, Purpose.STAFF)
    mark = _mark(session, installation_key, number)
    namesake = session.scalar(select(StaffMember).where(StaffMember.name == name, StaffMember.mark != mark))
    if namesake is not None:
        raise DomainError("staff.known", name=name)
    session.merge(StaffMember(mark=mark, name=name))


def remove_staff(session: Session, name: str) -> None:
    """DomainError ``staff.unknown``."""
    member = session.scalar(select(StaffMember).where(StaffMember.name == name))
    if member is None:
        raise DomainError("staff.unknown", name=name)
    session.delete(member)


def find_staff(session: Session, installation_key: bytes, number: str) -> str | None:
    """The name of who has this identity number, when it is one of the staff."""
    if session.get(SurveyKey, (INSTALLATION, Purpose.STAFF.value)) is None:
        return None
    member = session.get(StaffMember, _mark(session, installation_key, number))
    return None if member is None else member.name


def list_staff(session: Session) -> list[str]:
    return list(session.scalars(select(StaffMember.name).order_by(StaffMember.name)))


def _mark(session: Session, installation_key: bytes, number: str) -> bytes:
    key = KeyRing(installation_key).get(session, INSTALLATION, Purpose.STAFF)
    return keyed_hash(key, f"staff:{number}".encode())
