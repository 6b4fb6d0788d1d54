"""One response per person, saved page by page, findable until closing and not after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.db.answers import ResponseRow
from app.domain.errors import DomainError
from app.domain.responses import DECLINED, UNANSWERED, Response
from app.extensions import key_ring, session
from app.services import answering
from app.services.survey_keys import Purpose
from tests.people import ACCESS, NO, YES, Trial, open_trial, start_writing


@pytest.fixture
def trial(any_app: Flask) -> Iterator[Trial]:
    yield open_trial()
    session().rollback()


def stored(trial: Trial, serial: int) -> Response | None:
    found = answering.find_response(session(), key_ring(), trial.opened.setup, trial.person(serial))
    session().rollback()
    return found


def test_answers_are_found_again_on_another_device(trial: Trial) -> None:
    trial.answer(1, ("A", "A1"), {"workload_1": 3, "workload_2": DECLINED}, submits=False)
    found = stored(trial, 1)
    assert found is not None
    assert trial.opened.setup.tree.units[found.unit or 0].path == ("A", "A1")
    assert found.answers[:3] == bytes([3, DECLINED, UNANSWERED])
    assert not found.is_submitted


def test_saving_one_page_leaves_the_others(trial: Trial) -> None:
    trial.answer(1, answers={"workload_1": 3})
    trial.answer(1, answers={"workload_2": 4})
    found = stored(trial, 1)
    assert found is not None
    assert found.answers[:2] == bytes([3, 4])


def test_one_person_has_one_response(trial: Trial) -> None:
    for _ in range(3):
        trial.answer(1)
    trial.answer(2)
    assert session().scalar(select(func.count()).select_from(ResponseRow)) == 2
    assert answering.count_submitted(session(), trial.survey.id) == 2


def test_changing_after_submitting_keeps_it_submitted(trial: Trial) -> None:
    trial.answer(1, answers={"workload_1": 3})
    assert trial.answer(1, answers={"workload_1": 5}, submits=False).is_submitted


def test_deleted_response_is_gone_and_may_be_begun_again(trial: Trial) -> None:
    trial.answer(1)
    trial.delete(1)
    assert stored(trial, 1) is None
    trial.answer(1, answers={"workload_1": 1})
    found = stored(trial, 1)
    assert found is not None
    assert found.answers[0] == 1


def test_submitting_without_unit_is_refused(trial: Trial) -> None:
    who = trial.person(1)
    survey = trial.opened
    start_writing()
    with pytest.raises(DomainError, match=r"unit\.missing"):
        answering.submit_response(session(), key_ring(), survey, who, trial.now)


@pytest.mark.parametrize("answers", [{"nothing_1": 1}, {"availability_1": 1}, {"workload_1": 6}, {"workload_1": -1}])
def test_unknown_items_and_categories_are_refused(trial: Trial, answers: dict[str, int]) -> None:
    with pytest.raises(DomainError, match=r"item\.unknown|answer\.unknown"):
        trial.answer(1, answers=answers)


def test_nobody_starts_after_closing_but_who_began_may_finish_in_the_grace(trial: Trial) -> None:
    trial.answer(1, submits=False)
    trial.survey.closed_at = ACCESS + timedelta(days=3)
    trial.survey.state = "closed"
    session().commit()
    trial.now = ACCESS + timedelta(days=3, minutes=29)
    assert trial.answer(1).is_submitted
    with pytest.raises(DomainError, match=r"survey\.closed"):
        trial.answer(2)
    session().rollback()
    trial.now += timedelta(minutes=1)
    with pytest.raises(DomainError, match=r"survey\.closed"):
        trial.answer(1)
    with pytest.raises(DomainError, match=r"survey\.closed"):
        trial.delete(1)


def test_survey_closes_by_itself_without_any_job(trial: Trial) -> None:
    trial.now = ACCESS + timedelta(weeks=6)
    with pytest.raises(DomainError, match=r"survey\.closed"):
        trial.answer(1)


def test_save_that_comes_while_closing_rewrites_is_refused(trial: Trial) -> None:
    trial.answer(1)
    before = trial.opened
    who = trial.person(1)
    trial.close()
    start_writing()
    with pytest.raises(DomainError, match=r"survey\.closed|key\.destroyed"):
        answering.save_answers(session(), key_ring(), before, who, {"workload_1": 1}, ACCESS)


def test_consent_is_remembered_changed_and_never_needed(trial: Trial) -> None:
    def consent(serial: int) -> object:
        return answering.get_consent(session(), key_ring(), trial.opened.setup, trial.person(serial))

    assert consent(1) is None
    trial.consent(1, YES)
    trial.consent(2, NO)
    assert (consent(1), consent(2)) == (YES, NO)
    trial.consent(1, NO)
    assert consent(1) == NO
    trial.answer(3)
    assert consent(3) is None


def test_after_closing_no_response_can_be_found(trial: Trial) -> None:
    trial.answer(1)
    trial.close()
    assert trial.person(1).response_id == trial.person(2).response_id == b""
    assert stored(trial, 1) is None


def test_after_closing_consent_can_be_withdrawn_and_not_given(trial: Trial) -> None:
    for serial, choice in ((1, YES), (2, NO)):
        trial.consent(serial, choice)
        trial.answer(serial)
    trial.close()

    def consent(serial: int) -> object:
        found = answering.get_consent(session(), key_ring(), trial.opened.setup, trial.person(serial))
        session().rollback()
        return found

    assert (consent(1), consent(2)) == (YES, None)
    with pytest.raises(DomainError, match=r"consent\.too_late"):
        trial.consent(2, YES)
    trial.consent(1, NO)
    assert consent(1) is None


def test_after_deletion_nobody_can_be_recognised(trial: Trial) -> None:
    trial.answer(1)
    trial.close()
    key_ring().destroy(session(), trial.survey.id, *Purpose)
    session().commit()
    with pytest.raises(DomainError, match=r"key\.destroyed"):
        trial.person(1)


def test_all_responses_take_the_same_room(trial: Trial) -> None:
    trial.answer(1)
    trial.answer(2, ("A", "ingen"), {f"workload_{n}": n for n in (1, 2, 3)}, submits=False)
    assert len(set(session().scalars(select(func.length(ResponseRow.sealed))))) == 1
