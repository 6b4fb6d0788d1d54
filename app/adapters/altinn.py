"""Who may act for which organisation, as Altinn knows it.

A signed grant gives a token from Maskinporten, Altinn exchanges it for one of its own, and that opens the list of
parties that a person is authorised for. Whatever goes wrong is a DomainError ``rights.…`` whose values are words of
our own: no number, name or token is ever in one, nor in a log. The number of the person travels in the content of a
request, never in an address.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from app.adapters.asking import Answer, Line, as_object
from app.adapters.id_porten import read_private_key
from app.domain.errors import DomainError
from app.domain.identifiers import check_organisation_number
from app.domain.rights import Representation, Right

ALTINN_URL = "https://platform.altinn.no"
MASKINPORTEN_ISSUER = "https://maskinporten.no/"
SCOPE = "altinn:accessmanagement/authorizedparties.resourceowner"
ORDER = frozenset({"LOPER", "ansettelsesforhold"})
"""What lets somebody order: the role "Lønn og personalmedarbeider", or the access package for employment, one of
those that its services are moved to."""
SIGN = frozenset({"DAGL", "daglig-leder", "LEDE", "styreleder", "SISKD"})
"""What lets somebody sign: head of the organisation or of its board, by old code and new, and "Begrenset
signeringsrettighet"; no access package has followed that role."""
EXCHANGE = "/authentication/api/v1/exchange/maskinporten"
PARTIES = "/accessmanagement/api/v1/resourceowner/authorizedparties"
ASKED = {
    "includeAltinn2": "true",
    "includeAltinn3": "true",
    "includeRoles": "true",
    "includeAccessPackages": "true",
    "includeResources": "false",
    "includeInstances": "false",
}
GRANT_LASTS = 60
"""Seconds. Maskinporten accepts 120."""
MARGIN = 30
"""Seconds before its end when a token is not used any more."""
LONGEST_KEPT = 3600
_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
_OAUTH_ERRORS = frozenset(
    {"invalid_request", "invalid_client", "invalid_grant", "invalid_scope", "unauthorized_client", "server_error"}
)
"""What may be repeated in a log; anything else in an answer may hold anything."""
_Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class AltinnRegistration:
    """What this installation is at Maskinporten and Altinn, and which names there mean which right here."""

    client_id: str
    private_key: RSAKey = field(repr=False)
    subscription_key: str | None = field(default=None, repr=False)
    issuer: str = MASKINPORTEN_ISSUER
    scope: str = SCOPE
    url: str = ALTINN_URL
    order: Set[str] = ORDER
    """Roles and access packages, in any case, with or without their urn."""
    sign: Set[str] = SIGN

    @property
    def token_endpoint(self) -> str:
        return f"{self.issuer.rstrip('/')}/token"


def read_signing_key(text: str) -> RSAKey:
    """The private JWK in `text`, under the name that Maskinporten knows it by; ValueError without its content."""
    key = read_private_key(text)
    if not isinstance(key, RSAKey) or not key.kid:
        raise ValueError("no RSA key with a kid")
    return key


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    ends_at: float


