"""The register: who consented to research, in sealed buckets of many (spec 8).

An entry is a keyed hash, the choice, the version of the text that was read, and 192 bytes for research. Those bytes
hold number, name and link to the response for who said yes, and noise for who said no. Buckets are sealed whole,
entries sorted by hash and padded to a round number: no row, order, size or write tells who came when.
"""

from __future__ import annotations

import math
import os
import struct
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import cast

from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.adapters.sealing import HASH_BYTES, keyed_hash, seal, seal_for_research, unseal
from app.db.base import begin_writing
from app.db.grants import LOCATOR
from app.db.identities import RegisterBucket
from app.domain.errors import DomainError

PEOPLE_PER_BUCKET = 256
PEOPLE_PER_UNIT = 10
"""Thought to be, where nobody said how many are invited."""
ENTRIES_PER_STEP = 64
FOR_RESEARCH_BYTES = 240
_PLAIN_BYTES = FOR_RESEARCH_BYTES - 48
_ENTRY = struct.Struct(f">{HASH_BYTES}sB15s{FOR_RESEARCH_BYTES}s")
_NOBODY = bytes(HASH_BYTES)
_AFTER_EVERYBODY = b"\xff" * HASH_BYTES
_PLAIN = struct.Struct(">16sB")
"""Link, and how many bytes the number takes; number and name follow."""
LONGEST_NUMBER = 64
"""Bytes; an identity number takes 11, a provider's own pseudonym more."""
_N_TRIES = 50

# Made once, and without what the ORM adds to a query.
_BUCKETS = cast(Table, RegisterBucket.__table__)
_HERE = {"mapper": RegisterBucket}
_ONE = (_BUCKETS.c.survey_id == bindparam("survey"), _BUCKETS.c.number == bindparam("bucket"))
_READ = select(_BUCKETS.c.sealed).where(*_ONE)
_WRITE = (
    update(_BUCKETS)
    .where(*_ONE, _BUCKETS.c.sealed == bindparam("old"))
    .values(sealed=bindparam("new"), locator=bindparam("named"))
)
_LAY = insert(_BUCKETS).values(
    survey_id=bindparam("survey"), number=bindparam("bucket"), sealed=bindparam("new"), locator=bindparam("named")
)
_NAME = select(func.set_config(LOCATOR, bindparam("named"), True))


@dataclass(frozen=True, slots=True)
class Consent:
    """What one person decided about research, and which text was read."""

    is_given: bool
    text_version: str


@dataclass(frozen=True, slots=True)
class Entry:
    person: bytes
    """Keyed hash of the identity number."""
    consent: Consent
    for_research: bytes


def n_buckets_for(n_invited: int | None, n_units: int) -> int:
    """So many that a bucket has about PEOPLE_PER_BUCKET people: with fewer a choice is dear to store, with more it
    would be one of few."""
    n_people = PEOPLE_PER_UNIT * n_units if n_invited is None else n_invited
    return max(1, math.ceil(n_people / PEOPLE_PER_BUCKET))


def for_research(public_key: bytes, survey_id: str, *, link: bytes, number: str, name: str) -> bytes:
    """Number, name and link of one person, so that only research can read them; always FOR_RESEARCH_BYTES long."""
    known_as = number.encode()
    if len(known_as) > LONGEST_NUMBER:
        raise DomainError("identity_number.too_long")
    plain = _PLAIN.pack(link, len(known_as)) + known_as + name.encode()
    return seal_for_research(public_key, plain[:_PLAIN_BYTES].ljust(_PLAIN_BYTES, b"\0"), survey_id.encode())


def read_for_research(plain: bytes) -> tuple[bytes, str, str]:
    """Link, number and name from what research opened."""
    link, n_bytes = _PLAIN.unpack_from(plain)
    number, name = plain[_PLAIN.size : _PLAIN.size + n_bytes], plain[_PLAIN.size + n_bytes :]
    return link, number.decode(), name.rstrip(b"\0").decode(errors="ignore")


