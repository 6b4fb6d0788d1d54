"""What every test may use: an application on fresh databases, on SQLite and where asked for on PostgreSQL too."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.adapters.storage import Storage
from app.config import read_settings
from app.extensions import db

DATABASES = ("answers", "identities", "keys")
_serial = itertools.count()


def make_app(instance: Path, **environ: str) -> Flask:
    """An application with migrated databases in `instance`."""
    app = create_app(read_settings({"MUST_ENV": "test", **environ}, instance))
    with app.app_context():
        flask_migrate.upgrade()
        dispose()
    return app


def dispose() -> None:
    """Close every connection, that of a test which ended in the middle included."""
    db.session.remove()
    for engine in db.engines.values():
        engine.dispose()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of migrated SQLite files, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    make_app(folder)
    return folder


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """A PostgreSQL server of our own, with a migrated template of each database."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    import pgserver
    from pgserver._commands import pg_ctl

    folder = tempfile.mkdtemp(prefix="must-postgres-")  # pytest's own is closed to the server by every further run
    server = pgserver.get_server(folder, cleanup_mode="stop")
    engine = sa.create_engine(_url(server.get_uri(), "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        settings = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")  # nothing here must last
        for setting in (*settings, "wal_recycle = off"):  # as OPERATING.md has it
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting}")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
        connection.exec_driver_sql("ALTER SYSTEM SET max_prepared_transactions = 2")
    engine.dispose()
    pg_ctl(["-w", "-m", "fast", "restart"], pgdata=server.pgdata, user=server.system_user)
    with engine.connect() as connection:
        for name in DATABASES:
            connection.exec_driver_sql(f"CREATE DATABASE template_{name}")
    urls = {name: _url(server.get_uri(), f"template_{name}") for name in DATABASES}
    make_app(tmp_path_factory.mktemp("template"), **_environ(urls))
    yield engine
    engine.dispose()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _url(uri: str, database: str) -> str:
    return uri.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{database}?")


def _environ(urls: dict[str, str]) -> dict[str, str]:
    return {f"MUST_{name.upper()}_URL": url for name, url in urls.items()}


def sqlite_app(folder: Path, migrated: Path) -> Flask:
    instance = folder / f"instance{next(_serial)}"
    instance.mkdir()
    for name in DATABASES:
        shutil.copy(migrated / f"{name}.sqlite", instance)
    return create_app(read_settings({"MUST_ENV": "test"}, instance))


def postgres_app(folder: Path, postgres: sa.Engine) -> Flask:
    number = next(_serial)
    with postgres.connect() as connection:
        for name in DATABASES:
            connection.exec_driver_sql(f"CREATE DATABASE {name}_{number} TEMPLATE template_{name}")
    base = postgres.url.render_as_string(hide_password=False)
    urls = {name: base.replace("/postgres?", f"/{name}_{number}?") for name in DATABASES}
    return create_app(read_settings({"MUST_ENV": "test", **_environ(urls)}, folder / f"instance{number}"))


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a bucket in an S3 of our own; credentials and endpoint stand in the environment, as elsewhere."""
    from botocore.session import get_session
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patched:
        for name, value in (("ENDPOINT_URL", f"http://{host}:{port}"), ("DEFAULT_REGION", "us-east-1")):
            patched.setenv(f"AWS_{name}", value)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patched.setenv(name, "storage-secret")
        client = get_session().create_client("s3")
        client.create_bucket(Bucket="must-reports")
        client.close()
        yield "s3://must-reports"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Empty, of each kind."""
    place = str(tmp_path) if request.param == "folder" else request.getfixturevalue("s3")
    return Storage(f"{place}/reports-{next(_serial)}")


@pytest.fixture
def app(tmp_path: Path, migrated: Path) -> Iterator[Flask]:
    """On SQLite."""
    app = sqlite_app(tmp_path, migrated)
    with app.app_context():
        yield app
        dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_app(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[Flask]:
    """On each of the databases that the product supports."""
    if request.param == "sqlite":
        app = sqlite_app(tmp_path, migrated)
    else:
        app = postgres_app(tmp_path, request.getfixturevalue("postgres"))
    with app.app_context():
        yield app
        dispose()
