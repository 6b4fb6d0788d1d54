"""Login through ID-porten, or any other OpenID Connect provider: the authorization code flow, all of it checked.

Whatever goes wrong is a DomainError ``login.…`` whose values are words of our own. No number, name, code or token is
ever in one, nor in what it was raised from.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey, import_key

from app.domain.errors import DomainError

ACR_LEVELS = ("idporten-loa-low", "idporten-loa-substantial", "idporten-loa-high")
"""How surely a login says who somebody is, in rising order."""
ALGORITHMS = ("RS256", "PS256", "ES256")
CLAIMS = ("pid", "sub")
"""What a person may be known by: the national identity number, or the provider's own name for the person here."""
SKEW = timedelta(seconds=60)
STARTED_FOR = timedelta(minutes=10)
"""How long somebody may take at the provider."""
METADATA_FOR = timedelta(hours=1)
TIMEOUTS = (3.0, 8.0)
"""Seconds to connect, and for each answer."""
_ASSERTION_FOR = timedelta(seconds=60)
PrivateKey = RSAKey | ECKey
_OAUTH_ERRORS = frozenset(
    {"invalid_request", "invalid_client", "invalid_grant", "invalid_scope", "unauthorized_client", "server_error"}
)
"""What may be repeated in a log; anything else that a provider says may hold anything."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What this installation is at the provider, and what it asks for. One of the two secrets is set."""

    issuer: str
    client_id: str
    secret: str | None = field(repr=False)
    private_key: PrivateKey | None = field(repr=False)
    scope: str
    acr: str
    """The weakest login that is accepted, one of ACR_LEVELS."""
    claim: str