def lay_register(session: Session, key: bytes, survey_id: str, n_buckets: int) -> None:
    """Lay all buckets of a survey, empty, in one go; former ones go. The caller has begun to write."""
    for number in range(n_buckets):
        here = {"survey": survey_id, "bucket": number}
        locator = _name(session, key, survey_id, number)
        session.execute(delete(_BUCKETS).where(*_ONE), here, bind_arguments=_HERE)
        laid = {"new": _seal(key, survey_id, number, b""), "named": locator}
        session.execute(_LAY, here | laid, bind_arguments=_HERE)


def find_consent(session: Session, key: bytes, survey_id: str, n_buckets: int, person: bytes) -> Consent | None:
    number = _bucket_of(person, n_buckets)
    entries = _unseal(key, survey_id, number, _read(session, key, survey_id, number))
    place = _place(entries, person)
    return _unpack_at(entries, place).consent if entries.startswith(person, place) else None


def put_consent(
    session: Session, key: bytes, survey_id: str, n_buckets: int, person: bytes, consent: Consent, sealed: bytes
) -> None:
    """Record what `person` decided. `sealed` (see `for_research`) is kept only when consent is given."""
    entry = Entry(person, consent, sealed if consent.is_given else os.urandom(FOR_RESEARCH_BYTES))
    _change(session, key, survey_id, _bucket_of(person, n_buckets), person, _pack(entry))


def remove_person(session: Session, key: bytes, survey_id: str, n_buckets: int, person: bytes) -> None:
    _change(session, key, survey_id, _bucket_of(person, n_buckets), person, b"")


def list_entries(session: Session, key: bytes, survey_id: str) -> Iterator[Entry]:
    """Every entry of the survey, sorted by keyed hash."""
    for number, sealed in _all_buckets(session, survey_id):
        yield from _entries(_unseal(key, survey_id, number, sealed))


def keep_only_consenting(session: Session, old_key: bytes, new_key: bytes, survey_id: str) -> None:
    """Closing's share: drop who did not consent, seal the rest with a new key. May be repeated after a crash."""
    begin_writing(session, RegisterBucket)
    for number, sealed in _all_buckets(session, survey_id, is_locked=True):
        try:
            entries = _unseal(old_key, survey_id, number, sealed)
        except DomainError:
            continue  # done before the crash; `check_register` finds anything else
        kept = b"".join(_pack(entry) for entry in _entries(entries) if entry.consent.is_given)
        if not _write(session, new_key, survey_id, number, sealed, _seal(new_key, survey_id, number, kept)):
            raise DomainError("register.busy")


def take_back_consents(
    session: Session, key: bytes, survey_id: str, has_withdrawn: Callable[[bytes], bool], *, is_closed: bool
) -> int:
    """Withdraw the yes of everybody of whom `has_withdrawn` (keyed hash) says so; how many. Of buckets that do not open
    with `key` nothing is changed. The caller has begun to write.
    """
    n = 0
    for number, sealed in _all_buckets(session, survey_id, is_locked=True):
        try:
            entries = _unseal(key, survey_id, number, sealed)
        except DomainError:
            continue
        kept, n_before = [], n
        for entry in _entries(entries):
            if not (entry.consent.is_given and has_withdrawn(entry.person)):
                kept.append(_pack(entry))
                continue
            n += 1
            if not is_closed:
                refused = replace(entry.consent, is_given=False)
                kept.append(_pack(Entry(entry.person, refused, os.urandom(FOR_RESEARCH_BYTES))))
        if n > n_before:
            _write(session, key, survey_id, number, sealed, _seal(key, survey_id, number, b"".join(kept)))
    return n


def check_register(session: Session, key: bytes, survey_id: str) -> None:
    """DomainError ``sealed.broken`` unless every bucket opens with `key`: before another key is destroyed."""
    for number, sealed in _all_buckets(session, survey_id):
        _unseal(key, survey_id, number, sealed)


def _bucket_of(person: bytes, n_buckets: int) -> int:
    return int.from_bytes(person[:8], "big") % n_buckets


