from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from app.domain.identifiers import synthetic_identity_number
from app.extensions import key_ring, session
from app.services.register import list_entries
from app.services.survey_keys import Purpose
from tests.faults import faults
from tests.faults.checker import Findings, compare
from tests.faults.clients import Ledger
from tests.faults.run import hurt
from tests.load.browsing import Browser
from tests.load.populating import ENVIRON, Populated, dispose, populate
from tests.load.serving import ROOT, Server

SHORT = [
    ("web-server-killed", "sqlite", 2),
    ("clock-jumping", "sqlite", 1),
    ("migrations", "sqlite", 1),
    ("reports-of-another", "sqlite", 1),
    ("closing", "sqlite", 1),
    ("database-away", "postgresql", 1),
]


@pytest.mark.parametrize(("name", "database", "n_rounds"), SHORT)
def test_nothing_acknowledged_is_lost(monkeypatch: pytest.MonkeyPatch, name: str, database: str, n_rounds: int) -> None:
    monkeypatch.setattr(faults, "SECONDS_AWAY", 1)
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # PostgreSQL's own user may not enter pytest's
        result = hurt(Path(folder) / "world", faults.FAULTS[name], database, n_rounds, 4, Random(1))
    assert result.n_acknowledged > 20
    assert result.findings.n_compared > 20
    assert result.findings.is_clean, result.findings


@pytest.mark.parametrize("name", ["disk-full", "disk-read-only"])
def test_nothing_acknowledged_is_lost_on_a_disk_that_takes_nothing(name: str) -> None:
    """A process of its own, which may mount a small disk."""
    command = [sys.executable, "-m", "tests.faults.run", name, "--rounds", "1", "--at-once", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert name in done.stdout


def test_what_was_begun_is_finished_when_the_server_is_told_to_stop(tmp_path: Path) -> None:
    """A save waits for another writer; meanwhile comes SIGTERM."""
    survey = populate(tmp_path, 20, 0)
    server = Server(tmp_path, ENVIRON)
    server.start()
    browser = Browser(server.port, survey.address)
    browser.get("login")
    browser.post("login", {"number": synthetic_identity_number(1)})
    browser.get("consent")
    writer = sqlite3.connect(tmp_path / "identities.sqlite", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(2) as pool:
        saving = pool.submit(browser.post, "consent", {"consent": "yes"})
        time.sleep(0.5)
        stopping = pool.submit(server.stop)
        time.sleep(0.5)
        assert not saving.done()
        writer.execute("ROLLBACK")
        writer.close()
        assert saving.result().status == 303
        stopping.result()
    browser.close()
    with survey.app.app_context():
        assert [entry.consent for entry in list_entries(session(), _register_key(survey), survey.setup.id)]
        dispose()


def _register_key(survey: Populated) -> bytes:
    return key_ring().get(session(), survey.setup.id, Purpose.REGISTER)


@pytest.mark.parametrize(
    ("stored", "kind"),
    [
        ({"a": "2"}, None),
        ({"a": "3"}, None),
        ({"a": "1"}, "lost"),
        ({}, "lost"),
        ({"a": "2", "b": "1"}, None),
        ({"a": "2", "b": "2"}, "corrupted"),
        ({"a": "2", "c": "1"}, "corrupted"),
    ],
)
def test_checker_tells_what_may_be_stored_from_what_may_not(stored: dict[str, str], kind: str | None) -> None:
    ledger = Ledger(1, sent={"a": "3", "b": "1"}, acknowledged={"a": "2"})
    findings = Findings()
    compare(ledger, stored, findings)
    assert [name for name in ("lost", "duplicated", "corrupted") if getattr(findings, name)] == ([kind] if kind else [])
