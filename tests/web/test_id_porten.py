"""Login through ID-porten from the employee's side: in, out, and a clear page for everything that can go wrong."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from app import create_app
from app.adapters.id_porten import STARTED_FOR, IdPorten, hash_session
from app.config import Environment, read_settings
from app.db.keys import EndedLogin, SurveyKey
from app.domain.identifiers import synthetic_identity_number
from app.domain.instrument import CURRENT_VERSION
from app.extensions import key_ring, session
from app.services.ended_logins import forget_ended_logins
from app.services.survey_keys import KeyRing
from app.services.surveys import PREPARATION, NewSurvey, create_survey, open_survey
from app.web import limits
from app.web.limits import N_ENDED_BY_ONE
from app.web.login.id_porten import FAULTS
from app.web.sealed_session import SealedSession
from tests.conftest import DATABASES, dispose
from tests.oidc import honest
from tests.oidc.provider import (
    CLIENT_ID,
    NAME,
    NEW,
    RSA,
    SECRET,
    SESSION_ID,
    STRANGER,
    SUB,
    Provider,
    changed_afterwards,
    parameters,
    running,
    signed,
    signed_with_public_key,
    unsigned,
)
from tests.people import TREE, Trial
from tests.web.client import Browser
from tests.web.conftest import HandClock

PID = synthetic_identity_number(7)
ANOTHER = synthetic_identity_number(8)
PUBLIC = "https://must.example.org"
Lie = Callable[[Provider], object]


@pytest.fixture
def provider(clock: HandClock) -> Iterator[Provider]:
    with running(Provider(PID, lambda: clock.now.timestamp())) as provider:  # noqa: PLW0108 - `now` is replaced
        yield provider


def application(folder: Path, migrated: Path, issuer: str) -> Flask:
    instance = folder / "instance"
    instance.mkdir()
    for name in DATABASES:
        shutil.copy(migrated / f"{name}.sqlite", instance)
    settings = {
        "MUST_ENV": "test",
        "MUST_LOGIN": "id-porten",
        "MUST_PUBLIC_URL": PUBLIC,
        "MUST_ID_PORTEN_ISSUER": issuer,
        "MUST_ID_PORTEN_CLIENT_ID": CLIENT_ID,
        "MUST_ID_PORTEN_CLIENT_SECRET": SECRET,
    }
    app = create_app(read_settings(settings, instance))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture
def web(provider: Provider, tmp_path: Path, migrated: Path) -> Iterator[Flask]:
    """The application with a provider that lies when it is told to."""
    app = application(tmp_path, migrated, provider.issuer)
    yield app
    with app.app_context():
        dispose()


@pytest.fixture
def open_browser(web: Flask, trial: Trial) -> Callable[[], Browser]:
    return lambda: Browser(web.test_client(), trial.survey.code)


def leave(browser: Browser, step: str = "login", language: str = "en") -> str:
    """Press "log in"; the address at the provider that the browser is sent to."""
    answer = browser.client.get(browser.address(step), headers={"Accept-Language": language})
    assert answer.status_code == 303, answer.text
    assert not answer.headers["Location"].startswith(("/", PUBLIC))
    return answer.headers["Location"]


def come_home(address: str) -> str:
    """Log in at the lying provider; the path that the browser is sent back to."""
    location = requests.get(address, allow_redirects=False, timeout=5).headers["Location"]
    assert location.startswith(f"{PUBLIC}/s/login/callback?")
    return location.removeprefix(PUBLIC)


def log_in(browser: Browser, step: str = "login") -> None:
    browser.get(come_home(leave(browser, step)))


def content(web: Flask, browser: Browser) -> dict[str, Any]:
    """What the session cookie holds."""
    cookie = browser.client.get_cookie("must", path="/s")
    assert isinstance(web.session_interface, SealedSession)
    return web.session_interface._read("must", cookie.value) if cookie else {}


def is_logged_in(browser: Browser) -> bool:
    return browser.client.get(browser.address("your-data")).status_code == 200


def assert_fault(web: Flask, browser: Browser, fault: str) -> None:
    """The page of this fault in both languages, a way on that leads to the provider again, and no session."""
    assert browser.status == FAULTS[fault].status
    english = browser.heading
    assert english == str(FAULTS[fault].title)
    assert browser.text
    again = browser.page.select("main a.button")
    assert [link.get_text(strip=True) for link in again] == ["Try again"]
    browser.get(f"{browser.path}?fault={fault}", language="nb")
    assert browser.status == FAULTS[fault].status
    assert browser.heading != english
    assert browser.page.select("main a.button")[0].get_text(strip=True) == "Prøv igjen"
    assert "employee" not in content(web, browser)
    assert "started_login" not in content(web, browser)
    assert not is_logged_in(browser)


# The way in and out.


def test_employee_logs_in_and_goes_on_where_it_was_going(browser: Browser) -> None:
    log_in(browser)
    assert browser.path == browser.address("consent")
    browser.send(button={"consent": "no"})
    browser.send("#unit", button={"go": "next"}, level_1="5")
    assert browser.heading.startswith("Page 1")


def test_login_leads_to_the_page_that_was_asked_for(browser: Browser) -> None:
    wanted = browser.client.get(browser.address("page/3")).headers["Location"]
    address = browser.client.get(wanted).headers["Location"]
    browser.get(come_home(address))
    assert browser.path == browser.address("page/3")


@pytest.mark.parametrize("place", ["//evil.example.org", "https://evil.example.org", "nix", "static"])
def test_login_leads_nowhere_else(browser: Browser, place: str) -> None:
    answer = browser.client.get(browser.address("login"), query_string={"next": place})
    browser.get(come_home(answer.headers["Location"]))
    assert browser.path == browser.address("consent")


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_visitor_is_met_in_the_same_language(browser: Browser, provider: Provider, language: str) -> None:
    leave(browser, language=language)
    assert provider.last("/par")["ui_locales"] == language


def test_same_person_is_found_again_on_another_device(open_browser: Callable[[], Browser]) -> None:
    first, second = open_browser(), open_browser()
    log_in(first)
    first.send(button={"consent": "no"})
    first.send("#unit", button={"go": "next"}, level_1="5")
    log_in(second)
    assert second.heading.startswith("Page 1")


def test_another_person_is_somebody_else(open_browser: Callable[[], Browser], provider: Provider) -> None:
    first, second = open_browser(), open_browser()
    log_in(first)
    first.send(button={"consent": "no"})
    provider.user["pid"] = ANOTHER
    log_in(second)
    assert second.path == second.address("consent")


def test_session_from_before_the_login_is_not_kept(web: Flask, browser: Browser) -> None:
    with browser.client.session_transaction() as before:
        before["planted"] = "x"
        before["csrf_token"] = "known to somebody"
    log_in(browser)
    assert set(content(web, browser)) & {"planted", "started_login"} == set()
    assert content(web, browser).get("csrf_token") != "known to somebody"


def test_answers_sent_too_late_are_saved_after_logging_in_again(browser: Browser, clock: HandClock) -> None:
    begin(browser)
    clock.pass_by(minutes=31)
    browser.send("#answers", button={"go": "next"}, workload_1="4")
    assert browser.heading == "You have been logged out"
    again = str(browser.page.select_one("main a.button")["href"])  # type: ignore[index]
    browser.get(come_home(browser.client.get(again).headers["Location"]))
    assert browser.path == browser.address("page/1")
    assert "have now been saved" in browser.text
    assert browser.chosen == {"workload_1": "4"}


def test_answers_survive_a_login_that_fails_first(browser: Browser, clock: HandClock, provider: Provider) -> None:
    begin(browser)
    clock.pass_by(minutes=31)
    browser.send("#answers", button={"go": "next"}, workload_1="4")
    provider.answer.update({"error": "access_denied", "code": None})
    again = str(browser.page.select_one("main a.button")["href"])  # type: ignore[index]
    browser.get(come_home(browser.client.get(again).headers["Location"]))
    assert browser.heading == "You cancelled the login"
    provider.answer.clear()
    again = str(browser.page.select_one("main a.button")["href"])  # type: ignore[index]
    browser.get(come_home(browser.client.get(again).headers["Location"]))
    assert browser.chosen == {"workload_1": "4"}


def test_form_never_leads_to_another_site(browser: Browser, clock: HandClock) -> None:
    """Browsers hold a form's redirections to form-action 'self' as well."""
    begin(browser)
    pages = [browser.post("logout"), *(late_post(browser, clock, step) for step in ("page/1", "unit", "review"))]
    for answer in pages:
        while answer.status_code in (302, 303):
            assert answer.headers["Location"].startswith("/")
            answer = browser.client.get(answer.headers["Location"])  # noqa: PLW2901 - one step further
        assert answer.status_code == 200


