"""Hostile hands: what somebody with a browser, a script, or a page of their own could try."""

from __future__ import annotations

import time
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.adapters import list_reader
from app.config import read_settings
from app.db.surveys import Survey
from app.domain.fiction import CONTACT, LEADER, STAFF
from app.extensions import session
from app.web.limits import N_HEAVY
from tests.conftest import dispose
from tests.people import Trial
from tests.test_config import PRODUCTION
from tests.unit_lists.hostile import GOOD
from tests.web.client import Browser, check_page
from tests.web.conftest import BOTH
from tests.web.desk import log_in
from tests.web.ordering import Desk
from tests.web.ordering import furnish as furnish_desk
from tests.web.world import EMPLOYEE, EVERYBODY, FITTING, PLAUSIBLE, World

ELSEWHERE = (
    "//example.org",
    "/\\example.org",
    "https://example.org",
    "javascript:alert(1)",
    "/organisation//example.org",
    "/organisation/\\example.org",
    "/organisation/..//example.org",
    "/organisation/\r\nLocation: //example.org",
    "/staff/\t/example.org",
    " //example.org",
    "http:example.org",
    "page/../../../example.org",
    ".example.org",
)
TRAVERSALS = (
    "../manifest.json",
    "nb/../../../answers.sqlite",
    "/etc/passwd",
    "//etc/passwd",
    "..\\..\\answers.sqlite",
    "%2e%2e/answers.sqlite",
    "reports.zip\0.pdf",
    "for-staff/protocol.json",
)


# --- Forms of somebody else's page (CSRF) -----------------------------------------------------------------------------


def test_no_form_is_taken_without_the_token_of_this_browser(world: World) -> None:
    """Every POST route, with fields that would do something, for who may do it."""
    before = world.stored()
    for endpoint, fields in PLAUSIBLE.items():
        who, stages = FITTING.get(endpoint, FITTING.get(endpoint.partition(".")[0], (EMPLOYEE, ("nix",))))
        path = world.address(endpoint, stages[0], "POST", who)
        data = {name: values[0] for name, values in fields.items()}
        other = world.token(next(person for person in EVERYBODY if person != who), path)
        for tokens in ({}, {"csrf_token": ""}, {"csrf_token": "wrong"}, {"csrf_token": other}):
            assert world.client(who).post(path, data=data | tokens).status_code == 400, (endpoint, tokens)
        partial = {"HX-Request-Type": "partial", "X-CSRFToken": other}
        assert world.client(who).post(path, data=data, headers=partial).status_code == 400, endpoint
    assert world.stored() == before


def test_token_in_the_address_does_not_count(world: World) -> None:
    path = world.address("questionnaire.consent", "nix", "POST")
    token = world.token(EMPLOYEE, path)
    answer = world.client(EMPLOYEE).post(path, query_string={"csrf_token": token, "consent": "yes"})
    assert answer.status_code == 400


# --- Sessions -----------------------------------------------------------------------------------------------------


def value_of(client: FlaskClient, name: str, path: str) -> str:
    cookie = client.get_cookie(name, path=path)
    assert cookie is not None
    return cookie.value


def test_cookie_that_an_attacker_planted_is_not_logged_in_afterwards(world: World) -> None:
    """The sealed cookie changes at the login, and nothing of the one before goes over into it (fixation)."""
    for area, person in (("s", EMPLOYEE), ("organisation", CONTACT), ("staff", STAFF)):
        name, start = ("must", f"/s/{world.code}") if area == "s" else (f"must-{area}", f"/{area}")
        attacker = Browser(world.app.test_client(), world.code)
        attacker.get(f"{start}/login")
        planted, token = value_of(attacker.client, name, f"/{area}"), attacker.token
        victim = Browser(world.app.test_client(), world.code)
        victim.client.set_cookie(name, planted, path=f"/{area}")
        if area == "s":
            victim.log_in(person)
        else:
            log_in(victim, area, person)
        inside = f"{start}/consent" if area == "s" else f"{start}/"
        assert victim.client.get(inside).status_code == 200
        assert value_of(victim.client, name, f"/{area}") != planted
        assert attacker.client.get(inside).status_code == 303, "the planted cookie is logged in"
        leave = f"{start}/logout"
        assert victim.client.post(leave, data={"csrf_token": token}).status_code == 400, "a token from before is valid"


