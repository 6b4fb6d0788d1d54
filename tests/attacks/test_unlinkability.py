"""Somebody owns both databases. Does any of it lead from a person to an answer? (spec 8)

200 people answer over HTTP, staggered; the attacker has all that `tests.attacks.evidence` lists. Each test asks one
question of it, on SQLite and on PostgreSQL; the threshold of "better than guessing" is explained in `joining`.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from flask import Flask

from app.adapters.sealing import unseal
from app.domain.errors import DomainError
from app.domain.fiction import CONTACT, LEADER, PEOPLE
from app.domain.identifiers import synthetic_identity_number
from app.extensions import session, settings
from app.web.login.demo import ANYBODY
from tests.attacks.dumps import all_bytes, sqlite_rows
from tests.attacks.evidence import BEFORE, END, MIDWAY, N_PEOPLE, Evidence, bytes_of, dump, gather
from tests.attacks.joining import Row, Truth, all_joins, better_than_guessing
from tests.conftest import dispose, postgres_app, sqlite_app
from tests.people import open_trial
from tests.web.conftest import translations  # noqa: F401 - runs by itself


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def evidence(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated: Path
) -> Iterator[Evidence]:
    folder = tmp_path_factory.mktemp("evidence")
    if request.param == "sqlite":
        app = sqlite_app(folder, migrated)
    else:
        app = postgres_app(folder, request.getfixturevalue("postgres"))
    try:
        yield gather(app, folder)
    finally:
        with app.app_context():
            dispose()


# What the two sides know


def by_person(evidence: Evidence) -> list[Row]:
    """What a log that names everybody says of each, in the order of their numbers: times and sizes of what they got."""
    lines: dict[int, list[Mapping[str, object]]] = {serial: [] for serial in range(N_PEOPLE)}
    for line in evidence.proxy_log:
        address = str(line["address"])
        if address.startswith("10.0.0."):
            lines[int(address.rpartition(".")[2])].append(line)
    rows: list[Row] = []
    for own in lines.values():
        times = [float(str(line["second"])) for line in own]
        sizes = {str(line["asked"]).rpartition("/")[2] + str(line["asked"])[:3]: line["bytes"] for line in own}
        assert len(sizes) >= 10
        rows.append({"first": times[0], "last": times[-1], **sizes})
    return rows


def order_of_finishing(evidence: Evidence) -> list[Row]:
    """What our own log says at most: the n-th line about a submitted response, with its second and its duration."""
    lines = [json.loads(line) for line in evidence.own_log.splitlines()]
    submitted = [line for line in lines if line.get("endpoint") == "questionnaire.submit" and line["status"] == 303]
    assert len(submitted) == N_PEOPLE
    return [{"line": i, "at": line["at"], "ms": line["ms"]} for i, line in enumerate(submitted)]


def in_field(evidence: Evidence, rows: list[Row]) -> dict[int, int]:
    """Person -> number of the row."""
    place = {bytes_of(row, "id"): number for number, row in enumerate(rows)}
    return {serial: place[who.response_id] for serial, who in evidence.people.items()}


def in_register(evidence: Evidence, rows: list[Row]) -> dict[int, int]:
    place = {bytes_of(row, "person"): number for number, row in enumerate(rows)}
    return {serial: place[who.person] for serial, who in evidence.people.items() if who.person in place}


def after_closing(evidence: Evidence) -> dict[int, int]:
    return {serial: evidence.links[link] for serial, (link, _) in evidence.carried.items()}


def joined(mine: Mapping[int, int], other: Mapping[int, int]) -> Truth:
    return {mine[serial]: other[serial] for serial in mine}


# The field period


def test_register_shows_no_row_per_person_and_never_changes_in_a_part(evidence: Evidence) -> None:
    """Without the keys it is a fixed number of buckets of one size, there since before the first login."""
    before, midway, after = (evidence.buckets[moment] for moment in (BEFORE, MIDWAY, END))
    assert len(before) == len(midway) == len(after) == 1
    responses = evidence.responses[END]
    assert len(responses) == N_PEOPLE
    secrets = {bytes_of(row, name) for row in responses for name in ("id", "sealed")}
    for row in (*before, *midway, *after):
        assert not any(secret[:12] in bytes_of(row, "sealed") for secret in secrets)
    pieces = [
        {bytes_of(row, "sealed")[i : i + 16] for row in rows for i in range(0, 4096, 16)} for rows in (midway, after)
    ]
    assert not pieces[0] & pieces[1]


def test_nothing_joins_identities_to_responses_even_for_who_holds_the_key_of_the_register(evidence: Evidence) -> None:
    identities, responses = evidence.field_consents, evidence.responses[END]
    truth = joined(in_register(evidence, identities), in_field(evidence, responses))
    assert len(truth) == N_PEOPLE
    assert better_than_guessing(identities, responses, truth) == []


def test_backups_of_two_moments_join_nothing_either(evidence: Evidence) -> None:
    """Their key is known to the attacker; rows stand in them in the order of a keyed hash."""
    assert len(evidence.backups[MIDWAY]) in range(N_PEOPLE // 2, N_PEOPLE // 2 + 5)
    new = {str(row["id"]) for row in evidence.backups[END]} - {str(row["id"]) for row in evidence.backups[MIDWAY]}
    identities = evidence.field_consents
    backup: list[Row] = [{**row, "is_new": str(row["id"]) in new} for row in evidence.backups[END]]
    place = {base64.b64decode(json.loads(str(row["id"]))["bytes"]): number for number, row in enumerate(backup)}
    own = {serial: place[who.response_id] for serial, who in evidence.people.items()}
    assert better_than_guessing(identities, backup, joined(in_register(evidence, identities), own)) == []
    log = by_person(evidence)
    assert better_than_guessing(log, evidence.backups[END], joined({i: i for i in range(N_PEOPLE)}, own)) == []


def test_order_of_writing_responses_can_be_seen_and_that_of_identities_cannot(evidence: Evidence) -> None:
    """So the order is nobody's: transaction numbers and places in files show when a row was written, not whose it is.

    Only a log that names people says that; ours does not, and a proxy's must not (README). What it leads to is sealed.
    """
    log = by_person(evidence)
    own = {serial: serial for serial in range(N_PEOPLE)}
    assert better_than_guessing(log, evidence.responses[END], joined(own, in_field(evidence, evidence.responses[END])))
    identities = evidence.field_consents
    assert better_than_guessing(log, identities, joined(own, in_register(evidence, identities))) == []
    finishing = order_of_finishing(evidence)
    line_of = {serial: line for line, serial in enumerate(evidence.finished)}
    assert better_than_guessing(finishing, identities, joined(line_of, in_register(evidence, identities))) == []


# After closing, with the installation's key


def test_after_closing_nothing_joins_identities_to_responses(evidence: Evidence) -> None:
    identities, responses = evidence.consents, evidence.opened
    truth = joined(in_register(evidence, identities), after_closing(evidence))
    assert set(in_register(evidence, identities)) == evidence.consented
    assert len(evidence.consented) > N_PEOPLE / 2
    joins = all_joins(identities, responses, truth)
    assert len(joins) >= 15
    assert [join for join in joins if join.is_better_than_guessing] == []


def test_after_closing_no_log_orders_or_sizes_the_responses(evidence: Evidence) -> None:
    own = {serial: serial for serial in range(N_PEOPLE)}
    responses, truth = evidence.opened, after_closing(evidence)
    assert better_than_guessing(by_person(evidence), responses, joined(own, truth)) == []
    line_of = {serial: line for line, serial in enumerate(evidence.finished)}
    assert better_than_guessing(order_of_finishing(evidence), responses, joined(line_of, truth)) == []


def test_log_that_names_people_tells_how_much_they_answered_so_there_must_be_none(evidence: Evidence) -> None:
    """Who answers more saves more often. It is why the README asks that no proxy writes addresses down."""
    saves = dict.fromkeys(range(N_PEOPLE), 0)
    for line in evidence.proxy_log:
        if str(line["asked"]).startswith("POST") and "/page/" in str(line["asked"]):
            saves[int(str(line["address"]).rpartition(".")[2])] += 1
    named: list[Row] = [{"n_saves": n} for n in saves.values()]
    truth = joined({serial: serial for serial in saves}, after_closing(evidence))
    assert max(abs(join.correlation) for join in all_joins(named, evidence.opened, truth)) > 4
    lines = [json.loads(line) for line in evidence.own_log.splitlines()]
    assert {name for line in lines if line["logger"] == "app.requests" for name in line} == {
        *("at", "level", "logger", "endpoint", "status", "ms")
    }


def test_no_row_of_the_field_period_can_be_followed_into_the_time_after_closing(evidence: Evidence) -> None:
    before, after = evidence.responses[END], evidence.opened
    truth = joined(in_field(evidence, before), after_closing(evidence))
    assert better_than_guessing(before, after, truth) == []


def test_copies_of_all_cookies_with_the_key_that_seals_them_lead_to_no_response_after_closing(
    evidence: Evidence,
) -> None:
    """Browsers keep cookies longer than they should. Who also has every key that is left learns who took part."""
    whose = {who.person: serial for serial, who in evidence.people.items()}
    opened: list[Row] = []
    truth: dict[int, int] = {}
    responses = after_closing(evidence)
    for number, content in enumerate(evidence.sessions):
        plain = unseal(evidence.secret_key, base64.urlsafe_b64decode(content), b"must")
        secrets = [base64.b64decode(secret) for secret in json.loads(plain)["employee"]["secrets"]]
        truth[number] = responses[whose[secrets[1]]]
        opened.append({f"secret{i}": secret for i, secret in enumerate(secrets)})
        for key in evidence.keys:
            for secret in secrets:
                with pytest.raises(DomainError):
                    unseal(key, secret, secrets[0])
    assert len(opened) == N_PEOPLE
    assert better_than_guessing(opened, evidence.opened, truth) == []


def test_backup_from_the_field_period_is_unreadable_after_closing(evidence: Evidence) -> None:
    """Both databases as they were, the installation's key, and all keys that still exist: not one row opens."""
    assert len(evidence.keys) == 3
    for key in evidence.keys:
        for row in evidence.responses[END]:
            with pytest.raises(DomainError):
                unseal(key, bytes_of(row, "sealed"), bytes_of(row, "id"))
        for row in evidence.buckets[END]:
            with pytest.raises(DomainError):
                unseal(key, bytes_of(row, "sealed"), f"{evidence.survey_id}:{row['number']}".encode())