def late_post(browser: Browser, clock: HandClock, step: str) -> Any:
    begin(browser)
    clock.pass_by(minutes=31)
    return browser.post(step, workload_1="4")


def begin(browser: Browser) -> None:
    """At page 1, which has a form."""
    answer = browser.client.get(browser.address("login"), query_string={"again": 1})
    browser.get(come_home(answer.headers["Location"]))
    if browser.path.endswith("consent"):
        browser.send(button={"consent": "no"})
        browser.send("#unit", button={"go": "next"}, level_1="5")
    browser.go("page/1")


def test_logging_out_ends_the_login_at_the_provider_too(browser: Browser, provider: Provider) -> None:
    begin(browser)
    browser.send("footer form")
    assert browser.heading == "You have been logged out of the survey"
    assert not is_logged_in(browser)
    answer = browser.client.get(browser.path)
    address = answer.headers["Refresh"].removeprefix("0; url=")
    assert address.startswith(f"{provider.issuer}/logout?")
    assert browser.page.select_one("main a.button")["href"] == address  # type: ignore[index]
    asked = parameters(address)
    assert "id_token_hint" not in asked
    browser.get(asked["post_logout_redirect_uri"].removeprefix(PUBLIC) + f"?state={asked['state']}")
    assert browser.path == browser.address()
    assert "You have been logged out." in browser.text


