"""Every command in every set-up that is wrong: a sentence and an exit code, never a traceback, and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from flask import Flask

from app import ROOT, create_app
from app.adapters.spreadsheets import write_unit_list
from app.config import read_settings
from app.db.grants import WEB
from app.domain.survey import State
from app.domain.units import UnitTree
from tests.cli.test_reports import Desk
from tests.cli.unprivileged import invoke, told
from tests.conftest import DATABASES, dispose, sqlite_app
from tests.roles import Installation
from tests.web.conftest import translations  # noqa: F401 - the compiled texts
from tests.web.desk import OURS, furnish, place_order

NEW_KEY = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
ENVIRON = {"MUST_ENV": "test", "MUST_NEW_INSTALLATION_KEY": NEW_KEY}
PASSWORD = "s3cret"
COMMANDS: dict[str, str] = {
    "audit-reports": "CLOSED --json OUT/audit.json",
    "backup create": "--out OUT/backups",
    "backup restore": "BACKUP",
    "backup show": "BACKUP",
    "build-reports": "CLOSED --workers 1 --lang en",
    "database grants": "--apply",
    "demo answer": "OPEN --respondents 1",
    "demo create": "",
    "demo survey": "",
    "doctor": "--offline",
    "export-research": "CLOSED --out OUT/research --research-key FILES/research",
    "keys rotate": "",
    "mail list": "",
    "mail retry": "",
    "mail send": "",
    "maintenance run": "",
    "orders approve": "ORDER --despite-remarks",
    "orders list": "",
    "orders reject": "ORDER --reason late",
    "orders show": "ORDER",
    "organisations import": "FILES/organisations.csv",
    "organisations list": "",
    "organisations show": OURS,
    "review-withdrawals": "CLOSED --withhold B --reason small",
    "simulate-answers": "OPEN --from FILES/answers.csv",
    "staff add": "Ny --number 01814000008",
    "staff list": "",
    "staff remove": "Tuva",
    "surveys close": "OPEN",
    "surveys list": "",
    "surveys show": "CLOSED",
    "units check": "FILES/units.xlsx",
    "units rehearse": "FILES/units.xlsx --out OUT/rehearsal --lang en --workers 1 --reports 1",
    "verify-reports": "FILES/reports",
}
MIGRATING = {"db upgrade": "", "db downgrade": "0003", "db current": ""}
"""Of Flask-Migrate; its other commands are for the authors of migrations, and word their own refusals."""
NEED_NO_DATABASE = {"backup show", "units check", "units rehearse", "verify-reports"}
WITH_WORDS_OF_THEIR_OWN = {"backup create", "backup restore", "database grants", *MIGRATING}


@dataclass(frozen=True)
class World:
    """An installation in which every command of the table does what it is for, and files to give to them."""

    instance: Path
    files: Path
    words: dict[str, str]

    def arguments(self, command: str, rest: str, out: Path) -> list[str]:
        """The words of `rest`, their names in capitals replaced; ``EMPTY`` is an empty one."""
        known = {**self.words, "FILES": str(self.files), "OUT": str(out), "EMPTY": ""}
        return [*command.split(), *(self._word(word, known) for word in rest.split())]

    def copy(self, folder: Path) -> Path:
        return Path(shutil.copytree(self.instance, folder / "instance"))

    @staticmethod
    def _word(word: str, known: dict[str, str]) -> str:
        name, slash, below = word.partition("/")
        return known[name] + slash + below if name in known else word


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> World:
    folder = tmp_path_factory.mktemp("world")
    files = folder / "files"
    files.mkdir()
    app = sqlite_app(folder, migrated)
    instance = Path(app.instance_path)
    with app.app_context():
        furnish(app)
        order = place_order(State.SIGNED, datetime.now(UTC))
        desk = Desk(app, files)
        desk.build()
        survey = desk.run("demo", "create").split()[0]
        backup = desk.run("backup", "create", "--out", str(files / "backups")).split(":")[0]
        dispose()
    shutil.copy(instance / "keys" / "research-private-key", files / "research")
    (files / "organisations.csv").write_text(f"nummer;navn\n{OURS};Prøvetilsynet\n", encoding="utf-8")
    (files / "garbage").write_bytes(bytes(range(256)) * 12)
    (files / "garbage.xlsx").write_bytes(bytes(range(256)) * 12)
    (files / "empty.csv").touch()
    (files / "folder").mkdir()
    (files / "folder" / "notes.txt").write_text("mine", encoding="utf-8")
    broken = shutil.copytree(files / "reports", files / "broken")
    (broken / "manifest.json").write_text('{"sha256": 1}', encoding="utf-8")
    return World(instance, files, {"ORDER": order, "OPEN": survey, "CLOSED": desk.survey, "BACKUP": backup})


class Shell:
    """The `flask` command on one installation."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __call__(self, arguments: list[str]) -> tuple[int, str]:
        return told(invoke(lambda: self._app, arguments))

    def leave(self) -> None:
        with self._app.app_context():
            dispose()


