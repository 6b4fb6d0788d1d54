"""Backups of the databases of answers and identities, never of that of keys (spec 8).

A backup is a file of frames, each sealed with the backup key: a head, then rows and certificates, then an end that
counts the frames. The rows are those of the tables, in JSON, so that a backup of SQLite can be restored on PostgreSQL.
What the surveys' keys seal is in it as it lies in the database: when such a key is destroyed, every backup that holds
what it sealed becomes unreadable with it.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Integer, MetaData, Table, func, insert, select, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session

from app.adapters.sealing import new_key, seal, unseal
from app.db.answers import ResponseRow
from app.db.base import AnswersBase, IdentitiesBase
from app.db.grants import COMMANDS
from app.domain.errors import DomainError
from app.services.schema import newest_revision, revision_of
from app.services.survey_keys import KeyRing, Purpose

DATABASES: Mapping[str, MetaData] = {"answers": AnswersBase.metadata, "identities": IdentitiesBase.metadata}
"""What is backed up. The keys are not among them."""
_MAGIC = b"MUST backup 1\n"
_ID_BYTES = 16
"""Random, and bound into every frame: frames of two backups cannot be mixed."""
_LENGTH = struct.Struct(">I")
_ROWS_PER_FRAME = 500
_LONGEST_FRAME = 256 * 1024**2
Frame = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """What a backup holds: rows per table, and files."""

    made_at: datetime
    n_rows: Mapping[str, int]
    n_files: int


def create_backup(
    out: BinaryIO, key: bytes, engines: Mapping[str, Engine], certificates: Path, migrations: Path, now: datetime
) -> Content:
    """Write a backup to `out`. DomainError ``backup.not_migrated``, ``backup.not_every_row``."""
    check_migrated({name: engines[name] for name in DATABASES}, migrations)
    _check_sees_every_row(engines["identities"])
    head = {"made_at": now.isoformat(), "revision": newest_revision(migrations)}
    n_rows: dict[str, int] = {}
    n_files = n_frames = 0
    backup_id = new_key()[:_ID_BYTES]
    out.write(_MAGIC + backup_id)
    for frame in ({"head": head}, *_files(certificates)):
        n_frames, n_files = _write(out, key, backup_id, n_frames, frame), n_files + ("file" in frame)
    for name, metadata in DATABASES.items():
        with _one_state(engines[name]) as connection:
            for table in metadata.sorted_tables:
                n_rows[table.name] = 0
                for rows in _rows(connection, table):
                    n_frames = _write(out, key, backup_id, n_frames, {"table": table.name, "rows": rows})
                    n_rows[table.name] += len(rows)
    _write(out, key, backup_id, n_frames, {"end": n_frames})
    return Content(now, n_rows, n_files)


def read_backup(file: BinaryIO, key: bytes) -> Content:
    """What a backup holds, after looking at all of it.

    DomainError ``backup.not_one``; ``sealed.broken`` for another key or a changed byte; ``backup.cut_off``.
    """
    n_rows = {table.name: 0 for metadata in DATABASES.values() for table in metadata.sorted_tables}
    made_at, n_files = None, 0
    for frame in _frames(file, key):
        if "head" in frame:
            made_at = datetime.fromisoformat(frame["head"]["made_at"])
        elif "rows" in frame:
            n_rows[frame["table"]] = n_rows.get(frame["table"], 0) + len(frame["rows"])
        n_files += "file" in frame
    if made_at is None:
        raise DomainError("backup.not_one")
    return Content(made_at, n_rows, n_files)


def restore_backup(
    file: BinaryIO, key: bytes, connections: Mapping[str, Connection], certificates: Path, migrations: Path
) -> None:
    """Put a backup, looked at by `read_backup` before, into databases that are migrated and empty; commit afterwards.

    DomainError ``backup.other_version``, ``backup.not_empty``.
    """
    homes = {table.name: (name, table) for name, metadata in DATABASES.items() for table in metadata.sorted_tables}
    for name, table in homes.values():
        if connections[name].scalar(select(func.count()).select_from(table)):
            raise DomainError("backup.not_empty", table=table.name)
    for frame in _frames(file, key):
        if "head" in frame and frame["head"]["revision"] != newest_revision(migrations):
            raise DomainError("backup.other_version", version=frame["head"]["revision"])
        if "rows" in frame:
            name, table = homes[frame["table"]]
            connections[name].execute(insert(table), [_unpacked(table, row) for row in frame["rows"]])
        elif "file" in frame:
            certificates.mkdir(mode=0o700, exist_ok=True)
            (certificates / Path(frame["file"]).name).write_bytes(base64.b64decode(frame["content"]))
    for name, table in homes.values():
        _go_on_counting(connections[name], table)


def readable_surveys(session: Session, keys: KeyRing) -> dict[str, bool]:
    """Of every survey that has responses, whether its keys, as they are now, open them."""
    found = session.scalars(select(ResponseRow.survey_id).distinct()).all()
    return {survey_id: _opens_one(session, keys, survey_id) for survey_id in found}


def _opens_one(session: Session, keys: KeyRing, survey_id: str) -> bool:
    any_row = select(ResponseRow.id, ResponseRow.sealed).where(ResponseRow.survey_id == survey_id).limit(1)
    own, sealed = session.execute(any_row).one()
    for purpose in (Purpose.DATA, Purpose.CLOSED_DATA):
        try:
            unseal(keys.get(session, survey_id, purpose), sealed, own)
        except DomainError:
            continue
        return True
    return False


def check_migrated(engines: Mapping[str, Engine], migrations: Path) -> None:
    """DomainError ``backup.not_migrated`` unless every database has the tables of this release."""
    if any(revision_of(engine) != newest_revision(migrations) for engine in engines.values()):
        raise DomainError("backup.not_migrated")


def _check_sees_every_row(engine: Engine) -> None:
    """Row-level security shows the web's role one bucket at a time: a backup by it would lack the register."""
    with engine.connect() as connection:
        if _is_postgres(connection) and not connection.scalar(text(_SEES_EVERY_ROW)):
            raise DomainError("backup.not_every_row")


