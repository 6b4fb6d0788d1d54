"""One declarative base per database. Flask-SQLAlchemy finds the engine by the bind key of the metadata."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Json = dict[str, Any]


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive time")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class AnswersBase(DeclarativeBase):
    """Surveys, answers and published sums: the default database."""

    metadata = MetaData(naming_convention=_NAMING)
    type_annotation_map = {Json: JSON, datetime: UtcTime}


class IdentitiesBase(DeclarativeBase):
    """Who consented to research, sealed."""

    metadata = MetaData(naming_convention=_NAMING, info={"bind_key": "identities"})


class KeysBase(DeclarativeBase):
    """The surveys' own keys. Never part of a backup, so that destroying a key destroys what it sealed (spec 8)."""

    metadata = MetaData(naming_convention=_NAMING, info={"bind_key": "keys"})


def begin_writing(session: Session, entity: type[DeclarativeBase]) -> None:
    """Begin a transaction that will write to the database of `entity`; must come before the first read there.

    On SQLite it takes the write lock at once, so that read, change and write are one step; PostgreSQL locks rows.
    """
    session.connection(bind_arguments={"mapper": entity}, execution_options={"writes": True})


def kind_of(error: SQLAlchemyError) -> str:
    """A name from a closed set, such as ``SQLITE_READONLY`` or ``InsufficientPrivilege``: it tells of nobody."""
    cause = getattr(error, "orig", None) or error
    return getattr(cause, "sqlite_errorname", None) or type(cause).__name__
