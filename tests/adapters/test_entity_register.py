"""What the register of entities is asked, what is kept of it, and what happens when it does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.adapters.asking import Line
from app.adapters.entity_register import KEPT_FOR, MOST_PAGES, EntityRegister, LocalEntities
from app.domain.errors import DomainError
from app.domain.rights import Entity
from tests.altinn.server import REGISTER, Reply, Server, reply, running

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
AGENCY, BRANCH, OTHER = "310000000", "974760673", "991825827"
PATH = f"{REGISTER}/enheter/{AGENCY}"
BRANCHES = f"{REGISTER}/underenheter"


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server(NOW.timestamp)) as server:
        server.entities[AGENCY] = entry(AGENCY, "PRØVETILSYNET", organisasjonsform={"kode": "ORGL"})
        server.sub_units[BRANCH] = entry(BRANCH, "PRØVETILSYNET AVD BODØ", overordnetEnhet=AGENCY)
        server.sub_units[OTHER] = entry(OTHER, "NOE ANNET", overordnetEnhet="987654325")
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def line(waits: list[float]) -> Line:
    return Line("entity_register.unavailable", timeouts=(0.3, 0.3), sleep=waits.append)


@pytest.fixture
def register(server: Server, line: Line) -> EntityRegister:
    return EntityRegister(f"{server.address}{REGISTER}/", line)


def entry(number: str, name: str, **more: Any) -> dict[str, Any]:
    return {"organisasjonsnummer": number, "navn": name, "_links": {}, **more}


def failure(register: EntityRegister) -> str:
    with pytest.raises(DomainError) as caught:
        register.find(AGENCY, NOW)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def test_entity_has_its_name_and_its_sub_units(register: EntityRegister) -> None:
    branch = Entity(BRANCH, "PRØVETILSYNET AVD BODØ")
    assert register.find(AGENCY, NOW) == Entity(AGENCY, "PRØVETILSYNET", sub_units=(branch,))


def test_sub_units_are_read_page_by_page(register: EntityRegister, server: Server) -> None:
    server.page_size = 1
    for number in ("312345678", "312345679", "312345680"):
        server.sub_units[number] = entry(number, "X", overordnetEnhet=AGENCY)
    found = register.find(AGENCY, NOW)
    assert found is not None
    assert len(found.sub_units) == 4
    assert server.n_seen(BRANCHES) == 4


def test_pages_without_end_are_not_read_without_end(register: EntityRegister, server: Server) -> None:
    server.always[BRANCHES] = reply({"page": {"totalPages": 10**9}})
    assert register.find(AGENCY, NOW) is not None
    assert server.n_seen(BRANCHES) == MOST_PAGES


def test_entity_without_sub_units_has_none(register: EntityRegister, server: Server) -> None:
    server.sub_units.clear()
    assert register.find(AGENCY, NOW) == Entity(AGENCY, "PRØVETILSYNET")


def test_sub_unit_is_found_too(register: EntityRegister) -> None:
    assert register.find(BRANCH, NOW) == Entity(BRANCH, "PRØVETILSYNET AVD BODØ")


def test_deleted_entity_says_so_and_is_asked_nothing_more(register: EntityRegister, server: Server) -> None:
    server.entities[AGENCY] = entry(AGENCY, "PRØVETILSYNET", slettedato="2026-01-31", respons_klasse="SlettetEnhet")
    assert register.find(AGENCY, NOW) == Entity(AGENCY, "PRØVETILSYNET", is_deleted=True)
    assert server.n_seen(BRANCHES) == 0


@pytest.mark.parametrize("field", ["slettedato", "nedleggelsesdato"])
def test_closed_sub_unit_says_so(register: EntityRegister, server: Server, field: str) -> None:
    server.sub_units[BRANCH][field] = "2026-01-31"
    found = register.find(AGENCY, NOW)
    assert found is not None
    assert [unit.is_deleted for unit in found.sub_units] == [True]


def test_entity_that_was_removed_altogether_is_deleted_and_nameless(register: EntityRegister, server: Server) -> None:
    server.always[PATH] = reply({"organisasjonsnummer": AGENCY, "slettedato": "2026-01-31"}, 410)
    assert register.find(AGENCY, NOW) == Entity(AGENCY, "", is_deleted=True)


def test_number_may_be_written_with_spaces(register: EntityRegister) -> None:
    found = register.find("310 000 000", NOW)
    assert found is not None
    assert found.number == AGENCY


def test_wrong_number_is_never_asked_for(register: EntityRegister, server: Server) -> None:
    with pytest.raises(DomainError, match=r"organisation_number\.invalid"):
        register.find("../roller", NOW)
    assert server.seen == []


# What is kept.


def test_entity_is_kept_for_a_day(register: EntityRegister, server: Server) -> None:
    register.find(AGENCY, NOW)
    server.entities[AGENCY]["navn"] = "NYTT NAVN"
    for at, name in [(KEPT_FOR - timedelta(seconds=1), "PRØVETILSYNET"), (KEPT_FOR, "NYTT NAVN")]:
        found = register.find(AGENCY, NOW + at)
        assert found is not None
        assert found.name == name
    assert server.n_seen(PATH) == 2


def test_unknown_number_is_asked_for_again(register: EntityRegister, server: Server) -> None:
    known = server.entities.pop(AGENCY)
    assert register.find(AGENCY, NOW) is None
    server.entities[AGENCY] = known
    assert register.find(AGENCY, NOW) is not None


def test_fault_is_not_kept(register: EntityRegister, server: Server) -> None:
    server.always[PATH] = Reply(503)
    failure(register)
    del server.always[PATH]
    assert register.find(AGENCY, NOW) is not None


def test_no_more_is_kept_than_was_allowed(server: Server, line: Line) -> None:
    register = EntityRegister(f"{server.address}{REGISTER}", line, most_kept=2)
    for number in (AGENCY, BRANCH, OTHER, OTHER, AGENCY):
        register.find(number, NOW)
    assert server.n_seen(f"{BRANCHES}/{OTHER}") == 1
    assert server.n_seen(PATH) == 2


# Faults.


@pytest.mark.parametrize("path", [PATH, BRANCHES])
def test_register_that_stumbles_is_asked_again(
    register: EntityRegister, server: Server, waits: list[float], path: str
) -> None:
    server.first[path] = [Reply(500), Reply(503)]
    assert register.find(AGENCY, NOW) is not None
    assert server.n_seen(path) == 3
    assert waits == [0.2, 0.8]


@pytest.mark.parametrize("path", [PATH, BRANCHES])
def test_register_that_stays_down_is_given_up(register: EntityRegister, server: Server, path: str) -> None:
    server.always[path] = Reply(502)
    assert failure(register) == "entity_register.unavailable (reason=status 502)"
    assert server.n_seen(path) == 3


def test_register_that_does_not_answer_is_asked_again(register: EntityRegister, server: Server) -> None:
    server.hangs[PATH] = 2
    assert register.find(AGENCY, NOW) is not None
    server.hangs[f"{BRANCHES}/{BRANCH}"] = 3
    with pytest.raises(DomainError, match=r"entity_register\.unavailable \(reason=ReadTimeout\)"):
        register.find(BRANCH, NOW)


def test_register_that_is_not_there_is_unavailable(line: Line) -> None:
    assert failure(EntityRegister("http://127.0.0.1:9", line)).startswith("entity_register.unavailable")


@pytest.mark.parametrize("status", [302, 400, 401, 403, 429])
def test_what_is_no_answer_to_the_question_is_not_asked_again(
    register: EntityRegister, server: Server, status: int
) -> None:
    server.always[PATH] = Reply(status, b"{}", {"Location": "/elsewhere"})
    assert failure(register) == f"entity_register.unavailable (reason=status {status})"
    assert server.n_seen(PATH) == 1
    assert server.n_seen("/elsewhere") == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"a":' * 100_000,
        b"{}",
        b'{"organisasjonsnummer": 310000000, "navn": "X"}',
        b'{"organisasjonsnummer": "310000000"}',
        b'{"organisasjonsnummer": "991825827", "navn": "X"}',
    ],
    ids=["empty", "half", "list", "null", "binary", "deep", "no field", "number", "no name", "another"],
)
def test_answer_that_is_not_understood_means_unavailable(register: EntityRegister, server: Server, body: bytes) -> None:
    server.always[PATH] = Reply(200, body)
    assert failure(register) == "entity_register.unavailable (reason=format)"
    assert server.n_seen(PATH) == 1


@pytest.mark.parametrize(
    "page",
    [
        [],
        {"_embedded": []},
        {"_embedded": {"underenheter": {}}},
        {"_embedded": {"underenheter": [7]}},
        {"page": 7},
        {"page": {"totalPages": "x"}},
    ],
    ids=str,
)
def test_list_that_is_not_understood_means_unavailable(register: EntityRegister, server: Server, page: object) -> None:
    server.always[BRANCHES] = reply(page)
    assert failure(register) == "entity_register.unavailable (reason=format)"


def test_huge_answer_is_not_read_to_its_end(server: Server, line: Line) -> None:
    server.always[PATH] = Reply(200, b"[" + b" " * 30_000_000)
    register = EntityRegister(f"{server.address}{REGISTER}", replace(line, most_bytes=100_000, timeouts=(1.0, 3.0)))
    assert failure(register) == "entity_register.unavailable (reason=size)"
    assert server.n_seen(PATH) == 1


def test_local_entities_are_found_with_their_sub_units() -> None:
    branch = Entity(BRANCH, "Avdeling")
    agency = Entity(AGENCY, "Prøvetilsynet", sub_units=(branch,))
    entities = LocalEntities([agency])
    assert entities.find("310 000 000", NOW) == agency
    assert entities.find(BRANCH, NOW) == branch
    assert entities.find(OTHER, NOW) is None
    with pytest.raises(DomainError, match=r"organisation_number\.invalid"):
        entities.find("1", NOW)


def test_public_register_is_asked_unless_another_is_named() -> None:
    assert EntityRegister()._base_url == "https://data.brreg.no/enhetsregisteret/api"
