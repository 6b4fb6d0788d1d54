"""The migrations make the tables that the models describe, and undo them, on both kinds of database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from app.db.base import AnswersBase, IdentitiesBase, KeysBase, UtcTime
from app.db.identities import RegisterBucket
from app.db.surveys import Survey
from app.extensions import MIGRATIONS, db, key_ring, session
from app.services import answering
from tests.conftest import dispose, postgres_app
from tests.people import NO, YES, open_trial

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


SAMPLES: dict[type[sa.types.TypeEngine[Any]], object] = {
    sa.Boolean: True,
    sa.Integer: 1,
    sa.Date: date(2026, 10, 1),
    UtcTime: datetime(2026, 10, 1, 7, tzinfo=UTC),
    sa.JSON: {"nb": ["Ås", 1]},
    sa.LargeBinary: bytes(range(32)),
    sa.String: "310000000",
}
"""One value per type, so that every reference finds its row."""


def sample(column: sa.Column[Any]) -> object:
    value = next(value for kind, value in SAMPLES.items() if isinstance(column.type, kind))
    return value[: column.type.length] if isinstance(value, str) else value


def fill() -> None:
    """A row in every table."""
    for bind, metadata in METADATA.items():
        with db.engines[bind].begin() as connection:
            for table in metadata.sorted_tables:
                row = {column.name: sample(column) for column in table.columns}
                connection.execute(sa.insert(table), row)


def stored() -> dict[str, dict[str, object]]:
    """What is in the row of every table that there is now."""
    found = {}
    for bind in METADATA:
        with db.engines[bind].connect() as connection:
            for name in tables(bind):
                row = connection.execute(sa.text(f"SELECT * FROM {name}")).mappings().one_or_none()  # noqa: S608
                found[name] = dict(row or {})
    return found


def test_data_in_every_table_survives_each_step_down_and_up_again(any_app: Flask) -> None:
    """What an older schema has no place for is lost on the way down, and nothing else."""
    fill()
    whole = stored()
    assert all(whole.values())
    revisions = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
    for older in revisions[1:]:
        flask_migrate.downgrade(revision=older)
        kept = stored()
        assert kept
        for name, row in kept.items():
            assert row == {column: whole[name][column] for column in row}, (older, name)
        flask_migrate.upgrade()
        again = stored()
        assert again.keys() == whole.keys()
        for name, row in kept.items():
            assert row.items() <= again[name].items(), (older, name)


def test_survey_goes_on_after_a_step_down_and_up_again(any_app: Flask) -> None:
    """Nobody's consent or answer is lost; the locator that went comes back with the next change."""
    trial = open_trial()
    trial.consent(1, NO)
    trial.answer(1, answers={"workload_1": 4})
    session().close()
    flask_migrate.downgrade(revision="0002")
    flask_migrate.upgrade()
    trial.survey = session().scalars(sa.select(Survey)).one()
    assert session().scalars(sa.select(RegisterBucket.locator)).all() == [None]
    session().rollback()
    setup, person = trial.opened.setup, trial.person(1)
    assert answering.get_consent(session(), key_ring(), setup, person) == NO
    assert answering.find_response(session(), key_ring(), setup, person) is not None
    trial.consent(1, YES)
    assert answering.get_consent(session(), key_ring(), setup, person) == YES
    assert None not in session().scalars(sa.select(RegisterBucket.locator)).all()
    session().close()


def test_planner_takes_no_sample_of_a_column_that_holds_secrets(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Samples outlive the rows: a destroyed key would be left in them."""
    with postgres_app(tmp_path, request.getfixturevalue("postgres")).app_context():
        query = sa.text(
            "SELECT attstattarget FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND attname = :column"
        )
        for bind, metadata in METADATA.items():
            with db.engines[bind].connect() as connection:
                secret = [(t.name, c.name) for t in metadata.sorted_tables for c in t.columns if is_secret(c)]
                assert secret
                for table, column in secret:
                    found = connection.scalar(query, {"table": table, "column": column})
                    assert found == 0, f"{table}.{column} needs SET STATISTICS 0 in a migration"
        dispose()


def test_samples_from_before_are_thrown_away(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with postgres_app(tmp_path, request.getfixturevalue("postgres")).app_context():
        flask_migrate.downgrade(revision="0005")
        for _ in range(2):
            open_trial()
        session().close()
        with db.engines["keys"].connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            count = "SELECT count(*) FROM pg_stats WHERE tablename = 'survey_key' AND attname = 'wrapped'"
            connection.exec_driver_sql("ANALYZE survey_key")
            assert connection.exec_driver_sql(count).scalar() == 1
            flask_migrate.upgrade()
            assert connection.exec_driver_sql(count).scalar() == 0
            connection.exec_driver_sql("ANALYZE survey_key")
            assert connection.exec_driver_sql(count).scalar() == 0
        dispose()


def is_secret(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.LargeBinary) or column.name == "recipient"


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
        ("keys", "tombstones"),
        ("keys", "ended_login"),
    ):
        with db.engines[bind].connect() as connection, pytest.raises(sa.exc.OperationalError, match="no such column"):
            connection.exec_driver_sql(f"SELECT rowid FROM {name}")  # noqa: S608
        columns = METADATA[bind].tables[name].columns
        assert not [column.name for column in columns if column.name.endswith(("_at", "_on"))]
        assert not any(isinstance(column.type, sa.DateTime | sa.Date) for column in columns)