def installed(instance: Path, **environ: str) -> Flask:
    return create_app(read_settings(ENVIRON | environ, instance))


def content_of(instance: Path) -> dict[str, str]:
    """All rows of the databases, where they are some, and every other file but the demo's own unit list."""
    found = {}
    for path in sorted(instance.rglob("*")):
        if path.suffix == ".sqlite" and path.stat().st_size:
            found[path.name] = _rows(path)
        elif path.is_file() and not path.name.endswith(("-wal", "-shm", ".sqlite", "demo-unit-list.xlsx")):
            found[str(path)] = path.read_bytes().hex()
    return found


def _rows(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        try:
            return "\n".join(connection.iterdump())
        except sqlite3.DatabaseError:
            return path.read_bytes().hex()


def check_told(command: str, code: int, output: str) -> None:
    """A sentence for whoever typed the command, and nothing of the insides."""
    assert code in (1, 2), (command, output)
    for inside in ("Traceback", "sqlite3.", "(psycopg.", "[SQL", "sqlalche.me", PASSWORD, "Refused: "):
        assert inside not in output, (command, output)
    last = output.strip().splitlines()[-1]
    assert len(last.split()) > 2 or last.startswith(("Faults: ", "Findings: ")), (command, output)


# ---------------------------------------------------------------------------------------- an installation that is wrong

Setup = Callable[[Path], dict[str, str]]


def _no_tables(instance: Path) -> dict[str, str]:
    for name in DATABASES:
        (instance / f"{name}.sqlite").unlink()
    return {}


def _other_files(instance: Path) -> dict[str, str]:
    for name in DATABASES:
        (instance / f"{name}.sqlite").write_bytes(b"no database at all " * 500)
    return {}


def _older_tables(instance: Path) -> dict[str, str]:
    for name in DATABASES:
        with closing(sqlite3.connect(instance / f"{name}.sqlite")) as connection:
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                if not table.startswith(("alembic", "sqlite")):
                    connection.execute(f"ALTER TABLE {table} RENAME TO former_{table}")
            connection.execute("UPDATE alembic_version SET version_num = '0001'")
            connection.commit()
    return {}


def _away(instance: Path) -> dict[str, str]:
    return {f"MUST_{name.upper()}_URL": f"sqlite:///{instance}/nowhere/{name}.sqlite" for name in DATABASES}


def _server_away(instance: Path) -> dict[str, str]:
    server = f"postgresql+psycopg://must:{PASSWORD}@127.0.0.1:9"
    return {f"MUST_{name.upper()}_URL": f"{server}/{name}" for name in DATABASES}


SETUPS: dict[str, tuple[Setup, str]] = {
    "no tables": (_no_tables, "has no tables yet: flask db upgrade"),
    "other files in their place": (_other_files, "SQLITE_NOTADB"),
    "older tables": (_older_tables, "is at version 0001, and this version needs"),
    "folder away": (_away, "SQLITE_CANTOPEN"),
    "server away": (_server_away, "cannot be reached"),
}


def test_every_command_is_in_the_table(app: Flask) -> None:
    def paths(group: click.Group, before: str = "") -> Iterator[str]:
        for name, command in group.commands.items():
            if isinstance(command, click.Group):
                yield from paths(command, f"{before}{name} ")
            else:
                yield before + name

    assert {path for path in paths(app.cli) if not path.startswith("db ")} == set(COMMANDS)


@pytest.mark.parametrize("name", SETUPS)
def test_installation_that_is_wrong_is_told_by_every_command(world: World, tmp_path: Path, name: str) -> None:
    break_it, sentence = SETUPS[name]
    instance = world.copy(tmp_path)
    environ = break_it(instance)
    before, shell = content_of(instance), Shell(installed(instance, **environ))
    commands = COMMANDS if name in ("no tables", "older tables") else COMMANDS | MIGRATING  # which would mend it
    for command, rest in commands.items():
        arguments = world.arguments(command, rest, tmp_path / "out")
        code, output = shell(arguments)
        if command in NEED_NO_DATABASE:
            assert code == 0, (command, output)
            continue
        check_told(command, code, output)
        assert sentence in output or command in WITH_WORDS_OF_THEIR_OWN, output
    shell.leave()
    after = {file: rows for file, rows in content_of(instance).items() if file in before}
    assert after == before


def unprivileged(instance: Path, calls: list[list[str]]) -> list[tuple[int, str]]:
    asked = (ENVIRON, str(instance), calls)
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.unprivileged"],
        input=json.dumps(asked), capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip
    return [(code, output) for code, output in json.loads(done.stdout)]


def test_instance_folder_that_may_only_be_read_is_told_by_every_command(world: World, tmp_path: Path) -> None:
    instance = world.copy(tmp_path)
    before = content_of(instance)
    for path in (instance, *instance.rglob("*")):
        path.chmod(0o500 if path.is_dir() else 0o400)
    commands = COMMANDS | MIGRATING
    calls = [world.arguments(command, rest, tmp_path / "out") for command, rest in commands.items()]
    for command, (code, output) in zip(commands, unprivileged(instance, calls), strict=True):
        if command in NEED_NO_DATABASE:
            assert code == 0, (command, output)
        else:
            check_told(command, code, output)
    assert content_of(instance) == before


def test_files_and_folders_that_may_not_be_used_are_named(world: World, tmp_path: Path) -> None:
    instance, sealed = world.copy(tmp_path), tmp_path / "sealed"
    sealed.mkdir()
    file = Path(shutil.copy(world.files / "units.xlsx", tmp_path / "sealed.xlsx"))
    for path in (file, sealed):
        path.chmod(0)
    wrong = {
        "audit-reports": f"CLOSED --json {sealed}/audit.json",
        "backup create": f"--out {sealed}/backups",
        "backup restore": f"{file}",
        "backup show": f"{file}",
        "build-reports": f"CLOSED --workers 1 --lang en --out {sealed}/reports",
        "demo create": f"--units {file}",
        "export-research": f"CLOSED --out {sealed}/research --research-key FILES/research",
        "organisations import": f"{file}",
        "simulate-answers": f"OPEN --from {file}",
        "units check": f"{file} --lang nb",
        "units rehearse": f"FILES/units.xlsx --workers 1 --lang en --reports 1 --out {sealed}/rehearsal",
        "verify-reports": f"{sealed}",
    }
    before = content_of(instance)
    answers = unprivileged(instance, [world.arguments(*each, tmp_path / "out") for each in wrong.items()])
    for command, (code, output) in zip(wrong, answers, strict=True):
        check_told(command, code, output)
        assert "sealed" in output, (command, output)
    assert content_of(instance) == before


# ------------------------------------------------------------------------------------------------------ wrong arguments

FILE = ("FILES/none", "FILES/folder", "FILES/garbage", "FILES/garbage.xlsx", "FILES/empty.csv", "EMPTY")
FOLDER = ("FILES/garbage", "FILES/garbage/below", "EMPTY", "/proc/must")
SURVEY = ("EMPTY", "zzz", "%", "a" * 500)
ARGUMENTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    # command, its arguments, and what takes the place of WRONG
    ("audit-reports", "WRONG --json OUT/audit.json", SURVEY),
    ("audit-reports", "OPEN --json WRONG", ("OUT/audit.json",)),
    ("audit-reports", "CLOSED --json WRONG", ("FILES/folder", "FILES/garbage/below", "EMPTY", "/proc/must")),
    ("backup create", "--out WRONG", FOLDER),
    ("backup restore", "WRONG", FILE),
    ("backup restore", "WRONG", ("BACKUP",)),
    ("backup show", "WRONG", FILE),
    ("build-reports", "WRONG", (*SURVEY, "OPEN")),
    ("build-reports", "CLOSED --workers 1 --lang en --out WRONG", (*FOLDER, "FILES/folder")),
    ("build-reports", "CLOSED --workers 1 --lang en --unit B --out WRONG", FOLDER),
    ("build-reports", "CLOSED --workers 1 --lang WRONG --out OUT/reports", ("EMPTY", "NB", "de")),
    ("build-reports", "CLOSED --workers WRONG --out OUT/reports", ("0", "-1", "EMPTY", "x")),
    ("build-reports", "CLOSED --workers 1 --unit WRONG --out OUT/reports", ("EMPTY", "C/C", "Nowhere")),
    ("build-reports", "CLOSED --dry-run --earlier WRONG", ("FILES/none", "FILES/garbage", "FILES/folder", "EMPTY")),
    ("build-reports", "CLOSED --dry-run --earlier WRONG", ("FILES/broken", "FILES/reports")),
    (
        "build-reports",
        "CLOSED --out OUT/reports --scheduler WRONG",
        ("nonsense", "EMPTY", "tcp://", "tcp://[", "tcp://127.0.0.1", "tcp://127.0.0.1:x", "http://127.0.0.1:9"),
    ),
    ("build-reports", "CLOSED --out OUT/reports --scheduler WRONG", ("tls://127.0.0.1:9", "tcp://127.0.0.1:99999")),
    ("database grants", "WRONG", ("EMPTY", "nonsense", "--apply", "answers --apply")),
    ("demo answer", "WRONG", (*SURVEY, "CLOSED")),
    ("demo answer", "OPEN --url WRONG", ("EMPTY", "nonsense", "http://[", "http://127.0.0.1:9")),
    ("demo create", "--units WRONG", FILE),
    ("demo create", "--theme WRONG", ("EMPTY", "nonsense")),
    ("demo create", "--name WRONG", ("EMPTY",)),
    ("export-research", "WRONG --out OUT/research --research-key FILES/research", (*SURVEY, "OPEN")),
    ("export-research", "CLOSED --out WRONG --research-key FILES/research", (*FOLDER, "FILES/folder")),
    ("export-research", "CLOSED --out OUT/research --research-key WRONG", FILE),
    ("orders approve", "WRONG", SURVEY),
    ("orders approve", "ORDER --by WRONG", ("EMPTY",)),
    ("orders approve", "ORDER --limit WRONG", ("4", "EMPTY")),
    ("orders reject", "WRONG --reason late", (*SURVEY, "OPEN")),
    ("orders reject", "ORDER --reason WRONG", ("EMPTY",)),
    ("orders show", "WRONG", SURVEY),
    ("organisations import", "WRONG", FILE),
    ("organisations show", "WRONG", ("EMPTY", "123", "310000001", "999999999", "31000000a")),
    ("review-withdrawals", "WRONG", (*SURVEY, "OPEN")),
    ("review-withdrawals", "CLOSED --reason small --withhold WRONG", ("EMPTY", "/", "Nowhere")),
    ("review-withdrawals", "CLOSED --reason small --withhold B --theme WRONG", ("EMPTY", "nonsense")),
    ("review-withdrawals", "CLOSED --withhold B --reason WRONG", ("EMPTY",)),
    ("simulate-answers", "WRONG --from FILES/answers.csv", (*SURVEY, "CLOSED")),
    ("simulate-answers", "OPEN --from WRONG", FILE),
    ("staff add", "WRONG --number 01814000008", ("EMPTY",)),
    ("staff add", "Ny --number WRONG", ("EMPTY", "1", "x", "01814000009")),
    ("staff remove", "WRONG", ("EMPTY", "Nobody")),
    ("surveys close", "WRONG", (*SURVEY, "CLOSED")),
    ("surveys show", "WRONG", SURVEY),
    ("units check", "WRONG", FILE),
    ("units check", "FILES/units.xlsx --lang WRONG", ("EMPTY", "de")),
    ("units rehearse", "WRONG --out OUT/rehearsal", FILE),
    ("units rehearse", "FILES/units.xlsx --workers 1 --lang en --out WRONG", (*FOLDER, "FILES/folder")),
    ("units rehearse", "FILES/units.xlsx --out OUT/rehearsal --theme WRONG", ("EMPTY", "nonsense")),
    ("verify-reports", "WRONG", ("FILES/none", "FILES/folder", "FILES/garbage", "FILES/broken", "nonsense://x")),
)


