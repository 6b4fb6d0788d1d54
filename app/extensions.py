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
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from app.adapters.entity_register import EntityRegister
from app.adapters.local_rights import LocalRights
from app.adapters.smtp import Mailer, MailFolder, Smtp
from app.adapters.storage import Storage
from app.config import Settings
from app.db import answers, identities, keys, orders, surveys  # noqa: F401 - so that migrations see every table
from app.db.surveys import Organisation
from app.domain.rights import Entity, Representation
from app.services.consent_source import ConsentSource, OwnPage
from app.services.survey_keys import KeyRing

MIGRATIONS = Path(__file__).parent / "db" / "migrations"


class RightsSource(Protocol):
    """What `app.adapters.altinn` and `app.adapters.local_rights` have in common."""

    def rights_of(self, identity_number: str, now: datetime) -> tuple[Representation, ...]:
        """DomainError ``rights.unavailable``, ``rights.refused``."""


class EntitySource(Protocol):
    """What `app.adapters.entity_register` offers, from the public register or from a local list."""

    def find(self, number: str, now: datetime) -> Entity | None:
        """DomainError ``entity_register.unavailable``."""


db = SQLAlchemy(engine_options={"hide_parameters": True})  # an error on a terminal is kept in somebody's log
migrate = Migrate()
babel = Babel()
csrf = CSRFProtect()


def init_app(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(MIGRATIONS))
    app.extensions["key_ring"] = KeyRing(settings.installation_key)
    app.extensions["rights"] = _rights(settings)
    app.extensions["consents"] = OwnPage()
    app.extensions["entities"] = _entities(settings)
    app.extensions["mailer"] = _mailer(settings)
    app.extensions["report_storage"] = Storage(settings.reports_url)


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


def consent_source() -> ConsentSource:
    """Where employees decide about research."""
    found: ConsentSource = current_app.extensions["consents"]
    return found


def entity_source() -> EntitySource:
    """The register of entities, or the local list."""
    found: EntitySource = current_app.extensions["entities"]
    return found


def mailer() -> Mailer:
    """The mail server, or the folder that stands in for it."""
    found: Mailer = current_app.extensions["mailer"]
    return found


def report_storage() -> Storage:
    """Where published reports lie."""
    found: Storage = current_app.extensions["report_storage"]
    return found


def session() -> Session:
    """The session of this request or command. Only a route or a command commits it."""
    current: Session = db.session()
    return current


def _rights(settings: Settings) -> RightsSource:
    if settings.outside.altinn is None:
        return LocalRights(settings.outside.rights_file)
    from app.adapters.altinn import Altinn

    return Altinn(settings.outside.altinn)


def _entities(settings: Settings) -> EntitySource:
    url = settings.outside.entity_register_url
    return EntityRegister(url) if url else _ImportedEntities()


class _ImportedEntities:
    """What staff imported stands in for the register of entities."""

    def find(self, number: str, now: datetime) -> Entity | None:
        known = session().get(Organisation, number)
        return None if known is None else Entity(known.number, known.name)


def _mailer(settings: Settings) -> Mailer:
    outside = settings.outside
    return MailFolder(outside.mail_folder, outside.sender) if outside.smtp is None else Smtp(outside.smtp)


CONNECT_SECONDS = 5
"""The driver itself waits for two minutes, and a host that swallows what it is sent would hold a thread so long."""


@event.listens_for(Engine, "do_connect")
def _give_up_connecting(dialect: Dialect, _: object, __: object, parameters: dict[str, Any]) -> None:
    """`connect_timeout` in an address wins."""
    if dialect.name == "postgresql":
        parameters.setdefault("connect_timeout", CONNECT_SECONDS)


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
