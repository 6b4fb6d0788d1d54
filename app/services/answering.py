"""Answering: one response per person and survey, found again on any device, saved page by page (spec 5, 8)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar, cast

from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.adapters.sealing import keyed_hash, seal, unseal
from app.db.answers import ResponseRow
from app.db.base import begin_writing
from app.db.keys import Tombstones
from app.db.surveys import Survey
from app.domain.errors import DomainError
from app.domain.responses import LINK_BYTES, Response, check_value
from app.domain.units import UnitPath
from app.services.register import Consent, find_consent, for_research, put_consent, remove_person
from app.services.survey_keys import KeyRing, Purpose
from app.services.surveys import OpenedSurvey, Setup
from app.services.tombstones import MARK_BYTES, add_tombstone, list_tombstones, remove_tombstone

T = TypeVar("T")

# What every page asks, made once, and without what the ORM adds to a query.
_ROWS, _SURVEYS = cast(Table, ResponseRow.__table__), cast(Table, Survey.__table__)
_FIND = select(_ROWS.c.sealed).where(_ROWS.c.id == bindparam("own"))
_LOCK = _FIND.with_for_update()
_UPDATE = (
    update(_ROWS)
    .where(_ROWS.c.id == bindparam("own"))
    .values(sealed=bindparam("new"), is_submitted=bindparam("submitted"))
)
_LIFE = select(_ROWS.c.id, _ROWS.c.life).where(_ROWS.c.id == bindparam("own"))
_SWEPT_AT = select(_SURVEYS.c.swept_at).where(_SURVEYS.c.id == bindparam("survey"))


@dataclass(frozen=True, slots=True)
class Respondent:
    """Who logged in, as far as answering needs to know: secrets that lead nowhere without the survey's keys.

    They travel in the browser's cookie, and somebody may keep a copy of it: once closing has destroyed the response
    key, it leads to no response, not even for who can open it.
    """

    response_id: bytes
    person: bytes
    """Keyed hash of the identity number, for the register of consents."""
    carried: bytes
    """The link, and what is for research, sealed with the response key; see `carried_by`. Empty after closing."""


def recognise(
    session: Session, keys: KeyRing, research_public_key: bytes, setup: Setup, *, number: str, name: str
) -> Respondent:
    """The respondent that the identity number belongs to in this survey.

    After closing only the consent can be found, no response; after deletion DomainError ``key.destroyed``.
    """
    message = number.encode()
    person = keyed_hash(keys.get(session, setup.id, Purpose.IDENTITY), message)
    try:
        response_key = keys.get(session, setup.id, Purpose.RESPONSE)
    except DomainError:
        return Respondent(_NO_RESPONSE, person, b"")
    link = keyed_hash(response_key, b"link:" + message)[:LINK_BYTES]
    sealed = for_research(research_public_key, setup.id, link=link, number=number, name=name)
    response_id = keyed_hash(response_key, message)
    return Respondent(response_id, person, seal(response_key, link + sealed, response_id))


def carried_by(session: Session, keys: KeyRing, setup: Setup, respondent: Respondent) -> tuple[bytes, bytes]:
    """The link to put into a response, and number, name and link sealed to the research key, for who consents.

    DomainError ``key.destroyed`` after closing.
    """
    key = keys.get(session, setup.id, Purpose.RESPONSE)
    plain = unseal(key, respondent.carried, respondent.response_id)
    return plain[:LINK_BYTES], plain[LINK_BYTES:]


_NO_RESPONSE = b""
"""The id of no row: what a login after closing gets."""


def get_consent(session: Session, keys: KeyRing, setup: Setup, respondent: Respondent) -> Consent | None:
    """What was decided last; after closing only who said yes is still known."""

    def read(_: bool, key: bytes) -> Consent | None:
        return find_consent(session, key, setup.id, setup.n_register_buckets, respondent.person)

    return _with_register(session, keys, setup, read)


def give_consent(
    session: Session, keys: KeyRing, setup: Setup, respondent: Respondent, consent: Consent
) -> Iterator[None]:
    """Record yes or no, in steps; commit after each. The last choice counts, and a restored backup does not undo a no.

    DomainError ``consent.too_late`` for a yes of who logged in after closing.
    """
    if consent.is_given and not respondent.carried:
        raise DomainError("consent.too_late")
    _, sealed = carried_by(session, keys, setup, respondent) if consent.is_given else (b"", b"")

    def write(is_closed: bool, key: bytes) -> None:
        register = (session, key, setup.id, setup.n_register_buckets, respondent.person)
        if is_closed and not consent.is_given:
            remove_person(*register)
        else:
            put_consent(*register, consent, sealed)

    mark = mark_of_person(respondent.person)
    withdrawn = None if consent.is_given else _given_under(session, keys, setup, respondent)
    session.rollback()
    if withdrawn:
        begin_writing(session, Tombstones)
        add_tombstone(session, keys, setup.id, withdrawn, mark)
        yield
    _with_register(session, keys, setup, write)
    if withdrawn is Purpose.CLOSED_REGISTER:  # "your identity is deleted": its traces go at the next maintenance
        session.execute(update(_SURVEYS).where(_SURVEYS.c.id == setup.id).values(needs_compacting=True))
    yield
    if consent.is_given and mark in list_tombstones(session, keys, setup.id, Purpose.REGISTER):
        session.rollback()
        begin_writing(session, Tombstones)
        remove_tombstone(session, keys, setup.id, Purpose.REGISTER, mark)
        yield


def mark_of_person(person: bytes) -> bytes:
    """What is remembered of who withdraws a consent."""
    return person[:MARK_BYTES]


def _given_under(session: Session, keys: KeyRing, setup: Setup, respondent: Respondent) -> Purpose | None:
    """The key that seals this person's yes to research, if that was the last choice."""

    def read(is_closed: bool, key: bytes) -> Purpose | None:
        kept = find_consent(session, key, setup.id, setup.n_register_buckets, respondent.person)
        sealed_with = Purpose.CLOSED_REGISTER if is_closed else Purpose.REGISTER
        return sealed_with if kept is not None and kept.is_given else None

    return _with_register(session, keys, setup, read)


