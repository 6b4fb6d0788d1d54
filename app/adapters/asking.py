"""Asking a service on the net: with time limits, a few further attempts, and a limit to what is read of an answer.

Nothing that was sent or answered is in an error.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from app.domain.errors import DomainError

_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said, whatever its status below 500."""

    status: int
    body: bytes

    def json(self) -> Any:
        """ValueError when it is none."""
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deeply") from None


@dataclass(frozen=True, slots=True)
class Line:
    """How a service is asked. `code` names the error when there is no answer."""

    code: str
    timeouts: tuple[float, float] = (3.0, 8.0)
    """Seconds to connect, and for each part of the answer."""
    waits: tuple[float, ...] = (0.2, 0.8)
    """Seconds before each further attempt."""
    most_bytes: int = 20_000_000
    sleep: Callable[[float], None] = time.sleep

    def ask(self, method: str, address: str, parts: Callable[[], Mapping[str, Any]]) -> Answer:
        """The answer to a request, asked again after a fault and after a status of 500 and above.

        `parts` gives headers, params and content, made anew for each attempt: what may be used once is not sent twice.
        """
        fault = ""
        for wait in (0.0, *self.waits):
            if wait:
                self.sleep(wait)
            try:
                answer = self._attempt(method, address, parts())
            except requests.RequestException as error:
                fault = type(error).__name__
            else:
                if answer.status < 500:
                    return answer
                fault = f"status {answer.status}"
        raise self.fault(fault)

    def fault(self, reason: str) -> DomainError:
        return DomainError(self.code, reason=reason)

    def _attempt(self, method: str, address: str, parts: Mapping[str, Any]) -> Answer:
        with requests.request(
            method, address, **parts, timeout=self.timeouts, allow_redirects=False, stream=True
        ) as answer:
            body = bytearray()
            for chunk in answer.iter_content(_CHUNK):
                body += chunk
                if len(body) > self.most_bytes:
                    raise self.fault("size")
            return Answer(answer.status_code, bytes(body))


def as_object(value: object) -> dict[str, Any]:
    """A JSON object; ValueError for anything else."""
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value
