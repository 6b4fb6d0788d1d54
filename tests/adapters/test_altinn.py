"""What Altinn is asked, what is understood of its answer, and what happens when there is none."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from app.adapters.altinn import GRANT_LASTS, SCOPE, Altinn, AltinnRegistration, read_signing_key
from app.adapters.asking import Line
from app.domain.errors import DomainError
from app.domain.identifiers import synthetic_identity_number
from app.domain.rights import Representation, Right
from tests.altinn.server import (
    CLIENT_ID,
    CLIENT_KEY,
    EXCHANGE,
    GRANT_TYPE,
    PARTIES,
    STRANGER,
    SUBSCRIPTION,
    TOKEN,
    Reply,
    Server,
    party,
    reply,
    running,
)

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
PID = synthetic_identity_number(7)
NAME = "Kari Prøvesen"
AGENCY, BRANCH, OTHER = "310000000", "974760673", "991825827"
BOTH = frozenset(Right)
ORDER = frozenset({Right.ORDER})
SIGN = frozenset({Right.SIGN})
STEPS = [TOKEN, EXCHANGE, PARTIES]


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No identity number, name or token in any log, whatever a test does."""
    caplog.set_level(logging.DEBUG)
    yield
    for record in caplog.get_records("call"):
        text = f"{record.getMessage()} {record.exc_text}"
        assert not any(secret in text for secret in (PID, NAME, "eyJ", SUBSCRIPTION))


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server(NOW.timestamp)) as server:
        server.parties[PID] = [
            party(None, NAME, "PRIV", "LOPER", type="Person", personId=PID),
            party(AGENCY, "Prøvetilsynet", "LOPER"),
        ]
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def line(waits: list[float]) -> Line:
    return Line("rights.unavailable", timeouts=(0.3, 0.3), sleep=waits.append)


@pytest.fixture
def ours(server: Server) -> AltinnRegistration:
    return AltinnRegistration(CLIENT_ID, CLIENT_KEY, SUBSCRIPTION, issuer=server.issuer, url=server.address)


@pytest.fixture
def altinn(ours: AltinnRegistration, line: Line) -> Altinn:
    return Altinn(ours, line)


def rights(altinn: Altinn, now: datetime = NOW) -> dict[str, frozenset[Right]]:
    return {held.organisation_number: frozenset(held.rights) for held in altinn.rights_of(PID, now)}