def _with_register(session: Session, keys: KeyRing, setup: Setup, use: Callable[[bool, bytes], T]) -> T:
    """`use`(whether closing has sealed the register anew, its key); once more when that happened just now."""
    try:
        return use(*_register_key(session, keys, setup))
    except DomainError as error:
        if error.code not in ("sealed.broken", "register.missing"):
            raise
    session.rollback()
    keys.forget()
    return use(*_register_key(session, keys, setup))


def _register_key(session: Session, keys: KeyRing, setup: Setup) -> tuple[bool, bytes]:
    try:
        return False, keys.get(session, setup.id, Purpose.REGISTER)
    except DomainError:
        return True, keys.get(session, setup.id, Purpose.CLOSED_REGISTER)


def find_response(session: Session, keys: KeyRing, setup: Setup, respondent: Respondent) -> Response | None:
    sealed = session.scalar(_FIND, {"own": respondent.response_id})
    return None if sealed is None else _opened(session, keys, setup, respondent.response_id, sealed)


def choose_unit(
    session: Session, keys: KeyRing, survey: OpenedSurvey, respondent: Respondent, path: UnitPath, now: datetime
) -> Response:
    """Place the respondent directly in the unit at `path`; begins the response if there is none."""
    unit = survey.setup.tree.get(path)
    return _change(session, keys, survey, respondent, now, lambda response: response.in_unit(unit.index))


def save_answers(
    session: Session,
    keys: KeyRing,
    survey: OpenedSurvey,
    respondent: Respondent,
    answers: Mapping[str, int],
    now: datetime,
) -> Response:
    """Save what was chosen (item id -> value, see `Response`); items not named stay as they are."""
    chosen = _numbered(survey.setup, answers)
    return _change(session, keys, survey, respondent, now, lambda response: response.with_answers(chosen))


def submit_response(
    session: Session, keys: KeyRing, survey: OpenedSurvey, respondent: Respondent, now: datetime
) -> Response:
    """From now on the response counts; it can be changed until closing. DomainError ``unit.missing``."""

    def submit(response: Response) -> Response:
        if response.unit is None:
            raise DomainError("unit.missing")
        return replace(response, is_submitted=True)

    return _change(session, keys, survey, respondent, now, submit)


