"""MUST: an employee survey for state organisations."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.config import Settings

ROOT = Path(__file__).resolve().parent.parent


def create_app(settings: Settings | None = None) -> Flask:
    """The application, wired together. Without `settings` they are read from the environment (app/config)."""
    from flask import Flask

    from app import cli, extensions, web
    from app.config import read_settings

    instance = Path(os.environ.get("MUST_INSTANCE") or ROOT / "instance").absolute()
    settings = settings or read_settings(os.environ, instance)
    app = Flask(
        __name__,
        instance_path=str(settings.instance),
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
    )
    app.config.update(
        SETTINGS=settings,
        TESTING=settings.environment.value == "test",
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.answers_url,
        SQLALCHEMY_BINDS={"identities": settings.identities_url, "keys": settings.keys_url},
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "translations"),
        BABEL_DEFAULT_LOCALE=settings.default_language,
        BABEL_DEFAULT_TIMEZONE="Europe/Oslo",
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=64 * 1024,
        MAX_FORM_MEMORY_SIZE=64 * 1024,
    )
    extensions.init_app(app, settings)
    web.init_app(app, settings)
    cli.init_app(app)
    return app
