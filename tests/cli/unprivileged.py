"""Runs commands as a user whom file permissions hold back, which root is not: tests run as root in many places.

Reads ``[environment, instance folder, [[argument, …], …]]`` in JSON, answers with ``[[exit code, output], …]``.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import FlaskGroup

from app import create_app
from app.config import read_settings

_VERSION_3 = 0x20080522
_OVERRIDES = 0b110
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""


def give_up_overrides() -> None:
    """For good; see capset(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = (ctypes.c_uint32 * 2)(_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    for place in (0, 1, 2):  # effective, permitted, inheritable
        sets[place] &= ~_OVERRIDES
    assert libc.capset(header, sets) == 0


def invoke(make_app: Callable[[], Flask], arguments: list[str]) -> Result:
    """As the `flask` command does it; `make_app` may refuse the settings."""
    return CliRunner().invoke(FlaskGroup(create_app=make_app, add_default_commands=False), arguments)


def told(result: Result) -> tuple[int, str]:
    """Exit code and everything that was printed, a traceback included."""
    crashed = result.exception is not None and not isinstance(result.exception, SystemExit)
    return result.exit_code, result.output + (f"Traceback: {result.exception!r}" if crashed else "")


if __name__ == "__main__":
    give_up_overrides()
    environ, instance, calls = json.load(sys.stdin)
    app = create_app(read_settings(environ, Path(instance)))
    json.dump([told(invoke(lambda: app, arguments)) for arguments in calls], sys.stdout)
