"""Marks of what was taken away: all of a kind in one sealed set, whoever adds to it at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask, current_app
from sqlalchemy import func, select

from app.db.base import begin_writing
from app.db.keys import Tombstones
from app.domain.errors import DomainError
from app.extensions import key_ring, session
from app.services.survey_keys import Purpose
from app.services.tombstones import MARKS_PER_STEP, add_tombstone, list_tombstones, remove_tombstone
from tests.people import YES, Trial, open_trial


@pytest.fixture
def trial(any_app: Flask) -> Iterator[Trial]:
    yield open_trial()
    session().rollback()


def mark(number: int) -> bytes:
    return (number + 1).to_bytes(16, "big")


def add(survey_id: str, number: int, purpose: Purpose = Purpose.RESPONSE) -> None:
    session().rollback()
    begin_writing(session(), Tombstones)
    add_tombstone(session(), key_ring(), survey_id, purpose, mark(number))
    session().commit()


def stored() -> bytes:
    return session().scalars(select(Tombstones.sealed)).one()


def test_marks_are_found_and_forgotten_again(trial: Trial) -> None:
    survey_id = trial.survey.id
    assert list_tombstones(session(), key_ring(), survey_id, Purpose.RESPONSE) == frozenset()
    for number in (1, 2, 2):
        add(survey_id, number)
    assert list_tombstones(session(), key_ring(), survey_id, Purpose.RESPONSE) == {mark(1), mark(2)}
    assert list_tombstones(session(), key_ring(), survey_id, Purpose.REGISTER) == frozenset()
    for number in (1, 9):
        remove_tombstone(session(), key_ring(), survey_id, Purpose.RESPONSE, mark(number))
    assert list_tombstones(session(), key_ring(), survey_id, Purpose.RESPONSE) == {mark(2)}


def test_set_has_one_size_for_many_numbers_of_marks_and_is_written_anew_as_a_whole(trial: Trial) -> None:
    seen = []
    for number in range(MARKS_PER_STEP + 1):
        add(trial.survey.id, number)
        seen.append(stored())
    assert len({len(sealed) for sealed in seen[:MARKS_PER_STEP]}) == 1
    assert len(seen[-1]) > len(seen[0])
    pieces = [{sealed[i : i + 8] for i in range(len(sealed) - 7)} for sealed in seen[:2]]
    assert not pieces[0] & pieces[1]


def test_set_of_one_survey_and_kind_opens_as_no_other(trial: Trial) -> None:
    other = open_trial().survey.id
    add(trial.survey.id, 1)
    row = session().scalars(select(Tombstones)).one()
    row.survey_id = other
    session().commit()
    with pytest.raises(DomainError, match=r"sealed\.broken"):
        list_tombstones(session(), key_ring(), other, Purpose.RESPONSE)


def test_nothing_is_remembered_with_a_key_that_is_destroyed(trial: Trial) -> None:
    trial.close()
    with pytest.raises(DomainError, match=r"key\.destroyed"):
        add_tombstone(session(), key_ring(), trial.survey.id, Purpose.RESPONSE, mark(1))


def test_many_at_once_lose_no_mark(trial: Trial) -> None:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    survey_id, n = trial.survey.id, 12
    session().rollback()
    start, failed = threading.Barrier(n), []

    def work(number: int) -> None:
        with app.app_context():
            start.wait()
            try:
                add(survey_id, number)
            except Exception as error:
                failed.append(error)
            session().close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert list_tombstones(session(), key_ring(), survey_id, Purpose.RESPONSE) == {mark(i) for i in range(n)}


def test_who_never_took_anything_back_leaves_nothing(trial: Trial) -> None:
    trial.consent(1, YES)
    trial.answer(1)
    trial.delete(2)
    assert session().scalar(select(func.count()).select_from(Tombstones)) == 0
