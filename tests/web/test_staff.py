"""The staff's pages: the queue, approving and sending back, publishing less."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from flask import Flask

from app.db.orders import Mail, Order
from app.db.surveys import Survey
from app.domain.errors import DomainError
from app.domain.fiction import CONTACT, STAFF
from app.domain.rights import Entity
from app.domain.survey import State
from app.extensions import key_ring, session
from app.services.audit import list_trail
from app.services.mail_queue import list_mails
from app.services.orders import state_of
from app.services.report_basis import load_submitted, store_basis
from app.services.surveys import Setup, opened
from tests.people import Trial
from tests.services.test_releases import naive_basis
from tests.web.client import Browser
from tests.web.conftest import BOTH, HandClock
from tests.web.desk import furnish, log_in, place_order


@pytest.fixture
def staff(web: Flask, clock: HandClock) -> Browser:
    with web.app_context():
        furnish(web)
    browser = Browser(web.test_client(), "")
    log_in(browser, "staff", STAFF)
    return browser


def placed(web: Flask, clock: HandClock, stage: State) -> str:
    with web.app_context():
        return place_order(stage, clock.now)


def state(web: Flask, order_id: str) -> State:
    with web.app_context():
        return state_of(session(), session().get_one(Order, order_id))


def test_queue_says_what_waits_and_for_whom(web: Flask, clock: HandClock, staff: Browser) -> None:
    assert "Nothing waits for you." in staff.text
    for stage in (State.DRAFT, State.SUBMITTED, State.SIGNED, State.REJECTED, State.OPEN):
        placed(web, clock, stage)
    staff.get("/staff/")
    tables = [[row.find("td").get_text() for row in table.select("tbody tr")] for table in staff.page.select("table")]
    today = "1 October 2026"
    assert tables == [[today], [today], ["Open"], ["Sent back"]], "a draft is nobody's business yet"
    assert [each.get_text() for each in staff.page.select(".places strong")] == ["1", "1", "1", "1"]


def test_queue_begins_with_who_has_waited_longest_and_says_what_the_rules_found(
    web: Flask, clock: HandClock, staff: Browser
) -> None:
    for days in (9, 0):
        with web.app_context():
            order_id = place_order(State.SIGNED, clock.now - timedelta(days=days))
            session().get_one(Order, order_id).first_on = date(2026, 10, 3)
            session().commit()
    web.extensions["entities"] = out_of_reach = OutOfReach()
    staff.get("/staff/")
    rows = [[cell.get_text(" ", strip=True) for cell in row.find_all("td")] for row in staff.page.select("tbody tr")]
    assert [(row[0], row[-1]) for row in rows] == [
        ("22 September 2026", "2 notes"),
        ("1 October 2026", "2 notes"),
    ], "the weekend, and the register that is out of reach"
    assert out_of_reach.n_asked == 1, "one page does not wait for it twice"
    clock.pass_by(days=60)
    log_in(staff, "staff", STAFF)
    staff.get("/staff/")
    assert "1 thing stops it" in staff.text


class OutOfReach:
    n_asked = 0

    def find(self, number: str, now: datetime) -> Entity | None:
        self.n_asked += 1
        raise DomainError("entity_register.unavailable")


@BOTH
def test_approving_opens_the_survey_and_tells_the_contact_person(web: Flask, clock: HandClock, staff: Browser) -> None:
    order_id = placed(web, clock, State.SIGNED)
    staff.get(f"/staff/orders/{order_id}")
    assert staff.status == 200
    staff.send("main form[action$=approve]", limit="6")
    assert "The survey is open. The contact person is told by e-mail." in staff.text
    with web.app_context():
        survey = session().get_one(Survey, order_id)
        assert (survey.state, survey.k_means, survey.access_at) == ("open", 6, clock.now)
        kinds = [mail.kind for mail in list_mails(session(), order_id)]
        assert kinds.count("order_approved") == 1
        assert kinds.count("closing_warning") == 3
        assert [line.event for line in list_trail(session(), order_id)][-1] == "approved"


@pytest.mark.parametrize("limit", ["4", "51", "five", "-6"])
def test_limit_below_five_is_refused(web: Flask, clock: HandClock, staff: Browser, limit: str) -> None:
    order_id = placed(web, clock, State.SIGNED)
    staff.get(f"/staff/orders/{order_id}")
    staff.send("main form[action$=approve]", limit=limit)
    assert staff.status == 422
    assert "from 5 to 50" in staff.text
    assert state(web, order_id) is State.SIGNED


def test_what_stops_an_order_has_to_be_taken_on(web: Flask, clock: HandClock, staff: Browser) -> None:
    order_id = placed(web, clock, State.SIGNED)
    clock.pass_by(days=60)
    log_in(staff, "staff", STAFF)
    staff.get(f"/staff/orders/{order_id}")
    assert "has passed" in staff.text
    staff.send("main form[action$=approve]", despite_remarks="")
    assert staff.status == 422
    assert state(web, order_id) is State.SIGNED
    staff.send("main form[action$=approve]", despite_remarks="1")
    assert state(web, order_id) is State.OPEN


def test_order_is_sent_back_with_a_reason(web: Flask, clock: HandClock, staff: Browser) -> None:
    order_id = placed(web, clock, State.SUBMITTED)
    staff.get(f"/staff/orders/{order_id}")
    staff.send("main form[action$=reject]")
    assert staff.status == 422
    staff.send("main form[action$=reject]", reason="Divisjon C <mangler>.")
    assert state(web, order_id) is State.REJECTED
    assert "The order of Prøvetilsynet is sent back." in staff.text
    with web.app_context():
        mails = {mail.kind: mail for mail in list_mails(session(), order_id)}
        assert mails["order_rejected"].content["reason"] == "Divisjon C <mangler>."
        assert "signature_reminder" not in mails


@pytest.mark.parametrize("stage", [State.DRAFT, State.SUBMITTED, State.REJECTED, State.OPEN])
def test_only_a_signed_order_can_be_approved(web: Flask, clock: HandClock, staff: Browser, stage: State) -> None:
    signed, order_id = placed(web, clock, State.SIGNED), placed(web, clock, stage)
    staff.get(f"/staff/orders/{signed}")
    form = {"csrf_token": staff.token, "limit": "5", "despite_remarks": "1"}
    answer = staff.client.post(f"/staff/orders/{order_id}/approve", data=form)
    assert answer.status_code == (404 if stage is State.DRAFT else 409)
    assert state(web, order_id) is stage


def test_mail_that_was_given_up_is_told(web: Flask, clock: HandClock, staff: Browser) -> None:
    order_id = placed(web, clock, State.SUBMITTED)
    with web.app_context():
        mail: Mail = list_mails(session(), order_id)[0]
        mail.failed_at, mail.problem = clock.now, "550 5.1.1"
        session().commit()
    staff.get("/staff/")
    assert "1 mail could not be sent" in staff.text
    staff.get(f"/staff/orders/{order_id}")
    assert "550 5.1.1" in staff.text


@BOTH
def test_staff_publish_less_and_never_more(web: Flask, clock: HandClock, staff: Browser) -> None:
    order_id = placed(web, clock, State.OPEN)
    staff.get(f"/staff/orders/{order_id}/withdrawals")
    assert staff.status == 409
    with web.app_context():
        trial = Trial(session().get_one(Survey, order_id), clock.now)
        for person in range(8):
            trial.answer(person, ("B",), {"workload_1": 2})
        trial.answer(8, ("A", "A1"))
        trial.close()
        session().expunge_all()
    staff.get(f"/staff/orders/{order_id}/withdrawals")
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in staff.page.select("tbody tr")]
    assert [row[:4] for row in rows] == [["Prøvetilsynet", "9", "8", "1"], ["B", "8", "8", "0"]]
    staff.send("main form", unit="0", theme="", reason="Because.")
    assert staff.status == 422
    assert "cannot be withheld" in staff.text
    staff.send("main form", unit="", theme="", reason="")
    assert staff.status == 422
    place = next(option["value"] for option in staff.page.select("#unit option") if option.get_text() == "B")
    staff.send("main form", unit=str(place), theme="workload", reason="Agreed with the safety representative.")
    assert staff.status == 200
    assert "Agreed with the safety representative." in staff.text
    staff.send("main form", unit=str(place), theme="", reason="The whole of it.")
    assert [row.th.get_text() for row in staff.page.select("tbody tr")] == ["Prøvetilsynet"]
    with web.app_context():
        assert [line.event for line in list_trail(session(), order_id)][-2:] == ["withheld", "withheld"]


def test_staff_are_told_when_too_few_have_answered_for_a_report(web: Flask, clock: HandClock, staff: Browser) -> None:
    order_id = placed(web, clock, State.OPEN)
    with web.app_context():
        trial = Trial(session().get_one(Survey, order_id), clock.now)
        for person in range(4):
            trial.answer(person, ("B",), {"workload_1": 2})
        trial.close()
    staff.get(f"/staff/orders/{order_id}/withdrawals")
    assert "0 reports can be made." in staff.text
    assert "Fewer than 5 employees answered" in staff.text
    assert "None" not in staff.text
    assert not staff.page.select("table, main form")


def lay_naive_basis(order_id: str, now: datetime) -> Setup:
    """Close an open survey, with sums that the gate has to stop."""
    trial = Trial(session().get_one(Survey, order_id), now)
    for person in range(8):
        trial.answer(person, ("B",), dict.fromkeys(("workload_1", "workload_2", "workload_3"), 2))
    trial.answer(8, ("A", "A1"), dict.fromkeys(("workload_1", "workload_2", "workload_3"), 4))
    trial.close()
    setup = opened(session().get_one(Survey, order_id)).setup
    store_basis(session(), key_ring(), setup, naive_basis(setup, load_submitted(session(), key_ring(), setup)))
    session().commit()
    session().expunge_all()
    return setup


def test_page_shows_nothing_of_reports_that_the_gate_stops_and_withholding_does_not_pass_it_by(
    web: Flask, clock: HandClock, staff: Browser
) -> None:
    """A basis that counts whoever is directly in a unit: one person is between the organisation and B."""
    order_id = placed(web, clock, State.OPEN)
    with web.app_context():
        setup = lay_naive_basis(order_id, clock.now)
    staff.get(f"/staff/orders/{order_id}/withdrawals")
    assert staff.status == 409
    assert "Nothing can be published" in staff.text
    assert "Workload and pace: a group of 1, where at least 5 are needed." in staff.text
    assert not staff.page.select("table")
    place = next(unit.index for unit in setup.tree.units if unit.path == ("B",))
    form = {"csrf_token": staff.token, "unit": str(place), "theme": "workload", "reason": "Not enough."}
    assert staff.client.post(f"/staff/orders/{order_id}/withdrawals", data=form).status_code == 303
    staff.get(f"/staff/orders/{order_id}/withdrawals")
    assert staff.status == 409


def test_who_is_not_staff_is_told_so_and_sees_nothing(web: Flask, clock: HandClock, staff: Browser) -> None:
    stranger = Browser(web.test_client(), "")
    stranger.get("/staff/")
    assert stranger.path == "/staff/login"
    log_in(stranger, "staff", CONTACT)
    assert stranger.status == 403
    stranger.get("/staff/")
    assert stranger.path == "/staff/login"


def test_staff_are_logged_out_after_half_an_hour_and_come_back_to_the_page(
    web: Flask, clock: HandClock, staff: Browser
) -> None:
    order_id = placed(web, clock, State.SIGNED)
    staff.get(f"/staff/orders/{order_id}")
    clock.now += timedelta(minutes=31)
    staff.get(f"/staff/orders/{order_id}")
    assert staff.path == "/staff/login"
    staff.send(person=str(STAFF))
    assert staff.path == f"/staff/orders/{order_id}"
