"""Runs every migration on each of the three databases; a version's functions are named for the database."""

from alembic import context
from alembic.migration import MigrationContext
from alembic.operations.ops import MigrationScript
from flask import current_app

from app.db.base import AnswersBase, IdentitiesBase, KeysBase

_METADATA = {"answers": AnswersBase.metadata, "identities": IdentitiesBase.metadata, "keys": KeysBase.metadata}


def _skip_empty(
    migration: MigrationContext, revision: object, directives: list[MigrationScript]
) -> None:  # pragma: no cover - only for the author of a migration
    if directives and all(upgrade.is_empty() for upgrade in directives[0].upgrade_ops_list):
        directives.clear()


def run() -> None:
    engines = current_app.extensions["sqlalchemy"].engines
    for name, metadata in _METADATA.items():
        engine = engines[None if name == "answers" else name]
        with engine.connect() as connection:
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
