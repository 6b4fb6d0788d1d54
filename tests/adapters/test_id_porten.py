"""What is asked of a provider, what is believed of its answer, and what never is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests
from joserfc.jwk import ECKey, OctKey, RSAKey

from app.adapters.id_porten import (
    ACR_LEVELS,
    METADATA_FOR,
    STARTED_FOR,
    Identity,
    IdPorten,
    Registration,
    StartedLogin,
    read_private_key,
    start_login,
)
from app.domain.errors import DomainError
from tests.oidc import provider as oidc
from tests.oidc.provider import CLIENT_ID, CLIENT_KEY, NAME, SECRET, SUB, Provider, parameters, running, signed

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
PID = "01814000008"
HERE = "https://must.example.org/login/callback"
Lie = Callable[[Provider], object]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running(Provider(PID, NOW.timestamp)) as provider:
        yield provider


@pytest.fixture
def ours(provider: Provider) -> Registration:
    return Registration(provider.issuer, CLIENT_ID, SECRET, None, "openid profile", ACR_LEVELS[1], "pid")


@pytest.fixture
def client(ours: Registration) -> IdPorten:
    return IdPorten(ours, timeouts=(1.0, 1.0))


def ask(client: IdPorten, language: str = "nb", now: datetime = NOW) -> tuple[StartedLogin, str]:
    started = start_login("employee", now)
    return started, client.address_for(started, return_to=HERE, language=language, now=now)


def come_back(address: str) -> dict[str, str]:
    """What a browser brings home."""
    return parameters(requests.get(address, allow_redirects=False, timeout=5).headers["Location"])


def log_in(client: IdPorten, now: datetime = NOW) -> Identity:
    started, address = ask(client, now=now)
    return client.finish(started, come_back(address), return_to=HERE, now=now)


def refusal(client: IdPorten, now: datetime = NOW) -> str:
    with pytest.raises(DomainError) as caught:
        log_in(client, now)
    assert PID not in repr(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.code


def test_person_is_known_by_number_and_name(client: IdPorten) -> None:
    identity = log_in(client)
    assert (identity.number, identity.name) == (PID, NAME)
    assert identity.session_hash
    assert oidc.SESSION_ID not in identity.session_hash


def test_number_and_secrets_are_in_no_representation(ours: Registration, client: IdPorten) -> None:
    started, _ = ask(client)
    keyed = replace(ours, private_key=CLIENT_KEY)
    text = f"{log_in(client)!r} {started!r} {ours!r} {keyed!r}"
    for secret in (PID, NAME, SECRET, started.state, started.nonce, started.verifier, "ECKey"):
        assert secret not in text


def test_request_says_what_the_specification_asks_for(client: IdPorten, provider: Provider) -> None:
    started, _ = ask(client, "en")
    asked = provider.last("/par")
    assert asked["response_type"] == "code"
    assert asked["acr_values"] == "idporten-loa-substantial"
    assert asked["ui_locales"] == "en"
    assert asked["scope"] == "openid profile"
    assert asked["code_challenge_method"] == "S256"
    assert (asked["state"], asked["nonce"]) == (started.state, started.nonce)
    assert started.verifier not in str(asked)


def test_pushed_request_leaves_nothing_in_the_address(client: IdPorten, provider: Provider) -> None:
    _, address = ask(client)
    assert set(parameters(address)) == {"client_id", "request_uri"}
    assert provider.n_seen("/par") == 1


def test_without_pushing_everything_is_in_the_address(client: IdPorten, provider: Provider) -> None:
    provider.metadata["pushed_authorization_request_endpoint"] = None
    started, address = ask(client)
    assert parameters(address)["state"] == started.state
    assert client.finish(started, come_back(address), return_to=HERE, now=NOW).number == PID


def test_two_logins_share_no_secret() -> None:
    first, second = start_login("employee", NOW), start_login("employee", NOW)
    assert len({first.state, first.nonce, first.verifier, second.state, second.nonce, second.verifier}) == 6
    assert len(first.verifier) >= 43


def test_client_may_prove_itself_with_a_key(ours: Registration) -> None:
    client = IdPorten(replace(ours, secret=None, private_key=CLIENT_KEY))
    assert log_in(client).number == PID
    assert log_in(client).number == PID


def test_secret_goes_into_the_form_where_nothing_else_is_taken(client: IdPorten, provider: Provider) -> None:
    provider.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    assert log_in(client).number == PID
    assert provider.last("/token")["client_secret"] == SECRET


def test_wrong_secret_is_a_fault_of_the_installation(ours: Registration) -> None:
    assert refusal(IdPorten(replace(ours, secret="another"))) == "login.unavailable"


@pytest.mark.parametrize(("key", "alg"), [(oidc.RSA, "RS256"), (oidc.RSA, "PS256"), (oidc.EC, "ES256")])
def test_three_algorithms_are_accepted(client: IdPorten, provider: Provider, key: RSAKey | ECKey, alg: str) -> None:
    provider.sign = signed(key, alg)
    assert log_in(client).number == PID


def test_metadata_and_keys_are_fetched_once_an_hour(client: IdPorten, provider: Provider) -> None:
    log_in(client)
    log_in(client)
    assert provider.n_seen("/.well-known/openid-configuration") == provider.n_seen("/jwks") == 1
    later = NOW + METADATA_FOR
    provider.now = later.timestamp
    log_in(client, later)
    assert provider.n_seen("/.well-known/openid-configuration") == provider.n_seen("/jwks") == 2


def test_new_key_is_found_without_waiting(client: IdPorten, provider: Provider) -> None:
    log_in(client)
    provider.keys, provider.sign = [oidc.RSA, oidc.NEW], signed(oidc.NEW)
    assert log_in(client).number == PID
    assert provider.n_seen("/jwks") == 2


def test_key_that_nobody_publishes_is_looked_for_once(client: IdPorten, provider: Provider) -> None:
    log_in(client)
    provider.sign = signed(oidc.NEW)
    assert refusal(client) == "login.refused"
    assert provider.n_seen("/jwks") == 2


@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
def test_clocks_may_differ_by_a_minute(client: IdPorten, provider: Provider, claim: str) -> None:
    now = int(NOW.timestamp())
    sign = -1 if claim == "exp" else 1
    provider.claims[claim] = now + sign * 59
    assert log_in(client).number == PID
    provider.claims[claim] = now + sign * 61
    assert refusal(client) == "login.refused"


@pytest.mark.parametrize("required", ACR_LEVELS[1:])
@pytest.mark.parametrize("given", [*ACR_LEVELS, "Level4", "", None, ["idporten-loa-high"], 4])
def test_login_must_be_sure_enough(ours: Registration, provider: Provider, given: object, required: str) -> None:
    provider.claims["acr"] = given
    client = IdPorten(replace(ours, acr=required))
    if given in ACR_LEVELS and ACR_LEVELS.index(str(given)) >= ACR_LEVELS.index(required):
        assert log_in(client).number == PID
    else:
        assert refusal(client) == "login.too_weak"


def test_installation_without_numbers_knows_people_by_another_claim(ours: Registration, provider: Provider) -> None:
    provider.claims["pid"] = None
    assert log_in(IdPorten(replace(ours, claim="sub", scope="openid"))).number == SUB
    assert provider.last("/par")["scope"] == "openid"


@pytest.mark.parametrize("name", [None, 7, ["x"]])
def test_name_is_empty_unless_it_is_one(client: IdPorten, provider: Provider, name: object) -> None:
    provider.claims["name"] = name
    assert log_in(client).name == ""


@pytest.mark.parametrize("pid", [None, "", 1814000008, [PID], {"pid": PID}])
def test_number_that_is_none_is_refused(client: IdPorten, provider: Provider, pid: object) -> None:
    provider.claims["pid"] = pid
    assert refusal(client) == "login.no_number"


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat", "sub", "nonce"])
def test_token_without_a_needed_claim_is_refused(client: IdPorten, provider: Provider, name: str) -> None:
    provider.claims[name] = None
    assert refusal(client) == "login.refused"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [CLIENT_ID, "another"]},
        {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID},
        {"aud": []},
        {"azp": "another"},
        {"exp": float("nan")},
        {"exp": "2099"},
        {"exp": True},
        {"nonce": ["x"]},
        {"iss": ["x"]},
    ],
)
def test_odd_claims_are_refused(client: IdPorten, provider: Provider, claims: dict[str, object]) -> None:
    provider.claims.update(claims)
    assert refusal(client) == "login.refused"


def test_one_audience_in_a_list_is_one(client: IdPorten, provider: Provider) -> None:
    provider.claims.update({"aud": [CLIENT_ID], "azp": CLIENT_ID})
    assert log_in(client).number == PID


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "a.b.c.d.e", None, 7, {"x": 1}])
def test_what_is_no_token_is_refused(client: IdPorten, provider: Provider, token: object) -> None:
    provider.replies["/token"] = (200, json.dumps({"access_token": "x", "token_type": "Bearer", "id_token": token}))
    assert refusal(client) == "login.refused"


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/par", "/token"])
@pytest.mark.parametrize(
    ("status", "body"),
    [(500, "{}"), (503, "<h1>Busy</h1>"), (200, "<h1>Hello</h1>"), (200, "[]"), (302, "/elsewhere"), (404, "{}")],
)
def test_answer_that_is_none_means_unavailable(
    client: IdPorten, provider: Provider, path: str, status: int, body: str
) -> None:
    provider.replies[path] = (status, body)
    code = refusal(client)
    assert code == "login.unavailable" or (code == "login.refused" and (path, status, body) in NO_TOKENS)
    assert provider.n_seen("/elsewhere") == 0


NO_TOKENS = {("/token", 404, "{}")}
"""An object without tokens is an answer, whatever its status."""


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/par", "/token"])
def test_provider_that_does_not_answer_is_given_up(ours: Registration, provider: Provider, path: str) -> None:
    provider.hangs.add(path)
    assert refusal(IdPorten(ours, timeouts=(0.2, 0.2))) == "login.unavailable"


def test_provider_that_is_not_there_is_unavailable(ours: Registration) -> None:
    gone = replace(ours, issuer="http://127.0.0.1:9")
    with pytest.raises(DomainError, match=r"login\.unavailable"):
        ask(IdPorten(gone, timeouts=(0.2, 0.2)))


@pytest.mark.parametrize("issuer", ["http://127.0.0.1", "https://evil.example.org", None])
def test_metadata_of_another_issuer_is_refused(client: IdPorten, provider: Provider, issuer: str | None) -> None:
    provider.metadata["issuer"] = issuer
    with pytest.raises(DomainError, match=r"login\.refused"):
        ask(client)


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("address", [None, "", 7, "ftp://x", "javascript:x", "/relative"])
def test_metadata_without_an_address_is_no_use(
    client: IdPorten, provider: Provider, name: str, address: object
) -> None:
    provider.metadata[name] = address
    with pytest.raises(DomainError, match=r"login\.unavailable"):
        ask(client)


def test_keys_that_are_none_mean_unavailable(client: IdPorten, provider: Provider) -> None:
    provider.replies["/jwks"] = (200, '{"keys": [{"kty": "RSA", "n": "!"}]}')
    assert refusal(client) == "login.unavailable"


def test_pushed_request_without_a_name_means_unavailable(client: IdPorten, provider: Provider) -> None:
    provider.replies["/par"] = (201, "{}")
    with pytest.raises(DomainError, match=r"login\.unavailable"):
        ask(client)


@pytest.mark.parametrize("error", ["server_error", "login_required", "<script>", PID])
def test_error_of_the_provider_is_not_repeated_unless_known(client: IdPorten, provider: Provider, error: str) -> None:
    provider.answer.update({"error": error, "error_description": PID, "code": None})
    assert refusal(client) == "login.unavailable"


def test_token_endpoint_may_say_anything(client: IdPorten, provider: Provider) -> None:
    provider.replies["/token"] = (400, json.dumps({"error": [PID], "error_description": PID}))
    assert refusal(client) == "login.unavailable"


def test_answer_without_a_code_is_refused(client: IdPorten, provider: Provider) -> None:
    provider.answer["code"] = None
    assert refusal(client) == "login.refused"


def test_provider_that_says_who_it_is_must_say_so(client: IdPorten, provider: Provider) -> None:
    provider.answer["iss"] = None
    assert refusal(client) == "login.refused"
    provider.metadata["authorization_response_iss_parameter_supported"] = None
    assert log_in(IdPorten(client.registration)).number == PID


def test_wrong_issuer_is_noticed_before_an_error_is_believed(client: IdPorten, provider: Provider) -> None:
    provider.answer.update({"iss": "https://evil.example.org", "error": "access_denied"})
    assert refusal(client) == "login.refused"


def test_code_is_good_once(client: IdPorten) -> None:
    started, address = ask(client)
    answer = come_back(address)
    assert client.finish(started, answer, return_to=HERE, now=NOW).number == PID
    with pytest.raises(DomainError, match=r"login\.refused"):
        client.finish(started, answer, return_to=HERE, now=NOW)


def test_code_of_another_login_is_no_use(client: IdPorten) -> None:
    """Even with its state: the verifier is not the one that was announced (PKCE)."""
    mine, _ = ask(client)
    _, address = ask(client)
    stolen = {**come_back(address), "state": mine.state}
    with pytest.raises(DomainError, match=r"login\.refused"):
        client.finish(mine, stolen, return_to=HERE, now=NOW)


@pytest.mark.parametrize("state", [None, "", "x", "æ"])
def test_answer_to_something_else_is_not_exchanged(client: IdPorten, provider: Provider, state: str | None) -> None:
    provider.answer["state"] = state
    assert refusal(client) == "login.not_started"
    assert provider.n_seen("/token") == 0


@pytest.mark.parametrize(("after", "is_good"), [(STARTED_FOR, True), (STARTED_FOR + timedelta(seconds=1), False)])
def test_login_must_be_finished_in_ten_minutes(client: IdPorten, after: timedelta, is_good: bool) -> None:
    started = start_login("employee", NOW)
    if is_good:
        started.check(started.state, NOW + after)
    else:
        with pytest.raises(DomainError, match=r"login\.not_started"):
            started.check(started.state, NOW + after)


def test_logout_names_the_client_and_nobody_else(client: IdPorten, provider: Provider) -> None:
    address = client.logout_address(return_to="https://must.example.org/login/logged-out", state="abc", now=NOW)
    assert address is not None
    assert address.startswith(f"{provider.issuer}/logout?")
    assert parameters(address) == {
        "client_id": CLIENT_ID,
        "post_logout_redirect_uri": "https://must.example.org/login/logged-out",
        "state": "abc",
    }


def test_provider_may_have_no_logout(client: IdPorten, provider: Provider) -> None:
    provider.metadata["end_session_endpoint"] = None
    assert client.logout_address(return_to=HERE, state="abc", now=NOW) is None


@pytest.mark.parametrize("key", [CLIENT_KEY, oidc.RSA])
def test_private_key_is_read(key: RSAKey | ECKey) -> None:
    assert read_private_key(json.dumps(key.as_dict(private=True))).kid == key.kid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nix",
        "[]",
        "{}",
        '"x"',
        '{"kty": "RSA"}',
        '{"kty": "nix"}',
        json.dumps(CLIENT_KEY.as_dict(private=False)),
        json.dumps(OctKey.generate_key(256).as_dict(private=True)),
    ],
    ids=["nothing", "a word", "a list", "no field", "a text", "half", "unknown", "public", "symmetric"],
)
def test_what_is_no_private_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="key") as caught:
        read_private_key(text)
    assert len(str(caught.value)) < 60