def test_cookie_of_one_audience_is_nothing_to_another(world: World) -> None:
    for name, value, _ in world.cookies[STAFF]:
        for other, path, page in (
            ("must", "/s", f"/s/{world.code}/consent"),
            ("must-organisation", "/organisation", "/organisation/"),
            ("must-staff", "/staff", "/staff/"),
        ):
            client = world.app.test_client()
            client.set_cookie(other, value, path=path)
            expected = 200 if name == other != "must-organisation" else 303
            assert client.get(page).status_code == expected, (name, other)


def test_cookies_are_out_of_reach_for_scripts_and_other_sites_and_over_https_only(tmp_path: Path, world: World) -> None:
    app = create_app(read_settings(production(), tmp_path))
    answer = app.test_client().get("/privacy?language=en", headers={"Host": "must.example.org"})
    (language,) = answer.headers.getlist("Set-Cookie")
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(language.split("; "))
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000")
    login = world.app.test_client().get("/staff/login").headers.getlist("Set-Cookie")
    assert any({"HttpOnly", "SameSite=Lax", "Path=/staff"} <= set(cookie.split("; ")) for cookie in login)
    assert app.session_interface._is_secure  # type: ignore[attr-defined]


# --- Hosts and redirections ----------------------------------------------------------------------------------------


def production(**environ: str) -> dict[str, str]:
    return {**PRODUCTION, "MUST_PUBLIC_URL": "https://must.example.org", **environ}


@pytest.mark.parametrize("proxies", ["0", "1"])
def test_other_hosts_are_refused_also_behind_a_proxy(tmp_path: Path, proxies: str) -> None:
    client = create_app(read_settings(production(MUST_PROXIES=proxies), tmp_path)).test_client()
    own = {"Host": "must.example.org"}
    for host in ("evil.example.net", "must.example.org.evil.net", "must.example.org:8000", "must.example.org,evil"):
        assert client.get("/privacy", headers={"Host": host}).status_code == 400
        forwarded = client.get("/privacy", headers={**own, "X-Forwarded-Host": host}).status_code
        assert forwarded == (400 if proxies == "1" and "," not in host else forwarded)
        assert proxies == "1" or forwarded == 200, "believed without a proxy"
    assert client.get("/privacy", headers=own).status_code == 200


def test_no_page_or_redirection_repeats_a_host(world: World) -> None:
    """Addresses in pages are relative; those in texts and mails come from the settings."""
    headers = {"Host": "evil.example.net", "X-Forwarded-Host": "evil.example.net", "Accept-Language": "en"}
    for who, path in (
        (None, f"/s/{world.code}"),
        (None, f"/s/{world.code}/consent"),
        (None, "/organisation/"),
        (None, f"/s/{world.code}?language=nb&_external=1&_scheme=https"),
        (CONTACT, f"/organisation/orders/{world.orders['open']}/survey"),
        (CONTACT, f"/organisation/orders/{world.orders['open']}/survey/invitations"),
        (LEADER, f"/organisation/orders/{world.orders['submitted']}/agreement"),
    ):
        answer = world.client(who).get(path, headers=headers)
        assert answer.status_code in {200, 303}
        assert "evil.example.net" not in answer.text + answer.headers.get("Location", ""), path


def test_nothing_that_names_a_place_leads_elsewhere(world: World) -> None:
    """Every parameter that says where to go after logging in, or is carried along."""
    for place in ELSEWHERE:
        _try_to_lead(world, place)


def _try_to_lead(world: World, place: str) -> None:
    for start, who in ((f"/s/{world.code}", EMPLOYEE), ("/organisation", CONTACT), ("/staff", STAFF)):
        path = f"{start}/login"
        data = {"person": str(who), "csrf_token": world.token(who, path)}
        for name in ("next", "number", "state"):
            answer = world.client(who).post(path, query_string={name: place}, data=data)
            assert answer.status_code == 303
            assert_local(answer.headers["Location"])
    for path in ("/", f"/s/{world.code}", "/privacy"):
        answer = world.app.test_client().get(path, query_string={"language": "en", "next": place, "x": place})
        assert_local(answer.headers["Location"])


