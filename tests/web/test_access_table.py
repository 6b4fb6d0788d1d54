"""Every route, for every audience, about one's own object, somebody else's, and one that does not exist."""

from __future__ import annotations

from itertools import product

from flask import Flask
from werkzeug.routing import Rule

from app.domain.fiction import CONTACT, LEADER, STAFF
from app.domain.survey import State
from tests.people import open_trial
from tests.web.desk import THEIRS, place_order
from tests.web.test_access import LOGGED_IN
from tests.web.test_desk_access import NO_ORDER
from tests.web.world import EMPLOYEE, EVERYBODY, FITTING, World

OPEN = {
    *("front.start", "front.privacy_text", "front.protection", "front.accessibility", "static"),
    *("health.live", "health.ready", "login.log_in", "login.enter", "questionnaire.start", "questionnaire.withdraw"),
    *(f"questionnaire.preview.{page}" for page in ("start", "consent", "unit", "page", "review")),
}
TOKEN_ONLY = {"login.log_out", "login.leave", "login_end.stay_respondent", "login_end.stay_visitor"}
"""Whoever has the token of this browser may log it out, or ask that its login lives on."""
NOT_HERE = {"portal.download", "ordering.rehearse", "portal.poster"}
"""One's own is not there before the survey is reported, or takes seconds (test_portal.py, test_rehearsal.py)."""
ELSEWHERE = ("theirs", "nix")
ASKED_OTHERWISE = {"health.metrics": "404"}
"""Without its token the address does not exist."""


def expected(endpoint: str, who: int | None, target: str) -> str:
    """in: the page or what it does; login: on to it; 404: there is no such thing."""
    side = endpoint.partition(".")[0]
    is_there = target not in ELSEWHERE
    if endpoint in ASKED_OTHERWISE:
        return ASKED_OTHERWISE[endpoint]
    if endpoint in OPEN | TOKEN_ONLY or (endpoint in LOGGED_IN and who is not None):
        return "in"
    if endpoint in LOGGED_IN or who is None or (side == "staff") != (who == STAFF):
        return "login"
    if endpoint == "ordering.begin":
        return "in" if who == CONTACT else "404"
    owner = STAFF if side == "staff" else LEADER if side == "agreement" else CONTACT
    return "in" if endpoint in NO_ORDER or (is_there and who == owner) else "404"


def outcome(world: World, rule: Rule, method: str, who: int | None, target: str) -> str:
    path = world.address(rule.endpoint, target, method, who)
    client = world.client(who)
    if method == "GET":
        answer = client.get(path)
    else:
        data = {"csrf_token": world.token(who, path), "organisation_number": "310000000"}
        answer = client.post(path, data=data)
    place = answer.headers.get("Location", "")
    answer.close()
    if "/login" in place and answer.status_code == 303 and rule.endpoint not in OPEN | TOKEN_ONLY:
        return "login"
    return "404" if answer.status_code == 404 else "400" if answer.status_code == 400 else "in"


def targets(rule: Rule, own: str, who: int | None) -> tuple[str, ...]:
    """One's own order, that of another organisation (where the first person is at home), and one that is none."""
    if "order_id" not in rule.arguments:
        return ("",)
    foreign = ("nix",) if who == EMPLOYEE else ("nix", "theirs")
    return foreign if rule.endpoint in NOT_HERE else (own, *foreign)


def test_every_route_is_open_to_whom_it_is_for_and_not_there_for_anybody_else(world: World) -> None:
    with world.app.app_context():
        world.orders["theirs"] = place_order(State.DRAFT, world.clock.now, THEIRS)
    wrong = []
    n = 0
    for rule in world.app.url_map.iter_rules():
        stages = FITTING.get(rule.endpoint, FITTING.get(rule.endpoint.partition(".")[0], (0, ("nix",))))[1]
        for method in sorted({"GET", "POST"} & (rule.methods or set())):
            for who in (None, *EVERYBODY):
                for target in targets(rule, stages[0], who):
                    needs_token = method == "POST" and who is None and rule.endpoint != "ordering.upload"
                    should = "400" if needs_token else expected(rule.endpoint, who, target)
                    found = outcome(world, rule, method, who, target)
                    n += 1
                    if found != should:
                        wrong.append((rule.endpoint, method, who, target, found, should))
        world.refill()
    assert wrong == []
    assert n > 400


def test_table_knows_every_route(web: Flask) -> None:
    """A new one belongs to a side, or is named here."""
    for rule in web.url_map.iter_rules():
        known = rule.endpoint in {*OPEN, *TOKEN_ONLY, *LOGGED_IN, *ASKED_OTHERWISE}
        assert known or rule.rule.startswith(("/organisation/", "/staff/")), rule.endpoint


def test_login_of_an_employee_is_to_one_survey(world: World) -> None:
    with world.app.app_context():
        other = open_trial().survey.code
    for who, step in product(EVERYBODY, sorted({*LOGGED_IN.values()})):
        answer = world.client(who).get(f"/s/{other}/{step}")
        assert answer.headers["Location"].startswith(f"/s/{other}/login")
    assert world.client(EMPLOYEE).get(f"/s/{world.code}/consent").status_code == 200
