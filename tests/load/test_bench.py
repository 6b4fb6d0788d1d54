"""`make bench` in short: respondents go through the whole form, and one costs about what is promised."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from app import ROOT

N = 15
MOST_CPU_MS = {"sqlite": 100, "postgresql": 140}
"""Per complete response; alone on a machine it is about half of that (OPERATING.md)."""


@pytest.mark.parametrize("database", MOST_CPU_MS)
def test_complete_response_costs_no_more_than_promised(database: str) -> None:
    options = ("--database", database, "--respondents", str(N), "--rounds", "1", "--units", "10", "--stored", "20")
    command = [sys.executable, "-m", "tests.load.bench", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"complete responses: {N} in 1 rounds" in done.stdout
    found = re.search(r"server CPU-ms per complete response: ([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    assert float(found[1]) < MOST_CPU_MS[database], done.stdout
