"""Nothing is called gone while somebody can still see it: PostgreSQL keeps rows for whoever reads an older state."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.engine import Connection, Engine

from app.db.grants import COMMANDS
from app.db.keys import SurveyKey
from app.domain.errors import DomainError
from app.extensions import db, session
from app.services import compaction
from app.services.compaction import compact
from tests.attacks.dumps import database_bytes
from tests.conftest import dispose, postgres_app
from tests.people import open_trial
from tests.roles import Installation

MARK = "to be destroyed, and to leave no trace"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "N_TRIES", 2)
    monkeypatch.setattr(compaction, "LOCK_SECONDS", 1)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, postgres: sa.Engine) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("roles"), postgres)
    yield made
    made.dispose()


@pytest.fixture
def owner(installation: Installation) -> Iterator[Engine]:
    """The database of answers, with one row that will be deleted."""
    engine = sa.create_engine(installation.urls["answers"])
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO organisation VALUES ('310000001', :mark, false)"), {"mark": MARK})
    yield engine
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM organisation WHERE number = '310000001'"))
    engine.dispose()


@pytest.fixture
def commands(installation: Installation) -> Engine:
    return installation.engines[COMMANDS]["answers"]


def destroy(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM organisation WHERE number = '310000001'"))


def is_left(engine: Engine) -> bool:
    return MARK.encode() in database_bytes(engine)


@contextmanager
def reader(engine: Engine) -> Iterator[Connection]:
    """Reads in one state for as long as it takes."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.execute(sa.text("SELECT 1"))
        yield connection


@contextmanager
def prepared(engine: Engine) -> Iterator[Connection]:
    """A transaction that somebody prepared, and forgot."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in ("BEGIN", "SELECT pg_current_xact_id()", "PREPARE TRANSACTION 'forgotten'"):
            connection.execute(sa.text(statement))
        yield connection
        connection.execute(sa.text("ROLLBACK PREPARED 'forgotten'"))


@contextmanager
def standby(engine: Engine) -> Iterator[None]:
    """Asks for the log with a slot, and says which state it still reads (hot_standby_feedback)."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("SELECT pg_create_physical_replication_slot('mirror', true)"))
        xid, place = connection.execute(
            sa.text("SELECT CAST(CAST(pg_current_xact_id() AS xid) AS text), CAST(pg_current_wal_lsn() AS text)")
        ).one()
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with closing(psycopg.connect(url, autocommit=True, replication="true")) as stream:
            stream.pgconn.exec_(f"START_REPLICATION SLOT mirror PHYSICAL {place}".encode())
            stream.pgconn.put_copy_data(b"h" + struct.pack(">qIIII", 0, int(xid), 0, 0, 0))
            stream.pgconn.flush()
            for _ in range(100):
                if connection.scalar(sa.text("SELECT xmin FROM pg_replication_slots")):
                    break
                time.sleep(0.05)
            yield
        for _ in range(100):
            if not connection.scalar(sa.text("SELECT active FROM pg_replication_slots")):
                break
            time.sleep(0.05)
        connection.execute(sa.text("SELECT pg_drop_replication_slot('mirror')"))


@pytest.mark.parametrize(
    ("holding", "named"),
    [
        (reader, r"holder=process \d+\)"),
        (prepared, "holder=prepared transaction forgotten"),
        (standby, "holder=replication slot mirror"),
    ],
)
@pytest.mark.parametrize("role", ["owner", "commands"])
def test_who_reads_an_older_state_is_named_and_afterwards_nothing_is_left(
    request: pytest.FixtureRequest, owner: Engine, holding: object, named: str, role: str
) -> None:
    engine: Engine = request.getfixturevalue(role)
    with holding(owner):  # type: ignore[operator]
        destroy(owner)
        with pytest.raises(DomainError, match=rf"compact\.busy .*{named}"):
            compact(engine)
        assert is_left(owner)
    compact(engine)
    assert not is_left(owner)


def test_short_reader_is_waited_for(owner: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "N_TRIES", 40)
    read, go_on = threading.Event(), threading.Event()

    def work() -> None:
        with reader(owner):
            read.set()
            go_on.wait()
            time.sleep(0.5)

    thread = threading.Thread(target=work)
    thread.start()
    read.wait()
    destroy(owner)
    go_on.set()
    compact(owner)
    thread.join()
    assert not is_left(owner)


def test_who_reads_what_is_left_is_in_nobodys_way(owner: Engine, commands: Engine) -> None:
    destroy(owner)
    with reader(owner):
        compact(commands)
        assert not is_left(owner)


def test_table_that_somebody_holds_keeps_nobody_from_saving_for_long(owner: Engine, commands: Engine) -> None:
    destroy(owner)
    with owner.connect() as connection:
        connection.execute(sa.text("LOCK TABLE organisation IN ACCESS SHARE MODE"))
        started = time.monotonic()
        with pytest.raises(DomainError, match=r"compact\.busy"):
            compact(commands)
        assert time.monotonic() - started < 10
    with commands.connect() as connection:
        assert connection.scalar(sa.text("SHOW lock_timeout")) == "0"
    compact(commands)
    assert not is_left(owner)


def test_destroyed_keys_are_not_left_in_the_samples_of_the_planner(postgres: sa.Engine, tmp_path: Path) -> None:
    """Which PostgreSQL takes when it likes; with the installation's key they would open every backup again."""
    with postgres_app(tmp_path, postgres).app_context():
        for _ in range(3):
            open_trial()
        wrapped = [kept.wrapped for kept in session().scalars(sa.select(SurveyKey))]
        session().rollback()
        with db.engines["keys"].connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
            content = database_bytes(db.engines["keys"])
            assert all(one in content for one in wrapped)
            connection.exec_driver_sql("DELETE FROM survey_key")
        compact(db.engines["keys"])
        content = database_bytes(db.engines["keys"])
        assert not any(one in content for one in wrapped)
        dispose()


def test_sqlite_notices_too(app: Flask) -> None:
    open_trial()
    session().rollback()
    with db.engines["keys"].connect() as connection:
        connection.execute(sa.text("SELECT count(*) FROM survey_key"))
        with db.engines["keys"].begin() as other:
            other.execute(sa.text("DELETE FROM survey_key"))
            other.execute(sa.text("PRAGMA busy_timeout = 100"))  # the pool hands the same one to who asks next
        with pytest.raises(DomainError, match=r"compact\.busy"):
            compact(db.engines["keys"])
