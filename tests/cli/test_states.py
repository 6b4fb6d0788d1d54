"""What staff do on the shell in which state: the same table as on the pages, and a sentence instead of a traceback."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.db.surveys import Survey
from app.domain.survey import Action, Audience, State, may, state_after
from app.extensions import session
from app.services.orders import get_order, state_of
from tests.web.desk import furnish, place_order

LATE = (State.CLOSED, State.REPORTED, State.DELETED)
STEPS = {
    Action.APPROVE: ("orders", "approve", "ORDER", "--by", "Tuva", "--despite-remarks"),
    Action.REJECT: ("orders", "reject", "ORDER", "--by", "Tuva", "--reason", "Enhetslisten er fra i fjor."),
    Action.CLOSE: ("surveys", "close", "ORDER", "--keep-grace"),
    Action.PUBLISH: ("build-reports", "ORDER"),
}
"""Publishing where it is allowed is shown by the tests of reports."""


def place(state: State) -> str:
    now = datetime.now(UTC) - timedelta(days=1)
    order_id = place_order(State.OPEN if state in LATE else state, now)
    if state in LATE:
        survey = session().get_one(Survey, order_id)
        survey.state, survey.closed_at = state.value, now
        session().commit()
    return order_id


def state_now(order_id: str) -> State:
    session().expire_all()
    found = state_of(session(), get_order(session(), order_id))
    session().rollback()
    return found


@pytest.mark.parametrize("state", State)
def test_step_on_the_shell_is_taken_or_refused_with_a_sentence(app: Flask, state: State) -> None:
    furnish(app)
    for action, command in STEPS.items():
        is_allowed = may(Audience.STAFF, action, state)
        if action is Action.PUBLISH and is_allowed:
            continue
        order_id = place(state)
        result = app.test_cli_runner().invoke(args=[order_id if word == "ORDER" else word for word in command])
        assert result.exit_code == (0 if is_allowed else 2), (action, result.output)
        assert isinstance(result.exception, SystemExit | None)
        assert state_now(order_id) is (state_after(Audience.STAFF, action, state) if is_allowed else state)
        assert len(result.output.split()) > 1 or is_allowed
        assert "Traceback" not in result.output
        assert "survey.illegal_step" not in result.output


@pytest.mark.parametrize("state", State)
def test_clock_closes_and_deletes_only_what_has_been_opened_and_only_on_its_day(app: Flask, state: State) -> None:
    furnish(app)
    order_id = place(state)
    run = app.test_cli_runner().invoke
    assert run(args=["maintenance", "run"]).exit_code == 0
    assert state_now(order_id) is state
    if session().get(Survey, order_id) is None:
        return
    for weeks, action in ((6, Action.CLOSE), (10, Action.DELETE)):
        before = state_now(order_id)
        session().get_one(Survey, order_id).access_at = datetime.now(UTC) - timedelta(weeks=weeks, days=1)
        session().commit()
        result = run(args=["maintenance", "run"])
        assert result.exit_code == 0, result.output
        is_due = may(Audience.CLOCK, action, before)
        assert state_now(order_id) is (state_after(Audience.CLOCK, action, before) if is_due else before)
