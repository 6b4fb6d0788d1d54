"""Ten weeks after access nothing about a person is left, not even in a backup that is restored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask, current_app
from sqlalchemy import func, select

from app.adapters.sealing import unseal
from app.db.answers import PoolSum, ReportBasis, ResponseRow
from app.db.identities import RegisterBucket
from app.db.keys import SurveyKey
from app.db.surveys import Survey
from app.domain.errors import DomainError
from app.domain.survey import N_WEEKS_SUMS
from app.extensions import key_ring, session, settings
from app.services.deletion import DELETION, delete_old_sums, is_deletion_due
from app.services.releases import prepare_release
from app.services.survey_keys import KeyRing, Purpose
from tests.people import ACCESS, YES, Trial, open_trial, start_writing

ANSWERS = {f"workload_{n}": n for n in (1, 2, 3)}


@pytest.fixture
def trial(any_app: Flask) -> Iterator[Trial]:
    trial = open_trial()
    for serial in range(12):
        trial.consent(serial, YES)
        trial.answer(serial, ("B",), ANSWERS)
    yield trial
    session().rollback()


def count(entity: type) -> int:
    return session().scalar(select(func.count()).select_from(entity)) or 0


def delete(trial: Trial, n_steps: int = len(DELETION)) -> None:
    for step in DELETION[:n_steps]:
        start_writing()
        step(session(), key_ring(), trial.survey, ACCESS + timedelta(weeks=10))
        session().commit()


def test_due_on_the_day_ten_weeks_after_access_and_only_once(trial: Trial) -> None:
    deletes_at = trial.opened.clock.deletes_at
    assert not is_deletion_due(trial.survey, deletes_at - timedelta(seconds=1))
    assert is_deletion_due(trial.survey, deletes_at)
    delete(trial)
    trial.survey.deleted_at = deletes_at
    assert not is_deletion_due(trial.survey, deletes_at)


@pytest.mark.parametrize("n_steps", range(len(DELETION) + 1))
def test_interrupted_deletion_is_finished_later(trial: Trial, n_steps: int) -> None:
    trial.close()
    delete(trial, n_steps)
    delete(trial)
    assert count(ResponseRow) == count(RegisterBucket) == count(SurveyKey) == 0
    assert trial.survey.state == "deleted"


def test_survey_that_nobody_closed_is_deleted_too(trial: Trial) -> None:
    delete(trial)
    assert count(ResponseRow) == count(RegisterBucket) == count(SurveyKey) == 0


def test_restored_backup_cannot_be_read(trial: Trial) -> None:
    trial.close()
    backup = [(row.id, row.sealed) for row in session().scalars(select(ResponseRow))]
    session().rollback()
    delete(trial)
    ring = KeyRing(settings().installation_key)
    for purpose in Purpose:
        with pytest.raises(DomainError, match=r"key\.destroyed"):
            ring.get(session(), trial.survey.id, purpose)
    for own, sealed in backup:
        with pytest.raises(DomainError, match=r"sealed\.broken"):
            unseal(settings().installation_key, sealed, own)


def test_sums_behind_the_reports_follow_their_own_date(trial: Trial) -> None:
    trial.close()
    start_writing()
    release = prepare_release(session(), key_ring(), trial.opened)
    session().commit()
    delete(trial)
    assert count(PoolSum) > 0
    basis = session().get_one(ReportBasis, trial.survey.id)
    assert basis.sealed_pools is None
    assert basis.n_answers == basis.n_included == list(release.basis.frozen.n_included)
    before = ACCESS + timedelta(weeks=N_WEEKS_SUMS, seconds=-1)
    delete_old_sums(session(), trial.survey, before)
    assert count(PoolSum) > 0
    delete_old_sums(session(), trial.survey, before + timedelta(seconds=1))
    assert count(PoolSum) == count(ReportBasis) == 0


def run(*arguments: str) -> str:
    result = current_app.test_cli_runner().invoke(args=list(arguments))
    assert result.exit_code == 0, result.output
    return str(result.output)


def test_maintenance_deletes_late_or_twice_without_harm_and_leaves_a_certificate(trial: Trial) -> None:
    survey_id = trial.survey.id
    trial.survey.access_at = ACCESS - timedelta(weeks=20)
    session().commit()
    output = run("maintenance", "run")
    assert "had not been exported" in output
    assert "deleted" in output
    certificate = json.loads(
        (settings().instance / "certificates" / f"deletion-{survey_id}.json").read_text(encoding="utf-8")
    )
    assert (certificate["n_responses"], certificate["was_exported"]) == (12, False)
    assert len(certificate["sha256_of_sealed_responses"]) == 64
    assert run("maintenance", "run") == ""
    session().expire_all()
    assert session().get_one(Survey, survey_id).state == "deleted"


def test_interrupted_deletion_still_gets_its_certificate(trial: Trial) -> None:
    """Killed after the keys were destroyed: the next run finishes, and the certificate tells of the first."""
    survey_id = trial.survey.id
    trial.survey.access_at = ACCESS - timedelta(weeks=20)
    session().commit()
    folder = settings().instance / "certificates"
    folder.mkdir()
    file = folder / f"deletion-{survey_id}.json"
    file.write_text(json.dumps({"n_responses": 12, "was_exported": False, "deleted_at": None}), encoding="utf-8")
    delete(trial, 2)
    run("maintenance", "run")
    certificate = json.loads(file.read_text(encoding="utf-8"))
    assert certificate["n_responses"] == 12
    assert certificate["deleted_at"] is not None


def report_folders(trial: Trial) -> list[Path]:
    places = (Path(settings().reports_url), settings().building_folder, settings().staff_folder)
    return [place / trial.survey.id for place in places]


def test_reports_are_deleted_with_the_answers(trial: Trial) -> None:
    folders = report_folders(trial)
    for folder in folders:
        (folder / "nb").mkdir(parents=True)
    trial.survey.access_at = ACCESS - timedelta(weeks=20)
    session().commit()
    run("maintenance", "run")
    assert not any(folder.exists() for folder in folders)


def test_reports_of_a_build_that_was_under_way_at_deletion_go_at_the_next_run(trial: Trial) -> None:
    trial.survey.access_at = ACCESS - timedelta(weeks=20)
    session().commit()
    run("maintenance", "run")
    folders = report_folders(trial)
    for folder in folders:
        (folder / "nb").mkdir(parents=True)
    run("maintenance", "run")
    assert not any(folder.exists() for folder in folders)


def test_broken_survey_does_not_keep_others_past_their_day(trial: Trial) -> None:
    other = open_trial()
    other.survey.access_at = ACCESS - timedelta(weeks=20)
    trial.survey.access_at = ACCESS - timedelta(weeks=1)
    other_id = other.survey.id
    bucket = session().scalars(select(RegisterBucket).where(RegisterBucket.survey_id == trial.survey.id)).one()
    bucket.sealed = bytes(200)
    session().commit()
    result = current_app.test_cli_runner().invoke(args=["maintenance", "run"])
    assert result.exit_code == 1
    session().expire_all()
    assert session().get_one(Survey, other_id).state == "deleted"


def test_maintenance_sweeps_what_closed_by_itself(trial: Trial) -> None:
    trial.survey.access_at = ACCESS - timedelta(weeks=1)
    session().commit()
    assert "closed and swept" in run("maintenance", "run")
    assert run("maintenance", "run") == ""
    assert count(ResponseRow) == 12
