"""What closing destroys, also when it is interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask, current_app
from sqlalchemy import select

from app.adapters.sealing import open_for_research
from app.db.answers import ResponseRow
from app.db.identities import RegisterBucket
from app.db.keys import SurveyKey
from app.domain.errors import DomainError
from app.extensions import db, key_ring, session, settings
from app.services.answering import count_submitted, delete_response, give_consent
from app.services.closing import SWEEP, check_sweep_due, destroy_field_keys, is_sweep_due, is_swept
from app.services.register import list_entries, read_for_research, remove_person
from app.services.report_basis import load_submitted
from app.services.survey_keys import CACHED_SECONDS, KeyRing, Purpose
from app.services.surveys import PREPARATION
from tests.attacks.dumps import database_bytes
from tests.people import ACCESS, NO, YES, Trial, open_trial, start_writing


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


def test_destroyed_keys_are_in_no_write_ahead_log(trial: Trial) -> None:
    """In that of PostgreSQL as in that of SQLite, byte for byte."""
    own = select(SurveyKey.wrapped).where(SurveyKey.survey_id == trial.survey.id)
    wrapped = set(session().scalars(own))
    engine = db.engines["keys"]
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            log = Path(str(connection.exec_driver_sql("SHOW data_directory").scalar_one())) / "pg_wal"
        files = log.glob("0*")
    else:
        files = settings().instance.glob("keys.sqlite*")
    assert any(key in path.read_bytes() for path in files for key in wrapped)
    trial.close()
    trial.sweep()
    destroyed = wrapped - set(session().scalars(own))
    assert len(destroyed) == 3
    files = log.glob("0*") if engine.dialect.name == "postgresql" else settings().instance.glob("keys.sqlite*")
    assert not any(key in path.read_bytes() for path in files for key in destroyed)


def test_only_who_consented_stays_and_only_research_can_read_it(trial: Trial) -> None:
    for serial, consent in ((1, YES), (2, NO), (3, YES)):
        trial.consent(serial, consent)
        trial.answer(serial)
    links = {trial.carried(serial)[0] for serial in (1, 3)}
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


def close_now(trial: Trial) -> None:
    trial.survey.closed_at = trial.now
    trial.survey.state = "closed"
    session().commit()


def test_sweep_waits_for_the_grace_of_those_too_who_have_submitted(trial: Trial) -> None:
    """They may still change and delete (spec 2)."""
    trial.answer(1)
    with pytest.raises(DomainError, match=r"survey\.still_open"):
        check_sweep_due(session(), trial.survey, trial.now)
    close_now(trial)
    with pytest.raises(DomainError, match=r"survey\.in_grace"):
        check_sweep_due(session(), trial.survey, trial.now + timedelta(minutes=29))
    assert is_sweep_due(session(), trial.survey, trial.now + timedelta(minutes=30))


def test_deleting_after_the_sweep_is_refused_and_not_pretended(trial: Trial) -> None:
    trial.answer(1)
    before, who = trial.opened, trial.person(1)
    close_now(trial)
    trial.sweep()
    start_writing()
    with pytest.raises(DomainError, match=r"survey\.closed"):
        list(delete_response(session(), key_ring(), before, who, trial.now))
    session().rollback()
    assert count_submitted(session(), trial.survey.id) == 1


def test_consent_changed_while_the_register_is_sealed_anew_is_not_lost(trial: Trial) -> None:
    """A process still knows the old key of the register; it notices, and reads the new one."""
    for serial in (1, 2):
        trial.consent(serial, YES)
    setup, who = trial.opened.setup, trial.person(1)
    close_now(trial)
    stale = KeyRing(settings().installation_key)
    stale.get(session(), trial.survey.id, Purpose.REGISTER)
    session().rollback()
    trial.sweep()
    for _step in give_consent(session(), stale, setup, who, NO):
        session().commit()
    key = key_ring().get(session(), trial.survey.id, Purpose.CLOSED_REGISTER)
    assert len(list(list_entries(session(), key, trial.survey.id))) == 1


def test_who_withdraws_after_closing_leaves_no_trace_after_the_next_maintenance(trial: Trial) -> None:
    """What was sealed for research lies in no former row or page any more."""
    trial.survey.access_at = datetime.now(UTC) - timedelta(weeks=7)
    trial.consent(1, YES)
    close_now(trial)
    trial.now = datetime.now(UTC)
    trial.sweep()
    trial.survey.needs_compacting = False
    session().commit()
    engine = db.engines["identities"]
    former = session().scalars(select(RegisterBucket.sealed)).one()[:64]
    session().rollback()
    assert former in database_bytes(engine)
    trial.consent(1, NO)
    session().close()
    result = current_app.test_cli_runner().invoke(args=["maintenance", "run"])
    assert result.exit_code == 0, result.output
    assert former not in database_bytes(engine)


def test_old_keys_of_the_register_stay_until_every_bucket_opens_with_the_new_one(trial: Trial) -> None:
    trial.consent(1, YES)
    close_now(trial)
    for step in SWEEP[:2]:
        start_writing()
        step(session(), key_ring(), trial.survey, trial.now)
        session().commit()
    start_writing()
    with pytest.raises(DomainError, match=r"sealed\.broken"):
        destroy_field_keys(session(), key_ring(), trial.survey, trial.now)
    session().rollback()
    assert key_ring().has(session(), trial.survey.id, Purpose.REGISTER)


def test_survey_needs_compacting_until_it_was_done(trial: Trial) -> None:
    assert not trial.survey.needs_compacting
    close_now(trial)
    trial.sweep()
    assert trial.survey.needs_compacting


def test_process_forgets_destroyed_keys_it_is_not_asked_for(trial: Trial) -> None:
    ring = KeyRing(settings().installation_key)
    ring.get(session(), trial.survey.id, Purpose.RESPONSE)
    ring._known = {name: (read_at - CACHED_SECONDS - 1, key) for name, (read_at, key) in ring._known.items()}
    ring.get(session(), trial.survey.id, Purpose.DATA)
    assert [purpose for _, purpose in ring._known] == [Purpose.DATA]


def test_preparing_again_before_opening_lays_a_register_that_opens(app: Flask) -> None:
    """The first try made the buckets with a key that never reached the disk."""
    trial = open_trial()
    trial.survey.state = "signed"
    session().commit()
    key_ring().destroy(session(), trial.survey.id, Purpose.REGISTER)
    session().commit()
    for step in PREPARATION:
        step(session(), key_ring(), trial.survey)
        session().commit()
    trial.survey.state = "open"
    session().commit()
    trial.consent(1, YES)


def test_survey_that_was_never_opened_is_never_swept(trial: Trial) -> None:
    trial.survey.access_at = None
    assert not is_sweep_due(session(), trial.survey, trial.now)


def test_withdrawing_after_closing_removes_the_identity(trial: Trial) -> None:
    trial.consent(1, YES)
    person = trial.person(1).person
    trial.answer(1)
    trial.close()
    key = key_ring().get(session(), trial.survey.id, Purpose.CLOSED_REGISTER)
    remove_person(session(), key, trial.survey.id, trial.survey.n_register_buckets, person)
    session().commit()
    assert list(list_entries(session(), key, trial.survey.id)) == []
