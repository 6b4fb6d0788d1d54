"""Runs every migration on each of the three databases; a version's functions are named for the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from alembic.migration import MigrationContext
from alembic.operations.ops import MigrationScript
from flask import current_app
from sqlalchemy.engine import Connection

from app.db.base import AnswersBase, IdentitiesBase, KeysBase

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


def run() -> None:
    engines = current_app.extensions["sqlalchemy"].engines
    for name, metadata in _METADATA.items():
        engine = engines[None if name == "answers" else name]
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


run()