def delete_response(
    session: Session, keys: KeyRing, survey: OpenedSurvey, respondent: Respondent, now: datetime
) -> Iterator[None]:
    """The whole response goes, in steps, and no restored backup brings it back; commit after each.

    Deleting what is not there is no error. DomainError ``survey.closed`` when it is too late.
    """
    if not survey.clock.may_finish(now):
        raise DomainError("survey.closed")
    session.rollback()
    own = session.execute(_LIFE, {"own": respondent.response_id}).one_or_none()
    if own is not None:
        begin_writing(session, Tombstones)
        add_tombstone(session, keys, survey.setup.id, Purpose.RESPONSE, mark_of_response(own.id, own.life))
        yield
    session.execute(
        delete(ResponseRow).where(ResponseRow.id == respondent.response_id).execution_options(synchronize_session=False)
    )
    _check_not_swept(session, survey.setup.id)
    yield


def mark_of_response(response_id: bytes, life: bytes | None) -> bytes:
    """What is remembered of a response that is deleted; another for who begins again."""
    return life or response_id[:MARK_BYTES]


def count_submitted(session: Session, survey_id: str) -> int:
    query = select(func.count()).where(ResponseRow.survey_id == survey_id, ResponseRow.is_submitted)
    return session.scalar(query.select_from(ResponseRow)) or 0


def count_begun(session: Session, survey_id: str) -> int:
    """Responses begun and not submitted."""
    query = select(func.count()).where(ResponseRow.survey_id == survey_id, ~ResponseRow.is_submitted)
    return session.scalar(query.select_from(ResponseRow)) or 0


def _numbered(setup: Setup, answers: Mapping[str, int]) -> dict[int, int]:
    """Item numbers in the instrument instead of ids; DomainError for an item or category the survey does not have."""
    chosen = {theme.id for theme in setup.themes}
    known = {
        item.id: (number, theme)
        for number, (theme, item) in enumerate(
            (theme, item) for theme in setup.instrument.themes for item in theme.items
        )
        if theme.id in chosen
    }
    numbered = {}
    for item_id, value in answers.items():
        if item_id not in known:
            raise DomainError("item.unknown", item=item_id)
        number, theme = known[item_id]
        numbered[number] = check_value(theme, value)
    return numbered


def _change(
    session: Session,
    keys: KeyRing,
    survey: OpenedSurvey,
    respondent: Respondent,
    now: datetime,
    change: Callable[[Response], Response],
) -> Response:
    """Read, change and write one response as one step; DomainError ``survey.closed`` when it is too late."""
    if not survey.clock.may_finish(now):
        raise DomainError("survey.closed")
    setup, own = survey.setup, respondent.response_id
    data_key = keys.get(session, setup.id, Purpose.DATA)
    sealed = _lock(session, own)
    if sealed is None:
        if not survey.clock.may_start(now):
            raise DomainError("survey.closed")
        link, _ = carried_by(session, keys, setup, respondent)
        sealed = _begin(session, setup, data_key, respondent.response_id, link)
    response = change(Response.from_bytes(unseal(data_key, sealed, own)))
    new = {"new": seal(data_key, response.to_bytes(), own), "submitted": response.is_submitted}
    session.execute(_UPDATE, {"own": own, **new})
    _check_not_swept(session, setup.id)
    return response


def _lock(session: Session, response_id: bytes) -> bytes | None:
    return session.scalar(_LOCK, {"own": response_id})


def _begin(session: Session, setup: Setup, data_key: bytes, response_id: bytes, link: bytes) -> bytes:
    """Insert an empty response; when another device did so in the same moment, take that one."""
    n_items = sum(len(theme.items) for theme in setup.instrument.themes)
    empty = Response.empty(n_items, link)
    sealed = seal(data_key, empty.to_bytes(), response_id)
    own = {"id": response_id, "survey_id": setup.id, "life": secrets.token_bytes(MARK_BYTES)}
    row = own | {"is_submitted": False, "sealed": sealed}
    try:
        with session.begin_nested():
            session.execute(insert(ResponseRow), row)
    except IntegrityError:
        other = _lock(session, response_id)
        if other is None:
            raise
        return other
    return sealed


def _check_not_swept(session: Session, survey_id: str) -> None:
    """After the write, in the same transaction: closing's rewriting may have come between (spec 2)."""
    if session.scalar(_SWEPT_AT, {"survey": survey_id}) is not None:
        raise DomainError("survey.closed")


def _opened(session: Session, keys: KeyRing, setup: Setup, response_id: bytes, sealed: bytes) -> Response:
    return Response.from_bytes(unseal(keys.get(session, setup.id, Purpose.DATA), sealed, response_id))