def assert_local(address: str) -> None:
    assert address.startswith("/")
    assert not address.startswith(("//", "/\\"))
    assert not set("\r\n\t\\") & set(address.partition("?")[0])


def test_addresses_of_id_porten_lead_nowhere_else_either(web: Flask, trial: Trial) -> None:
    """While it cannot be reached; what it says itself is tried in test_id_porten.py."""
    registration = {"ISSUER": "http://127.0.0.1:1", "CLIENT_ID": "must", "CLIENT_SECRET": "x"}
    environ = {f"MUST_ID_PORTEN_{name}": value for name, value in registration.items()}
    own = web.config["SETTINGS"].instance
    app = create_app(read_settings({"MUST_ENV": "test", "MUST_LOGIN": "id-porten", **environ}, own))
    client = app.test_client()
    names = ("next", "number", "fault", "again", "expired", "code", "state", "error", "sid", "iss", "language")
    values = {"code": trial.survey.code, "area": "staff"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("login.") and "GET" in (rule.methods or ()):
            path = str(app.url_map.bind("localhost").build(rule.endpoint, {n: values[n] for n in rule.arguments}))
            for name, junk in product(names, (*ELSEWHERE[::5], "\0", "en", "9" * 5000)):
                answer = client.get(path, query_string={name: junk, "iss": registration["ISSUER"]})
                assert answer.status_code in {200, 204, 303, 400, 404, 503}, (path, name, junk)
                assert_local(answer.headers.get("Location", "/"))
                if answer.status_code not in {204, 303}:
                    check_page(answer.text)
    with app.app_context():
        dispose()


def test_switching_the_language_carries_along_whatever_stands_in_the_address(browser: Browser) -> None:
    for query in ("code=x", "endpoint=x", "_external=1", "_scheme=x", "_method=POST", "_anchor=x", "x=1&x=2"):
        answer = browser.client.get(f"{browser.address()}?language=en&{query}")
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"{browser.address()}?{query}"


# --- Files and addresses ---------------------------------------------------------------------------------------------


def test_no_address_leads_to_another_file(world: World) -> None:
    client = world.client(CONTACT)
    for start, name in product(("/static/", f"/organisation/orders/{world.orders['open']}/reports/"), TRAVERSALS):
        answer = client.get("/", environ_overrides={"PATH_INFO": start + name})
        assert answer.status_code in {303, 308, 404}, start
        assert b"SQLite" not in answer.data
        assert b"root:" not in answer.data


@BOTH
def test_nul_is_not_found_and_not_taken(world: World) -> None:
    """PostgreSQL takes it in no text."""
    for who, path in product((None, CONTACT, STAFF), ("/s/{}", "/s/{}/page/1", "/organisation/orders/{}", "/staff/{}")):
        assert world.client(who).get(path.format("%00")).status_code == 404
    path = world.address("staff.reject", "signed", "POST")
    data = {"reason": "Feil\0periode", "csrf_token": world.token(STAFF, path)}
    assert world.client(STAFF).post(path, data=data).status_code == 400


def test_code_that_does_not_exist_looks_like_one_that_is_not_open(web: Flask, trial: Trial) -> None:
    """Body and headers are the same, but for the address itself."""
    with web.app_context():
        session().get_one(Survey, trial.survey.id).access_at = None
        session().commit()
    client = web.test_client()
    for step in ("", "/login", "/preview", "/page/1"):
        seen = set()
        for code in (trial.survey.code, "a" * 12, trial.survey.code[::-1]):
            answer = client.get(f"/s/{code}{step}", headers={"Accept-Language": "en"})
            headers = sorted((name, value) for name, value in answer.headers if name != "Date")
            seen.add((answer.status_code, answer.text.replace(code, ""), tuple(headers)))
        assert len(seen) == 1
        assert seen.pop()[0] == 404


# --- Fields -------------------------------------------------------------------------------------------------------


def test_headers_of_any_length_are_not_kept(browser: Browser) -> None:
    """Languages that are asked for are remembered with their answers: a few letters of them, not 300 KB."""
    far = "xx," * 100 + "en"
    assert browser.client.get("/", headers={"Accept-Language": far}).text.count('<html lang="nb"') == 1
    for name in (
        "Accept-Language",
        "Accept-Encoding",
        "Cookie",
        "Range",
        "If-None-Match",
        "X-CSRFToken",
        "Content-Type",
    ):
        for junk in ("a," * 100_000, "a=b; " * 50_000, '"' * 300_000):
            for answer in (
                browser.client.get("/static/app.js", headers={name: junk}),
                browser.client.post("/staff/login", headers={name: junk}),
            ):
                assert answer.status_code in {200, 304, 400, 416}
                answer.close()


def test_of_a_field_that_is_sent_twice_the_first_counts_and_nothing_else(browser: Browser, web: Flask) -> None:
    browser.begin()
    token = browser.token
    body = f"csrf_token={token}&workload_1=2&workload_1=5&workload_2=3&workload_2=&go=next&go=back"
    kind = "application/x-www-form-urlencoded"
    answer = browser.client.post(browser.address("page/1") + "?workload_1=4", data=body, content_type=kind)
    assert answer.headers["Location"].endswith("/page/2")
    browser.go("page/1")
    assert (browser.chosen["workload_1"], browser.chosen["workload_2"]) == ("2", "3")


def test_form_fields_do_not_come_from_the_address(browser: Browser) -> None:
    browser.begin()
    answer = browser.client.post(
        browser.address("page/1") + "?workload_1=4&save=1", data={"csrf_token": browser.token, "go": "next"}
    )
    assert answer.status_code == 303
    browser.go("page/1")
    assert browser.chosen == {}


@pytest.mark.parametrize(
    ("disposition", "n", "status"),
    [("form-data", 1, 400), ("form-data; name*=utf-8''%ff", 1, 400), ("", 1, 400), ('form-data; name="x"', 1100, 413)],
)
def test_parts_that_no_browser_sends_are_refused(browser: Browser, disposition: str, n: int, status: int) -> None:
    body = f"--b\r\nContent-Disposition: {disposition}\r\n\r\n\r\n" * n + "--b--\r\n"
    for path in ("/staff/login", browser.address("consent")):
        answer = browser.client.post(path, data=body, content_type="multipart/form-data; boundary=b")
        assert answer.status_code == status


def test_other_methods_do_nothing(world: World) -> None:
    before = world.stored()
    paths = ("/", f"/s/{world.code}/delete", f"/organisation/orders/{world.orders['draft']}/discard", "/static/app.js")
    for method, path in product(("PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"), paths):
        assert world.client(CONTACT).open(path, method=method).status_code == 405
    assert world.stored() == before


def test_who_sends_without_a_token_is_counted(web: Flask, trial: Trial) -> None:
    own = web.config["SETTINGS"]
    app = create_app(read_settings({"MUST_ENV": "test", "MUST_LIMIT_PER_LINK": "5"}, own.instance))
    client = app.test_client()
    statuses = [client.post(f"/s/{trial.survey.code}/login", data={"person": "0"}).status_code for _ in range(8)]
    assert statuses == [400] * 5 + [429] * 3


def test_flood_of_uploads_is_refused_and_leaves_the_list_as_it_was(web: Flask, trial: Trial) -> None:
    """Two are read at a time; the next waits for a moment, holding one thread, and is told to come back."""
    furnish_desk(web)
    desk = Desk(web).enter()
    desk.begin_order()
    desk.upload(GOOD)
    assert desk.status == 200
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(list_reader._places)
        start = time.monotonic()
        desk.upload(GOOD, "other.xlsx")
        assert time.monotonic() - start < 10
    assert desk.status == 503
    assert "We cannot read the list just now" in desk.text
    assert "other.xlsx" not in desk.get(desk.at("unit-list")).text
    data = {"csrf_token": desk.token}
    statuses = [desk.client.post(desk.at("unit-list"), data=data).status_code for _ in range(N_HEAVY)]
    assert statuses[0] == 422
    assert statuses[-1] == 429
