"""Somebody owns both databases. Does any of it lead from a person to an answer? (spec 8)

200 people log in one after the other, a few at a time; the attacker has full dumps with every internal of the
database from the field period and from after closing, and after closing the installation's key as well.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from flask import Flask

from app.adapters.sealing import open_for_research, unseal
from app.domain.errors import DomainError
from app.domain.identifiers import synthetic_identity_number
from app.domain.responses import Response
from app.extensions import db, key_ring, session, settings
from app.services.register import list_entries, read_for_research
from app.services.report_basis import load_submitted
from app.services.survey_keys import KeyRing, Purpose
from tests.attacks.dumps import all_bytes, postgres_rows, sqlite_rows
from tests.attacks.joining import Row, Truth, all_joins, better_than_guessing
from tests.conftest import dispose, postgres_app
from tests.people import NO, YES, Trial, open_trial

N_PEOPLE = 200
AT_ONCE = 4


def answer_staggered(trial: Trial, random: Random) -> Iterator[int]:
    """People come in order; each saves a few pages, interleaved with the few others who are there at the time."""
    waiting = deque(range(N_PEOPLE))
    inside: list[tuple[int, int]] = []
    while waiting or inside:
        if waiting and len(inside) < AT_ONCE:
            serial = waiting.popleft()
            trial.consent(serial, YES)
            inside.append((serial, 3))
        place = random.randrange(len(inside))
        serial, n_left = inside.pop(place)
        item = f"workload_{n_left}"
        trial.now += timedelta(seconds=20)
        trial.answer(serial, ("A", "A1"), {item: random.randint(1, 5)}, submits=n_left == 1)
        if n_left > 1:
            inside.append((serial, n_left - 1))
        else:
            yield serial


@pytest.fixture
def trial(any_app: Flask) -> Iterator[Trial]:
    yield open_trial(n_invited=N_PEOPLE)
    session().rollback()


def dump(bind: str | None, table: str) -> list[dict[str, object]]:
    engine = db.engines[bind]
    if engine.dialect.name == "postgresql":
        return postgres_rows(engine, table)
    return sqlite_rows(Path(str(engine.url.database)), table)


def private_key() -> bytes:
    return (settings().instance / "keys" / "research-private-key").read_bytes()


def test_field_period_shows_no_row_per_person_and_nothing_in_common(trial: Trial) -> None:
    """Without the keys the register is a fixed number of buckets of one size, there since before the first login."""
    before = dump("identities", "register_bucket")
    for n_done, _ in enumerate(answer_staggered(trial, Random(1))):
        if n_done == N_PEOPLE // 2:
            midway = dump("identities", "register_bucket")
    after = dump("identities", "register_bucket")
    responses = dump(None, "response")
    assert len(before) == len(midway) == len(after) == trial.survey.n_register_buckets
    assert len(responses) == N_PEOPLE
    secrets = {bytes(row["id"]) for row in responses} | {bytes(row["sealed"]) for row in responses}  # type: ignore[call-overload]
    for row in (*before, *midway, *after):
        assert not any(secret[:12] in bytes(row["sealed"]) for secret in secrets)  # type: ignore[call-overload]
    # Two backups: the register may have changed as a whole, never in a part that belongs to somebody.
    pieces = [
        {bytes(row["sealed"])[i : i + 16] for row in rows for i in range(0, 4096, 16)} for rows in (midway, after)
    ]  # type: ignore[call-overload]
    assert not pieces[0] & pieces[1]


def test_field_period_register_has_no_order_even_for_who_holds_its_key(trial: Trial) -> None:
    truth_of = {}
    for serial in answer_staggered(trial, Random(2)):
        truth_of[trial.person(serial).person] = trial.person(serial).response_id
    key = key_ring().get(session(), trial.survey.id, Purpose.REGISTER)
    identities = [
        {"position": i, "person": entry.person, "for_research": entry.for_research}
        for i, entry in enumerate(list_entries(session(), key, trial.survey.id))
    ]
    responses = dump(None, "response")
    place = {bytes(row["id"]): i for i, row in enumerate(responses)}  # type: ignore[call-overload]
    truth = {i: place[truth_of[bytes(row["person"])]] for i, row in enumerate(identities)}  # type: ignore[call-overload]
    assert len(truth) == N_PEOPLE
    assert better_than_guessing(identities, responses, truth) == []


def rows_after_closing(trial: Trial) -> tuple[list[Row], list[Row], Truth]:
    """What the attacker holds after closing with the installation's key, and the truth that only research can have."""
    ring = KeyRing(settings().installation_key)
    register_key = ring.get(session(), trial.survey.id, Purpose.CLOSED_REGISTER)
    identities: list[Row] = []
    links = {}
    for i, entry in enumerate(list_entries(session(), register_key, trial.survey.id)):
        identities.append({"position": i, "person": entry.person, "for_research": entry.for_research})
        plain = open_for_research(private_key(), entry.for_research, trial.survey.id.encode())
        links[read_for_research(plain)[0]] = i
    submitted = load_submitted(session(), ring, trial.opened.setup)
    raw = {bytes(row["id"]): row for row in dump(None, "response")}  # type: ignore[call-overload]
    data_key = ring.get(session(), trial.survey.id, Purpose.CLOSED_DATA)
    responses: list[Row] = []
    truth = {}
    for own, row in raw.items():
        plain = unseal(data_key, bytes(row["sealed"]), own)  # type: ignore[call-overload]
        responses.append({**row, "plain": plain})
        link = Response.from_bytes(plain).link
        if link in links:
            truth[links[link]] = len(responses) - 1
    assert len(submitted.ids) == len(responses)
    return identities, responses, truth


