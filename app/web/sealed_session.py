"""The session as a sealed cookie: nothing is kept on the server, and the browser sees noise of a round length.

Flask's own cookie is signed but readable; ours holds the secrets that find a response (spec 8). Each audience has a
cookie of its own, which the browser sends below that audience's addresses only: who is both an employee and the
contact person is never both in one request.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SessionInterface, SessionMixin

from app.adapters.sealing import seal, unseal
from app.domain.errors import DomainError

EMPLOYEE, ORGANISATION, STAFF = "s", "organisation", "staff"
"""The first part of each audience's addresses."""
COOKIES = {EMPLOYEE: "must", ORGANISATION: "must-organisation", STAFF: "must-staff"}
_STEP_BYTES = 256


class SealedSession(SessionInterface):
    """`key` seals the cookie. The cookie lives as long as the browser's session; what is in it has its own times."""

    def __init__(self, key: bytes, *, is_secure: bool) -> None:
        self._key = key
        self._is_secure = is_secure

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        """Empty outside the addresses of the audiences, where nothing is kept either."""
        name = COOKIES.get(area(request.path), "")
        cookie = request.cookies.get(name)
        return SecureCookieSession(self._read(name, cookie) if cookie else {})

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if "Cookie" not in response.headers.get("Vary", ""):
            response.vary.add("Cookie")
        own = area(request.path)
        if not session.modified or own not in COOKIES:
            return
        name, path = COOKIES[own], f"{request.script_root}/{own}"
        if not session:
            response.delete_cookie(name, path, secure=self._is_secure, httponly=True, samesite="Lax")
            return
        content = self._write(name, dict(session))
        response.set_cookie(name, content, path=path, secure=self._is_secure, httponly=True, samesite="Lax")

    def _write(self, name: str, content: dict[str, Any]) -> str:
        plain = json.dumps(content, separators=(",", ":")).encode()
        padded = plain.ljust(-(-len(plain) // _STEP_BYTES) * _STEP_BYTES)
        return base64.urlsafe_b64encode(seal(self._key, padded, name.encode())).decode()

    def _read(self, name: str, cookie: str) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(unseal(self._key, base64.urlsafe_b64decode(cookie), name.encode()))
        except (DomainError, ValueError):
            return {}
        return content


def area(path: str) -> str:
    """Whose address it is: its first part."""
    return path.split("/", 2)[1] if path.startswith("/") else ""