def test_wrong_argument_is_told_and_nothing_is_lost(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = world.copy(tmp_path)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    before, files_before, shell = content_of(instance), content_of(world.files), Shell(installed(instance))
    for command, rest, wrongs in ARGUMENTS:
        for wrong in wrongs:
            arguments = world.arguments(command, rest.replace("WRONG", wrong), tmp_path / "out")
            check_told(f"{command} {wrong}", *shell(arguments))
    shell.leave()
    assert content_of(world.files) == files_before
    assert not list((tmp_path / "here").iterdir())
    after = content_of(instance)
    for file, rows in before.items():
        assert after[file] == rows, file


def test_unit_list_that_cannot_be_read_is_told_in_the_language_asked_for(world: World) -> None:
    shell = Shell(installed(world.instance))
    for language, words in (("nb", "Filen er ingen"), ("en", "The file is not")):
        arguments = ["units", "check", str(world.files / "garbage.xlsx"), "--lang", language]
        code, output = shell(arguments)
        assert code == 1
        assert words in output
    shell.leave()


# ------------------------------------------------------------------------------------------------- settings and rights


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MUST_ANSWERS_URL", "nonsense"),
        ("MUST_IDENTITIES_URL", f"mysql://must:{PASSWORD}@host/x"),
        ("MUST_KEYS_URL", ""),
        ("MUST_REPORTS_URL", "ftp://host/reports"),
        ("MUST_LIMITS_URL", "nonsense"),
        ("MUST_PUBLIC_URL", "nonsense"),
        ("MUST_CONTACT_EMAIL", "nonsense"),
        ("MUST_INSTALLATION_KEY", "nonsense"),
    ],
)
def test_wrong_setting_is_named_by_every_command(world: World, name: str, value: str) -> None:
    for command, rest in (COMMANDS | MIGRATING).items():
        code, output = told(
            invoke(lambda: installed(world.instance, **{name: value}), [*command.split(), *rest.split()])
        )
        check_told(command, code, output)
        assert output.startswith(f"Error: {name}"), output