@dataclass(frozen=True, slots=True)
class StartedLogin:
    """What a browser keeps, sealed, while its visitor is at the provider. Good for one answer."""

    purpose: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    at: float
    """Seconds since 1970."""

    def check(self, state: str | None, now: datetime) -> None:
        """Whether an answer with `state` is an answer to this; DomainError ``login.not_started``."""
        if not hmac.compare_digest(self.state.encode(), (state or "").encode()):
            raise DomainError("login.not_started")
        if not 0 <= now.timestamp() - self.at <= STARTED_FOR.total_seconds():
            raise DomainError("login.not_started")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who logged in."""

    number: str = field(repr=False)
    """The claim that was asked for, as it came."""
    name: str = field(repr=False)
    """Empty where the provider gives none."""
    session_hash: str
    """Names the login at the provider, for front-channel logout; empty where the provider does not."""


@dataclass(frozen=True, slots=True)
class _Metadata:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    par_endpoint: str | None
    end_session_endpoint: str | None
    auth_methods: tuple[str, ...]
    says_issuer: bool


def read_private_key(text: str) -> PrivateKey:
    """The private JWK in `text`; ValueError for anything else, without its content."""
    try:
        key = import_key(dict(json.loads(text)))
    except (JoseError, ValueError, TypeError, KeyError):
        raise ValueError("no key in JWK format") from None
    if not isinstance(key, RSAKey | ECKey) or not key.is_private:
        raise ValueError("no private key of type RSA or EC")
    return key


def start_login(purpose: str, now: datetime) -> StartedLogin:
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return StartedLogin(purpose, state, nonce, verifier, now.timestamp())


def hash_session(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()[:32]


class IdPorten:
    """One provider as one registered installation sees it. May be used by many threads."""

    def __init__(self, registration: Registration, timeouts: tuple[float, float] = TIMEOUTS) -> None:
        self.registration = registration
        self._timeouts = timeouts
        self._documents: dict[str, tuple[datetime, dict[str, Any]]] = {}

    def address_for(self, started: StartedLogin, *, return_to: str, language: str, now: datetime) -> str:
        """Where to send the visitor; DomainError ``login.unavailable``."""
        metadata = self._metadata(now)
        asked = {
            "response_type": "code",
            "client_id": self.registration.client_id,
            "redirect_uri": return_to,
            "scope": self.registration.scope,
            "state": started.state,
            "nonce": started.nonce,
            "code_challenge": create_s256_code_challenge(started.verifier),
            "code_challenge_method": "S256",
            "acr_values": self.registration.acr,
            "ui_locales": language,
        }
        if metadata.par_endpoint:
            asked = {
                "client_id": self.registration.client_id,
                "request_uri": self._push(metadata, metadata.par_endpoint, asked, now),
            }
        return _with(metadata.authorization_endpoint, asked)

    def finish(self, started: StartedLogin, answer: Mapping[str, str], *, return_to: str, now: datetime) -> Identity:
        """Who came back with `answer`, the parameters of the address that the provider sent the visitor to.

        DomainError ``login.not_started`` for an answer to something else, ``login.cancelled``, ``login.unavailable``,
        ``login.refused`` when the provider's word cannot be trusted, ``login.too_weak``, ``login.no_number``.
        """
        started.check(answer.get("state"), now)
        metadata = self._metadata(now)
        self._check_answer(metadata, answer)
        token = self._exchange(metadata, answer["code"], started, return_to, now)
        claims = self._verified(metadata, token, now)
        self._check_claims(claims, started)
        return self._identity(claims)

    def logout_address(self, *, return_to: str, state: str, now: datetime) -> str | None:
        """Where to send the visitor to end the login at the provider too, if it offers that.

        With the client's name instead of `id_token_hint`: the token holds the identity number, and would be in an
        address.
        """
        endpoint = self._metadata(now).end_session_endpoint
        asked = {"client_id": self.registration.client_id, "post_logout_redirect_uri": return_to, "state": state}
        return _with(endpoint, asked) if endpoint else None

    # What the provider publishes.

    def _metadata(self, now: datetime) -> _Metadata:
        issuer = self.registration.issuer
        found = self._document(f"{issuer.rstrip('/')}/.well-known/openid-configuration", now)
        if found.get("issuer") != issuer:
            raise DomainError("login.refused", reason="issuer of the metadata")
        methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return _Metadata(
            self._endpoint(found, "authorization_endpoint"),
            self._endpoint(found, "token_endpoint"),
            self._endpoint(found, "jwks_uri"),
            self._endpoint(found, "pushed_authorization_request_endpoint", is_needed=False) or None,
            self._endpoint(found, "end_session_endpoint", is_needed=False) or None,
            tuple(str(method) for method in methods) if isinstance(methods, list) else (),
            found.get("authorization_response_iss_parameter_supported") is True,
        )

    def _endpoint(self, found: Mapping[str, Any], name: str, *, is_needed: bool = True) -> str:
        """An address from the metadata, as well protected on its way as the issuer's own."""
        address = found.get(name) or ""
        scheme = self.registration.issuer.partition("://")[0]
        if not address and not is_needed:
            return ""
        if not isinstance(address, str) or not address.startswith(("https://", f"{scheme}://")):
            raise DomainError("login.unavailable", reason=name)
        return address

    def _keys(self, metadata: _Metadata, now: datetime, *, afresh: bool = False) -> KeySet:
        document = self._document(metadata.jwks_uri, now, afresh=afresh)
        try:
            return KeySet.import_key_set(document)  # type: ignore[arg-type]  # checked by the library
        except (JoseError, ValueError, KeyError, TypeError):
            raise DomainError("login.unavailable", reason="jwks") from None

    def _document(self, address: str, now: datetime, *, afresh: bool = False) -> dict[str, Any]:
        """A JSON object from the provider, fetched once an hour, or `afresh`."""
        at, document = self._documents.get(address, (None, {}))
        if afresh or at is None or not timedelta(0) <= now - at < METADATA_FOR:
            with _telling_faults():
                answer = requests.get(address, timeout=self._timeouts, allow_redirects=False)
                document = _json_object(answer, expected=200)
            self._documents[address] = (now, document)
        return document

    # What is said to the provider without the visitor.

    def _client(self, metadata: _Metadata, now: datetime) -> OAuth2Session:
        ours = self.registration
        if ours.private_key is None:
            return OAuth2Session(ours.client_id, ours.secret, token_endpoint_auth_method=_password_method(metadata))
        assertion = self._assertion(ours.private_key, now)
        client = OAuth2Session(ours.client_id, ours.private_key, token_endpoint_auth_method=assertion.name)
        client.register_client_auth_method(assertion)
        return client

    def _assertion(self, key: PrivateKey, now: datetime) -> PrivateKeyJWT:
        """Made for one request, and addressed to the issuer: no endpoint can use it anywhere else."""
        issued_at = int(now.timestamp())
        header = {"kid": key.kid} if key.kid else {}
        return PrivateKeyJWT(
            self.registration.issuer,
            claims={"iat": issued_at, "exp": issued_at + int(_ASSERTION_FOR.total_seconds())},
            headers=header,
            alg=key.alg or ("ES256" if isinstance(key, ECKey) else "RS256"),
        )

    def _push(self, metadata: _Metadata, endpoint: str, asked: Mapping[str, str], now: datetime) -> str:
        """Hand the request over without the visitor (PAR, RFC 9126); what to send the visitor with instead."""
        with _telling_faults(), self._client(metadata, now) as client:
            answer = client.post(
                endpoint,
                data=asked,
                auth=client.client_auth(client.token_endpoint_auth_method),
                withhold_token=True,
                timeout=self._timeouts,
                allow_redirects=False,
            )
            request_uri = _json_object(answer, expected=201).get("request_uri")
        if not isinstance(request_uri, str):
            raise DomainError("login.unavailable", reason="request_uri")
        return request_uri

    def _exchange(self, metadata: _Metadata, code: str, started: StartedLogin, return_to: str, now: datetime) -> str:
        """The ID token that `code` stands for. The access token is thrown away: it opens nothing that we need."""
        with _telling_faults(), self._client(metadata, now) as client:
            tokens = client.fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=started.verifier,
                redirect_uri=return_to,
                timeout=self._timeouts,
                allow_redirects=False,
            )
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise DomainError("login.refused", reason="id_token")
        return token

    # What the provider says.

    def _check_answer(self, metadata: _Metadata, answer: Mapping[str, str]) -> None:
        """That it comes from this provider and no other (RFC 9207), and is no refusal."""
        issuer = answer.get("iss")
        if issuer != self.registration.issuer and (issuer is not None or metadata.says_issuer):
            raise DomainError("login.refused", reason="iss of the answer")
        if answer.get("error") == "access_denied":
            raise DomainError("login.cancelled")
        if "error" in answer:
            raise DomainError("login.unavailable", reason=_known(answer["error"]))
        if not answer.get("code"):
            raise DomainError("login.refused", reason="code")

    def _verified(self, metadata: _Metadata, token: str, now: datetime) -> dict[str, Any]:
        """The claims of an ID token that the provider signed; an unknown key is looked for once more."""
        try:
            try:
                found = jwt.decode(token, self._keys(metadata, now), ALGORITHMS)
            except InvalidKeyIdError:
                found = jwt.decode(token, self._keys(metadata, now, afresh=True), ALGORITHMS)
            self._claims(now).validate(found.claims)
        except JoseError as error:
            raise DomainError("login.refused", reason=_about(error)) from None
        except (ValueError, TypeError):
            raise DomainError("login.refused", reason="format of the token") from None
        return dict(found.claims)

    def _claims(self, now: datetime) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=int(SKEW.total_seconds()),
            iss={"essential": True, "value": self.registration.issuer},
            sub={"essential": True},
            aud={"essential": True, "value": self.registration.client_id},
            exp={"essential": True},
            iat={"essential": True},
        )

    def _check_claims(self, claims: Mapping[str, Any], started: StartedLogin) -> None:
        """That the token is for us alone, answers this very login, and says surely enough who it is."""
        client_id = self.registration.client_id
        if claims["aud"] not in (client_id, [client_id]) or claims.get("azp", client_id) != client_id:
            raise DomainError("login.refused", reason="aud or azp")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), started.nonce.encode()):
            raise DomainError("login.refused", reason="nonce")
        acr = claims.get("acr")
        if acr not in ACR_LEVELS or ACR_LEVELS.index(acr) < ACR_LEVELS.index(self.registration.acr):
            raise DomainError("login.too_weak")

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        number, name, session_id = (claims.get(claim) for claim in (self.registration.claim, "name", "sid"))
        if not isinstance(number, str) or not number:
            raise DomainError("login.no_number")
        return Identity(
            number,
            name if isinstance(name, str) else "",
            hash_session(session_id) if isinstance(session_id, str) and session_id else "",
        )


