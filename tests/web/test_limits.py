"""Limits stop who hammers, and never an agency that comes from one address at nine o'clock."""

from __future__ import annotations

import math
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import ConnectionError, Redis
from sqlalchemy import event

from app import create_app
from app.config import read_settings
from app.config.operation import PER_LINK, PER_PERSON
from app.domain.fiction import CONTACT, STAFF
from app.domain.identifiers import synthetic_identity_number
from app.extensions import db
from app.services.surveys import new_code
from tests.conftest import dispose
from tests.people import Trial
from tests.test_config import PRODUCTION
from tests.web.client import Browser
from tests.web.desk import furnish, log_in

UPLOADS = {"ordering.upload"}


def times(browser: Browser, n: int, path: str) -> list[int]:
    return [browser.client.get(path).status_code for _ in range(n)]


@pytest.fixture
def slow(migrated: Path, tmp_path: Path, web: Flask) -> Iterator[Flask]:
    """The same databases behind narrow limits."""
    own = web.config["SETTINGS"]
    environ = {"MUST_ENV": "test", "MUST_LIMIT_PER_PERSON": "30", "MUST_LIMIT_PER_LINK": "60"}
    app = create_app(read_settings(environ, own.instance))
    yield app
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


def test_agency_of_5000_behind_one_address_opens_the_link_within_a_minute(web: Flask, trial: Trial) -> None:
    """Start page and both halves of the login each; only what comes before the view is run.

    Each is a request of its own: within one, a limit is counted once however often it is asked.
    """
    for step in ("", "/login", "/login"):
        for _ in range(5000):
            with web.test_request_context(f"/s/{trial.survey.code}{step}", environ_base={"REMOTE_ADDR": "203.0.113.7"}):
                assert web.preprocess_request() is None
    assert PER_LINK >= 3 * 5000


def test_person_who_answers_quickly_is_far_below_the_limit(browser: Browser) -> None:
    """Every page at once, each saved four times, is less than a third of a minute's share."""
    n_pages, n_saves = 15, 4
    assert n_pages * (n_saves + 1) < PER_PERSON / 3


def test_who_hammers_is_stopped_and_nobody_else(slow: Flask, trial: Trial) -> None:
    one, other = (Browser(slow.test_client(), trial.survey.code) for _ in range(2))
    one.log_in(0)
    other.log_in(1)
    statuses = times(one, 40, one.address("consent"))
    assert statuses[:20] == [200] * 20
    assert statuses[-1] == 429
    assert times(other, 5, other.address("consent")) == [200] * 5
    one.go("consent")
    assert one.heading == "That was too fast"


def test_same_person_on_two_devices_has_one_share(slow: Flask, trial: Trial) -> None:
    phone, computer = (Browser(slow.test_client(), trial.survey.code) for _ in range(2))
    phone.log_in(0)
    computer.log_in(0)
    times(phone, 30, phone.address("consent"))
    assert times(computer, 1, computer.address("consent")) == [429]


def test_one_link_that_is_hammered_leaves_the_others_alone(slow: Flask, trial: Trial) -> None:
    anybody = Browser(slow.test_client(), trial.survey.code)
    assert times(anybody, 70, anybody.address())[-1] == 429
    assert times(anybody, 3, "/") == [200] * 3
    assert times(anybody, 1, "/s/nosuchcode12") == [404]


def from_address(app: Flask, address: str, path: str, n: int = 1) -> list[int]:
    client = app.test_client()
    return [client.get(path, environ_base={"REMOTE_ADDR": address}).status_code for _ in range(n)]


@pytest.mark.parametrize("path", ["/", "/organisation/", "/staff/", "/privacy"])
def test_who_hammers_where_there_is_no_link_shuts_out_nobody_else(slow: Flask, path: str) -> None:
    assert from_address(slow, "203.0.113.7", path, 70)[-1] == 429
    assert from_address(slow, "203.0.113.8", path)[0] in (200, 303)


def test_customer_with_many_ipv6_addresses_is_one_who_hammers(slow: Flask) -> None:
    statuses = [from_address(slow, f"2001:db8:1:2::{n:x}", "/")[0] for n in range(70)]
    assert statuses[-1] == 429
    assert from_address(slow, "2001:db8:1:3::1", "/") == [200]


def test_attempts_to_log_in_are_counted(slow: Flask, trial: Trial) -> None:
    statuses = []
    while 429 not in statuses and len(statuses) < 100:
        somebody = Browser(slow.test_client(), trial.survey.code)
        somebody.go("login")
        statuses.append(somebody.status)
        if somebody.status == 200:
            number = synthetic_identity_number(len(statuses))
            statuses.append(somebody.post("login", person="", number=number).status_code)
    assert statuses.count(303) == 30


def test_heavy_work_has_a_smaller_share(web: Flask, trial: Trial) -> None:
    with web.app_context():
        furnish(web)
    contact = Browser(web.test_client(), "")
    log_in(contact, "organisation", CONTACT)
    path = "/organisation/orders/none/survey/poster.pdf"
    statuses = times(contact, 25, path)
    assert (statuses[0], statuses[-1]) == (404, 429)
    assert times(contact, 1, "/organisation/") == [200]