# Everything, at any time


def test_trail_metrics_and_count_say_nothing_about_one_employee(evidence: Evidence) -> None:
    """No line while people answered; no count finer than the portal's; that in steps of five."""
    assert evidence.trail[BEFORE] == evidence.trail[END] == ["created", "list_uploaded", "sent", "signed", "approved"]
    counts = [int(n) for page in evidence.counts for n in re.findall(r"(\d+) of 40 invited", page)]
    assert len(evidence.metrics) == len(evidence.counts) > 10
    names = set(re.findall(r'endpoint="([^"]*)"', evidence.metrics[-1]))
    assert "employees" in names
    assert not [name for name in names if name.startswith(("questionnaire", "login.log"))]
    assert counts
    assert not [n for n in counts if n % 5]


def test_no_identity_number_and_no_name_is_anywhere(evidence: Evidence) -> None:
    """In no file of either database, in no log, temporary file, metric, or session that somebody finds."""
    text = "\n".join([evidence.own_log, *evidence.metrics, *evidence.counts, *evidence.sessions])
    sealed = b"".join(base64.urlsafe_b64decode(cookie) for cookie in evidence.sessions)
    content = evidence.files + text.encode() + sealed
    assert evidence.survey_id.encode() in content
    runs = set(re.findall(rb"(?<!\d)\d{11}(?!\d)", content))
    assert not runs & {synthetic_identity_number(serial).encode() for serial in range(N_PEOPLE)}
    assert not runs & {number.encode() for _, number in PEOPLE}
    assert ANYBODY.encode() not in content
    for _, sealed_for_research in evidence.carried.values():
        assert sealed_for_research not in text.encode()
    assert PEOPLE[CONTACT][0].encode() in content  # who orders and signs is in the trail, as the search must find
    assert PEOPLE[LEADER][0].encode() in content


