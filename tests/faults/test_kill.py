from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.faults.checker import Findings, compare
from tests.faults.clients import Ledger
from tests.faults.run import hurt


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    result = hurt(tmp_path / "instance", 2, 4, Random(1))
    assert result.n_acknowledged > 20
    assert result.n_unanswered
    assert result.findings == Findings(n_compared=result.findings.n_compared, n_responses=result.findings.n_responses)


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