def test_after_closing_nothing_joins_even_with_the_installations_key(trial: Trial) -> None:
    for _ in answer_staggered(trial, Random(3)):
        pass
    trial.close()
    identities, responses, truth = rows_after_closing(trial)
    assert len(truth) == len(identities) == N_PEOPLE
    joins = all_joins(identities, responses, truth)
    assert len(joins) >= 15
    assert [join for join in joins if join.is_better_than_guessing] == []


def test_after_closing_the_access_log_does_not_order_the_responses(trial: Trial) -> None:
    """A log tells the attacker in which order people finished; the rewritten rows no longer do."""
    finished = list(answer_staggered(trial, Random(4)))
    links = {trial.person(serial).link: serial for serial in finished}
    trial.close()
    _, responses, _ = rows_after_closing(trial)
    log: list[Row] = [{"line": line} for line in range(len(finished))]
    line_of = {serial: line for line, serial in enumerate(finished)}
    truth = {}
    for number, row in enumerate(responses):
        link = Response.from_bytes(bytes(row["plain"])).link  # type: ignore[call-overload]
        truth[line_of[links[link]]] = number
    assert better_than_guessing(log, responses, truth) == []


def test_backup_from_the_field_period_is_unreadable_after_closing(trial: Trial, tmp_path: Path) -> None:
    """Both databases as they were, the installation's key, and all keys that still exist: not one row opens."""
    for serial in range(20):
        trial.consent(serial, YES)
        trial.answer(serial)
    responses = dump(None, "response")
    buckets = dump("identities", "register_bucket")
    trial.close()
    ring = KeyRing(settings().installation_key)
    remaining = []
    for purpose in Purpose:
        try:
            remaining.append(ring.get(session(), trial.survey.id, purpose))
        except DomainError:
            continue
    assert len(remaining) == 3
    for key in remaining:
        for row in responses:
            with pytest.raises(DomainError):
                unseal(key, bytes(row["sealed"]), bytes(row["id"]))  # type: ignore[call-overload]
        for row in buckets:
            with pytest.raises(DomainError):
                unseal(key, bytes(row["sealed"]), f"{trial.survey.id}:{row['number']}".encode())  # type: ignore[call-overload]


def test_no_identity_number_and_no_name_is_in_any_file(app: Flask) -> None:
    trial = open_trial(n_invited=N_PEOPLE)
    for serial in range(N_PEOPLE):
        trial.consent(serial, YES if serial % 3 else NO)
        if serial % 4 == 0:
            trial.answer(serial)
    for moment in ("field", "closed"):
        if moment == "closed":
            trial.close()
        content = all_bytes([settings().instance])
        assert trial.survey.id.encode() in content
        for serial in range(N_PEOPLE):
            assert synthetic_identity_number(serial).encode() not in content
            assert f"Person {serial}".encode() not in content


def test_deleted_rows_leave_no_bytes_in_the_files(app: Flask) -> None:
    """SQLite keeps what was deleted in free pages and in the log, unless it is told not to."""
    trial = open_trial()
    for serial in range(30):
        trial.answer(serial)
    before = [bytes(row["id"]) for row in dump(None, "response")]  # type: ignore[call-overload]
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


def test_order_of_responses_alone_is_visible_to_the_tools(tmp_path: Path, postgres: sa.Engine) -> None:
    """The tools do see the order in which rows of the field period were written: PostgreSQL numbers transactions."""
    with postgres_app(tmp_path, postgres).app_context():
        trial = open_trial(n_invited=N_PEOPLE)
        finished = list(answer_staggered(trial, Random(5)))
        responses = dump(None, "response")
        place = {bytes(row["id"]): i for i, row in enumerate(responses)}  # type: ignore[call-overload]
        log: list[Row] = [{"line": line} for line in range(len(finished))]
        truth = {line: place[trial.person(serial).response_id] for line, serial in enumerate(finished)}
        assert better_than_guessing(log, responses, truth)
        session().rollback()
        dispose()