def test_deleted_rows_leave_no_bytes_in_the_files(app: Flask) -> None:
    """SQLite keeps what was deleted in free pages and in the log, unless it is told not to."""
    trial = open_trial()
    for serial in range(30):
        trial.answer(serial)
    before = [bytes_of(row, "id") for row in dump(None, "response")]
    trial.close()
    session().rollback()
    content = all_bytes([settings().instance])
    assert not any(own in content for own in before)


# The tools themselves: each weakness that others have shipped must be found.


def plant(folder: Path, weakness: str) -> tuple[list[Row], list[Row], Truth]:
    """Two databases kept the way people keep them, with one mistake."""
    random = Random(9)
    order = list(range(N_PEOPLE))
    random.shuffle(order)
    files = {name: folder / f"{name}.sqlite" for name in ("identities", "answers")}
    schemas = {
        "autoincrement": "n INTEGER PRIMARY KEY AUTOINCREMENT, token BLOB",
        "created_at": "token BLOB PRIMARY KEY, created_at REAL",
        "shared transaction": "token BLOB PRIMARY KEY, xmin INTEGER",
        "shared hash": "token BLOB PRIMARY KEY, person BLOB",
    }
    tokens: dict[str, list[bytes]] = {"identities": [], "answers": []}
    for name, file in files.items():
        own = Random(name)
        without = "" if weakness == "autoincrement" else " WITHOUT ROWID"
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(f"CREATE TABLE t ({schemas[weakness]}){without}")
            rows = []
            for person in order:
                token = own.randbytes(32)
                moment = len(rows) * 60.0 + (own.random() * 240 if name == "answers" else 0)
                shared = Random(person).randbytes(32)
                extra = {"created_at": moment, "shared transaction": 700 + len(rows), "shared hash": shared}
                rows.append((token,) if weakness == "autoincrement" else (token, extra[weakness]))
                tokens[name].append(token)
            columns = "(token)" if weakness == "autoincrement" else ""
            connection.executemany(f"INSERT INTO t {columns} VALUES ({','.join('?' * len(rows[0]))})", rows)  # noqa: S608
            connection.commit()
    dumped = {name: sqlite_rows(file, "t") for name, file in files.items()}
    place = {row["token"]: i for i, row in enumerate(dumped["answers"])}
    pairs = dict(zip(tokens["identities"], tokens["answers"], strict=True))
    truth = {i: place[pairs[row["token"]]] for i, row in enumerate(dumped["identities"])}  # type: ignore[index]
    return dumped["identities"], dumped["answers"], truth  # type: ignore[return-value]


@pytest.mark.parametrize("weakness", ["autoincrement", "created_at", "shared transaction", "shared hash"])
def test_planted_weakness_is_found(tmp_path: Path, weakness: str) -> None:
    identities, responses, truth = plant(tmp_path, weakness)
    assert better_than_guessing(identities, responses, truth)
