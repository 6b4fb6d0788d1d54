"""The Flask extensions, and the one door to the database session."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from flask import Flask, current_app
from flask_babel import Babel
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from app.config import Settings
from app.db import answers, identities, keys, orders, surveys  # noqa: F401 - so that migrations see every table
from app.domain.rights import Representation
from app.services.survey_keys import KeyRing

MIGRATIONS = Path(__file__).parent / "db" / "migrations"


class RightsSource(Protocol):
    """What `app.adapters.altinn` and `app.adapters.local_rights` have in common."""

    def rights_of(self, identity_number: str, now: datetime) -> tuple[Representation, ...]:
        """DomainError ``rights.unavailable``, ``rights.refused``."""


db = SQLAlchemy()
migrate = Migrate()
babel = Babel()
csrf = CSRFProtect()


def init_app(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(MIGRATIONS))
    csrf.init_app(app)
    app.extensions["key_ring"] = KeyRing(settings.installation_key)


def settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def key_ring() -> KeyRing:
    """The surveys' keys, as this process knows them."""
    found: KeyRing = current_app.extensions["key_ring"]
    return found


def rights_source() -> RightsSource:
    """Who may act for whom: Altinn, or a local file."""
    found: RightsSource = current_app.extensions["rights"]
    return found


def session() -> Session:
    """The session of this request or command. Only a route or a command commits it."""
    current: Session = db.session()
    return current


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: object, _: ConnectionPoolEntry) -> None:
    """WAL for readers beside a writer, every commit on disk, deleted content overwritten (spec 8)."""
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # transactions are begun below, not guessed by the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=20000", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    """A transaction that will write takes the lock at once: reading first and then waiting would fail."""
    options: dict[str, Any] = dict(connection.get_execution_options())
    if connection.dialect.name == "sqlite" and options.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")
