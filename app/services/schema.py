"""Whether a database has the tables that this version of the code needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError


@cache
def newest_revision(migrations: Path) -> str | None:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    return ScriptDirectory.from_config(config).get_current_head()


def revision_of(engine: Engine) -> str | None:
    """What the database was migrated to; None for a new one. Raises SQLAlchemyError when it cannot be reached."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(engine: Engine, migrations: Path) -> bool:
    """Whether it can be reached and is up to date."""
    try:
        return revision_of(engine) == newest_revision(migrations)
    except SQLAlchemyError:
        return False
