"""Writing the databases anew, so that what was destroyed has left no trace in them (spec 8)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from app.domain.errors import DomainError

N_TRIES, SECONDS_BETWEEN = 20, 0.25
"""So long it is waited for who still reads an older state: a page takes milliseconds."""
LOCK_SECONDS = 3
"""So long it is waited for a table, while everybody who saves waits behind."""
_LOCK_NOT_AVAILABLE = "55P03"


def compact(engine: Engine) -> None:
    """Leave no trace of former rows: free pages, dead tuples and the write-ahead log are written anew.

    DomainError ``compact.busy`` when somebody (`holder`) reads an older state just now: try again later.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("VACUUM"))
            is_busy = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
            if is_busy:
                raise DomainError("compact.busy", holder="another process")
        else:
            _wait_for_older_states(connection)
            with _not_waiting_long(connection):
                _compact_postgres(connection)
            _write_log_anew(connection)


def _compact_postgres(connection: Connection) -> None:
    """As the owner of the tables, or by the function that the owner left for who commands (app/db/grants.py)."""
    tables = connection.execute(text(_OWN_TABLES)).all()
    if all(table.is_owned for table in tables):
        connection.execute(text("VACUUM FULL"))
        return
    for table in tables:
        connection.execute(text("SELECT rewrite_table(:name)"), {"name": table.tablename})


def _wait_for_older_states(connection: Connection) -> None:
    """What somebody could still see is kept, whatever is written anew; who comes later sees only what is there."""
    now = connection.scalar(text("SELECT CAST(CAST(pg_current_xact_id() AS xid) AS text)"))
    for _ in range(N_TRIES):
        holders = connection.scalars(text(_OLDER_STATES), {"now": now}).all()
        if not holders:
            return
        time.sleep(SECONDS_BETWEEN)
    raise DomainError("compact.busy", holder=", ".join(holders))


_OLDER_STATES = """
WITH seen(holder, since) AS (
    SELECT 'process ' || pid, backend_xid FROM pg_stat_activity WHERE datname = current_database()
    UNION ALL SELECT 'process ' || pid, backend_xmin FROM pg_stat_activity WHERE datname = current_database()
    UNION ALL SELECT 'standby at process ' || pid, backend_xmin FROM pg_stat_activity WHERE backend_type = 'walsender'
    UNION ALL SELECT 'replication slot ' || slot_name, xmin FROM pg_replication_slots
    UNION ALL SELECT 'prepared transaction ' || gid, transaction FROM pg_prepared_xacts
     WHERE database = current_database()
)
SELECT DISTINCT holder FROM seen
 WHERE since IS NOT NULL AND age(since) > age(CAST(:now AS xid)) AND holder <> 'process ' || pg_backend_pid()
 ORDER BY holder
"""
"""Every role may see all of this."""


@contextmanager
def _not_waiting_long(connection: Connection) -> Iterator[None]:
    """Who holds a table for minutes must not keep everybody from saving for minutes."""
    connection.execute(text(f"SET lock_timeout = '{LOCK_SECONDS}s'"))
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise DomainError("compact.busy", holder="another process") from error
    finally:
        connection.execute(text("RESET lock_timeout"))


def _write_log_anew(connection: Connection) -> None:
    """Whoever may, begins a new file of the write-ahead log: with wal_recycle off the former ones go (OPERATING.md)."""
    if connection.scalar(text(MAY_WRITE_LOG_ANEW)):
        connection.execute(text("SELECT pg_switch_wal()"))
        connection.execute(text("CHECKPOINT"))


MAY_WRITE_LOG_ANEW = (
    "SELECT has_function_privilege('pg_switch_wal()', 'EXECUTE') AND pg_has_role('pg_checkpoint', 'USAGE')"
)
_OWN_TABLES = (
    "SELECT tablename, pg_has_role(tableowner, 'USAGE') AS is_owned FROM pg_tables "
    "WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY tablename"
)
