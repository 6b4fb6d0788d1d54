"""What somebody who owns a database sees: rows with all their internals, and where their bytes lie in the files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa


def sqlite_rows(file: Path, table: str) -> list[dict[str, object]]:
    """Every row with its columns, its rowid where it has one, its place in a scan, and where its key lies."""
    raw = {"file": file.read_bytes(), "wal": _wal_of(file)}
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        try:
            found = connection.execute(f"SELECT rowid AS internal_rowid, * FROM {table}").fetchall()  # noqa: S608
        except sqlite3.OperationalError:
            found = connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
        key = next((column[1] for column in connection.execute(f"PRAGMA table_info({table})") if column[5]), None)
    rows = [{"scan_position": i, **{name: row[name] for name in row.keys()}} for i, row in enumerate(found)]  # noqa: SIM118
    for row in rows:
        if key is not None and isinstance(row[key], bytes):
            for name, content in raw.items():
                row[f"first_in_{name}"] = content.find(row[key])
                row[f"last_in_{name}"] = content.rfind(row[key])
    return rows


def _wal_of(file: Path) -> bytes:
    wal = file.with_name(file.name + "-wal")
    return wal.read_bytes() if wal.exists() else b""


def postgres_rows(engine: sa.Engine, table: str) -> list[dict[str, object]]:
    """Every row with its columns, the server's own (transaction, command, place) and where it lies in file and log."""
    query = f"SELECT xmin::text::bigint AS xmin, cmin::text::bigint AS cmin, ctid::text AS ctid, * FROM {table}"  # noqa: S608
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        found = connection.execute(sa.text(query)).mappings().all()
        connection.exec_driver_sql("CHECKPOINT")
        data, place = connection.execute(
            sa.text("SELECT current_setting('data_directory'), pg_relation_filepath(:table)"), {"table": table}
        ).one()
        log = connection.exec_driver_sql("SELECT pg_walfile_name(pg_current_wal_lsn())").scalar_one()
    raw = {"file": (Path(data) / place).read_bytes(), "wal": (Path(data) / "pg_wal" / log).read_bytes()}
    rows = [{"scan_position": i, **dict(row)} for i, row in enumerate(found)]
    for row in rows:
        page, item = str(row["ctid"]).strip("()").split(",")
        row["ctid"] = int(page) * 10_000 + int(item)
        if isinstance(row.get("id"), bytes):
            row.update({f"first_in_{name}": content.find(row["id"]) for name, content in raw.items()})
    return rows


def database_bytes(engine: sa.Engine) -> bytes:
    """Every file of one database, with what its pages keep of former rows."""
    if engine.dialect.name == "sqlite":
        return all_bytes([Path(str(engine.url.database)).parent])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CHECKPOINT")
        data, number = connection.execute(
            sa.text("SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()")
        ).one()
    return all_bytes([Path(data) / "base" / str(number)])


def all_bytes(folders: Iterable[Path]) -> bytes:
    """Everything in every file below the folders."""
    return b"\n".join(path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())