def test_logging_out_works_without_the_provider(browser: Browser, provider: Provider, web: Flask) -> None:
    begin(browser)
    web.extensions["id_porten"] = IdPorten(web.config["SETTINGS"].id_porten, timeouts=(0.2, 0.2))
    provider.hangs.add("/.well-known/openid-configuration")
    browser.send("footer form")
    assert (browser.status, browser.heading) == (200, "You have been logged out")
    assert "Refresh" not in browser.client.get(browser.path).headers
    assert not is_logged_in(browser)


def test_logging_out_takes_a_form(browser: Browser) -> None:
    begin(browser)
    browser.go("logout")
    assert browser.path == browser.address()
    assert is_logged_in(browser)


def test_coming_back_from_nowhere_is_not_there(browser: Browser) -> None:
    for query in ("", "?state=nix", "?state=//evil.example.org"):
        assert browser.client.get(f"/s/login/logged-out{query}").status_code == 404


def test_login_that_ends_at_the_provider_ends_here(
    browser: Browser, open_browser: Callable[[], Browser], provider: Provider
) -> None:
    begin(browser)
    stranger = open_browser()
    answer = stranger.client.get(
        "/s/login/frontchannel-logout", query_string={"iss": provider.issuer, "sid": SESSION_ID}
    )
    assert answer.status_code == 204
    browser.send("#answers", button={"go": "next"}, workload_1="4")
    assert browser.heading == "You have been logged out"
    assert not is_logged_in(browser)
    provider.user["sid"] = "another-session"
    begin(browser)
    assert browser.chosen == {"workload_1": "4"}


