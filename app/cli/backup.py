"""`flask backup` and `flask keys`: copies that can be restored, and a change of the installation key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import click
from flask import Flask
from sqlalchemy.engine import Connection, Engine

from app.cli.common import FAILED, REFUSED, Group, Place, fail, now
from app.db.answers import ResponseRow
from app.db.base import begin_writing
from app.db.identities import RegisterBucket
from app.db.keys import SurveyKey
from app.domain.errors import DomainError
from app.extensions import MIGRATIONS, db, key_ring, session, settings
from app.services import backup as backups
from app.services.compaction import compact
from app.services.restoring import take_away_again
from app.services.survey_keys import rewrap

backup = Group("backup", help="Back up answers and identities; never the keys.")
keys = Group("keys", help="The key of the installation.")


def init_app(app: Flask) -> None:
    app.cli.add_command(backup)
    app.cli.add_command(keys)


@backup.command()
@click.option("--out", type=Place(file_okay=False, path_type=Path), required=True, help="The folder.")
def create(out: Path) -> None:
    """Write a sealed backup of answers, identities and certificates into a folder. The keys are never in it."""
    key, at = _backup_key(), now()
    file = out / f"must-{at:%Y%m%dT%H%M%SZ}.backup"
    unfinished = file.with_suffix(".part")
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished.touch(mode=0o600)
    except OSError as error:
        fail(f"{out} cannot be written to: {error.strerror}.", FAILED)
    try:
        with unfinished.open("wb") as stream:
            content = backups.create_backup(stream, key, _engines(), _certificates(), MIGRATIONS, at)
        unfinished.replace(file)
    except DomainError as error:
        _refuse(error)
    finally:
        unfinished.unlink(missing_ok=True)
    click.echo(f"{file}: {sum(content.n_rows.values())} rows, {content.n_files} certificates")


@backup.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def show(file: Path) -> None:
    """Look through FILE, all of it, and say what it holds. Needs the backup key and no database."""
    content = _read(file)
    click.echo(f"made at {content.made_at:%Y-%m-%d %H:%M} UTC, {content.n_files} certificates")
    for table, n in content.n_rows.items():
        click.echo(f"{n:9}  {table}")


@backup.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put FILE into databases that are empty (flask db upgrade), beside the live database of keys.

    What was sealed with keys that have been destroyed since stays unreadable; it is said of which surveys. What was
    deleted or withdrawn since is taken away again, as the database of keys remembers it.
    """
    content, key = _read(file), _backup_key()
    try:
        backups.check_migrated(_engines(), MIGRATIONS)
        with file.open("rb") as stream:
            backups.restore_backup(stream, key, _connections(), _certificates(), MIGRATIONS)
        taken = take_away_again(session(), key_ring(), now())
        session().commit()
    except DomainError as error:
        session().rollback()
        _refuse(error)
    click.echo(f"Restored as it was at {content.made_at:%Y-%m-%d %H:%M} UTC.")
    for survey_id, is_readable in backups.readable_surveys(session(), key_ring()).items():
        click.echo(f"{survey_id[:8]}  {'readable' if is_readable else _NOT_READABLE}")
    click.echo(
        f"Taken away again, as it was since: {taken.n_responses} deleted responses, {taken.n_consents} withdrawn "
        f"consents, {taken.n_staff} former staff. Withheld again: {taken.n_withheld} decisions. "
        f"Closed again: {taken.n_closed} surveys."
    )
    click.echo("Next: flask maintenance run, flask mail list --all, flask doctor")


@keys.command()
def rotate() -> None:
    """Wrap all keys anew with MUST_NEW_INSTALLATION_KEY. Stop web server and jobs first; nothing else changes.

    May be repeated. Afterwards set MUST_INSTALLATION_KEY to the new key, and destroy the old one.
    """
    own, new = settings(), settings().operation.new_installation_key
    if new is None:
        fail("MUST_NEW_INSTALLATION_KEY is not set. Make one with: openssl rand -base64 32", REFUSED)
    session().rollback()
    begin_writing(session(), SurveyKey)
    try:
        n = rewrap(session(), own.installation_key, new)
    except DomainError:
        session().rollback()
        fail("A key opens neither with MUST_INSTALLATION_KEY nor with the new key. Nothing was changed.", FAILED)
    session().commit()
    key_ring().forget()
    try:
        compact(db.engines["keys"])
    except DomainError:
        fail("The keys are wrapped anew, but traces of the former are left: stop the web server, run it again.", FAILED)
    click.echo(f"{n} keys are wrapped anew. Now set MUST_INSTALLATION_KEY to the new key, and start the web server.")


def _connections() -> Mapping[str, Connection]:
    """Those of the session, so that a backup is there as a whole, with what is taken away again, or not at all."""
    session().rollback()
    return {
        name: session().connection(bind_arguments={"mapper": entity}, execution_options={"writes": True})
        for name, entity in (("answers", ResponseRow), ("identities", RegisterBucket))
    }


def _engines() -> Mapping[str, Engine]:
    return {name or "answers": engine for name, engine in db.engines.items()}


def _certificates() -> Path:
    return settings().instance / "certificates"


def _backup_key() -> bytes:
    key = settings().operation.backup_key
    if key is None:
        fail("MUST_BACKUP_KEY is not set. Make one with: openssl rand -base64 32", REFUSED)
    return key


def _read(file: Path) -> backups.Content:
    try:
        with file.open("rb") as stream:
            return backups.read_backup(stream, _backup_key())
    except DomainError as error:
        _refuse(error)


def _refuse(error: DomainError) -> NoReturn:
    fail(_SENTENCES[error.code].format(**error.values), REFUSED)


_NOT_READABLE = "not readable: its keys have been destroyed, or do not open with MUST_INSTALLATION_KEY (flask doctor)"
_SENTENCES = {
    "backup.not_migrated": "The databases are not at the version of this release: flask db upgrade",
    "backup.not_every_row": "This role does not see every row. Back up as the owner of the tables or as must_commands.",
    "backup.not_one": "This file is no backup of the product.",
    "backup.cut_off": "The backup is cut off: its end is missing. Take another one.",
    "sealed.broken": "The backup cannot be opened: MUST_BACKUP_KEY is another key, or the file was changed.",
    "keys.do_not_open": "What was deleted since cannot be read: MUST_INSTALLATION_KEY is not the key in use, or "
    "MUST_KEYS_URL another database. Nothing was restored.",
    "backup.not_empty": "There are rows in {table} already. Restore into databases that are new and empty.",
    "backup.other_version": "The backup is of version {version}. Install the release that made it, restore, and then "
    "update.",
}
