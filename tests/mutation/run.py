"""Mutation tests of disclosure control: every small change of plan, certificate and display rules must fail a test.

Works in a copy of what it needs, never in the checkout. Prints the mutants that survive; SURVIVORS says why each of
the known ones may. Exit code 1 for any other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = ("disclosure", "certificate", "results", "withholding", "scoring")
TESTS = [f"tests/domain/test_{module}.py" for module in ("withholding", "results", "certificate", "disclosure")]
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
    shutil.rmtree(work, ignore_errors=True)
    (work / "tests").mkdir(parents=True)
    shutil.copytree(ROOT / "app", work / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "domain", work / "tests" / "domain", ignore=shutil.ignore_patterns("__pycache__"))
    (work / "tests" / "__init__.py").touch()
    (work / "pyproject.toml").write_text(CONFIGURATION, encoding="utf-8")
    mutmut = [sys.executable, "-m", "mutmut"]
    environ = {**os.environ, "MUST_TREES": "300"}
    subprocess.run([*mutmut, "run", "--max-children", os.environ.get("WORKERS", "2")], cwd=work, env=environ, check=True)
    listed = subprocess.run([*mutmut, "results"], cwd=work, capture_output=True, text=True, check=True).stdout
    found = {line.split(":")[0].strip() for line in listed.splitlines() if ": " in line}
    known = {line.split(" ")[0] for line in SURVIVORS.read_text(encoding="utf-8").splitlines() if line.strip()}
    for name in sorted(found - known):
        print(subprocess.run([*mutmut, "show", name], cwd=work, capture_output=True, text=True, check=False).stdout)
    print(f"{len(found)} mutants survive, {len(found & known)} of them for a reason that is known.")
    return int(bool(found - known))


if __name__ == "__main__":
    sys.exit(main())