def test_style_sheets_and_health_are_not_counted(slow: Flask, trial: Trial) -> None:
    anybody = Browser(slow.test_client(), trial.survey.code)
    assert set(times(anybody, 80, "/health/live")) == {200}


@contextmanager
def counting_at(web: Flask, url: str, n: int = 2) -> Iterator[list[FlaskClient]]:
    """Browsers of `n` servers that count in the store at `url`, five requests a minute for a link."""
    environ = {"MUST_ENV": "test", "MUST_LIMIT_PER_LINK": "5", "MUST_LIMITS_URL": url}
    apps = [create_app(read_settings(environ, web.config["SETTINGS"].instance)) for _ in range(n)]
    yield [app.test_client() for app in apps]
    for app in apps:
        with app.app_context():
            dispose()


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """The address of a Redis of our own, while it runs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.02)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()


def statuses(client: FlaskClient, path: str, n: int) -> list[int]:
    return [client.get(path).status_code for _ in range(n)]


def test_servers_that_share_a_store_share_the_count_and_go_on_alone_when_it_dies(
    web: Flask, trial: Trial, tmp_path: Path
) -> None:
    path = f"/s/{trial.survey.code}"
    with redis(tmp_path) as url, counting_at(web, url) as (one, other):
        assert statuses(one, path, 3) + statuses(other, path, 4) == [200] * 5 + [429] * 2
        with closing(Redis.from_url(url)) as store:
            keys = b" ".join(store.keys())
            assert keys
            assert trial.survey.code.encode() not in keys
            assert b"127.0.0.1" not in keys
            with suppress(ConnectionError):
                store.shutdown(nosave=True)
        assert statuses(one, path, 6) == [200] * 5 + [429]


def test_store_that_is_down_stops_nobody_but_who_hammers(web: Flask, trial: Trial) -> None:
    with counting_at(web, "redis://127.0.0.1:1/0", 1) as (client,):
        assert statuses(client, f"/s/{trial.survey.code}", 6) == [200] * 5 + [429]


def test_store_that_says_nothing_is_not_waited_for(web: Flask, trial: Trial) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        start = time.monotonic()
        with counting_at(web, f"redis://127.0.0.1:{silent.getsockname()[1]}/0", 1) as (client,):
            assert statuses(client, f"/s/{trial.survey.code}", 3) == [200] * 3
        assert time.monotonic() - start < 12


def test_store_learns_no_name_and_no_code(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.log_in()
    (limiter,) = web.extensions["limiter"]
    counted = limiter.storage.keys()
    assert len(counted) >= 2
    browser.client.get("/", environ_base={"REMOTE_ADDR": "203.0.113.7"})
    counted = limiter.storage.keys()
    assert not any(word in key for key in counted for word in (trial.survey.code, "127.0.0.1", "203.0.113.7"))


def test_another_host_is_refused_in_production_except_for_health(tmp_path: Path) -> None:
    environ = {**PRODUCTION, "MUST_PUBLIC_URL": "https://must.example.org"}
    app = create_app(read_settings(environ, tmp_path))
    client = app.test_client()
    assert client.get("/", headers={"Host": "evil.example.net"}).status_code == 400
    assert client.get("/", headers={"Host": "must.example.org"}).status_code == 200
    assert client.get("/health/live", headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_no_post_but_the_upload_reads_more_than_64_kb(web: Flask, trial: Trial) -> None:
    with web.app_context():
        furnish(web)
    contact, staff = (Browser(web.test_client(), trial.survey.code) for _ in range(2))
    log_in(contact, "organisation", CONTACT)
    log_in(staff, "staff", STAFF)
    contact.log_in()
    values = {"code": trial.survey.code, "order_id": trial.survey.id, "number": 1, "area": "organisation"}
    checked = 0
    for rule in web.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint in UPLOADS:
            continue
        given = {name: values.get(name, "reports.zip") for name in rule.arguments}
        path = str(web.url_map.bind("localhost").build(rule.endpoint, given))
        browser = staff if path.startswith("/staff") else contact
        for body in ({"x": "x" * 100_000}, {"csrf_token": "x" * 100_000}):
            assert browser.client.post(path, data=body).status_code == 413, rule.endpoint
        checked += 1
    assert checked > 15


def test_codes_cannot_be_guessed() -> None:
    """At a million guesses a second and a thousand open surveys, a hit takes more than ten years."""
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    n_letters = len(set("".join(codes)))
    assert math.log2(n_letters) * 12 > 58
    assert n_letters**12 / 1000 / 1e6 / 86_400 / 365 > 10


def test_login_takes_the_same_steps_for_who_is_known_and_who_is_not(web: Flask, trial: Trial) -> None:
    """Neither the questions to the databases nor the answer tell whether somebody has been here before."""
    browser = Browser(web.test_client(), trial.survey.code)
    browser.begin(0)
    seen = []
    for person in (0, 1):
        with web.app_context():
            asked: list[str] = []
            for engine in db.engines.values():
                event.listen(engine, "before_cursor_execute", lambda *given, kept=asked: kept.append(given[2]))
        newcomer = Browser(web.test_client(), trial.survey.code)
        newcomer.go("login")
        asked.clear()
        answer = newcomer.post("login", person=str(person))
        seen.append((answer.status_code, answer.headers["Location"], tuple(asked), len(answer.headers["Set-Cookie"])))
    assert seen[0] == seen[1]
