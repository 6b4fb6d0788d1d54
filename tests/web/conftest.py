"""Pages over the test client: a survey that is open, a clock that is moved by hand, employees with browsers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask

from app import ROOT, create_app
from app.config import read_settings
from app.extensions import session
from app.web import access
from tests.conftest import dispose, postgres_app, sqlite_app
from tests.people import ACCESS, Trial, open_trial
from tests.web.client import Browser
from tests.web.world import World


@pytest.fixture(scope="session", autouse=True)
def translations() -> None:
    """The compiled translations, made anew when the source has changed."""
    for source in (ROOT / "translations").glob("*/LC_MESSAGES/messages.po"):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            with source.open("rb") as text, target.open("wb") as compiled:
                write_mo(compiled, read_po(text))


BOTH = pytest.mark.parametrize("web", ["sqlite", "postgresql"], indirect=True)
"""For a test that is to run on both databases."""


class HandClock:
    """The time that every request sees."""

    def __init__(self) -> None:
        self.now: datetime = ACCESS + timedelta(hours=1)

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    hand = HandClock()
    monkeypatch.setattr(access, "now", lambda: hand.now)
    return hand


@pytest.fixture
def web(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[Flask]:
    """An application without a pushed context, so that every request has its own; errors are shown, not raised.

    On SQLite, or with the parameter "postgresql" on that.
    """
    if getattr(request, "param", "sqlite") == "postgresql":
        app = postgres_app(tmp_path, request.getfixturevalue("postgres"))
    else:
        app = sqlite_app(tmp_path, migrated)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    yield app
    with app.app_context():
        dispose()


@pytest.fixture
def trial(web: Flask, clock: HandClock) -> Trial:
    with web.app_context():
        trial = open_trial()
        survey = trial.survey
        assert survey.code
        assert survey.organisation.name
        session().expunge_all()
    return trial


@pytest.fixture
def open_browser(web: Flask, trial: Trial) -> Callable[[], Browser]:
    """Another device."""
    return lambda: Browser(web.test_client(), trial.survey.code)


@pytest.fixture
def browser(open_browser: Callable[[], Browser]) -> Browser:
    return open_browser()


@pytest.fixture
def world(web: Flask, trial: Trial, clock: HandClock) -> Iterator[World]:
    """Without limits, on the databases of `web`."""
    own = web.config["SETTINGS"]
    environ = {"MUST_ENV": "test", "MUST_LIMIT_PER_PERSON": "0", "MUST_LIMIT_PER_LINK": "0"}
    urls = {f"MUST_{name.upper()}_URL": getattr(own, f"{name}_url") for name in ("answers", "identities", "keys")}
    app = create_app(read_settings({**environ, **urls}, own.instance))
    app.config["PROPAGATE_EXCEPTIONS"] = True
    yield World(app, trial, clock)
    with app.app_context():
        dispose()
