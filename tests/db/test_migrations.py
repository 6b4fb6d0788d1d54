"""The migrations make the tables that the models describe, and undo them, on both kinds of database."""

from __future__ import annotations

import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from app.db.base import AnswersBase, IdentitiesBase, KeysBase
from app.extensions import db

METADATA = {None: AnswersBase.metadata, "identities": IdentitiesBase.metadata, "keys": KeysBase.metadata}


def tables(bind: str | None) -> set[str]:
    return set(sa.inspect(db.engines[bind]).get_table_names()) - {"alembic_version"}


@pytest.mark.parametrize("bind", METADATA)
def test_migrated_tables_are_those_of_the_models(any_app: Flask, bind: str | None) -> None:
    with db.engines[bind].connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA[bind]) == []


def test_down_and_up_again(any_app: Flask) -> None:
    flask_migrate.downgrade(revision="base")
    assert all(tables(bind) == set() for bind in METADATA)
    flask_migrate.upgrade()
    assert all(tables(bind) == set(metadata.tables) for bind, metadata in METADATA.items())


def test_no_database_holds_a_key_of_another(any_app: Flask) -> None:
    """A survey's random id is all that the three have in common (spec 8)."""
    for bind, metadata in METADATA.items():
        for table in metadata.tables.values():
            assert all(key.column.table.name in tables(bind) for key in table.foreign_keys)


def test_tables_of_people_have_no_row_number_and_no_time(app: Flask) -> None:
    for bind, name in (
        (None, "response"),
        ("identities", "register_bucket"),
        ("keys", "survey_key"),
        ("keys", "ended_login"),
    ):
        with db.engines[bind].connect() as connection, pytest.raises(sa.exc.OperationalError, match="no such column"):
            connection.exec_driver_sql(f"SELECT rowid FROM {name}")  # noqa: S608
        columns = METADATA[bind].tables[name].columns
        assert not [column.name for column in columns if column.name.endswith(("_at", "_on"))]
        assert not any(isinstance(column.type, sa.DateTime | sa.Date) for column in columns)