def _all_buckets(session: Session, survey_id: str, *, is_locked: bool = False) -> list[tuple[int, bytes]]:
    """Number and content of each; `is_locked`: nobody else changes them before the next commit."""
    query = select(RegisterBucket.number, RegisterBucket.sealed).where(RegisterBucket.survey_id == survey_id)
    query = query.order_by(RegisterBucket.number)
    return [(number, sealed) for number, sealed in session.execute(query.with_for_update() if is_locked else query)]


def _name(session: Session, key: bytes, survey_id: str, number: int) -> bytes:
    """The bucket's locator; from now on and until the transaction ends, PostgreSQL shows that bucket to the web."""
    locator = keyed_hash(key, b"locator:" + _label(survey_id, number))
    if session.get_bind(RegisterBucket).dialect.name == "postgresql":
        session.execute(_NAME, {"named": locator.hex()}, bind_arguments=_HERE)
    return locator


def _read(session: Session, key: bytes, survey_id: str, number: int) -> bytes:
    """DomainError ``register.missing`` when there is none, or none that `key` leads to."""
    _name(session, key, survey_id, number)
    asked = {"survey": survey_id, "bucket": number}
    sealed: bytes | None = session.scalar(_READ, asked, bind_arguments=_HERE)
    if sealed is None:
        raise DomainError("register.missing")
    return sealed


def _write(session: Session, key: bytes, survey_id: str, number: int, old: bytes, new: bytes) -> bool:
    """Replace `old` by `new`, which is sealed with `key`, unless somebody else was faster."""
    here = {"survey": survey_id, "bucket": number, "named": _name(session, key, survey_id, number)}
    done = session.execute(_WRITE, here | {"old": old, "new": new}, bind_arguments=_HERE)
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _change(session: Session, key: bytes, survey_id: str, number: int, person: bytes, packed: bytes) -> None:
    """Put `packed` in the place of what the bucket has of `person`; nothing takes the person out."""
    begin_writing(session, RegisterBucket)
    for _ in range(_N_TRIES):
        old = _read(session, key, survey_id, number)
        entries = _unseal(key, survey_id, number, old)
        start = _place(entries, person)
        end = start + _ENTRY.size if entries.startswith(person, start) else start
        changed = entries[:start] + packed + entries[end:]
        if _write(session, key, survey_id, number, old, _seal(key, survey_id, number, changed)):
            return
    raise DomainError("register.busy")


def _seal(key: bytes, survey_id: str, number: int, entries: bytes) -> bytes:
    """`entries`: packed, sorted by person; their padding is made anew."""
    packed = entries[: _place(entries, _AFTER_EVERYBODY)]
    step = ENTRIES_PER_STEP * _ENTRY.size
    n_bytes = max(1, math.ceil(len(packed) / step)) * step
    return seal(key, packed.ljust(n_bytes, b"\0"), _label(survey_id, number))


def _unseal(key: bytes, survey_id: str, number: int, sealed: bytes) -> bytes:
    """Packed entries, sorted by person, and padding."""
    return unseal(key, sealed, _label(survey_id, number))


def _place(entries: bytes, person: bytes) -> int:
    """Where the entry of `person` begins, or would: a request looks at a few of the many in a bucket."""
    starts = range(0, len(entries), _ENTRY.size)
    found = bisect_left(starts, person, key=lambda start: _person_at(entries, start))
    return found * _ENTRY.size


def _person_at(entries: bytes, start: int) -> bytes:
    person = entries[start : start + HASH_BYTES]
    return _AFTER_EVERYBODY if person == _NOBODY else person


def _entries(entries: bytes) -> Iterator[Entry]:
    for start in range(0, _place(entries, _AFTER_EVERYBODY), _ENTRY.size):
        yield _unpack_at(entries, start)


def _pack(entry: Entry) -> bytes:
    consent = entry.consent
    return _ENTRY.pack(entry.person, consent.is_given, consent.text_version.encode(), entry.for_research)


def _unpack_at(entries: bytes, start: int) -> Entry:
    person, is_given, version, sealed = _ENTRY.unpack_from(entries, start)
    return Entry(person, Consent(bool(is_given), version.rstrip(b"\0").decode()), sealed)


def _label(survey_id: str, number: int) -> bytes:
    return f"{survey_id}:{number}".encode()
