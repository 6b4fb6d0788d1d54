"""The session as a sealed cookie: nothing is kept on the server, and the browser sees noise of a round length.

Flask's own cookie is signed but readable; ours holds the secrets that find a response (spec 8).
"""

from __future__ import annotations

import base64
import json
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SessionInterface, SessionMixin

from app.adapters.sealing import seal, unseal
from app.domain.errors import DomainError

COOKIE = "must"
_STEP_BYTES = 256
_BOUND_TO = b"session"


class SealedSession(SessionInterface):
    """`key` seals the cookie. The cookie lives as long as the browser's session; what is in it has its own times."""

    def __init__(self, key: bytes, *, is_secure: bool) -> None:
        self._key = key
        self._is_secure = is_secure

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        cookie = request.cookies.get(COOKIE)
        return SecureCookieSession(self._read(cookie) if cookie else {})

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        response.vary.add("Cookie")
        if not session.modified:
            return
        if not session:
            response.delete_cookie(COOKIE, secure=self._is_secure, httponly=True, samesite="Lax")
            return
        response.set_cookie(COOKIE, self._write(dict(session)), secure=self._is_secure, httponly=True, samesite="Lax")

    def _write(self, content: dict[str, Any]) -> str:
        plain = json.dumps(content, separators=(",", ":")).encode()
        padded = plain.ljust(-(-len(plain) // _STEP_BYTES) * _STEP_BYTES)
        return base64.urlsafe_b64encode(seal(self._key, padded, _BOUND_TO)).decode()

    def _read(self, cookie: str) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(unseal(self._key, base64.urlsafe_b64decode(cookie), _BOUND_TO))
        except (DomainError, ValueError):
            return {}
        return content
