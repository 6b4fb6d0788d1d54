"""The button that closes a survey, pressed while fifty people submit: what was acknowledged counts, nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from flask import Flask
from werkzeug.test import TestResponse

from app.db.surveys import Survey
from app.domain.fiction import CONTACT
from app.domain.identifiers import synthetic_identity_number
from app.domain.survey import State
from app.extensions import key_ring, session
from app.services.answering import count_submitted
from app.services.releases import prepare_release
from app.services.surveys import opened
from tests.people import Trial
from tests.web.client import Browser, check_page
from tests.web.conftest import BOTH, HandClock
from tests.web.desk import furnish, log_in, place_order

N_PEOPLE = 50
PLACE_OF_BUTTON = 25


@BOTH
def test_every_submission_is_counted_or_clearly_refused(web: Flask, clock: HandClock) -> None:
    with web.app_context():
        furnish(web)
        order_id = place_order(State.OPEN, clock.now)
        survey = session().get_one(Survey, order_id)
        survey.grace_minutes = 0  # nobody may finish afterwards: the button decides
        session().commit()
        code = survey.code
    clock.pass_by(minutes=1)
    employees = [_at_the_end(web, code, serial) for serial in range(N_PEOPLE)]
    contact = Browser(web.test_client(), "")
    log_in(contact, "organisation", CONTACT)
    contact.get(f"/organisation/orders/{order_id}/survey/close")
    assert contact.status == 200
    press = {"csrf_token": contact.token, "confirm": "Prøvetilsynet"}
    start = Barrier(N_PEOPLE + 1)

    def submit(employee: Browser) -> TestResponse:
        start.wait()
        return employee.post("review")

    def close() -> TestResponse:
        start.wait()
        return contact.client.post(f"/organisation/orders/{order_id}/survey/close", data=press)

    with ThreadPoolExecutor(N_PEOPLE + 1) as pool:
        before = [pool.submit(submit, employee) for employee in employees[:PLACE_OF_BUTTON]]
        button = pool.submit(close)
        after = [pool.submit(submit, employee) for employee in employees[PLACE_OF_BUTTON:]]
    assert button.result().status_code == 303
    answers = [each.result() for each in before + after]
    acknowledged = [answer for answer in answers if answer.status_code == 303]
    refused = [answer for answer in answers if answer.status_code != 303]
    for answer in refused:
        assert answer.status_code == 410
        page = check_page(answer.text)
        assert page.h1 is not None
        assert page.h1.get_text() == "The survey has closed"
    with web.app_context():
        trial = Trial(session().get_one(Survey, order_id), clock.now + timedelta(minutes=1))
        assert count_submitted(session(), order_id) == len(acknowledged)
        trial.sweep()
        release = prepare_release(session(), key_ring(), opened(trial.survey))
        n_in_reports = release.reports[0].n_included if release.reports else 0
        assert n_in_reports == (len(acknowledged) if len(acknowledged) >= 5 else 0)


def _at_the_end(web: Flask, code: str, serial: int) -> Browser:
    """An employee who has chosen a unit, answered something, and looks at the button that submits."""
    employee = Browser(web.test_client(), code)
    employee.go("login")
    employee.send("main form:last-of-type", number=synthetic_identity_number(1000 + serial))
    employee.send(button={"consent": "no"})
    employee.send("#unit", button={"go": "next"}, level_1="5")
    employee.autosave(1, workload_1="3")
    employee.go("review")
    return employee
