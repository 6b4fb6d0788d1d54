"""Mutation tests of disclosure control: every small change of plan, certificate and display rules must fail a test.

Works in a copy of what it needs, never in the checkout. SURVIVORS says of each mutant that may survive why nobody could
tell; exit code 1 for any other. See one: cd build/mutants; python -m mutmut show NAME
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = ("disclosure", "certificate", "results", "withholding", "scoring", "recount", "trend")
TESTED = ("withholding", "trend", "recount", "results", "certificate", "disclosure")
TESTS = [f"tests/domain/test_{module}.py" for module in TESTED]
SURVIVORS = Path(__file__).with_name("survivors.txt")

CONFIGURATION = f"""
[tool.mutmut]
source_paths = ["app"]
only_mutate = {[f"app/domain/{module}.py" for module in MODULES]}
also_copy = ["app", "tests"]
pytest_add_cli_args_test_selection = {TESTS}
pytest_add_cli_args = ["-p", "no:cacheprovider", "-x"]
timeout_multiplier = 10.0

[tool.pytest.ini_options]
pythonpath = ["."]
"""


def main() -> int:
    work = ROOT / "build" / "mutants"
    _copy(work)
    workers = os.environ.get("WORKERS", "2")
    _mutmut(work, "run", "--max-children", workers, shows=True)
    listed = [line.split(":") for line in _mutmut(work, "results").splitlines() if ": " in line]
    found = {name.strip(): state.strip() for name, state in listed}
    unknown = [f"{name}: {state}" for name, state in found.items() if _key(work, name) not in _known()]
    print("\n".join(unknown))
    print(f"{len(found)} mutants survive, {len(found) - len(unknown)} of them for a reason that is known.")
    return int(bool(unknown))


def _copy(work: Path) -> None:
    without_caches = shutil.ignore_patterns("__pycache__")
    shutil.rmtree(work, ignore_errors=True)
    (work / "tests").mkdir(parents=True)
    shutil.copytree(ROOT / "app", work / "app", ignore=without_caches)
    shutil.copytree(ROOT / "tests" / "domain", work / "tests" / "domain", ignore=without_caches)
    (work / "tests" / "__init__.py").touch()
    (work / "pyproject.toml").write_text(CONFIGURATION, encoding="utf-8")


def _mutmut(work: Path, *arguments: str, shows: bool = False) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    environ = {**os.environ, "MUST_TREES": "300"}
    done = subprocess.run(
        command, cwd=work, env=environ, check=True, text=True, stdout=None if shows else subprocess.PIPE
    )
    return done.stdout or ""


def _key(work: Path, name: str) -> tuple[str, str]:
    """The function and the changed line: numbers of mutants change with every edit."""
    added = [line[1:].strip() for line in _mutmut(work, "show", name).splitlines() if re.match(r"\+(?!\+\+)", line)]
    return name.partition("domain.")[2].partition("__mutmut")[0], " ".join(added)


@cache
def _known() -> set[tuple[str, str]]:
    lines = SURVIVORS.read_text(encoding="utf-8").splitlines()
    parts = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return {(function, changed) for function, changed, _ in parts}


if __name__ == "__main__":
    sys.exit(main())
