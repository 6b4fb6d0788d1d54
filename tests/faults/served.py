"""The application with a wall clock that can jump: so far from the true time as a file says."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

_FILE = Path(os.environ["MUST_FAULTS_CLOCK"])
_true_time = time.time


def _time() -> float:
    return _true_time() + int(_FILE.read_text())


time.time = _time  # before anything else can take hold of it

from app import create_app  # noqa: E402
from app.web import access  # noqa: E402

access.now = lambda: datetime.fromtimestamp(_time(), UTC)
app = create_app()
