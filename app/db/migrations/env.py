"""Runs every migration on each of the three databases; a version's functions are named for the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from alembic.migration import MigrationContext
from alembic.operations.ops import MigrationScript
from click import ClickException
from flask import current_app
from sqlalchemy import MetaData
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from app.db.base import AnswersBase, IdentitiesBase, KeysBase, kind_of

_METADATA = {"answers": AnswersBase.metadata, "identities": IdentitiesBase.metadata, "keys": KeysBase.metadata}


def _skip_empty(
    migration: MigrationContext, revision: object, directives: list[MigrationScript]
) -> None:  # pragma: no cover - only for the author of a migration
    if directives and all(upgrade.is_empty() for upgrade in directives[0].upgrade_ops_list):
        directives.clear()


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """SQLite alters a table by making it anew: whatever refers to it must not mind, and is checked afterwards."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF").close()
    try:
        yield
        broken = driver.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"rows that refer to nothing: {broken[:5]}")
    finally:
        driver.execute("PRAGMA foreign_keys=ON").close()


def migrate(name: str, engine: Engine, metadata: MetaData) -> None:
    with engine.connect().execution_options(writes=True) as connection, _without_foreign_keys(connection):
        context.configure(
            connection=connection,
            target_metadata=metadata,
            upgrade_token=f"{name}_upgrades",
            downgrade_token=f"{name}_downgrades",
            render_as_batch=True,
            compare_type=True,
            process_revision_directives=_skip_empty,
        )
        with context.begin_transaction():
            context.run_migrations(database=name)
        connection.commit()


def run() -> None:
    engines = current_app.extensions["sqlalchemy"].engines
    for name, metadata in _METADATA.items():
        try:
            migrate(name, engines[None if name == "answers" else name], metadata)
        except SQLAlchemyError as error:
            raise ClickException(
                f"The database of {name} cannot be used ({kind_of(error)}), and is as it was. Check that it runs, "
                f"MUST_{name.upper()}_URL, and that its role owns the tables. See: flask doctor"
            ) from error


run()
