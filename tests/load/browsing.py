"""A respondent's browser that costs as little as possible itself: one kept connection, cookies, hidden fields."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

_TOKEN = re.compile(rb'name="csrf_token" value="([^"]*)"')
_BEFORE = re.compile(rb'name="before" value="([^"]*)"')
_TIMEOUT = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered."""

    status: int
    location: str
    body: bytes


@dataclass
class Browser:
    """`watch` is told of every request: name, seconds, bytes sent and received on the wire as far as HTTP shows."""

    port: int
    address: str
    """Of the survey: /s/<code>."""
    watch: Callable[[str, float, int], None] = lambda name, seconds, n_bytes: None
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    before: str = ""
    _connection: http.client.HTTPConnection | None = None

    def get(self, step: str, name: str = "") -> Answer:
        return self._ask("GET", step, name or f"GET {step or 'start'}", None)

    def post(self, step: str, fields: Mapping[str, str], name: str = "") -> Answer:
        sent = urlencode({**fields, "csrf_token": self.token})
        return self._ask("POST", step, name or f"POST {step}", sent)

    def autosave(self, number: int, fields: Mapping[str, str]) -> Answer:
        """As the script of the page does after a change; the answer says what is saved now."""
        sent = {**fields, "save": "1", "before": self.before}
        return self.post(f"page/{number}", sent, "autosave")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, method: str, step: str, name: str, body: str | None) -> Answer:
        """ConnectionError or HTTPException when no answer came; nobody knows then whether something was done."""
        start = time.perf_counter()
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT)
        try:
            self._connection.request(method, self._path(step), body, self._headers(name, body))
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        n_bytes = len(content) + sum(len(key) + len(value) + 4 for key, value in response.getheaders()) + 17
        self.watch(name, time.perf_counter() - start, n_bytes)
        self._remember(response, content)
        return Answer(response.status, response.getheader("Location") or "", content)

    def _path(self, step: str) -> str:
        return step if step.startswith("/") else f"{self.address}/{step}".rstrip("/")

    def _headers(self, name: str, body: str | None) -> dict[str, str]:
        headers = {
            "Accept-Language": "nb",
            "Cookie": "; ".join(f"{key}={value}" for key, value in self.cookies.items()),
        }
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if name == "autosave":
            headers |= {"HX-Request": "true", "HX-Request-Type": "partial"}
        return headers

    def _remember(self, response: http.client.HTTPResponse, content: bytes) -> None:
        for cookie in response.headers.get_all("Set-Cookie") or ():
            key, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[key] = value
        if found := _TOKEN.search(content):
            self.token = found[1].decode()
        if found := _BEFORE.search(content):
            self.before = found[1].decode()
