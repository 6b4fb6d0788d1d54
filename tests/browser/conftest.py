"""A real server and a real browser. Without Chromium these tests fail: they are never skipped."""

from __future__ import annotations

import itertools
import logging
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

from app.domain.identifiers import synthetic_identity_number
from app.domain.instrument import CURRENT_VERSION
from app.domain.units import UnitTree
from app.extensions import key_ring, session
from app.services.surveys import PREPARATION, NewSurvey, create_survey, open_survey
from tests.conftest import dispose, sqlite_app
from tests.web.conftest import translations  # noqa: F401 - a fixture, used by itself

TREE = UnitTree.from_rows(
    [((f"Avdeling {a}", f"Seksjon {a}{s}"), None) for a in "ABCDEFG" for s in range(1, 6)] + [(("Stab",), None)]
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-smooth-scrolling",  # where the page stands is known as soon as a key is pressed
]
TELLS = re.compile(r"level_|[?&](q|search|unit|go)=|/unit[/?]")
"""What no address may hold: a proxy logs it with the time and whence it came."""
_serial = itertools.count(100)
expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a browser was waited for in vain is waited for once more, and counted as a rerun: several programs share
    the machine. Whatever else fails, such as a lost answer, fails at once."""
    waits = ["TimeoutError", "Locator expected", "Page expected"]
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=waits))


@dataclass(frozen=True)
class Site:
    """A running server with one open survey."""

    app: Flask
    address: str
    code: str

    @property
    def survey(self) -> str:
        return f"{self.address}/s/{self.code}"


def chromium() -> str:
    found = os.environ.get("MUST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.fail("No Chromium: install it (Debian: apt-get install chromium) or set MUST_CHROMIUM to its path.")
    return found


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, migrated: Path, translations: None) -> Iterator[Site]:  # noqa: F811
    app = sqlite_app(tmp_path_factory.mktemp("browser"), migrated)
    with app.app_context():
        code = new_survey()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(app, f"http://127.0.0.1:{server.server_port}", code)
    server.shutdown()
    thread.join()
    server.server_close()
    with app.app_context():
        dispose()


def new_survey() -> str:
    """The code of one that is open."""
    new = NewSurvey(
        "310000000", "Prøvetilsynet", CURRENT_VERSION, (), TREE, date(2026, 10, 1), date(2026, 10, 15), n_invited=100
    )
    survey = create_survey(session(), new)
    session().commit()
    for step in PREPARATION:
        step(session(), key_ring(), survey)
        session().commit()
    session().commit()
    open_survey(survey, datetime.now(UTC))
    session().commit()
    return survey.code


@pytest.fixture(scope="session")
def engine() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


Visitor = Callable[..., Page]


@pytest.fixture
def visit(engine: Browser, site: Site) -> Iterator[Visitor]:
    """Opens a page on a device of its own; afterwards: no error in a console, no foreign address, none tells a unit."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def visit(*, locale: str = "en-GB", width: int = 1280, site: Site = site, **options: object) -> Page:
        context = engine.new_context(locale=locale, viewport={"width": width, "height": 800}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(30_000)  # a busy machine is slow, not wrong
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: _note_address(request.url, site, wrong))
        return page

    yield visit
    for context in contexts:
        context.close()
    expected = ("Failed to load resource", "Failed to fetch")  # what a browser says of 404, and of a network that fails
    assert not [line for line in wrong if not any(part in line for part in expected)]


def _note_address(url: str, site: Site, wrong: list[str]) -> None:
    if not url.startswith(site.address):
        wrong.append(f"foreign: {url}")
    if TELLS.search(url):
        wrong.append(f"tells the unit: {url}")


def log_in(page: Page, site: Site, step: str = "login", serial: int | None = None) -> int:
    """As a new synthetic person; the serial number of this person."""
    page.goto(f"{site.survey}/{step}")
    return log_in_here(page, serial)


def log_in_here(page: Page, serial: int | None = None) -> int:
    """The same, at a page that asks who one is."""
    serial = next(_serial) if serial is None else serial
    page.fill("#number", synthetic_identity_number(serial))
    page.click("form:has(#number) button")
    return serial


def begin(page: Page, site: Site) -> int:
    """Log in, choose, and arrive at page 1."""
    serial = log_in(page, site)
    page.click("button[value=no]")
    page.select_option("#level_1", label="Stab")
    page.click("#unit button[value=next]")
    page.wait_for_url("**/page/1")
    return serial