def _password_method(metadata: _Metadata) -> str:
    """In a header, unless the provider takes a secret in the form only."""
    offered = set(metadata.auth_methods) & {"client_secret_basic", "client_secret_post"}
    return "client_secret_post" if offered == {"client_secret_post"} else "client_secret_basic"


@contextmanager
def _telling_faults() -> Iterator[None]:
    """Every fault of a request as one of ours, without what was sent or answered."""
    try:
        yield
    except OAuthError as error:
        code = "login.refused" if error.error == "invalid_grant" else "login.unavailable"
        raise DomainError(code, reason=_known(error.error)) from None
    except (requests.RequestException, ValueError) as error:
        raise DomainError("login.unavailable", reason=type(error).__name__) from None


def _json_object(answer: requests.Response, *, expected: int) -> dict[str, Any]:
    """ValueError for anything else."""
    if answer.status_code != expected:
        raise ValueError("status")
    document = answer.json()
    if not isinstance(document, dict):
        raise ValueError("no object")
    return document


def _about(error: JoseError) -> str:
    """What the library objects to, and which claim; never a value."""
    return f"{type(error).__name__} {getattr(error, 'claim', '')}".strip()


def _known(error: object) -> str:
    return error if isinstance(error, str) and error in _OAUTH_ERRORS else "another error"


def _with(address: str, asked: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"
