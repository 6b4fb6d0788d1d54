"""Uploaded workbooks are read in a process of their own: whatever a file does to the reader, the server goes on.

`workbook_guard` refuses what is hostile, and a list of 20,000 rows is still seconds of work that would hold up every
other request. The process has hard limits, and nothing of the server's environment.
"""

from __future__ import annotations

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from app.domain.errors import DomainError
from app.domain.unit_list import SEVERITIES, Finding, Severity, UnitList, refused
from app.domain.units import UnitTree

ROOT = Path(__file__).parents[2]
CPU_SECONDS = 30
WALL_SECONDS = 60
MAX_DATA = 300_000_000
"""Bytes; the reader keeps to 200 MB."""
_N_AT_ONCE = 2
_WAIT_SECONDS = 3
"""Each who waits holds a thread of the server: many uploads at once are refused rather than kept."""
_places = BoundedSemaphore(_N_AT_ONCE)
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def check_apart(content: bytes, organisation: str) -> UnitList:
    """The tree and the findings of a workbook, without its rows; a file that is too much for the reader is refused.

    DomainError ``list.busy`` when too many are being read.
    """
    answer = _ask({"organisation": organisation}, content)
    if answer is None:
        return refused(DomainError("file.unpacks_too_large"))
    found: dict[str, Any] = json.loads(answer)
    tree = None if found["tree"] is None else UnitTree.from_rows([(tuple(path), n) for path, n in found["tree"]])
    findings = (
        Finding(code, SEVERITIES.get(code, Severity.ERROR), sheet, cell, value, values)
        for code, sheet, cell, value, values in found["findings"]
    )
    return UnitList(tree, tuple(findings), found["sheet"])


def repair_apart(content: bytes, organisation: str, language: str) -> bytes:
    """The repaired copy, with what there is to say as comments in `language`.

    DomainError ``list.busy``, ``list.unreadable``.
    """
    answer = _ask({"organisation": organisation, "language": language}, content)
    if answer is None:
        raise DomainError("list.unreadable")
    return answer


def _ask(task: dict[str, str], content: bytes) -> bytes | None:
    """What the reader answers; None when it was stopped at its limits."""
    if not _places.acquire(timeout=_WAIT_SECONDS):
        raise DomainError("list.busy")
    try:
        done = subprocess.run(  # noqa: S603 - this very program; the file is its input, and nothing else is
            [sys.executable, "-m", __name__],
            input=json.dumps(task).encode() + b"\n" + content,
            capture_output=True,
            cwd=ROOT,
            env=_ENVIRONMENT,
            timeout=WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    finally:
        _places.release()
    return done.stdout if done.returncode == 0 else None


# --- In the process of its own ---------------------------------------------------------------------------------------


def _answer() -> bytes:
    _limit()
    from app.adapters.spreadsheets import check_unit_list, write_repaired_copy

    task: dict[str, str] = json.loads(sys.stdin.buffer.readline())
    unit_list = check_unit_list(BytesIO(sys.stdin.buffer.read()), organisation=task["organisation"])
    if "language" in task:
        return write_repaired_copy(unit_list, _Comments(task["language"]))
    rows = None if unit_list.tree is None else unit_list.tree.to_rows()
    findings = [(each.code, each.sheet, each.cell, each.value, dict(each.values)) for each in unit_list.findings]
    return json.dumps({"tree": rows, "findings": findings, "sheet": unit_list.sheet}).encode()


def _limit() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (MAX_DATA, MAX_DATA))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class _Comments:
    """What a comment in a cell says about a finding."""

    def __init__(self, language: str) -> None:
        from babel.support import Translations

        self._gettext = Translations.load(str(ROOT / "translations"), [language]).gettext

    def __call__(self, finding: Finding) -> str:
        from app.adapters.finding_texts import describe, how_to_mend

        return f"{describe(finding, self._gettext)}\n{how_to_mend(finding, self._gettext)}"


if __name__ == "__main__":
    sys.stdout.buffer.write(_answer())
