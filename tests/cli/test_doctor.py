"""The doctor finds nothing on a new installation, and names each thing that is wrong with what to do about it."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from flask import Flask

from app import ROOT, create_app
from app.cli import doctor as command
from app.config import read_settings
from app.db.orders import Mail
from app.db.surveys import Survey
from app.extensions import key_ring, session
from app.services.audit import THE_CLOCK, Event, record
from app.services.survey_keys import Purpose
from tests.adapters.test_smtp import free_port
from tests.conftest import DATABASES, dispose
from tests.oidc import honest
from tests.people import open_trial
from tests.web.conftest import translations  # noqa: F401 - the compiled texts


def key(name: str) -> str:
    return base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()


class Installation:
    """In production, freshly set up as docs/operating.md says; wrong settings are put on top."""

    def __init__(self, folder: Path, migrated: Path) -> None:
        self.instance = folder / "instance"
        self.instance.mkdir(mode=0o700)
        (folder / "keys").mkdir(mode=0o700)
        for name in DATABASES:
            shutil.copy(migrated / f"{name}.sqlite", folder / "keys" if name == "keys" else self.instance)
        self.environ = {
            "MUST_ENV": "production",
            "MUST_PUBLIC_URL": "https://must.example.no",
            "MUST_PROXIES": "1",
            "MUST_CONTACT_EMAIL": "must@example.no",
            "MUST_KEYS_URL": f"sqlite:///{folder / 'keys' / 'keys.sqlite'}",
            "MUST_SECRET_KEY": key("secret"),
            "MUST_INSTALLATION_KEY": key("installation"),
            "MUST_RESEARCH_PUBLIC_KEY": key("research"),
            "MUST_BACKUP_KEY": key("backup"),
            "MUST_ID_PORTEN_ISSUER": "https://idporten.no",
            "MUST_ID_PORTEN_CLIENT_ID": "must",
            "MUST_ID_PORTEN_CLIENT_SECRET": "said to nobody",
            "MUST_SMTP_HOST": "mail.example.no",
            "MUST_RIGHTS": "local",
        }
        (self.instance / "rights.toml").write_text("", encoding="utf-8")
        self.options = ["--offline"]

    def app(self) -> Flask:
        return create_app(read_settings(self.environ, self.instance))

    def examine(self, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
        """Exit code and everything that was printed."""
        for name in [name for name in os.environ if name.startswith("MUST_")]:
            monkeypatch.delenv(name)
        for name, value in self.environ.items():
            monkeypatch.setenv(name, value)
        app = self.app()
        result = app.test_cli_runner().invoke(args=["doctor", *self.options], catch_exceptions=False)
        with app.app_context():
            dispose()
        return result.exit_code, result.output


@pytest.fixture
def installation(tmp_path: Path, migrated: Path) -> Iterator[Installation]:
    made = Installation(tmp_path, migrated)
    yield made
    with made.app().app_context():
        dispose()


def within(installation: Installation, plant: Callable[[], object]) -> None:
    """Do something inside of the installation, as it is set up now."""
    app = installation.app()
    with app.app_context():
        plant()
        session().commit()
        dispose()


def test_new_installation_in_production_is_green(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = installation.examine(monkeypatch)
    assert (code, "FAULT" in output, "advice" in output) == (0, False, False), output
    assert output.endswith("No fault found.\n")


def test_first_try_without_any_setting_is_green(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, migrated: Path
) -> None:
    shutil.copy(migrated / "keys.sqlite", installation.instance)
    installation.environ, installation.options = {}, []
    code, output = installation.examine(monkeypatch)
    assert (code, "FAULT" in output, "advice" in output) == (0, False, False), output


Plant = Callable[[Installation, pytest.MonkeyPatch], None]


def _sets(**environ: str) -> Plant:
    return lambda installation, _: installation.environ.update(environ)


def _behind(installation: Installation, _: pytest.MonkeyPatch) -> None:
    within(installation, lambda: flask_migrate.downgrade(revision="0001"))


def _other_installation_key(installation: Installation, _: pytest.MonkeyPatch) -> None:
    within(installation, open_trial)
    installation.environ["MUST_INSTALLATION_KEY"] = key("another")


def _other_keys(installation: Installation, _: pytest.MonkeyPatch) -> None:
    def lose() -> None:
        key_ring().destroy(session(), open_trial().survey.id, *Purpose)

    within(installation, lose)


def _little_room(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 10**12 - 10**7, 10**7))


def _clock_behind(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    within(installation, lambda: record(session(), "x", THE_CLOCK, Event.CREATED, datetime.now(UTC)))
    monkeypatch.setattr(command, "now", lambda: datetime.now(UTC) - timedelta(days=2))


def _open_to_others(installation: Installation, _: pytest.MonkeyPatch) -> None:
    installation.instance.chmod(0o755)


def _research_key_here(installation: Installation, _: pytest.MonkeyPatch) -> None:
    (installation.instance / "keys").mkdir(mode=0o700)
    (installation.instance / "keys" / "research-private-key").touch(mode=0o600)


def _mail_waits(installation: Installation, _: pytest.MonkeyPatch) -> None:
    due = datetime.now(UTC) - timedelta(hours=2)
    mail = {"id": "m", "topic": "t", "survey_id": "s", "kind": "signed", "language": "nb", "content": {}}
    within(installation, lambda: session().add(Mail(**mail, recipient="x@example.no", due_at=due)))


def _nobody_closes(installation: Installation, _: pytest.MonkeyPatch) -> None:
    def make() -> None:
        open_trial()
        session().execute(sa.update(Survey).values(access_at=datetime.now(UTC) - timedelta(weeks=7)))

    within(installation, make)


def _keys_beside(installation: Installation, _: pytest.MonkeyPatch) -> None:
    beside = installation.instance / "keys.sqlite"
    shutil.copy(installation.environ["MUST_KEYS_URL"].removeprefix("sqlite:///"), beside)
    installation.environ["MUST_KEYS_URL"] = f"sqlite:///{beside}"


def _one_database(installation: Installation, _: pytest.MonkeyPatch) -> None:
    installation.environ["MUST_IDENTITIES_URL"] = f"sqlite:///{installation.instance / 'answers.sqlite'}"


FAULTS: dict[str, tuple[Plant, tuple[str, ...]]] = {
    "no https": (_sets(MUST_PUBLIC_URL="http://must.example.no"), ("MUST_PUBLIC_URL", "proxy with TLS")),
    "address that only this machine knows": (_sets(MUST_PUBLIC_URL="https://localhost"), ("address that people see",)),
    "nobody's mail address": (_sets(MUST_CONTACT_EMAIL="must@example.org"), ("MUST_CONTACT_EMAIL", "set your own")),
    "mails into a folder": (_sets(MUST_MAIL="folder"), ("MUST_MAIL=smtp",)),
    "one key for two": (_sets(MUST_SECRET_KEY=key("installation")), ("is the same key as another", "openssl rand")),
    "key that is not random": (_sets(MUST_SECRET_KEY=base64.b64encode(bytes(32)).decode()), ("is not random",)),
    "unknown language": (_sets(MUST_LANGUAGE="dk"), ("MUST_LANGUAGE=dk", "Set nb, nn or en")),
    "research ends too soon": (_sets(MUST_RESEARCH_ENDS_ON="2020-01-01"), ("MUST_RESEARCH_ENDS_ON",)),
    "database that cannot be reached": (
        _sets(MUST_IDENTITIES_URL="postgresql+psycopg://must:secret-word@127.0.0.1:1/identities"),
        ("database of identities cannot be reached", "MUST_IDENTITIES_URL"),
    ),
    "two databases in one": (_one_database, ("must be apart",)),
    "migrations behind": (_behind, ("flask db upgrade",)),
    "wrong installation key": (_other_installation_key, ("MUST_INSTALLATION_KEY", "Put the former one back")),
    "keys of another installation": (_other_keys, ("1 running surveys have no keys", "MUST_KEYS_URL")),
    "disk full": (_little_room, ("Only 9 MB are left", "Make room")),
    "clock behind": (_clock_behind, ("clock is behind", "timedatectl")),
    "folder open to others": (_open_to_others, ("chmod go=",)),
    "private research key": (_research_key_here, ("must be on no server",)),
    "nobody sends mail": (_mail_waits, ("1 mails have waited", "flask mail send every minute")),
    "nobody closes surveys": (_nobody_closes, ("1 surveys", "flask maintenance run every five minutes")),
    "store of limits is down": (_sets(MUST_LIMITS_URL="redis://127.0.0.1:1/0"), ("MUST_LIMITS_URL",)),
}
ADVICE: dict[str, tuple[Plant, tuple[str, ...]]] = {
    "typing error": (_sets(MUST_SMPT_HOST="x"), ("MUST_SMPT_HOST is set, but nothing reads it",)),
    "no proxy": (_sets(MUST_PROXIES="0"), ("MUST_PROXIES=0",)),
    "keys beside the others": (_keys_beside, ("takes it along",)),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_named_with_its_remedy(installation: Installation, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    plant, words = FAULTS[name]
    plant(installation, monkeypatch)
    code, output = installation.examine(monkeypatch)
    assert code == 1
    for word in words:
        assert word in " ".join(output.split()), output
    assert "secret-word" not in output


@pytest.mark.parametrize("name", ADVICE)
def test_advice_is_given_and_is_no_fault(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    plant, words = ADVICE[name]
    plant(installation, monkeypatch)
    code, output = installation.examine(monkeypatch)
    assert code == 0
    for word in words:
        assert word in " ".join(output.split()), output


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MUST_INSTALLATION_KEY", None),
        ("MUST_SECRET_KEY", "not base64!"),
        ("MUST_LOGIN", "demo"),
        ("MUST_ID_PORTEN_ISSUER", "http://idporten.no"),
        ("MUST_SMTP_HOST", None),
    ],
)
def test_setting_that_lets_nothing_start_is_named_in_one_sentence(
    installation: Installation, name: str, value: str | None
) -> None:
    environ = {**os.environ, **installation.environ, "MUST_INSTANCE": str(installation.instance)}
    environ.pop(name) if value is None else environ.update({name: value})
    flask = [sys.executable, "-m", "flask", "--app", "wsgi", "doctor"]
    done = subprocess.run(flask, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert name in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with honest.running({"sub": "someone"}) as address:
        yield address


@pytest.fixture
def connected(installation: Installation, issuer: str) -> Iterator[Installation]:
    """Outside production, with a provider and a mail server that answer."""
    controller = Controller(object(), hostname="127.0.0.1", port=free_port())
    controller.start()
    installation.environ |= {
        "MUST_ENV": "development",
        "MUST_LOGIN": "id-porten",
        "MUST_ID_PORTEN_ISSUER": issuer,
        "MUST_MAIL": "smtp",
        "MUST_SMTP_HOST": "127.0.0.1",
        "MUST_SMTP_PORT": str(controller.port),
        "MUST_SMTP_SECURITY": "none",
    }
    installation.options = []
    yield installation
    controller.stop()


def test_provider_and_mail_server_that_answer_are_green(
    connected: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, output = connected.examine(monkeypatch)
    assert (code, "advice" in output) == (0, False), output


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"MUST_ID_PORTEN_ISSUER": "http://127.0.0.1:1"}, "ID-porten cannot be reached"),
        ({"MUST_SMTP_PORT": "1"}, "mail server 127.0.0.1:1 does not take our mail"),
        ({"MUST_SMTP_SECURITY": "starttls"}, "does not take our mail"),
    ],
)
def test_what_does_not_answer_is_named(
    connected: Installation, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], words: str
) -> None:
    connected.environ |= environ
    code, output = connected.examine(monkeypatch)
    assert (code, words in output) == (1, True), output


def test_issuer_that_its_metadata_does_not_confirm_is_named(
    connected: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.environ["MUST_ID_PORTEN_ISSUER"] += "/"
    code, output = connected.examine(monkeypatch)
    assert code == 1
    assert "exactly as its metadata says" in " ".join(output.split())


def test_clock_far_from_that_of_the_provider_is_named(connected: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "now", lambda: datetime.now(UTC) + timedelta(minutes=10))
    code, output = connected.examine(monkeypatch)
    assert code == 1
    assert "from that of ID-porten" in output


def test_doctor_changes_nothing(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    within(installation, open_trial)
    before = {path: path.read_bytes() for path in installation.instance.rglob("*.sqlite")}
    installation.examine(monkeypatch)
    assert {path: path.read_bytes() for path in installation.instance.rglob("*.sqlite")} == before


def test_databases_on_postgresql_are_examined_too(any_app: Flask) -> None:
    open_trial().survey.access_at = datetime.now(UTC)
    session().commit()
    result = any_app.test_cli_runner().invoke(args=["doctor", "--offline"])
    assert result.exit_code == 0, result.output