class Altinn:
    """Altinn as one registered installation sees it. May be used by many threads."""

    def __init__(self, registration: AltinnRegistration, line: Line | None = None) -> None:
        self.registration = registration
        self._line = line or Line("rights.unavailable")
        self._url = registration.url.rstrip("/")
        self._grants = {
            Right.ORDER: frozenset(map(_short, registration.order)),
            Right.SIGN: frozenset(map(_short, registration.sign)),
        }
        self._token: _Token | None = None

    def rights_of(self, identity_number: str, now: datetime) -> tuple[Representation, ...]:
        """The organisations and sub-units that a person has a right in, in Altinn's order.

        DomainError ``rights.unavailable``, or ``rights.refused`` when it is we who may not ask.
        """
        started = time.monotonic()

        def clock() -> float:
            """A grant is judged by the second: what slow answers take counts."""
            return now.timestamp() + time.monotonic() - started

        answer = self._ask_for_parties(identity_number, self._valid_token(clock))
        if answer.status == 401:
            self._token = None
            answer = self._ask_for_parties(identity_number, self._valid_token(clock))
        try:
            return _representations(_json(self._accepted(answer, "parties"), list), self._grants)
        except ValueError:
            raise self._line.fault("parties format") from None

    def _ask_for_parties(self, identity_number: str, token: str) -> Answer:
        parts = {
            "headers": {**self._headers(token), **self._subscription()},
            "params": ASKED,
            "json": {"type": "urn:altinn:person:identifier-no", "value": identity_number},
        }
        return self._line.ask("POST", f"{self._url}{PARTIES}", lambda: parts)

    # Tokens.

    def _valid_token(self, clock: _Clock) -> str:
        token = self._token
        if token is None or clock() >= token.ends_at - MARGIN:
            token = self._token = self._new_token(clock)
        return token.text

    def _new_token(self, clock: _Clock) -> _Token:
        granted, lasts = self._maskinporten_token(clock)
        parts = {"headers": {**self._headers(granted), **self._subscription()}}
        answer = self._accepted(self._line.ask("GET", f"{self._url}{EXCHANGE}", lambda: parts), "exchange")
        try:
            text = _checked_token(answer.body.decode("ascii").strip().strip('"'))
        except ValueError:
            raise self._line.fault("exchange format") from None
        ends_at = _end_of(text)
        at = clock()
        return _Token(text, min(at + lasts if ends_at is None else ends_at, at + LONGEST_KEPT))

    def _maskinporten_token(self, clock: _Clock) -> tuple[str, int]:
        """The token, and for how many seconds it is good."""
        answer = self._line.ask(
            "POST",
            self.registration.token_endpoint,
            lambda: {
                "headers": {"Accept": "application/json"},
                "data": {"grant_type": _GRANT_TYPE, "assertion": self._grant(clock)},
            },
        )
        try:
            granted = _json(self._accepted(answer, "token"), dict)
            lasts = granted.get("expires_in")
            return _checked_token(granted.get("access_token")), min(lasts, LONGEST_KEPT) if isinstance(
                lasts, int
            ) else 0
        except ValueError:
            raise self._line.fault("token format") from None

    def _grant(self, clock: _Clock) -> str:
        """What asks Maskinporten for a token, signed; good once and for a minute."""
        ours, issued_at = self.registration, int(clock())
        claims = {
            "aud": ours.issuer,
            "iss": ours.client_id,
            "scope": ours.scope,
            "iat": issued_at,
            "exp": issued_at + GRANT_LASTS,
            "jti": secrets.token_urlsafe(16),
        }
        return jwt.encode({"alg": "RS256", "kid": ours.private_key.kid}, claims, ours.private_key)

    # Requests and answers.

    def _headers(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}", "Accept": "application/json, text/plain"}

    def _subscription(self) -> dict[str, str]:
        key = self.registration.subscription_key
        return {"Ocp-Apim-Subscription-Key": key} if key else {}

    def _accepted(self, answer: Answer, step: str) -> Answer:
        if answer.status == 200:
            return answer
        reason = f"{step} {answer.status}"
        if 400 <= answer.status < 500:
            raise DomainError("rights.refused", reason=f"{reason} {_oauth_error(answer)}".strip())
        raise self._line.fault(reason)


def _representations(parties: list[object], grants: Mapping[Right, Set[str]]) -> tuple[Representation, ...]:
    """Each organisation once, with what its places in the list give together."""
    found: dict[str, Representation] = {}
    for party in _with_sub_units(parties):
        rights = _rights_in(party, grants)
        number = _number_of(party)
        if rights and number:
            known = found.get(number)
            found[number] = Representation(
                number, str(party.get("name") or ""), rights | (known.rights if known else set())
            )
    return tuple(found.values())


def _with_sub_units(parties: list[object]) -> Iterator[dict[str, Any]]:
    waiting = parties[::-1]
    while waiting:
        party = as_object(waiting.pop())
        waiting += _list_in(party, "subunits")[::-1]
        yield party


def _rights_in(party: Mapping[str, Any], grants: Mapping[Right, Set[str]]) -> Set[Right]:
    """None in what is deleted, and none where an organisation is listed only as the parent of another."""
    if party.get("isDeleted") or party.get("onlyHierarchyElementWithNoAccess"):
        return frozenset()
    names = [*_list_in(party, "authorizedRoles"), *_list_in(party, "authorizedAccessPackages")]
    held = {_short(name) for name in names if isinstance(name, str)}
    return frozenset(right for right, granting in grants.items() if held & granting)


def _number_of(party: Mapping[str, Any]) -> str | None:
    """None for a person, and for what no order could name."""
    number = party.get("organizationNumber")
    try:
        return check_organisation_number(number) if isinstance(number, str) else None
    except DomainError:
        return None


def _list_in(party: Mapping[str, Any], name: str) -> list[object]:
    """Null where there is nothing; ValueError for what is neither."""
    found = party.get(name) or []
    if not isinstance(found, list):
        raise ValueError(name)
    return found


def _short(name: str) -> str:
    """``urn:altinn:rolecode:LOPER`` and ``LOPER`` are the same role."""
    return name.rpartition(":")[2].casefold()


def _json(answer: Answer, kind: type[Any]) -> Any:
    document = answer.json()
    if not isinstance(document, kind):
        raise ValueError("kind")
    return document


def _checked_token(text: object) -> str:
    """ValueError for what cannot be a token, and could be anything in a header."""
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        raise ValueError("token")
    return text


def _end_of(token: str) -> float | None:
    """When a token says that it ends; whether it is genuine is for Altinn to judge."""
    try:
        _, payload, _ = token.split(".")
        end = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]
        return end if isinstance(end, int) else None
    except (ValueError, TypeError, KeyError):
        return None


def _oauth_error(answer: Answer) -> str:
    try:
        error = as_object(answer.json()).get("error")
    except ValueError:
        return ""
    return error if isinstance(error, str) and error in _OAUTH_ERRORS else ""
