"""Who watches the installation learns whether it works, and nothing about a survey or a person."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.config import read_settings
from app.extensions import db
from tests.conftest import dispose
from tests.people import Trial
from tests.web.client import Browser
from tests.web.conftest import BOTH

TOKEN = "0123456789abcdef"


@BOTH
def test_installation_is_live_and_ready(web: Flask) -> None:
    client = web.test_client()
    assert client.get("/health/live").text == "live\n"
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.text) == (200, "ready\n")


def test_without_tables_it_is_live_but_not_ready(tmp_path: Path) -> None:
    app = create_app(read_settings({"MUST_ENV": "test"}, tmp_path))
    assert app.test_client().get("/health/live").status_code == 200
    ready = app.test_client().get("/health/ready")
    assert (ready.status_code, ready.text) == (503, "not ready\n")
    with app.app_context():
        dispose()


@pytest.mark.parametrize("bind", [None, "identities", "keys"])
def test_one_database_that_is_behind_makes_it_not_ready(web: Flask, bind: str | None) -> None:
    with web.app_context(), db.engines[bind].begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    assert web.test_client().get("/health/ready").status_code == 503


def test_database_that_cannot_be_reached_makes_it_not_ready_without_saying_which(tmp_path: Path) -> None:
    gone = {"MUST_ENV": "test", "MUST_KEYS_URL": "postgresql+psycopg://nobody:secret@127.0.0.1:1/keys"}
    app = create_app(read_settings(gone, tmp_path))
    answer = app.test_client().get("/health/ready")
    assert (answer.status_code, answer.text) == (503, "not ready\n")


def test_metrics_are_not_there_without_the_token(web: Flask, tmp_path: Path) -> None:
    assert web.test_client().get("/health/metrics").status_code == 404
    with_token = create_app(read_settings({"MUST_ENV": "test", "MUST_METRICS_TOKEN": TOKEN}, tmp_path)).test_client()
    assert with_token.get("/health/metrics").status_code == 404
    assert with_token.get("/health/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert with_token.get("/health/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_metrics_count_by_endpoint_and_name_nobody(web: Flask, trial: Trial, browser: Browser) -> None:
    browser.begin()
    browser.autosave(1, workload_1="4")
    browser.get("/s/nosuchcode12")
    browser.get("/privacy")
    text = web.extensions["metrics"].as_text().decode()
    assert 'must_requests_total{endpoint="front.privacy_text",method="GET",status="200"} 1.0' in text
    assert 'must_requests_total{endpoint="employees",method="GET",status="404"} 1.0' in text
    labels = set(re.findall(r'(\w+)="([^"]*)"', text))
    assert {name for name, _ in labels} == {"endpoint", "method", "status", "le"}
    assert {value for name, value in labels if name == "endpoint"} == {"front.privacy_text", "employees"}
    for word in (trial.survey.code, "nosuchcode12", "workload", trial.survey.id, "127.0.0.1"):
        assert word not in text


@pytest.mark.parametrize("step", ["submits", "deletes"])
def test_metrics_do_not_tell_one_step_of_an_employee_from_another(
    web: Flask, trial: Trial, browser: Browser, step: str
) -> None:
    """Nor when the first of them was taken."""

    def counted() -> set[str]:
        text = web.extensions["metrics"].as_text().decode()
        return {line for line in text.splitlines() if not line.startswith("#") and "_seconds" not in line}

    browser.begin()
    browser.go("review" if step == "submits" else "delete")
    before = counted()
    token = browser.token
    browser.client.post(browser.address("review" if step == "submits" else "delete"), data={"csrf_token": token})
    assert {re.sub(" .*", "", line) for line in counted() ^ before} == {
        'must_requests_total{endpoint="employees",method="POST",status="303"}'
    }
    assert not any("_created" in line for line in counted())


def test_made_up_method_makes_no_label_of_its_own(web: Flask) -> None:
    web.test_client().open("/", method="FJELLVIK")
    text = web.extensions["metrics"].as_text().decode()
    assert "FJELLVIK" not in text
    assert 'method="other"' in text