@pytest.mark.parametrize(
    "query", [{}, {"sid": SESSION_ID}, {"sid": SESSION_ID, "iss": "https://evil.example.org"}, {"iss": "provider"}]
)
def test_nobody_else_ends_a_login(browser: Browser, provider: Provider, query: dict[str, str]) -> None:
    begin(browser)
    query = {name: provider.issuer if value == "provider" else value for name, value in query.items()}
    assert browser.client.get("/s/login/frontchannel-logout", query_string=query).status_code == 400
    assert is_logged_in(browser)


def test_login_at_the_provider_that_has_another_name_goes_on(browser: Browser, provider: Provider) -> None:
    begin(browser)
    browser.client.get("/s/login/frontchannel-logout", query_string={"iss": provider.issuer, "sid": "another"})
    assert is_logged_in(browser)


@pytest.fixture
def beside(web: Flask, trial: Trial) -> Iterator[Flask]:
    """Another process of the same installation."""
    app = create_app(web.config["SETTINGS"])
    yield app
    with app.app_context():
        dispose()


def test_every_process_knows_which_login_ended_at_the_provider(
    web: Flask, beside: Flask, browser: Browser, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(browser)
    here = browser.client
    browser.client = beside.test_client()
    cookie = here.get_cookie("must", path="/s")
    assert cookie is not None
    browser.client.set_cookie("must", cookie.value, path="/s")
    browser.go("page/1")
    assert browser.status == 200
    end_at_provider(web, provider)
    monkeypatch.setattr("app.web.login.id_porten.LOOKS_AGAIN_AFTER", 0)
    browser.go("page/1")
    assert browser.heading == "You have been logged out"


def end_at_provider(web: Flask, provider: Provider, sid: str = SESSION_ID) -> None:
    query = {"iss": provider.issuer, "sid": sid}
    assert web.test_client().get("/s/login/frontchannel-logout", query_string=query).status_code == 204


def test_what_is_kept_of_an_ended_login_names_neither_it_nor_anybody_and_is_forgotten(
    web: Flask, trial: Trial, clock: HandClock, browser: Browser, provider: Provider
) -> None:
    def kept() -> list[EndedLogin]:
        with web.app_context():
            return list(session().scalars(select(EndedLogin)))

    begin(browser)
    for _ in range(2):
        end_at_provider(web, provider)
    (first,) = kept()
    assert not {first.mark, first.mark.hex().encode()} & {SESSION_ID.encode(), hash_session(SESSION_ID).encode()}
    assert first.until_hour * 3600 - clock.now.timestamp() in range(7200, 3 * 3600)
    clock.pass_by(minutes=119)
    end_at_provider(web, provider, "another")
    assert len(kept()) == 2
    clock.pass_by(minutes=61)
    end_at_provider(web, provider, "third")
    assert first.mark not in {each.mark for each in kept()}
    with web.app_context():
        forget_ended_logins(session(), clock.now + timedelta(hours=3))
        session().commit()
    assert kept() == []


def end_from(address: str, web: Flask, issuer: str, sid: str) -> int:
    answer = web.test_client().get(
        "/s/login/frontchannel-logout",
        query_string={"iss": issuer, "sid": sid},
        environ_base={"REMOTE_ADDR": address},
    )
    return answer.status_code


def test_who_says_of_many_logins_that_they_ended_keeps_nobody_else_from_it(
    web: Flask, trial: Trial, browser: Browser, provider: Provider
) -> None:
    """Anybody can say so, of a login that never was: a script uses up its own share, and the room of nobody else."""
    log_in(browser)
    browser.go("consent")
    assert browser.path == browser.address("consent")
    hammered = [end_from("203.0.113.7", web, provider.issuer, f"invented {n}") for n in range(N_ENDED_BY_ONE + 20)]
    assert hammered.count(204) == N_ENDED_BY_ONE
    assert set(hammered[N_ENDED_BY_ONE:]) == {429}
    assert end_from("198.51.100.20", web, provider.issuer, SESSION_ID) == 204
    browser.go("consent")
    assert "You have been logged out" in browser.heading
    assert end_from("2001:db8:1:2::3", web, provider.issuer, "another") == 204


def test_who_hammers_the_way_back_from_id_porten_keeps_nobody_out(web: Flask, trial: Trial, browser: Browser) -> None:
    own = web.config["SETTINGS"]
    narrow = create_app(replace(own, operation=replace(own.operation, limit_per_link=20)))
    narrow.extensions["id_porten"] = web.extensions["id_porten"]
    script, employee = narrow.test_client(), Browser(narrow.test_client(), trial.survey.code)
    from_there = {"environ_base": {"REMOTE_ADDR": "203.0.113.7"}}
    assert [script.get("/s/login/callback", **from_there).status_code for _ in range(25)][-1] == 429
    log_in(employee)
    assert employee.path == employee.address("consent")
    with narrow.app_context():
        dispose()


def test_room_for_logins_said_to_have_ended_has_an_end(
    web: Flask, trial: Trial, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "N_ENDED_BY_ALL", 5)
    narrow = create_app(web.config["SETTINGS"])
    narrow.extensions["id_porten"] = web.extensions["id_porten"]
    answers = [end_from(f"203.0.113.{n}", narrow, provider.issuer, f"invented {n}") for n in range(7)]
    assert answers == [204] * 5 + [429] * 2
    with narrow.app_context():
        dispose()


def test_survey_that_is_gone_meanwhile_lets_nobody_in(
    web: Flask, trial: Trial, browser: Browser, clock: HandClock
) -> None:
    path = come_home(leave(browser))
    with web.app_context():
        for key in session().scalars(select(SurveyKey).where(SurveyKey.survey_id == trial.survey.id)):
            session().delete(key)
        session().commit()
        web.extensions["key_ring"] = KeyRing(web.config["SETTINGS"].installation_key)
    browser.get(path)
    assert browser.path == browser.address()
    assert "employee" not in content(web, browser)


# Everything that can go wrong.

FAULTY: dict[str, tuple[str, Lie]] = {
    "user cancelled": ("cancelled", lambda p: p.answer.update({"error": "access_denied", "code": None})),
    "server_error": ("unavailable", lambda p: p.answer.update({"error": "server_error", "code": None})),
    "token endpoint 500": ("unavailable", lambda p: p.replies.update({"/token": (500, "{}")})),
    "token endpoint 503 page": ("unavailable", lambda p: p.replies.update({"/token": (503, "<h1>Busy</h1>")})),
    "token endpoint not JSON": ("unavailable", lambda p: p.replies.update({"/token": (200, "<h1>Hello</h1>")})),
    "token endpoint hangs": ("unavailable", lambda p: p.hangs.add("/token")),
    "keys 500": ("unavailable", lambda p: p.replies.update({"/jwks": (500, "{}")})),
    "keys hang": ("unavailable", lambda p: p.hangs.add("/jwks")),
    "no token": ("refused", lambda p: p.replies.update({"/token": (200, '{"access_token": "x"}')})),
    "wrong issuer": ("refused", lambda p: p.claims.update(iss="https://evil.example.org")),
    "wrong audience": ("refused", lambda p: p.claims.update(aud="another")),
    "further audience": ("refused", lambda p: p.claims.update(aud=[CLIENT_ID, "another"])),
    "wrong azp": ("refused", lambda p: p.claims.update(azp="another")),
    "wrong nonce": ("refused", lambda p: p.claims.update(nonce="another")),
    "no nonce": ("refused", lambda p: p.claims.update(nonce=None)),
    "alg=none": ("refused", lambda p: setattr(p, "sign", unsigned)),
    "HS256 with public key": ("refused", lambda p: setattr(p, "sign", signed_with_public_key)),
    "RS512": ("refused", lambda p: setattr(p, "sign", signed(RSA, "RS512"))),
    "wrong signature": ("refused", lambda p: setattr(p, "sign", signed(STRANGER))),
    "changed afterwards": ("refused", lambda p: setattr(p, "sign", changed_afterwards)),
    "unknown kid": ("refused", lambda p: setattr(p, "sign", signed(NEW))),
    "key in the token": (
        "refused",
        lambda p: setattr(p, "sign", signed(STRANGER, jwk=STRANGER.as_dict(private=False), kid=None)),
    ),
    "expired": ("refused", lambda p: p.claims.update(exp=int(p.now()) - 61)),
    "no expiry": ("refused", lambda p: p.claims.update(exp=None)),
    "not yet valid": ("refused", lambda p: p.claims.update(nbf=int(p.now()) + 61)),
    "issued in the future": ("refused", lambda p: p.claims.update(iat=int(p.now()) + 61)),
    "mix-up": ("refused", lambda p: p.answer.update(iss="https://evil.example.org")),
    "iss left out": ("refused", lambda p: p.answer.update(iss=None)),
    "missing acr": ("too_weak", lambda p: p.claims.update(acr=None)),
    "low acr": ("too_weak", lambda p: p.claims.update(acr="idporten-loa-low")),
    "unknown acr": ("too_weak", lambda p: p.claims.update(acr="idporten-loa-supreme")),
    "missing pid": ("no_number", lambda p: p.claims.update(pid=None)),
    "pid with wrong check digits": ("no_number", lambda p: p.claims.update(pid=f"{PID[:-1]}{(int(PID[-1]) + 1) % 10}")),
    "pid that is a number": ("no_number", lambda p: p.claims.update(pid=int(ANOTHER))),
    "state left out": ("not_started", lambda p: p.answer.update(state=None)),
    "wrong state": ("not_started", lambda p: p.answer.update(state="another")),
}


@pytest.mark.parametrize(("fault", "lie"), FAULTY.values(), ids=list(FAULTY))
def test_fault_at_the_provider_is_told_and_lets_nobody_in(
    web: Flask, browser: Browser, provider: Provider, caplog: pytest.LogCaptureFixture, fault: str, lie: Lie
) -> None:
    caplog.set_level(logging.DEBUG)
    web.extensions["id_porten"] = IdPorten(web.config["SETTINGS"].id_porten, timeouts=(0.3, 0.3))
    lie(provider)
    path = come_home(leave(browser))
    browser.get(path)
    assert_fault(web, browser, fault)
    browser.get(path)
    assert browser.status == 400
    for secret in (PID, NAME, SUB, SECRET, "Traceback"):
        assert secret not in caplog.text + browser.html


AT_THE_START: dict[str, tuple[str, Lie]] = {
    "discovery 500": ("unavailable", lambda p: p.replies.update({"/.well-known/openid-configuration": (500, "{}")})),
    "discovery hangs": ("unavailable", lambda p: p.hangs.add("/.well-known/openid-configuration")),
    "discovery of another": ("refused", lambda p: p.metadata.update(issuer="https://evil.example.org")),
    "push refused": ("unavailable", lambda p: p.replies.update({"/par": (401, '{"error": "invalid_client"}')})),
    "push hangs": ("unavailable", lambda p: p.hangs.add("/par")),
}


@pytest.mark.parametrize(("fault", "lie"), AT_THE_START.values(), ids=list(AT_THE_START))
def test_provider_that_cannot_be_reached_is_told_at_once(
    web: Flask, browser: Browser, provider: Provider, fault: str, lie: Lie
) -> None:
    web.extensions["id_porten"] = IdPorten(web.config["SETTINGS"].id_porten, timeouts=(0.3, 0.3))
    lie(provider)
    browser.go("login")
    assert_fault(web, browser, fault)


def test_try_again_leads_to_the_provider_and_then_in(browser: Browser, provider: Provider) -> None:
    provider.claims["nonce"] = "another"
    browser.get(come_home(leave(browser, "login?next=page&number=2")))
    again = str(browser.page.select_one("main a.button")["href"])  # type: ignore[index]
    provider.claims.clear()
    browser.get(come_home(browser.client.get(again).headers["Location"]))
    assert browser.path == browser.address("page/2")


def test_callback_that_nobody_started_lets_nobody_in(
    web: Flask, open_browser: Callable[[], Browser], provider: Provider
) -> None:
    path = come_home(leave(open_browser()))
    victim = open_browser()
    for address in (
        path,
        "/s/login/callback",
        "/s/login/callback?error=access_denied",
        "/s/login/callback?code=x&state=",
    ):
        victim.get(address)
        assert (victim.status, victim.heading) == (400, "The login could not be completed")
        victim.get(address, language="nb")
        assert victim.heading == "Innloggingen kunne ikke fullføres"
        assert "employee" not in content(web, victim)
    assert provider.n_seen("/token") == 0


def test_replayed_callback_is_no_second_login(web: Flask, browser: Browser, provider: Provider) -> None:
    path = come_home(leave(browser))
    browser.get(path)
    browser.client.delete_cookie("must", path="/s")
    browser.get(path)
    assert browser.status == 400
    assert "employee" not in content(web, browser)
    assert provider.n_seen("/token") == 1


def test_replayed_code_with_a_kept_cookie_is_refused_by_the_provider(web: Flask, browser: Browser) -> None:
    path = come_home(leave(browser))
    cookie = browser.client.get_cookie("must", path="/s")
    assert cookie is not None
    browser.get(path)
    browser.client.set_cookie("must", cookie.value, path="/s")
    browser.get(path)
    assert_fault(web, browser, "refused")


def test_login_begun_again_in_a_second_tab_ends_the_first(web: Flask, browser: Browser) -> None:
    first = come_home(leave(browser))
    leave(browser)
    browser.get(first)
    assert_fault(web, browser, "not_started")


def test_login_must_be_finished_in_ten_minutes(web: Flask, browser: Browser, clock: HandClock) -> None:
    address = leave(browser)
    clock.pass_by(seconds=STARTED_FOR.total_seconds() + 1)
    browser.get(come_home(address))
    assert_fault(web, browser, "not_started")


def test_failed_login_does_not_end_one_that_holds(browser: Browser, provider: Provider) -> None:
    """Nobody is logged out by a link that somebody else made."""
    begin(browser)
    browser.get("/s/login/callback?code=x&state=y&error=access_denied")
    assert is_logged_in(browser)


def test_synthetic_people_do_not_get_in_in_production(web: Flask, browser: Browser) -> None:
    web.config["SETTINGS"] = replace(web.config["SETTINGS"], environment=Environment.PRODUCTION)
    browser.get(come_home(leave(browser)))
    assert_fault(web, browser, "no_number")


def test_installation_without_numbers_lets_people_in(web: Flask, browser: Browser, provider: Provider) -> None:
    provider.claims["pid"] = None
    web.extensions["id_porten"] = IdPorten(replace(web.config["SETTINGS"].id_porten, claim="sub", scope="openid"))
    browser.get(come_home(leave(browser)))
    assert browser.path == browser.address("consent")


# Nothing about anybody is left behind.


def test_number_and_name_are_nowhere(
    web: Flask, browser: Browser, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []

    def note(method: str, path: str, **options: Any) -> Any:
        answer = browser.client.open(path, method=method, **options)
        seen.extend((path, str(answer.headers), answer.text))
        return answer

    address = leave(browser)
    seen.append(address)
    path = come_home(address)
    answer = note("GET", path)
    for step in ("", "consent", "your-data", "continue", "login"):
        note("GET", browser.address(step))
    browser.go("consent")
    browser.send(button={"consent": "yes"})
    note("GET", browser.address("your-data"))
    token = browser.token
    note("POST", browser.address("logout"), data={"csrf_token": token})
    note("GET", browser.address("logout"))
    assert answer.status_code == 303
    assert urlsplit(answer.headers["Location"]).query == ""
    everything = "\n".join([*seen, caplog.text, *(str(record.__dict__) for record in caplog.records)])
    assert "urllib3" in {record.name.split(".")[0] for record in caplog.records}, "the log is not listened to"
    for secret in (PID, NAME, NAME.split()[0], SUB, SECRET, SESSION_ID):
        assert secret not in everything
    assert not re.search(r"eyJ[\w-]{8,}\.", everything), "a token"


def test_session_cookie_is_sealed_and_safe(browser: Browser) -> None:
    answer = browser.client.get(browser.address("login"))
    [cookie] = [value for value in answer.headers.getlist("Set-Cookie") if value.startswith("must=")]
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    for started in parameters(answer.headers["Location"]).values():
        assert started not in cookie
    assert len(cookie) < 4096


def test_every_address_of_the_login_is_known(web: Flask) -> None:
    rules = {(rule.rule, method) for rule in web.url_map.iter_rules("login.log_in") for method in rule.methods or ()}
    assert ("/s/<code>/login", "POST") not in rules
    assert {rule.rule for rule in web.url_map.iter_rules() if rule.endpoint.startswith("login.")} == {
        "/s/<code>/login",
        "/s/<code>/logout",
        "/s/login/callback",
        "/s/login/logged-out",
        "/s/login/frontchannel-logout",
        "/<any(organisation,staff):area>/login",
        "/<any(organisation,staff):area>/login/callback",
        "/<any(organisation,staff):area>/logout",
    }


# With a provider that others wrote.


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    person = {"sub": "kari", "pid": PID, "name": NAME, "acr": "idporten-loa-high", "sid": SESSION_ID}
    weak = {"sub": "per", "pid": ANOTHER, "acr": "idporten-loa-low"}
    with honest.running(person, weak) as issuer:
        yield issuer


@pytest.fixture
def elsewhere(issuer: str, tmp_path: Path, migrated: Path) -> Iterator[Browser]:
    """A browser at an installation that uses oidc-provider-mock, today."""
    app = application(tmp_path, migrated, issuer)
    with app.app_context():
        now = datetime.now(UTC)
        today: date = now.date()
        new = NewSurvey(
            "310000000", "Prøvetilsynet", CURRENT_VERSION, (), TREE, today, today + timedelta(days=14), n_invited=100
        )
        survey = create_survey(session(), new)
        session().commit()
        for step in PREPARATION:
            step(session(), key_ring(), survey)
            session().commit()
        session().commit()
        open_survey(survey, now)
        session().commit()
        browser = Browser(app.test_client(), survey.code)
    yield browser
    with app.app_context():
        dispose()


def test_whole_visit_with_another_providers_code(elsewhere: Browser) -> None:
    browser = elsewhere
    browser.get(honest.log_in(leave(browser), "kari").removeprefix(PUBLIC))
    assert browser.path == browser.address("consent")
    browser.send(button={"consent": "yes"})
    browser.send("#unit", button={"go": "next"}, level_1="5")
    browser.send("#answers", button={"go": "next"}, workload_1="4")
    browser.go("review")
    browser.send("main form[method=post]")
    assert browser.path == browser.address("receipt")
    browser.send("footer form")
    address = browser.client.get(browser.path).headers["Refresh"].removeprefix("0; url=")
    browser.get(honest.log_out(address).removeprefix(PUBLIC))
    assert browser.path == browser.address()
    assert "You have been logged out." in browser.text
    assert not is_logged_in(browser)


def test_other_provider_may_be_refused_and_may_refuse(elsewhere: Browser) -> None:
    browser = elsewhere
    browser.get(honest.log_in(leave(browser), "per").removeprefix(PUBLIC))
    assert browser.heading == "A more secure login is needed"
    home = honest.deny(leave(browser)).removeprefix(PUBLIC)
    browser.get(home)
    assert browser.status in (400, 403)
    assert not is_logged_in(browser)
