from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from tests.faults import faults
from tests.faults.checker import Findings, compare
from tests.faults.clients import Ledger
from tests.faults.run import hurt
from tests.load.serving import ROOT

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
