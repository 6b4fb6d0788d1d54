"""Login through a provider in a real browser: forms may not lead to another site there, and cookies have rules."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from app import create_app
from app.config import read_settings
from app.domain.identifiers import synthetic_identity_number
from app.web import access
from tests.browser.conftest import new_survey
from tests.conftest import DATABASES, dispose
from tests.oidc.provider import CLIENT_ID, SECRET, Provider, running

late = timedelta()
"""How far the clocks here have been put forward."""


@pytest.fixture
def address(tmp_path: Path, migrated: Path, translations: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A survey at an installation whose provider lets everybody in as the same person."""
    monkeypatch.setattr("tests.browser.test_id_porten.late", timedelta())
    monkeypatch.setattr(access, "now", lambda: datetime.now(UTC) + late)
    for name in DATABASES:
        shutil.copy(migrated / f"{name}.sqlite", tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running(Provider(synthetic_identity_number(7), lambda: time.time() + late.total_seconds())) as provider:
        settings = {
            "MUST_ENV": "test",
            "MUST_LOGIN": "id-porten",
            "MUST_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "MUST_ID_PORTEN_ISSUER": provider.issuer.replace("127.0.0.1", "localhost"),
            "MUST_ID_PORTEN_CLIENT_ID": CLIENT_ID,
            "MUST_ID_PORTEN_CLIENT_SECRET": SECRET,
        }
        provider.issuer = settings["MUST_ID_PORTEN_ISSUER"]  # another site, as far as a browser can tell
        app = create_app(read_settings(settings, tmp_path))
        with app.app_context():
            code = new_survey()
        server = make_server("127.0.0.1", port, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{port}/s/{code}"
        server.shutdown()
        thread.join()
        server.server_close()
        with app.app_context():
            dispose()


@pytest.mark.parametrize("has_script", [True, False])
def test_visit_from_login_to_logout(
    engine: Browser, address: str, monkeypatch: pytest.MonkeyPatch, has_script: bool
) -> None:
    context = engine.new_context(locale="en-GB", java_script_enabled=has_script)
    context.set_default_timeout(30_000)
    page, refused = context.new_page(), list[str]()
    page.on("console", lambda message: refused.append(message.text) if "Policy" in message.text else None)
    page.goto(address)
    page.click("main a.button >> nth=0")
    page.click("button[value=no]")
    page.select_option("#level_1", label="Stab")
    page.click("main button.button[value=next]")
    page.wait_for_url("**/page/1")
    monkeypatch.setattr("tests.browser.test_id_porten.late", timedelta(minutes=31))
    page.check("input[name=workload_1][value='4']", force=True)
    page.click("main button.button[value=next]")
    expect(page.locator("h1")).to_have_text("You have been logged out")
    page.click("main a.button")
    page.wait_for_url("**/page/1")
    assert page.is_checked("input[name=workload_1][value='4']")
    page.click("footer button")
    page.wait_for_url(address)
    assert "You have been logged out." in page.inner_text("main")
    assert not refused
    context.close()
