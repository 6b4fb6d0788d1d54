"""Who may do what to which order in which state: every route, every audience, every step (spec 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.db.orders import Order
from app.db.surveys import Survey
from app.domain.fiction import CONTACT, LEADER, STAFF
from app.domain.survey import Action, Audience, State, may, state_after
from app.extensions import session
from app.services.orders import find_order, state_of
from tests.web.client import Browser, check_page
from tests.web.conftest import HandClock
from tests.web.desk import OURS, THEIRS, furnish, log_in, place_order

OTHER_CONTACT = 0
FRONT = {"front.start", "front.privacy_text", "front.protection", "front.accessibility", "static"}
FOR_EVERYBODY = FRONT | {"health.live", "health.ready", "health.metrics"}
LOGIN = {"login.enter", "login.leave", "login.entered", "login.left", "login_end.stay_visitor"}
NO_ORDER = {"ordering.start": "organisation", "ordering.begin": "organisation", "staff.queue": "staff"}
"""What belongs to no order, and whose it is."""
VALUES = {"name": "reports.zip", "kind": "invitation", "language": "nb", "key": "last_day"}
STATES = list(State)


@dataclass
class Desk:
    app: Flask
    clock: HandClock
    browsers: Mapping[Audience | str, Browser]

    def place(self, state: State, number: str = OURS) -> str:
        with self.app.app_context():
            late = {State.CLOSED: "closed", State.REPORTED: "reported", State.DELETED: "deleted"}
            order_id = place_order(State.OPEN if state in late else state, self.clock.now, number)
            if state in late:
                survey = session().get_one(Survey, order_id)
                survey.state, survey.closed_at = late[state], self.clock.now
                session().commit()
            return order_id

    def state(self, order_id: str) -> State | None:
        with self.app.app_context():
            order = find_order(session(), order_id)
            return None if order is None else state_of(session(), order)


@pytest.fixture
def desk(web: Flask, clock: HandClock) -> Desk:
    with web.app_context():
        furnish(web)
    people = {Audience.CONTACT: CONTACT, Audience.LEADER: LEADER, Audience.STAFF: STAFF, "other": OTHER_CONTACT}
    browsers: dict[Audience | str, Browser] = {"nobody": Browser(web.test_client(), "")}
    for audience, person in people.items():
        browsers[audience] = Browser(web.test_client(), "")
        log_in(browsers[audience], "staff" if audience is Audience.STAFF else "organisation", person)
    return Desk(web, clock, browsers)


def routes(app: Flask) -> list[tuple[str, str, frozenset[str]]]:
    """Endpoint, rule and methods of everything below /organisation and /staff."""
    return [
        (rule.endpoint, rule.rule, frozenset(rule.methods or ()) & {"GET", "POST"})
        for rule in app.url_map.iter_rules()
        if not rule.rule.startswith("/s/") and rule.endpoint not in FOR_EVERYBODY | LOGIN
    ]


def test_every_route_belongs_to_an_order_or_is_known(desk: Desk) -> None:
    for endpoint, rule, _ in routes(desk.app):
        assert rule.startswith(("/organisation/", "/staff/")), rule
        assert "<order_id>" in rule or endpoint in NO_ORDER, f"whose is {endpoint}?"


def ask(browser: Browser, method: str, path: str, data: Mapping[str, str] | None = None) -> TestResponse:
    headers = {"Accept-Language": "en"}
    if method == "GET":
        return browser.client.get(path, headers=headers)
    token = browser.page.select_one("input[name=csrf_token]")
    form = {"csrf_token": str(token["value"]) if token else "", **(data or {})}
    return browser.client.post(path, data=form, headers=headers)


def path_of(app: Flask, endpoint: str, order_id: str) -> str:
    rule = next(rule for rule in app.url_map.iter_rules(endpoint))
    values = {name: VALUES.get(name, order_id) for name in rule.arguments}
    with app.test_request_context():
        return str(app.url_map.bind("localhost").build(endpoint, values))


@pytest.mark.parametrize("state", STATES)
def test_nobody_reaches_an_order_of_another_organisation(desk: Desk, state: State) -> None:
    """Each route, for who is logged in for another organisation or not at all: nothing is shown, nothing changes."""
    order_id = desk.place(state)
    for endpoint, rule, methods in routes(desk.app):
        if endpoint in NO_ORDER:
            continue
        area = rule.split("/")[1]
        for method in sorted(methods):
            path = path_of(desk.app, endpoint, order_id)
            stranger = ask(desk.browsers["other"], method, path, {"role": "x", "reason": "x", "limit": "5"})
            expected = {404} if area == "organisation" else {303, 400}
            assert stranger.status_code in expected, (endpoint, method, stranger.status_code)
            nobody = ask(desk.browsers["nobody"], method, path)
            assert nobody.status_code in {303, 400}, (endpoint, method)
            if nobody.status_code == 303:
                assert nobody.headers["Location"].startswith(f"/{area}/login")
    assert desk.state(order_id) is state


def test_who_may_only_sign_sees_the_agreement_alone_and_who_may_only_order_all_but_that(desk: Desk) -> None:
    order_id = desk.place(State.SUBMITTED)
    for endpoint, rule, methods in routes(desk.app):
        if endpoint in NO_ORDER or rule.startswith("/staff") or "GET" not in methods:
            continue
        path = path_of(desk.app, endpoint, order_id)
        is_agreement = endpoint.startswith("agreement.")
        leader, contact = (desk.browsers[who] for who in (Audience.LEADER, Audience.CONTACT))
        assert (ask(leader, "GET", path).status_code == 404) != is_agreement, endpoint
        if is_agreement:
            assert ask(contact, "GET", path).status_code == 404, endpoint


@pytest.mark.parametrize("endpoint", sorted(NO_ORDER))
def test_first_pages_show_only_what_is_ones_own(desk: Desk, endpoint: str) -> None:
    desk.place(State.SUBMITTED, THEIRS)
    path = {"ordering.start": "/organisation/", "ordering.begin": "/organisation/orders", "staff.queue": "/staff/"}
    method = "POST" if endpoint == "ordering.begin" else "GET"
    answer = ask(desk.browsers[Audience.CONTACT], method, path[endpoint], {"organisation_number": THEIRS})
    assert answer.status_code in ({404, 403} if method == "POST" else {200, 303})
    assert "Tilsynet for tåke" not in answer.text
    assert ask(desk.browsers["nobody"], method, path[endpoint]).status_code in {303, 400}


Step = Callable[[Browser, str], TestResponse]


def _sign(browser: Browser, order_id: str) -> TestResponse:
    path = f"/organisation/orders/{order_id}/agreement"
    page = check_page(ask(browser, "GET", path).text)
    seen = page.select_one("input[name=seen]")
    return ask(browser, "POST", path, {"role": "Director", "is_read": "y", "seen": str(seen["value"]) if seen else ""})


def _close(browser: Browser, order_id: str) -> TestResponse:
    path = f"/organisation/orders/{order_id}/survey/close"
    page = check_page(ask(browser, "GET", path).text)
    field = page.select_one("main form input:not([type=hidden])")
    return ask(browser, "POST", path, {str(field["name"]) if field else "x": "Prøvetilsynet"})


def _post(path: str, **data: str) -> Step:
    return lambda browser, order_id: ask(browser, "POST", path.format(order_id), data)


ORDER = "/organisation/orders/{}"
STEPS: Mapping[Action, Step] = {
    Action.EDIT: _post(ORDER, contact_name="Kari"),
    Action.DISCARD: _post(ORDER + "/discard"),
    Action.SEND: _post(ORDER + "/send"),
    Action.SIGN: _sign,
    Action.REJECT: _post("/staff/orders/{}/reject", reason="Wrong period."),
    Action.APPROVE: _post("/staff/orders/{}/approve", limit="5"),
    Action.CLOSE: _close,
}
"""What is done on pages; publishing and deleting are done by commands, downloading by the test of the portal."""


@pytest.mark.parametrize(("state", "action"), list(product(STATES, STEPS)))
def test_step_is_taken_by_the_right_audience_in_the_right_state_only(desk: Desk, state: State, action: Action) -> None:
    for audience in (Audience.CONTACT, Audience.LEADER, Audience.STAFF):
        order_id = desk.place(state)
        answer = STEPS[action](desk.browsers[audience], order_id)
        is_on_page = not (audience is Audience.STAFF and action is Action.CLOSE)  # staff close on the shell
        if may(audience, action, state) and is_on_page:
            assert answer.status_code == 303, (audience, answer.status_code, answer.text[:2000])
            after = None if action is Action.DISCARD else state_after(audience, action, state)
            assert desk.state(order_id) is after
            continue
        assert desk.state(order_id) is state
        if answer.status_code == 303:
            assert answer.headers["Location"].startswith(("/staff/login", "/organisation/login")), audience
        else:
            assert answer.status_code in {400, 404, 409}, (audience, answer.status_code)
            check_page(answer.text)


def test_answer_of_a_draft_is_nobody_elses(desk: Desk) -> None:
    order_id = desk.place(State.DRAFT)
    assert ask(desk.browsers[Audience.STAFF], "GET", f"/staff/orders/{order_id}").status_code == 404
    with desk.app.app_context():
        assert session().get(Order, order_id) is not None
