"""Who may log in as staff: kept as a keyed hash of the identity number, with the name to show.

The key of the hash lies with the surveys' keys, so that the installation key can be changed (`flask keys rotate`).
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.sealing import keyed_hash
from app.db.keys import SurveyKey
from app.db.orders import StaffMember
from app.domain.errors import DomainError
from app.services.survey_keys import INSTALLATION, KeyRing, Purpose
from app.services.tombstones import MARK_BYTES, add_tombstone, list_tombstones, remove_tombstone


def add_staff(session: Session, installation_key: bytes, number: str, name: str) -> None:
    """DomainError ``staff.known`` when the name is taken; adding the same number again gives it the new name."""
    keys = KeyRing(installation_key)
    keys.make(session, INSTALLATION, Purpose.STAFF)
    mark = _mark(session, installation_key, number)
    member = StaffMember(mark=mark, name=name)
    namesake = session.scalar(select(StaffMember).where(StaffMember.name == name, StaffMember.mark != mark))
    if namesake is not None:
        raise DomainError("staff.known", name=name)
    session.merge(member)
    if mark_of_member(member) in list_tombstones(session, keys, INSTALLATION, Purpose.STAFF):
        remove_tombstone(session, keys, INSTALLATION, Purpose.STAFF, mark_of_member(member))


def remove_staff(session: Session, installation_key: bytes, name: str) -> Iterator[None]:
    """In steps, commit after each; a restored backup does not bring them back. DomainError ``staff.unknown``."""
    member = session.scalar(select(StaffMember).where(StaffMember.name == name))
    if member is None:
        raise DomainError("staff.unknown", name=name)
    add_tombstone(session, KeyRing(installation_key), INSTALLATION, Purpose.STAFF, mark_of_member(member))
    yield
    session.delete(member)
    yield


def mark_of_member(member: StaffMember) -> bytes:
    """What is remembered of who is removed."""
    return member.mark[:MARK_BYTES]


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
