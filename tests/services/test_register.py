"""Buckets of many people, sealed whole: what is in them, and what their bytes do not tell."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from random import Random

import pytest
from flask import Flask, current_app
from sqlalchemy import func, select

from app.adapters.sealing import HASH_BYTES, new_key, open_for_research, public_part
from app.db.identities import RegisterBucket
from app.domain.errors import DomainError
from app.extensions import key_ring, session
from app.services.register import (
    ENTRIES_PER_STEP,
    FOR_RESEARCH_BYTES,
    Consent,
    find_consent,
    for_research,
    list_entries,
    n_buckets_for,
    put_consent,
    read_for_research,
    remove_person,
)
from app.services.survey_keys import Purpose
from tests.people import Trial, open_trial

YES, NO = Consent(True, "2026-1"), Consent(False, "2026-1")


@pytest.fixture
def trial(any_app: Flask) -> Iterator[Trial]:
    yield open_trial()
    session().rollback()


@pytest.mark.parametrize(
    ("n_invited", "n_units", "n_buckets"),
    [(0, 900, 1), (256, 1, 1), (257, 1, 2), (20_000, 1, 79), (None, 1, 1), (None, 900, 36)],
)
def test_a_bucket_holds_up_to_256_of_the_invited(n_invited: int | None, n_units: int, n_buckets: int) -> None:
    assert n_buckets_for(n_invited, n_units) == n_buckets


@pytest.mark.parametrize("number", ["01814000008", "a-pairwise-pseudonym-of-a-provider-with-64-signs-0123456789abcde"])
@pytest.mark.parametrize("name", ["", "Kari Fjellvik", "Æ" * 300])
def test_what_is_for_research_has_one_length_and_opens_whole(number: str, name: str) -> None:
    private = new_key()
    sealed = for_research(public_part(private), "survey", link=bytes(16), number=number, name=name)
    assert len(sealed) == FOR_RESEARCH_BYTES
    link, found, read = read_for_research(open_for_research(private, sealed, b"survey"))
    assert (link, found) == (bytes(16), number)
    assert name.startswith(read)
    assert read == name or len(read) > 50


def test_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(DomainError, match=r"identity_number\.too_long"):
        for_research(public_part(new_key()), "survey", link=bytes(16), number="x" * 65, name="")


def sizes() -> set[int]:
    found = set(session().scalars(select(func.length(RegisterBucket.sealed))))
    session().rollback()
    return found


def test_size_of_a_bucket_does_not_follow_its_people_one_by_one(trial: Trial) -> None:
    before = sizes()
    for serial in range(5):
        trial.consent(serial, YES if serial % 2 else NO)
    assert sizes() == before


def test_yes_and_no_cannot_be_told_apart_by_length(trial: Trial) -> None:
    trial.consent(1, YES)
    trial.consent(2, NO)
    key = key_ring().get(session(), trial.survey.id, Purpose.REGISTER)
    entries = list(list_entries(session(), key, trial.survey.id))
    assert {len(entry.for_research) for entry in entries} == {FOR_RESEARCH_BYTES}
    assert {entry.consent for entry in entries} == {YES, NO}


def test_a_bucket_keeps_what_each_decided_last_and_is_sorted(trial: Trial) -> None:
    """Above what one step of padding holds, and down to nobody."""
    setup, random = trial.opened.setup, Random(1)
    key = key_ring().get(session(), setup.id, Purpose.REGISTER)
    session().rollback()
    here = (session(), key, setup.id, setup.n_register_buckets)
    people = [random.randbytes(HASH_BYTES) for _ in range(ENTRIES_PER_STEP + 6)]
    decided: dict[bytes, Consent] = {}
    for person in [*people, *random.choices(people, k=60)]:
        if person in decided and random.random() < 0.3:
            remove_person(*here, person)
            del decided[person]
        else:
            decided[person] = random.choice([YES, NO])
            put_consent(*here, person, decided[person], random.randbytes(FOR_RESEARCH_BYTES))
        session().commit()
    assert [(entry.person, entry.consent) for entry in list_entries(*here[:3])] == sorted(decided.items())
    assert {person: find_consent(*here, person) for person in people} == {one: decided.get(one) for one in people}
    session().rollback()
    for person in people:
        remove_person(*here, person)
        session().commit()
    assert list(list_entries(*here[:3])) == []


def test_many_at_once_lose_nobody(trial: Trial) -> None:
    """Twenty people decide in the same moment, all in one bucket."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    setup = trial.opened.setup
    people = [(trial.person(serial), trial.carried(serial)[1]) for serial in range(20)]
    session().rollback()
    faults: list[BaseException] = []

    def decide(place: int) -> None:
        try:
            with app.app_context():
                key = key_ring().get(session(), setup.id, Purpose.REGISTER)
                session().rollback()
                who, sealed = people[place]
                put_consent(session(), key, setup.id, setup.n_register_buckets, who.person, YES, sealed)
                session().commit()
                session().close()
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=decide, args=(place,)) for place in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    key = key_ring().get(session(), setup.id, Purpose.REGISTER)
    found = {entry.person for entry in list_entries(session(), key, setup.id)}
    assert found == {who.person for who, _ in people}
