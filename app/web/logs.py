"""What is written down while the product runs: one JSON object per line, and nothing about anybody (spec 8).

A request leaves the name of its endpoint, its status and its milliseconds: no address, path, code or browser. A fault
leaves where it happened and of what kind it was; its words may hold anything, so they are left out. What other
libraries say is cut down to the template of their sentence.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

from flask import Flask, Response, g, request

OWN = "app"
_TELLING = frozenset({OWN, "alembic", "flask_migrate"})
"""Whose sentences are about the installation alone."""
_requests = logging.getLogger("app.requests")
_faults = logging.getLogger("app.faults")
ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class JsonLine(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        facts = getattr(record, "facts", None)
        line.update(facts if facts is not None else _said(record))
        if record.exc_info and record.exc_info[0] is not None:
            line.update(_fault(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def init_app(app: Flask, *, is_production: bool) -> None:
    app.log_exception = _log_fault  # type: ignore[method-assign]  # Flask's own writes the path
    app.before_request(start_clock)
    app.after_request(_log_request)
    if not app.testing:
        set_up(logging.INFO if is_production else logging.WARNING)


def set_up(level: int, stream: TextIO | None = None) -> logging.Handler:
    """Everything that is logged in this process goes to `stream` (standard error) as JSON."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLine())
    root = logging.getLogger()
    for former in [each for each in root.handlers if isinstance(each.formatter, JsonLine)]:
        root.removeHandler(former)
    root.addHandler(handler)
    logging.getLogger(OWN).setLevel(level)
    return handler


def start_clock() -> None:
    g.started = time.perf_counter()


def seconds_taken() -> float:
    return time.perf_counter() - float(g.get("started", time.perf_counter()))


def endpoint_name() -> str:
    """Of this request; "none" for an address that leads nowhere."""
    return request.endpoint or "none"


def _log_request(response: Response) -> Response:
    facts = {"endpoint": endpoint_name(), "status": response.status_code, "ms": round(seconds_taken() * 1000)}
    _requests.info("request", extra={"facts": facts})
    return response


def _log_fault(exc_info: Any) -> None:
    _faults.error("fault in %s", endpoint_name(), exc_info=exc_info)


def _said(record: logging.LogRecord) -> dict[str, object]:
    """The whole sentence of our own; of others the template, or where it is said when that holds values already."""
    if record.name.partition(".")[0] in _TELLING:
        return {"message": record.getMessage()}
    return {"message": str(record.msg) if record.args else f"{record.module}:{record.lineno}"}


def _fault(exc_info: ExceptionInfo) -> dict[str, object]:
    kind, _, trace = exc_info
    frames = traceback.extract_tb(trace)
    where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
    return {"fault": kind.__name__ if kind else "", "where": where[-12:]}
