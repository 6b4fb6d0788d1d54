"""The organisations that may order: those of the state collective-agreement area, as staff imported them (spec 3.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.surveys import Organisation
from app.domain.errors import DomainError
from app.domain.identifiers import check_organisation_number


@dataclass(frozen=True, slots=True)
class Imported:
    n_in_area: int
    n_left: int
    """How many were in the area before, and are not in the new list."""


def import_organisations(session: Session, rows: Iterable[tuple[str, str]]) -> Imported:
    """Replace the list by `rows` of number and name. All or nothing.

    DomainError ``organisations.invalid`` with the number of the first bad row, counted from 1.
    """
    listed = {}
    for place, (number, name) in enumerate(rows, start=1):
        try:
            listed[check_organisation_number(number)] = " ".join(name.split())[:200]
        except DomainError:
            raise DomainError("organisations.invalid", row=place, number=number) from None
        if not name.strip():
            raise DomainError("organisations.nameless", row=place)
    if not listed:
        raise DomainError("organisations.none")
    known = {organisation.number: organisation for organisation in session.scalars(select(Organisation))}
    left = [organisation for number, organisation in known.items() if organisation.is_in_area and number not in listed]
    for organisation in left:
        organisation.is_in_area = False
    for number, name in listed.items():
        organisation = known.get(number) or Organisation(number=number)
        organisation.name, organisation.is_in_area = name, True
        session.add(organisation)
    return Imported(len(listed), len(left))


def list_organisations(session: Session) -> list[Organisation]:
    """Those in the area, by name."""
    query = select(Organisation).where(Organisation.is_in_area).order_by(Organisation.name, Organisation.number)
    return list(session.scalars(query))


def get_organisation(session: Session, number: str) -> Organisation:
    """DomainError ``organisation.not_in_area`` when it may not order, or is unknown."""
    organisation = session.get(Organisation, number)
    if organisation is None or not organisation.is_in_area:
        raise DomainError("organisation.not_in_area")
    return organisation
