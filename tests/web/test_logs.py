"""Nothing about anybody is in the logs, whatever happens."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import requests
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import StatementError

from app.domain.fiction import PEOPLE
from app.extensions import db
from app.web import logs
from tests.people import Trial
from tests.web.client import Browser


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a process in production would write."""
    stream = io.StringIO()
    level = logging.getLogger(logs.OWN).level
    handler = logs.set_up(logging.INFO, stream)
    yield stream
    logging.getLogger().removeHandler(handler)
    logging.getLogger(logs.OWN).setLevel(level)


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_whole_visit_leaves_no_code_person_unit_address_or_browser(
    web: Flask, trial: Trial, browser: Browser, log: io.StringIO
) -> None:
    def fails(code: str) -> str:
        raise RuntimeError(f"secret of somebody at {code}")

    web.add_url_rule("/s/<code>/fails", view_func=fails)
    browser.client.environ_base |= {"REMOTE_ADDR": "203.0.113.7", "HTTP_USER_AGENT": "Fjellrever/1.0"}
    browser.begin()
    browser.autosave(1, workload_1="4")
    browser.go("review")
    browser.send("main form")
    browser.go("page/1?search=Havn")
    browser.get("/s/nosuchcode12")
    browser.go("fails")
    assert browser.status == 500
    written = log.getvalue()
    name, number = PEOPLE[0]
    persons = {name, *name.split(), number}
    places = {trial.survey.code, trial.survey.id, "nosuchcode12", "/s/", "Havn", "A1", "Prøvetilsynet"}
    others = {"203.0.113.7", "127.0.0.1", "Fjellrever", "workload", "secret of somebody", "localhost"}
    for word in persons | places | others:
        assert word not in written, word


def test_request_leaves_one_line_with_endpoint_status_and_time(browser: Browser, log: io.StringIO) -> None:
    browser.go()
    browser.get("/s/nosuchcode12")
    found = [line for line in lines(log) if line["logger"] == "app.requests"]
    assert [(line["endpoint"], line["status"]) for line in found] == [
        ("questionnaire.start", 200),
        ("questionnaire.start", 404),
    ]
    assert all(set(line) == {"at", "level", "logger", "endpoint", "status", "ms"} for line in found)


def test_fault_says_where_and_of_what_kind_and_not_what_it_said(web: Flask, browser: Browser, log: io.StringIO) -> None:
    def fails() -> str:
        raise LookupError("01814000008")

    web.add_url_rule("/fails", view_func=fails)
    browser.get("/fails")
    fault = next(line for line in lines(log) if line["logger"] == "app.faults")
    assert (fault["message"], fault["fault"]) == ("fault in fails", "LookupError")
    where = fault["where"]
    assert isinstance(where, list)
    assert any("fails" in frame for frame in where)
    assert "01814000008" not in log.getvalue()


def test_what_libraries_say_is_cut_down_to_their_template(log: io.StringIO) -> None:
    logging.getLogger("urllib3.connectionpool").warning("Retrying %s", "https://idporten.no/?sid=abc")
    logging.getLogger("anything").error("GET /s/abc from 203.0.113.7")
    try:
        requests.get("http://127.0.0.1:1/s/abc", timeout=1)
    except requests.ConnectionError:
        logging.getLogger("anything").exception("no %s", "203.0.113.7")
    first, second, third = lines(log)
    assert first["message"] == "Retrying %s"
    assert str(second["message"]).startswith("test_logs:")
    assert third["fault"] == "ConnectionError"
    for word in ("abc", "203.0.113.7"):
        assert word not in log.getvalue()


def test_setting_up_twice_writes_once(log: io.StringIO) -> None:
    logs.set_up(logging.INFO, log)
    logging.getLogger("app").warning("once")
    assert len(lines(log)) == 1
    logging.getLogger().handlers = [each for each in logging.getLogger().handlers if each.formatter is None]


def test_fault_of_a_database_repeats_no_value(any_app: Flask) -> None:
    """A command that it ends prints it, and whatever runs the command keeps that."""
    row = {"mark": b"m" * 32, "name": "Tuva Brattland"}
    for engine in db.engines.values():
        with engine.connect() as connection, pytest.raises(StatementError) as caught:
            connection.execute(sa.text("INSERT INTO nowhere VALUES (:mark, :name)"), row)
        assert "Tuva" not in str(caught.value)
        assert "mmmm" not in str(caught.value)
