"""An OpenID Connect provider that does everything right until a test tells it to lie."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

Claims = dict[str, Any]
Signer = Callable[["Provider", Claims], str]

CLIENT_ID = "must-test"
SECRET = "a-secret-of-the-client"
SUB = "pairwise-name-of-the-person"
NAME = "Ågot Prøvesen"
SESSION_ID = "a-session-at-the-provider"
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
"""Somebody else's key under the same name."""
NEW = RSAKey.generate_key(2048, {"kid": "new", "use": "sig"})
CLIENT_KEY = ECKey.generate_key("P-256", {"kid": "client", "use": "sig", "alg": "ES256"})


def segment(content: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def signed(key: RSAKey | ECKey = RSA, alg: str = "RS256", **header: Any) -> Signer:
    full = {"alg": alg, "kid": key.kid, **header}
    header = {name: value for name, value in full.items() if value is not None}
    return lambda _, claims: jwt.encode(header, claims, key, algorithms=[alg])


def unsigned(_: Provider, claims: Claims) -> str:
    return f"{segment({'alg': 'none', 'kid': 'rsa'})}.{segment(claims)}."


def signed_with_public_key(_: Provider, claims: Claims) -> str:
    """The old confusion: what everybody may know is taken for a shared secret."""
    content = f"{segment({'alg': 'HS256', 'kid': 'rsa'})}.{segment(claims)}"
    mac = hmac.new(RSA.as_pem(private=False), content.encode(), hashlib.sha256).digest()
    return f"{content}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def changed_afterwards(provider: Provider, claims: Claims) -> str:
    header, _, signature = signed()(provider, claims).split(".")
    return f"{header}.{segment({**claims, 'name': 'Somebody Else'})}.{signature}"


class Provider:
    """`now` is its clock, in seconds since 1970. A None in `claims`, `metadata` or `answer` leaves that out."""

    def __init__(self, pid: str, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self.issuer = ""
        self.user: Claims = {"sub": SUB, "pid": pid, "name": NAME, "acr": "idporten-loa-substantial", "sid": SESSION_ID}
        self.keys: list[RSAKey | ECKey] = [RSA, EC]
        self.sign: Signer = signed()
        self.claims: Claims = {}
        self.metadata: Claims = {}
        self.answer: dict[str, str | None] = {}
        self.replies: dict[str, tuple[int, str]] = {}
        """Path -> what is answered there instead."""
        self.hangs: set[str] = set()
        self.seen: list[tuple[str, dict[str, str]]] = []
        """Path and parameters of every request, in order."""
        self.released = threading.Event()
        self._pushed: dict[str, dict[str, str]] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self._assertions: set[str] = set()

    def n_seen(self, path: str) -> int:
        return sum(seen == path for seen, _ in self.seen)

    def last(self, path: str) -> dict[str, str]:
        return next(asked for seen, asked in reversed(self.seen) if seen == path)

    def reply(self, request: Request) -> Response:
        self.seen.append((request.path, request.values.to_dict()))
        if request.path in self.hangs:
            self.released.wait(10)
        if request.path in self.replies:
            status, body = self.replies[request.path]
            return Response(body, status, {"Location": body}, mimetype="application/json")
        pages = {
            "/.well-known/openid-configuration": self._configuration,
            "/jwks": self._jwks,
            "/par": self._par,
            "/authorize": self._authorize,
            "/token": self._token,
            "/logout": self._logout,
        }
        return pages[request.path](request)

    def _configuration(self, _: Request) -> Response:
        metadata = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/logout",
            "pushed_authorization_request_endpoint": f"{self.issuer}/par",
            "authorization_response_iss_parameter_supported": True,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
        }
        return _json(_changed(metadata, self.metadata))

    def _jwks(self, _: Request) -> Response:
        return _json(dict(KeySet(list(self.keys)).as_dict()))

    def _par(self, request: Request) -> Response:
        if not self._is_client(request):
            return _json({"error": "invalid_client"}, 401)
        name = f"urn:ietf:params:oauth:request_uri:{secrets.token_urlsafe(8)}"
        self._pushed[name] = request.form.to_dict()
        return _json({"request_uri": name, "expires_in": 60}, 201)

    def _authorize(self, request: Request) -> Response:
        """Nobody is asked: the person is logged in, and sent back at once."""
        asked = self._pushed.pop(request.args["request_uri"]) if "request_uri" in request.args else request.args
        code = secrets.token_urlsafe(12)
        self._codes[code] = dict(asked)
        answer = _changed({"code": code, "state": asked["state"], "iss": self.issuer}, self.answer)
        return Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{urlencode(answer)}"})

    def _token(self, request: Request) -> Response:
        if not self._is_client(request):
            return _json({"error": "invalid_client"}, 401)
        asked = self._codes.pop(request.form["code"], None)
        if asked is None or not _proves(asked, request.form):
            return _json({"error": "invalid_grant"}, 400)
        now = int(self.now())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "nonce": asked["nonce"]}
        token = self.sign(self, _changed({**claims, **self.user}, self.claims))
        return _json({"access_token": "opens-nothing", "token_type": "Bearer", "id_token": token, "expires_in": 120})

    def _logout(self, request: Request) -> Response:
        back = f"{request.args['post_logout_redirect_uri']}?{urlencode({'state': request.args['state']})}"
        return Response(status=302, headers={"Location": back})

    def _is_client(self, request: Request) -> bool:
        if "client_assertion" in request.form:
            return self._is_asserted(request.form["client_assertion"])
        given = request.authorization
        pair = (given.username, given.password) if given else (request.form["client_id"], request.form["client_secret"])
        return pair == (CLIENT_ID, SECRET)

    def _is_asserted(self, assertion: str) -> bool:
        found = jwt.decode(assertion, CLIENT_KEY, ["ES256"])
        claims = found.claims
        is_fresh = claims["exp"] - claims["iat"] <= 120 and claims["jti"] not in self._assertions
        self._assertions.add(claims["jti"])
        names = {claims["iss"], claims["sub"]}
        return is_fresh and names == {CLIENT_ID} and claims["aud"] == self.issuer and found.header["kid"] == "client"


def _proves(asked: Mapping[str, str], form: Mapping[str, str]) -> bool:
    """PKCE, and that the exchange names the same place to return to."""
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return (asked["code_challenge"], asked["redirect_uri"]) == (challenge, form["redirect_uri"])


def _changed(honest: Mapping[str, Any], lies: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**honest, **lies}.items() if value is not None}


def _json(content: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(content), status, mimetype="application/json")


@contextmanager
def running(provider: Provider) -> Iterator[Provider]:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server("127.0.0.1", 0, Request.application(provider.reply), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        provider.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def parameters(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))
