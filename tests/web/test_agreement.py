"""The leader reads, signs once, and keeps a copy; nobody signs anything else than what was on the page."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.db.orders import Mail, Order
from app.domain.fiction import CONTACT, LEADER
from app.domain.survey import Audience, State
from app.extensions import session
from app.services import orders
from app.services.audit import Actor, list_trail
from app.services.mailing import agreement_text
from tests.web.conftest import BOTH, HandClock
from tests.web.ordering import STRANGER, Desk, furnish, order_in

SIGNED = {"role": "  Direktør ", "is_read": "y"}


@pytest.fixture
def desk(web: Flask, clock: HandClock) -> Desk:
    furnish(web)
    return Desk(web)


def place(web: Flask, desk: Desk, state: State, person: int = LEADER) -> Desk:
    with web.app_context():
        desk.order_id = order_in(state)
    return desk.enter(person)


@BOTH
def test_leader_reads_what_is_ordered_and_signs_it(web: Flask, desk: Desk) -> None:
    place(web, desk, State.SUBMITTED)
    desk.get(desk.at("agreement"))
    for told in ("Prøvetilsynet", "8–21 October 2026", "40", "Jonas Elvebakk", "contact@example.org"):
        assert told in desk.text
    document = agreement_text()
    assert document.version in desk.text
    assert document.digest in desk.text
    for section in document.sections:
        assert section.heading["en"] in desk.text
    desk.send(**SIGNED)
    assert desk.heading == "The agreement is signed"
    assert "Signed by Ingrid Sætervik, Direktør, on 1 October 2026 at 10:00." in desk.text
    assert "What happens now" in desk.text
    with web.app_context():
        order = session().get_one(Order, desk.order_id)
        assert (order.state, order.agreement_hash) == ("signed", document.digest)
        assert [line.event for line in list_trail(session(), order.id)][-1] == "signed"
        kinds = set(session().scalars(select(Mail.kind).where(Mail.survey_id == order.id)))
    assert {"signed_copy", "order_received"} <= kinds


def test_page_is_there_in_norwegian(web: Flask, desk: Desk) -> None:
    place(web, desk, State.SUBMITTED)
    desk.get(desk.at("agreement"), language="nb")
    assert agreement_text().title["nb"] in desk.text
    desk.send(language="nb", **SIGNED)
    assert desk.status == 200
    assert "Direktør" in desk.text


@pytest.mark.parametrize(
    ("given", "field"),
    [({"role": "Direktør"}, "is_read"), ({"role": " ", "is_read": "y"}, "role"), ({"role": "x" * 101}, "role")],
)
def test_without_role_or_tick_nothing_is_signed(web: Flask, desk: Desk, given: dict[str, str], field: str) -> None:
    place(web, desk, State.SUBMITTED)
    desk.get(desk.at("agreement"))
    desk.send(**given)
    assert desk.status == 422
    marked = desk.page.select_one(f"#{field}")
    assert marked is not None
    assert marked["aria-invalid"] == "true"
    assert desk.page.select_one(f"#problems a[href='#{field}']")
    with web.app_context():
        assert session().get_one(Order, desk.order_id).signed_at is None


def test_who_read_an_order_that_was_sent_anew_does_not_sign_it(web: Flask, desk: Desk, clock: HandClock) -> None:
    place(web, desk, State.SUBMITTED)
    desk.get(desk.at("agreement"))
    clock.pass_by(minutes=5)
    with web.app_context():
        order = session().get_one(Order, desk.order_id)
        contact, staff = Actor(Audience.CONTACT, "Kari"), Actor(Audience.STAFF, "Stab")
        orders.reject_order(session(), order, "Feil", staff, clock.now)
        orders.save_draft(session(), order, orders.content_of(order), contact, clock.now)
        orders.send_order(session(), order, contact, clock.now)
        session().commit()
    desk.send(**SIGNED)
    assert desk.status == 422
    assert "has changed since you opened the page" in desk.text
    assert not desk.page.select("#is_read[checked]")
    desk.send(**SIGNED)
    assert desk.heading == "The agreement is signed"


def test_second_signature_is_told_who_signed_when(web: Flask, desk: Desk) -> None:
    place(web, desk, State.SUBMITTED)
    desk.get(desk.at("agreement"))
    late = Desk(web)
    late.order_id = desk.order_id
    late.enter(LEADER).get(desk.at("agreement"))
    desk.send(**SIGNED)
    late.send(**(SIGNED | {"role": "Styreleder"}))
    assert late.status == 409
    assert "Ingrid Sætervik, Direktør" in late.text
    assert "It was signed already" in late.text
    with web.app_context():
        assert [line.event for line in list_trail(session(), desk.order_id)].count("signed") == 1


@pytest.mark.parametrize("state", [State.DRAFT, State.REJECTED])
def test_there_is_nothing_to_sign_before_the_order_is_sent(web: Flask, desk: Desk, state: State) -> None:
    place(web, desk, state)
    desk.get(desk.at("agreement"))
    assert desk.status == 409
    assert desk.heading == "There is nothing to sign now"
    assert desk.fetch("agreement.pdf").status_code == 404


def test_who_signs_an_order_that_was_sent_back_is_told(web: Flask, desk: Desk, clock: HandClock) -> None:
    place(web, desk, State.SUBMITTED)
    desk.get(desk.at("agreement"))
    with web.app_context():
        order = session().get_one(Order, desk.order_id)
        orders.reject_order(session(), order, "Feil", Actor(Audience.STAFF, "Stab"), clock.now)
        session().commit()
    desk.send(**SIGNED)
    assert desk.status == 409
    assert "Nothing was signed" in desk.text


@pytest.mark.parametrize("state", [State.SIGNED, State.OPEN, State.CLOSED, State.REPORTED, State.DELETED])
def test_afterwards_the_page_says_who_signed(web: Flask, desk: Desk, state: State) -> None:
    place(web, desk, state)
    desk.get(desk.at("agreement"))
    assert desk.status == 200
    assert "Signed by Ingrid Sætervik, Direktør" in desk.text
    assert ("What happens now" in desk.text) == (state is State.SIGNED)


@pytest.mark.parametrize("state", [State.SUBMITTED, State.SIGNED])
def test_text_is_there_as_pdf_before_and_after(web: Flask, desk: Desk, state: State) -> None:
    place(web, desk, state)
    answer = desk.fetch("agreement.pdf")
    assert answer.data.startswith(b"%PDF")
    assert answer.headers["Content-Disposition"] == "attachment; filename=must-agreement.pdf"
    answer.close()


@pytest.mark.parametrize("person", [CONTACT, STRANGER])
@pytest.mark.parametrize("step", ["agreement", "agreement.pdf"])
def test_who_may_not_sign_for_the_organisation_finds_no_page(web: Flask, desk: Desk, person: int, step: str) -> None:
    place(web, desk, State.SUBMITTED, person)
    assert desk.fetch(step).status_code == 404
    desk.get("/organisation/")
    token = {"csrf_token": desk.token, **SIGNED}
    assert desk.client.post(desk.at("agreement"), data=token).status_code == 404


def test_who_is_not_logged_in_is_asked_to_and_comes_back(web: Flask, desk: Desk) -> None:
    with web.app_context():
        desk.order_id = order_in(State.SUBMITTED)
    desk.get(desk.at("agreement"))
    assert desk.path == "/organisation/login"
    desk.send(person=str(LEADER))
    assert desk.path == desk.at("agreement")
