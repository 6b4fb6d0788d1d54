"""What is remembered of deleted responses and withdrawn consents leads from nobody to nothing, and tells no time.

The attacker owns all three databases, with everything that PostgreSQL and SQLite keep about a row, at every moment, and
knows of each person the keyed hash in the register and the row of the response; but has no key.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from flask import Flask

from app.extensions import db, key_ring, session
from app.services.survey_keys import Purpose
from app.services.tombstones import MARKS_PER_STEP, list_tombstones
from tests.attacks.dumps import database_bytes
from tests.attacks.evidence import bytes_of, dump
from tests.attacks.joining import SHORTEST_SHARED, Row
from tests.people import NO, YES, Trial, open_trial

N_PEOPLE = 40


def pieces(content: bytes) -> set[bytes]:
    return {content[i : i + SHORTEST_SHARED] for i in range(len(content) - SHORTEST_SHARED + 1)}


def keys_bytes() -> bytes:
    """Every file of the database of keys."""
    engine = db.engines["keys"]
    if engine.dialect.name == "postgresql":
        return database_bytes(engine)
    file = Path(str(engine.url.database))
    return b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))


def known_of(trial: Trial, serial: int) -> list[bytes]:
    who = trial.person(serial)
    lives = [bytes_of(row, "life") for row in dump(None, "response") if row["id"] == who.response_id]
    return [who.person, who.response_id, *lives]


def test_sets_show_neither_who_nor_how_many_nor_in_which_order(any_app: Flask) -> None:
    trial = open_trial()
    for serial in range(N_PEOPLE):
        trial.answer(serial)
        trial.consent(serial, YES)
    known: list[bytes] = []
    seen: list[list[Row]] = []
    order = Random(3).sample(range(N_PEOPLE), N_PEOPLE)
    for serial in order[: N_PEOPLE // 2]:
        known += known_of(trial, serial)
        trial.delete(serial)
        trial.consent(serial, NO)
        session().rollback()
        seen.append(dump("keys", "tombstones"))
    assert len(seen) <= MARKS_PER_STEP
    secrets = set().union(*(pieces(value) for value in known))
    for rows in seen:
        assert sorted(str(row["purpose"]) for row in rows) == ["register", "response"]
        assert len({len(bytes_of(row, "sealed")) for moment in seen for row in moment}) == 1
        assert not any(secrets & pieces(bytes_of(row, "sealed")) for row in rows)
    marks = list_tombstones(session(), key_ring(), trial.survey.id, Purpose.RESPONSE)
    assert len(marks) == N_PEOPLE // 2, "the sets are not empty"
    session().rollback()
    content = keys_bytes()
    assert not any(value in content for value in (*known, *marks))


def test_after_closing_nothing_is_left_even_for_who_has_the_installations_key(any_app: Flask) -> None:
    """Backups hold what was deleted, but neither they nor the marks can be read any more."""
    trial = open_trial()
    for serial in range(N_PEOPLE):
        trial.answer(serial)
        trial.consent(serial, YES)
    for serial in range(10):
        trial.delete(serial)
        trial.consent(serial, NO)
    sealed = [bytes_of(row, "sealed") for row in dump("keys", "tombstones")]
    trial.close()
    session().rollback()
    assert dump("keys", "tombstones") == []
    assert {row["life"] for row in dump(None, "response")} == {None}
    content = keys_bytes()
    assert not any(one[:32] in content for one in sealed)


@pytest.mark.parametrize("is_closed", [False, True])
def test_who_holds_the_keys_learns_who_withdrew_and_what_the_register_says_anyhow(
    any_app: Flask, *, is_closed: bool
) -> None:
    """The mark of a person is the one of the register; that of a response is drawn anew for each, and kept nowhere."""
    trial = open_trial()
    for serial in range(4):
        trial.answer(serial)
        trial.consent(serial, YES)
    if is_closed:
        trial.close()
    lives = {row["life"] for row in dump(None, "response")}
    trial.consent(0, NO)
    purpose = Purpose.CLOSED_REGISTER if is_closed else Purpose.REGISTER
    assert list_tombstones(session(), key_ring(), trial.survey.id, purpose) == {trial.person(0).person[:16]}
    if not is_closed:
        trial.delete(1)
        found = list_tombstones(session(), key_ring(), trial.survey.id, Purpose.RESPONSE)
        assert found <= lives