def failure(altinn: Altinn, now: datetime = NOW) -> str:
    with pytest.raises(DomainError) as caught:
        altinn.rights_of(PID, now)
    assert PID not in repr(caught.value)
    assert NAME not in repr(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


# What is asked.


def test_somebody_may_act_for_what_altinn_lists(altinn: Altinn) -> None:
    assert altinn.rights_of(PID, NOW) == (Representation(AGENCY, "Prøvetilsynet", ORDER),)


def test_number_travels_in_the_content_and_never_in_an_address(altinn: Altinn, server: Server) -> None:
    rights(altinn)
    asked = server.last(PARTIES)
    assert json.loads(asked.body) == {"type": "urn:altinn:person:identifier-no", "value": PID}
    assert asked.params["includeRoles"] == asked.params["includeAccessPackages"] == "true"
    assert not any(PID in f"{seen.path} {seen.params} {seen.headers}" for seen in server.seen)


def test_grant_says_who_asks_for_what_and_for_how_long(altinn: Altinn, server: Server) -> None:
    rights(altinn)
    form = server.last(TOKEN).form
    found = jwt.decode(form["assertion"], CLIENT_KEY, ["RS256"])
    assert form["grant_type"] == GRANT_TYPE
    assert found.header["kid"] == "client"
    assert found.claims["scope"] == SCOPE
    assert found.claims["exp"] - found.claims["iat"] == GRANT_LASTS <= 120
    assert set(found.claims) == {"aud", "iss", "scope", "iat", "exp", "jti"}


def test_secrets_are_in_no_representation(altinn: Altinn, ours: AltinnRegistration) -> None:
    rights(altinn)
    text = f"{ours!r} {altinn._token!r}"
    assert not any(secret in text for secret in (SUBSCRIPTION, "RSAKey", "eyJ"))


def test_installation_without_a_subscription_sends_no_key(ours: AltinnRegistration, line: Line, server: Server) -> None:
    altinn = Altinn(replace(ours, subscription_key=None), line)
    assert failure(altinn) == "rights.refused (reason=parties 403)"
    assert "Ocp-Apim-Subscription-Key" not in server.last(PARTIES).headers


def test_requests_are_logged_without_what_they_hold(altinn: Altinn, caplog: pytest.LogCaptureFixture) -> None:
    """`quiet` looks for it after every test; here there is something to look through."""
    rights(altinn)
    assert PARTIES in caplog.text


# What is understood.


@pytest.mark.parametrize("role", ["LOPER", "loper", "urn:altinn:rolecode:LOPER", "urn:altinn:rolecode:loper"])
def test_role_lets_somebody_order(altinn: Altinn, server: Server, role: str) -> None:
    server.parties[PID] = [party(AGENCY, "A", "UTINN", role)]
    assert rights(altinn) == {AGENCY: ORDER}


@pytest.mark.parametrize("package", ["ansettelsesforhold", "urn:altinn:accesspackage:ansettelsesforhold"])
def test_access_package_lets_somebody_order_as_the_role_does(altinn: Altinn, server: Server, package: str) -> None:
    server.parties[PID] = [party(AGENCY, "A", packages=("toll", package))]
    assert rights(altinn) == {AGENCY: ORDER}


@pytest.mark.parametrize(
    "role", ["DAGL", "LEDE", "SISKD", "urn:altinn:external-role:ccr:daglig-leder", "urn:altinn:rolecode:lede"]
)
def test_leader_or_holder_of_signing_rights_may_sign(altinn: Altinn, server: Server, role: str) -> None:
    server.parties[PID] = [party(AGENCY, "A", role)]
    assert rights(altinn) == {AGENCY: SIGN}


@pytest.mark.parametrize("role", ["REGNA", "MEDL", "KONT", "UTINN", "SIGNE", "LOPERA", "xLOPER", ""])
def test_other_roles_give_nothing(altinn: Altinn, server: Server, role: str) -> None:
    server.parties[PID] = [party(AGENCY, "A", role, packages=("toll", "lonn-personopplysninger-saerlig-kategori"))]
    assert rights(altinn) == {}


def test_installation_may_name_other_roles_and_packages(ours: AltinnRegistration, line: Line, server: Server) -> None:
    server.parties[PID] = [party(AGENCY, "A", "LOPER", "XYZ"), party(OTHER, "B", packages=("lonn",))]
    altinn = Altinn(replace(ours, order=frozenset({"urn:altinn:accesspackage:lonn"}), sign=frozenset({"xyz"})), line)
    assert rights(altinn) == {AGENCY: SIGN, OTHER: ORDER}


def test_sub_unit_is_included_where_the_person_has_the_right_there(altinn: Altinn, server: Server) -> None:
    branches = [party(BRANCH, "Avdeling", "DAGL"), party(OTHER, "En annen", "UTINN")]
    server.parties[PID] = [party(AGENCY, "A", "LOPER", subunits=branches)]
    assert rights(altinn) == {AGENCY: ORDER, BRANCH: SIGN}


def test_parent_that_is_listed_for_its_sub_unit_only_gives_nothing(altinn: Altinn, server: Server) -> None:
    branch = party(BRANCH, "Avdeling", "LOPER")
    server.parties[PID] = [
        party(AGENCY, "A", "LOPER", onlyHierarchyElementWithNoAccess=True, subunits=[branch]),
    ]
    assert rights(altinn) == {BRANCH: ORDER}


def test_deleted_organisations_and_sub_units_are_left_out(altinn: Altinn, server: Server) -> None:
    gone = party(BRANCH, "Avdeling", "LOPER", isDeleted=True)
    server.parties[PID] = [
        party(AGENCY, "A", "LOPER", subunits=[gone]),
        party(OTHER, "B", "LOPER", isDeleted=True),
    ]
    assert rights(altinn) == {AGENCY: ORDER}


def test_organisation_that_is_listed_twice_is_one(altinn: Altinn, server: Server) -> None:
    server.parties[PID] = [
        party(AGENCY, "A", "LOPER", subunits=[party(BRANCH, "B", "LOPER")]),
        party(BRANCH, "B", "DAGL"),
    ]
    assert rights(altinn) == {AGENCY: ORDER, BRANCH: BOTH}


@pytest.mark.parametrize("number", [None, "", "310000001", "31000000", 310000000, PID])
def test_what_has_no_organisation_number_is_left_out(altinn: Altinn, server: Server, number: Any) -> None:
    server.parties[PID] = [party(number, "?", "LOPER"), party(AGENCY, "A", "LOPER")]
    assert rights(altinn) == {AGENCY: ORDER}


def test_person_whom_altinn_lists_nothing_for_may_act_for_nobody(altinn: Altinn) -> None:
    assert altinn.rights_of(synthetic_identity_number(8), NOW) == ()


def test_lists_may_be_null_and_fields_may_be_missing(altinn: Altinn, server: Server) -> None:
    bare = {"organizationNumber": OTHER, "authorizedRoles": ["LOPER", None, 7], "subunits": None}
    server.parties[PID] = [party(AGENCY, "A", "LOPER", authorizedAccessPackages=None), bare, {}]
    assert altinn.rights_of(PID, NOW)[1] == Representation(OTHER, "", ORDER)


# Tokens.


def test_tokens_are_kept_until_shortly_before_they_end(altinn: Altinn, server: Server) -> None:
    rights(altinn)
    rights(altinn, NOW + timedelta(seconds=1760))
    assert server.n_seen(TOKEN) == server.n_seen(EXCHANGE) == 1
    later = NOW + timedelta(seconds=1771)
    server.now = later.timestamp
    rights(altinn, later)
    assert server.n_seen(TOKEN) == server.n_seen(EXCHANGE) == 2


@pytest.mark.parametrize("lasts", [10, 30])
def test_token_that_ends_soon_is_used_once(altinn: Altinn, server: Server, lasts: int) -> None:
    server.altinn_lasts = lasts
    rights(altinn)
    rights(altinn)
    assert server.n_seen(TOKEN) == 2


@pytest.mark.parametrize("text", ["opaque", "a.b.c", "e30.e30.e30", "e30.eyJleHAiOiJ4In0.e30", "e30.W10.e30"])
@pytest.mark.parametrize(("lasts", "n_tokens"), [(120, 1), (10**400, 1), (None, 2), ("x", 2)])
def test_token_that_does_not_say_when_it_ends_lasts_as_long_as_the_first(
    altinn: Altinn, server: Server, text: str, lasts: object, n_tokens: int
) -> None:
    server.token_lasts = lasts
    server.always[EXCHANGE] = Reply(200, text.encode())
    server.always[PARTIES] = reply([])
    rights(altinn)
    rights(altinn)
    assert server.n_seen(TOKEN) == n_tokens
    assert server.last(PARTIES).headers["Authorization"] == f"Bearer {text}"


def test_token_is_not_kept_for_ever_whatever_it_says(altinn: Altinn, server: Server) -> None:
    server.altinn_lasts = 10**9
    rights(altinn)
    later = NOW + timedelta(hours=1)
    server.now = later.timestamp
    rights(altinn, later)
    assert server.n_seen(TOKEN) == 2


def test_token_in_quotes_is_one(altinn: Altinn, server: Server) -> None:
    server.quotes_token = True
    assert rights(altinn) == {AGENCY: ORDER}


def test_revoked_token_is_replaced_once(altinn: Altinn, server: Server) -> None:
    rights(altinn)
    server.revoke_all()
    assert rights(altinn) == {AGENCY: ORDER}
    assert server.n_seen(TOKEN) == 2
    assert server.n_seen(PARTIES) == 3


def test_token_that_ended_earlier_than_it_said_is_replaced(altinn: Altinn, server: Server) -> None:
    server.altinn_lasts = 60
    rights(altinn)
    server.ahead = 100
    assert rights(altinn) == {AGENCY: ORDER}
    assert (server.n_seen(TOKEN), server.n_seen(PARTIES)) == (2, 3)


def test_grant_is_signed_anew_for_each_attempt(ours: AltinnRegistration, line: Line, server: Server) -> None:
    """A grant is good once, and only while its time of issue is a few seconds old."""
    server.first[TOKEN] = [Reply(500)]
    altinn = Altinn(ours, replace(line, sleep=lambda _: time.sleep(1.1)))
    assert rights(altinn) == {AGENCY: ORDER}
    grants = [asked.form["assertion"] for asked in server.seen if asked.path == TOKEN]
    first, second = (jwt.decode(grant, CLIENT_KEY, ["RS256"]).claims for grant in grants)
    assert first["jti"] != second["jti"]
    assert second["iat"] > first["iat"]


def test_token_that_is_never_accepted_is_given_up(altinn: Altinn, server: Server, waits: list[float]) -> None:
    server.always[PARTIES] = Reply(401)
    assert failure(altinn) == "rights.refused (reason=parties 401)"
    assert server.n_seen(PARTIES) == server.n_seen(TOKEN) == 2
    assert waits == []


# Refusals.


def test_scope_that_we_do_not_have_is_a_refusal(altinn: Altinn, server: Server, waits: list[float]) -> None:
    server.scopes = {"another:scope"}
    assert failure(altinn) == "rights.refused (reason=token 400 invalid_scope)"
    assert server.n_seen(TOKEN) == 1
    assert waits == []


@pytest.mark.parametrize(
    "change",
    [{"private_key": STRANGER}, {"client_id": "another"}, {"issuer": "same place/"}],
    ids=["key", "client", "issuer"],
)
def test_grant_that_maskinporten_does_not_know_is_refused(
    ours: AltinnRegistration, line: Line, server: Server, change: dict[str, Any]
) -> None:
    if "issuer" in change:
        change = {"issuer": server.address}  # without the slash it is another name
    assert failure(Altinn(replace(ours, **change), line)) == "rights.refused (reason=token 400 invalid_grant)"


@pytest.mark.parametrize("path", STEPS)
@pytest.mark.parametrize("status", [400, 403, 404, 429])
def test_refusal_is_final(altinn: Altinn, server: Server, waits: list[float], path: str, status: int) -> None:
    server.always[path] = Reply(status, json.dumps({"error": PID, "error_description": NAME}).encode())
    assert failure(altinn).startswith("rights.refused")
    assert server.n_seen(path) == 1
    assert waits == []


# Faults.


@pytest.mark.parametrize("path", STEPS)
@pytest.mark.parametrize("status", [500, 502, 503])
def test_service_that_stumbles_is_asked_again(
    altinn: Altinn, server: Server, waits: list[float], path: str, status: int
) -> None:
    server.first[path] = [Reply(status), Reply(status, b"<h1>Busy</h1>")]
    assert rights(altinn) == {AGENCY: ORDER}
    assert server.n_seen(path) == 3
    assert waits == [0.2, 0.8]


@pytest.mark.parametrize("path", STEPS)
def test_service_that_stays_down_is_given_up(altinn: Altinn, server: Server, waits: list[float], path: str) -> None:
    server.always[path] = Reply(503)
    assert failure(altinn) == "rights.unavailable (reason=status 503)"
    assert server.n_seen(path) == 3
    assert len(waits) == 2


@pytest.mark.parametrize("path", STEPS)
def test_service_that_does_not_answer_is_asked_again(altinn: Altinn, server: Server, path: str) -> None:
    server.hangs[path] = 1
    assert rights(altinn) == {AGENCY: ORDER}
    assert server.n_seen(path) == 2


@pytest.mark.parametrize("path", STEPS)
def test_service_that_never_answers_is_given_up(altinn: Altinn, server: Server, path: str) -> None:
    server.hangs[path] = 9
    assert failure(altinn) == "rights.unavailable (reason=ReadTimeout)"
    assert server.n_seen(path) == 3


def test_service_that_is_not_there_is_unavailable(ours: AltinnRegistration, line: Line) -> None:
    gone = replace(ours, issuer="http://127.0.0.1:9/")
    assert failure(Altinn(gone, line)) == "rights.unavailable (reason=ConnectionError)"


@pytest.mark.parametrize("path", STEPS)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(altinn: Altinn, server: Server, path: str, status: int) -> None:
    server.always[path] = Reply(status, b"", {"Location": "/elsewhere"})
    assert failure(altinn).startswith("rights.unavailable")
    assert server.n_seen("/elsewhere") == 0
    assert server.n_seen(path) == 1


@pytest.mark.parametrize("path", STEPS)
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"<h1>Hello</h1>", b"\xff\xfe", b"null", b"7", b'{"access_token": 7}', b"[" * 100_000, b'["x"]'],
    ids=["empty", "half", "page", "binary", "null", "number", "no token", "deep", "text"],
)
def test_answer_that_is_none_means_unavailable(altinn: Altinn, server: Server, path: str, body: bytes) -> None:
    server.always[path] = Reply(200, body)
    if (path, body) in NO_TOKENS:
        assert failure(altinn).startswith("rights.refused")
    else:
        assert failure(altinn).startswith("rights.unavailable")
        assert server.n_seen(path) == 1


