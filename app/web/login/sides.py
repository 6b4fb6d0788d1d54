"""Arriving on the organisation's side or as staff, whichever way somebody logged in."""

from __future__ import annotations

from flask import Response, redirect, url_for

from app.domain.errors import DomainError
from app.extensions import rights_source, session, settings
from app.services.organisations import list_organisations
from app.services.staff import find_staff
from app.web import access, visitors
from app.web.sealed_session import ORGANISATION, STAFF

SIDES = f"<any({ORGANISATION},{STAFF}):area>"
"""For the rules of addresses that both sides have."""
START = {ORGANISATION: "ordering.start", STAFF: "staff.queue"}


def arrive(area: str, *, number: str, name: str, place: str | None) -> Response:
    """Log in who may act here, and go on to `place`. The identity number is not kept.

    DomainError ``visitor.not_staff``, ``visitor.no_rights``, ``rights.unavailable``.
    """
    if area == STAFF:
        _greet_staff(number)
    else:
        _greet_representative(number, name)
    answer = redirect(place or url_for(START[area]), 303)
    assert isinstance(answer, Response)  # noqa: S101 - narrows werkzeug's type to Flask's
    return answer


def _greet_staff(number: str) -> None:
    name = find_staff(session(), settings().installation_key, number)
    if name is None:
        raise DomainError("visitor.not_staff")
    visitors.remember_visitor(name)


def _greet_representative(number: str, name: str) -> None:
    """Of all that somebody may act for, the organisations that may order (spec 3.1, 3.2)."""
    in_area = {organisation.number for organisation in list_organisations(session())}
    session().rollback()  # no transaction waits for Altinn
    found = rights_source().rights_of(number, access.now())
    representations = [each for each in found if each.rights and each.organisation_number in in_area]
    if not representations:
        raise DomainError("visitor.no_rights")
    visitors.remember_visitor(name, representations)
