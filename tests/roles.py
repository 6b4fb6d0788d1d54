"""PostgreSQL with the least rights: the same databases as the owner, the web and the commands see them."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.config import read_settings
from app.db.grants import COMMANDS, DATABASES, WEB, grants_sql
from app.extensions import db
from tests.conftest import postgres_app


class Installation:
    """One set of databases, and an application per role; the two of the web are as on two machines."""

    def __init__(self, folder: Path, postgres: sa.Engine) -> None:
        self.owner = postgres_app(folder, postgres)
        with self.owner.app_context():
            engines = {name or "answers": engine for name, engine in db.engines.items()}
            for name, engine in engines.items():
                grant(engine, name)
            self.urls = {name: engine.url for name, engine in engines.items()}
        self.commands, self.web, self.other_web = (self.app_of(role) for role in (COMMANDS, WEB, WEB))
        self.engines = {role: {name: self._engine(name, role) for name in DATABASES} for role in (COMMANDS, WEB)}

    def app_of(self, role: str, **environ: str) -> Flask:
        urls = {
            f"MUST_{name.upper()}_URL": url.set(username=role).render_as_string(hide_password=False)
            for name, url in self.urls.items()
        }
        return create_app(read_settings({"MUST_ENV": "test", **environ, **urls}, Path(self.owner.instance_path)))

    def dispose(self) -> None:
        for app in (self.owner, self.commands, self.web, self.other_web):
            with app.app_context():
                db.session.remove()
                for engine in db.engines.values():
                    engine.dispose()
        for engines in self.engines.values():
            for engine in engines.values():
                engine.dispose()

    def _engine(self, name: str, role: str) -> sa.Engine:
        return sa.create_engine(self.urls[name].set(username=role))


def grant(engine: sa.Engine, name: str) -> None:
    """As psql runs it."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.connection.cursor().execute(grants_sql(name))