NO_TOKENS = {(EXCHANGE, b"null"), (EXCHANGE, b"7")}
"""Could be tokens, until they are used."""


@pytest.mark.parametrize(
    "parties",
    [{}, "x", [7], [None], [[]], [{"subunits": "x"}], [{"subunits": [7]}], [{"authorizedRoles": "LOPER"}]],
    ids=str,
)
def test_list_that_is_not_understood_gives_no_rights_at_all(altinn: Altinn, server: Server, parties: Any) -> None:
    server.parties[PID] = [party(AGENCY, "A", "LOPER"), *parties] if isinstance(parties, list) else parties
    assert failure(altinn) == "rights.unavailable (reason=parties format)"


@pytest.mark.parametrize("path", STEPS)
def test_huge_answer_is_not_read_to_its_end(ours: AltinnRegistration, line: Line, server: Server, path: str) -> None:
    server.always[path] = Reply(200, b"[" + b" " * 30_000_000)
    altinn = Altinn(ours, replace(line, most_bytes=100_000, timeouts=(1.0, 3.0)))
    assert failure(altinn) == "rights.unavailable (reason=size)"
    assert server.n_seen(path) == 1


def test_token_that_would_break_a_header_is_none(altinn: Altinn, server: Server) -> None:
    server.always[EXCHANGE] = Reply(200, b"a.b.c\r\nX-More: 1")
    assert failure(altinn) == "rights.unavailable (reason=exchange format)"