@pytest.mark.parametrize("arguments", [["--help"], ["db", "upgrade"], ["surveys", "list"]])
def test_entry_point_says_in_one_line_which_setting_is_wrong(tmp_path: Path, arguments: list[str]) -> None:
    """`flask --help` shows the traceback of an app that cannot be made, and so does the web server."""
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=ROOT, env=os.environ | {"MUST_INSTANCE": str(tmp_path), "MUST_ANSWERS_URL": "nonsense"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("Error: MUST_ANSWERS_URL is no address of a database.")
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def installation(tmp_path: Path, postgres: sa.Engine) -> Iterator[Installation]:
    found = Installation(tmp_path, postgres)
    yield found
    found.dispose()


def test_role_without_the_rights_is_told_by_every_command(installation: Installation, world: World) -> None:
    """As the web's role, which may read much: what it may not is told, and who may."""
    app = installation.app_of(WEB, **ENVIRON)
    shell, told_of_rights = Shell(app), set()
    for command, rest in COMMANDS.items():
        code, output = shell(world.arguments(command, rest, Path(app.instance_path) / "out"))
        if code != 0:
            check_told(command, code, output)
        if "This role may not do that. The owner of the tables runs db" in output:
            told_of_rights.add(command)
    shell.leave()
    assert told_of_rights >= {"database grants", "keys rotate", "organisations import", "staff add", "mail send"}


def test_rights_before_the_tables_and_tables_by_another_than_the_owner(
    tmp_path: Path, postgres: sa.Engine, installation: Installation
) -> None:
    """Who begins in the wrong order, or with the wrong address, reads what comes first."""
    with postgres.connect() as connection:
        for name in DATABASES:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS empty_{name}")
            connection.exec_driver_sql(f"CREATE DATABASE empty_{name}")
    owner = {name: postgres.url.set(database=f"empty_{name}") for name in DATABASES}
    environs = {
        role: {
            f"MUST_{name.upper()}_URL": url.set(username=role or url.username).render_as_string(hide_password=False)
            for name, url in owner.items()
        }
        for role in ("", WEB)
    }
    owner_shell, web_shell = (Shell(installed(tmp_path / "instance", **environs[role])) for role in ("", WEB))
    code, output = owner_shell(["database", "grants", "--apply"])
    assert (code, "has no tables yet: flask db upgrade" in output) == (1, True), output
    code, output = web_shell(["db", "upgrade"])
    check_told("db upgrade", code, output)
    assert "that its role owns the tables" in output
    for shell in (owner_shell, web_shell):
        shell.leave()


def test_units_can_be_checked_where_nothing_is_installed(tmp_path: Path) -> None:
    file = tmp_path / "units.xlsx"
    file.write_bytes(write_unit_list(UnitTree.from_rows([(("A",), None)])))
    shell = Shell(installed(tmp_path / "new"))
    code, output = shell(["units", "check", str(file)])
    shell.leave()
    assert code == 0, output
