"""What every test may use: an application on fresh databases, SQLite by default and PostgreSQL where asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask

from app import create_app
from app.config import read_settings


def make_app(instance: Path, **environ: str) -> Flask:
    """An application with migrated databases in `instance`."""
    app = create_app(read_settings({"MUST_ENV": "test", **environ}, instance))
    with app.app_context():
        flask_migrate.upgrade()
    return app


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = make_app(tmp_path / "instance")
    with app.app_context():
        yield app