# The server of these tests is as strict as theirs.


@pytest.mark.parametrize(
    "change",
    [{"exp": 121}, {"iat": -11, "exp": 50}, {"iat": 11, "exp": 50}, {"aud": "x"}, {"iss": "x"}, {"exp": 0}],
    ids=str,
)
def test_stub_refuses_a_grant_that_is_not_as_it_must_be(server: Server, change: dict[str, Any]) -> None:
    assert ask_for_token(server, **change) == 400


def test_stub_takes_a_grant_once(server: Server) -> None:
    assert ask_for_token(server, jti="once") == 200
    assert ask_for_token(server, jti="once") == 400


def test_stub_wants_a_known_signature(server: Server) -> None:
    assert ask_for_token(server, STRANGER, jti="x") == 400


def test_stub_wants_the_token_exchanged(server: Server, altinn: Altinn) -> None:
    rights(altinn)
    from_maskinporten = server.last(EXCHANGE).headers["Authorization"]
    for header in (from_maskinporten, "", "Bearer", "Bearer x"):
        answer = requests.post(
            f"{server.address}{PARTIES}", headers={"Authorization": header}, json={"type": "", "value": ""}, timeout=5
        )
        assert answer.status_code == 401


def ask_for_token(server: Server, key: RSAKey = CLIENT_KEY, **change: Any) -> int:
    """`iat` and `exp` in seconds from now."""
    claims = {"aud": server.issuer, "iss": CLIENT_ID, "scope": SCOPE, "iat": 0, "exp": 120, "jti": "a", **change}
    claims |= {name: int(NOW.timestamp()) + claims[name] for name in ("iat", "exp")}
    grant = jwt.encode({"alg": "RS256", "kid": "client"}, claims, key)
    form = {"grant_type": GRANT_TYPE, "assertion": grant}
    return requests.post(f"{server.address}{TOKEN}", data=form, timeout=5).status_code


# The key.


def test_signing_key_is_read() -> None:
    assert read_signing_key(json.dumps(CLIENT_KEY.as_dict(private=True))).kid == "client"


@pytest.mark.parametrize(
    "key", [ECKey.generate_key("P-256", {"kid": "x"}), RSAKey.generate_key(2048)], ids=["another kind", "no name"]
)
def test_key_that_maskinporten_could_not_find_is_refused(key: RSAKey | ECKey) -> None:
    with pytest.raises(ValueError, match="no RSA key with a kid"):
        read_signing_key(json.dumps({**key.as_dict(private=True)}))
