"""Maskinporten, Altinn and the register of entities in one: honest and strict until a test tells it to fail."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

CLIENT_ID = "must-at-maskinporten"
CLIENT_KEY = RSAKey.generate_key(2048, {"kid": "client", "use": "sig"})
STRANGER = RSAKey.generate_key(2048, {"kid": "client", "use": "sig"})
"""Somebody else's key under the same name."""
SERVER_KEY = RSAKey.generate_key(2048, {"kid": "server", "use": "sig"})
SUBSCRIPTION = "a-subscription-key"
SCOPE = "altinn:accessmanagement/authorizedparties.resourceowner"
TOKEN = "/token"
EXCHANGE = "/authentication/api/v1/exchange/maskinporten"
PARTIES = "/accessmanagement/api/v1/resourceowner/authorizedparties"
REGISTER = "/enhetsregisteret/api"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    path: str
    headers: Mapping[str, str]
    params: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


def reply(content: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


def party(number: str | None, name: str, *roles: str, packages: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """As Altinn describes one; `more` overrides."""
    return {
        "partyUuid": "00000000-0000-0000-0000-000000000001",
        "name": name,
        "organizationNumber": number,
        "parentId": None,
        "personId": None,
        "dateOfBirth": None,
        "partyId": 1,
        "type": "Organization",
        "unitType": "ORGL",
        "isDeleted": False,
        "onlyHierarchyElementWithNoAccess": False,
        "authorizedAccessPackages": list(packages),
        "authorizedResources": [],
        "authorizedRoles": list(roles),
        "authorizedInstances": [],
        "subunits": [],
        **more,
    }


class Server:
    """What it knows and how it misbehaves are plain attributes; `seen` is every request in order."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.address = ""
        self.now = now
        self.parties: dict[str, object] = {}
        """Identity number -> what Altinn answers."""
        self.entities: dict[str, dict[str, Any]] = {}
        self.sub_units: dict[str, dict[str, Any]] = {}
        self.page_size: int | None = None
        """Smaller than what is asked for, to have several pages."""
        self.scopes = {SCOPE}
        self.token_lasts: object = 120
        self.altinn_lasts = 1800
        self.ahead = 0
        """Seconds by which Altinn's clock is ahead of everybody's."""
        self.quotes_token = False
        self.first: dict[str, list[Reply]] = {}
        """Path -> what is answered instead, one each time, before it becomes honest."""
        self.always: dict[str, Reply] = {}
        self.hangs: dict[str, int] = {}
        """Path -> how many times it does not answer."""
        self.revoked: set[str] = set()
        self.seen: list[Asked] = []
        self.released = threading.Event()
        self._jtis: set[str] = set()

    @property
    def issuer(self) -> str:
        return f"{self.address}/"

    def n_seen(self, path: str) -> int:
        return sum(asked.path == path for asked in self.seen)

    def last(self, path: str) -> Asked:
        return next(asked for asked in reversed(self.seen) if asked.path == path)

    def revoke_all(self) -> None:
        """No token handed out so far opens anything any more."""
        self.revoked.update(asked.headers.get("Authorization", "") for asked in self.seen)

    def answer(self, asked: Asked) -> Reply:
        self.seen.append(asked)
        if self.hangs.get(asked.path, 0) > 0:
            self.hangs[asked.path] -= 1
            self.released.wait(10)
        if self.first.get(asked.path):
            return self.first[asked.path].pop(0)
        if asked.path in self.always:
            return self.always[asked.path]
        if asked.path.startswith(REGISTER):
            return self._register(asked)
        pages = {TOKEN: self._maskinporten, EXCHANGE: self._exchange, PARTIES: self._parties}
        return pages[asked.path](asked) if asked.path in pages else Reply(404)

    # Maskinporten.

    def _maskinporten(self, asked: Asked) -> Reply:
        fault = self._fault_of(asked.form)
        if fault:
            return reply({"error": fault, "error_description": "a description that names 01814000008"}, 400)
        token = self._signed("maskinporten", 120)
        return reply({"access_token": token, "token_type": "Bearer", "expires_in": self.token_lasts, "scope": SCOPE})

    def _fault_of(self, form: Mapping[str, str]) -> str | None:
        if form.get("grant_type") != GRANT_TYPE:
            return "unsupported_grant_type"
        try:
            found = jwt.decode(form["assertion"], CLIENT_KEY, ["RS256"])
        except (JoseError, ValueError, KeyError):
            return "invalid_grant"
        claims, now = found.claims, self.now()
        is_good = (
            found.header.get("kid") == "client"
            and claims["iss"] == CLIENT_ID
            and claims["aud"] == self.issuer
            and claims["exp"] - claims["iat"] <= 120
            and abs(claims["iat"] - now) <= 10
            and claims["exp"] > now
            and claims["jti"] not in self._jtis
        )
        self._jtis.add(claims["jti"])
        if not is_good:
            return "invalid_grant"
        return None if set(claims["scope"].split()) <= self.scopes else "invalid_scope"

    # Altinn.

    def _exchange(self, asked: Asked) -> Reply:
        if not self._opens(asked, "maskinporten"):
            return Reply(401)
        token = self._signed("altinn", self.ahead + self.altinn_lasts)
        return Reply(200, json.dumps(token).encode() if self.quotes_token else token.encode())

    def _parties(self, asked: Asked) -> Reply:
        if not self._opens(asked, "altinn"):
            return Reply(401)
        if asked.headers.get("Ocp-Apim-Subscription-Key") != SUBSCRIPTION:
            return Reply(403)
        wanted = json.loads(asked.body)
        if wanted["type"] != "urn:altinn:person:identifier-no":
            return Reply(400)
        return reply(self.parties.get(wanted["value"], []))

    def _opens(self, asked: Asked, issuer: str) -> bool:
        """Whether the request carries a token of `issuer` that has not ended."""
        header = asked.headers.get("Authorization", "")
        if header in self.revoked:
            return False
        try:
            claims = jwt.decode(header.removeprefix("Bearer "), SERVER_KEY, ["RS256"]).claims
        except (JoseError, ValueError):
            return False
        return bool(claims["iss"] == issuer and claims["exp"] > self.now() + self.ahead)

    def _signed(self, issuer: str, lasts: int) -> str:
        claims = {"iss": issuer, "exp": int(self.now()) + lasts, "jti": secrets.token_urlsafe(8)}
        return jwt.encode({"alg": "RS256", "kid": "server"}, claims, SERVER_KEY)

    # The register of entities.

    def _register(self, asked: Asked) -> Reply:
        kind, _, number = asked.path.removeprefix(f"{REGISTER}/").partition("/")
        known = self.entities if kind == "enheter" else self.sub_units
        if not number:
            return self._page(asked.params)
        return reply(known[number]) if number in known else Reply(404)

    def _page(self, params: Mapping[str, str]) -> Reply:
        size, page = self.page_size or int(params["size"]), int(params["page"])
        units = [unit for unit in self.sub_units.values() if unit["overordnetEnhet"] == params["overordnetEnhet"]]
        shown = units[page * size : (page + 1) * size]
        content: dict[str, Any] = {"_embedded": {"underenheter": shown}} if shown else {}
        numbers = {"size": size, "number": page, "totalElements": len(units), "totalPages": -(-len(units) // size)}
        return reply({**content, "page": numbers})


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that stops reading is what some tests are about."""


@contextmanager
def running(server: Server) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            where = urlsplit(self.path)
            asked = Asked(where.path, dict(self.headers), dict(parse_qsl(where.query)), self.rfile.read(length))
            answer = server.answer(asked)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    listening = _Quiet(("127.0.0.1", 0), Handler)
    server.address = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        listening.shutdown()
        thread.join()
        listening.server_close()