_SEES_EVERY_ROW = (
    f"SELECT bool_or(pg_has_role(oid, 'USAGE')) FROM pg_roles WHERE rolname = '{COMMANDS}' OR oid = "  # noqa: S608
    "(SELECT relowner FROM pg_class WHERE oid = 'register_bucket'::regclass)"
)


def _one_state(engine: Engine) -> Connection:
    """A connection that sees the database as it is now, whatever is written meanwhile."""
    connection = engine.connect()
    return connection.execution_options(isolation_level="REPEATABLE READ") if _is_postgres(connection) else connection


def _is_postgres(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _files(folder: Path) -> Iterator[Frame]:
    for path in sorted(folder.glob("*.json")):
        yield {"file": path.name, "content": base64.b64encode(path.read_bytes()).decode()}


def _rows(connection: Connection, table: Table) -> Iterator[list[Frame]]:
    """In the order of the key, so that the order on disk is told to nobody."""
    query = select(table).order_by(*table.primary_key.columns)
    for part in connection.execution_options(yield_per=_ROWS_PER_FRAME).execute(query).mappings().partitions():
        yield [{name: _packed(value) for name, value in row.items()} for row in part]


def _packed(value: object) -> object:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, date):
        return {"time" if isinstance(value, datetime) else "date": value.isoformat()}
    return {"json": value} if isinstance(value, dict) else value


def _unpacked(table: Table, row: Frame) -> Frame:
    return {name: _value(value) for name, value in row.items() if name in table.columns}


def _value(packed: object) -> object:
    if not isinstance(packed, dict):
        return packed
    (kind, value), *_ = packed.items()
    if kind == "bytes":
        return base64.b64decode(value)
    if kind == "json":
        return value
    return datetime.fromisoformat(value) if kind == "time" else date.fromisoformat(value)


def _go_on_counting(connection: Connection, table: Table) -> None:
    """PostgreSQL numbers lines by a sequence, which does not know what was put in with its number."""
    (own, *others) = table.primary_key.columns
    if _is_postgres(connection) and not others and isinstance(own.type, Integer):
        highest = connection.scalar(select(func.max(own)))
        if highest:
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)"),
                {"table": table.name, "column": own.name, "highest": highest},
            )


def _write(out: BinaryIO, key: bytes, backup_id: bytes, number: int, frame: Frame) -> int:
    sealed = seal(key, zlib.compress(json.dumps(frame, ensure_ascii=False).encode()), _label(backup_id, number))
    out.write(_LENGTH.pack(len(sealed)) + sealed)
    return number + 1


def _frames(file: BinaryIO, key: bytes) -> Iterable[Frame]:
    """Every frame up to the end, which must be there."""
    if file.read(len(_MAGIC)) != _MAGIC:
        raise DomainError("backup.not_one")
    backup_id, number = file.read(_ID_BYTES), 0
    while len(length := file.read(_LENGTH.size)) == _LENGTH.size:
        n_bytes = min(_LENGTH.unpack(length)[0], _LONGEST_FRAME)
        sealed = file.read(n_bytes)
        if len(sealed) < n_bytes:
            break
        frame: Frame = json.loads(zlib.decompress(unseal(key, sealed, _label(backup_id, number))))
        if frame.get("end") == number:
            return
        yield frame
        number += 1
    raise DomainError("backup.cut_off")


def _label(backup_id: bytes, number: int) -> bytes:
    return backup_id + str(number).encode()
