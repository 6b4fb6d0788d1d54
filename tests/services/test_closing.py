"""What closing destroys, also when it is interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.adapters.sealing import open_for_research
from app.db.answers import ResponseRow
from app.db.keys import SurveyKey
from app.domain.errors import DomainError
from app.extensions import key_ring, session, settings
from app.services.closing import SWEEP, check_sweep_due, is_sweep_due, is_swept
from app.services.register import list_entries, n_buckets_for, read_for_research, remove_person
from app.services.report_basis import load_submitted
from app.services.survey_keys import Purpose
from tests.people import ACCESS, NO, YES, Trial, open_trial


@pytest.fixture
def trial(any_app: Flask) -> Iterator[Trial]:
    yield open_trial()
    session().rollback()


def ids(trial: Trial) -> set[bytes]:
    return set(session().scalars(select(ResponseRow.id).where(ResponseRow.survey_id == trial.survey.id)))


def test_submitted_responses_get_random_ids_and_drafts_go(trial: Trial) -> None:
    for serial in range(5):
        trial.answer(serial, answers={"workload_1": serial % 5 + 1})
    trial.answer(9, submits=False)
    before = ids(trial)
    trial.close()
    after = ids(trial)
    assert len(after) == 5
    assert not before & after
    submitted = load_submitted(session(), key_ring(), trial.opened.setup)
    assert sorted(submitted.answers[:, 0].tolist()) == [1, 2, 3, 4, 5]


def test_field_keys_are_destroyed_and_the_others_stay(trial: Trial) -> None:
    trial.answer(1)
    trial.close()
    purposes = set(session().scalars(select(SurveyKey.purpose)))
    assert purposes == {Purpose.IDENTITY.value, Purpose.CLOSED_DATA.value, Purpose.CLOSED_REGISTER.value}


def test_only_who_consented_stays_and_only_research_can_read_it(trial: Trial) -> None:
    for serial, consent in ((1, YES), (2, NO), (3, YES)):
        trial.consent(serial, consent)
        trial.answer(serial)
    links = {trial.person(serial).link for serial in (1, 3)}
    trial.close()
    key = key_ring().get(session(), trial.survey.id, Purpose.CLOSED_REGISTER)
    entries = list(list_entries(session(), key, trial.survey.id))
    private = (settings().instance / "keys" / "research-private-key").read_bytes()
    opened = [
        read_for_research(open_for_research(private, entry.for_research, trial.survey.id.encode())) for entry in entries
    ]
    assert {name for _, _, name in opened} == {"Person 1", "Person 3"}
    assert {link for link, _, _ in opened} == links


@pytest.mark.parametrize("n_done", range(len(SWEEP) + 1))
def test_interrupted_sweep_goes_on_where_it_stopped(trial: Trial, n_done: int) -> None:
    trial.consent(1, YES)
    for serial in range(3):
        trial.answer(serial)
    trial.survey.closed_at = ACCESS + timedelta(days=1)
    trial.survey.state = "closed"
    session().commit()
    trial.now = ACCESS + timedelta(days=2)
    for step in SWEEP[:n_done]:
        step(session(), key_ring(), trial.survey, trial.now)
        session().commit()
    trial.sweep()
    assert is_swept(session(), key_ring(), trial.survey)
    assert len(load_submitted(session(), key_ring(), trial.opened.setup).ids) == 3


def test_sweep_waits_for_the_grace_only_while_somebody_may_need_it(trial: Trial) -> None:
    trial.answer(1)
    trial.answer(2, submits=False)
    with pytest.raises(DomainError, match=r"survey\.still_open"):
        check_sweep_due(session(), trial.survey, trial.now)
    trial.survey.closed_at = trial.now
    trial.survey.state = "closed"
    session().commit()
    with pytest.raises(DomainError, match=r"survey\.in_grace"):
        check_sweep_due(session(), trial.survey, trial.now)
    assert is_sweep_due(session(), trial.survey, trial.now + timedelta(minutes=30))
    trial.answer(2)
    assert is_sweep_due(session(), trial.survey, trial.now)


def test_survey_that_was_never_opened_is_never_swept(trial: Trial) -> None:
    trial.survey.access_at = None
    assert not is_sweep_due(session(), trial.survey, trial.now)


def test_withdrawing_after_closing_removes_the_identity(trial: Trial) -> None:
    trial.consent(1, YES)
    person = trial.person(1).person
    trial.answer(1)
    trial.close()
    key = key_ring().get(session(), trial.survey.id, Purpose.CLOSED_REGISTER)
    remove_person(session(), key, trial.survey.id, n_buckets_for(100), person)
    session().commit()
    assert list(list_entries(session(), key, trial.survey.id)) == []
