"""Settings from the environment, checked when the app starts.

Every setting is an environment variable ``MUST_...``. Outside production what is missing is made and kept in the
instance folder, so that a first try needs no setting at all; in production a missing one stops the start.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from click import ClickException

from app.adapters.sealing import KEY_BYTES, new_key, public_part
from app.config.operation import Operation, read_operation
from app.config.outside import Outside, read_outside
from app.config.reading import ConfigError, address, choice, database, mail_address, needed, number, one_of
from app.domain.survey import GRACE

if TYPE_CHECKING:
    from app.adapters.id_porten import PrivateKey, Registration


class Environment(Enum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class Login(Enum):
    DEMO = "demo"
    ID_PORTEN = "id-porten"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between installations."""

    environment: Environment
    instance: Path
    answers_url: str
    identities_url: str
    keys_url: str
    secret_key: bytes
    """Seals the session cookie."""
    installation_key: bytes
    """Wraps the surveys' keys."""
    research_public_key: bytes
    """X25519. The private half is on no machine that serves the web."""
    login: Login
    id_porten: Registration | None
    """Set when `login` is ID_PORTEN."""
    default_language: str
    grace: timedelta
    operator: str
    """Who runs this installation, as employees read it."""
    contact_email: str
    research_ends_on: date
    """Until then research may use what was consented to; the consent text says so."""
    public_url: str
    n_proxies: int
    """Proxies in front whose X-Forwarded headers are believed; 0 for none."""
    outside: Outside
    operation: Operation
    reports_url: str
    """Where published reports lie: a folder, or ``s3://bucket/folder``."""

    @property
    def is_production(self) -> bool:
        return self.environment is Environment.PRODUCTION

    @property
    def building_folder(self) -> Path:
        """Where reports lie that are being made."""
        return self.instance / "building"

    @property
    def staff_folder(self) -> Path:
        """Where numbers below the limits lie, for staff: on the machine that makes reports, never where reports lie."""
        return self.instance / "for-staff"


class RefusedSettingError(ConfigError, ClickException):
    """As the `flask` command tells it: one sentence and exit code 1, no traceback."""


def read_settings(environ: Mapping[str, str], instance: Path) -> Settings:
    """The settings in `environ`; ConfigError names the first that is missing or wrong."""
    try:
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _read(environ, instance)
    except ConfigError as error:
        raise RefusedSettingError(str(error)) from error
    except OSError as error:
        raise RefusedSettingError(f"MUST_INSTANCE={instance} cannot be used: {error.strerror}.") from error


def _read(environ: Mapping[str, str], instance: Path) -> Settings:
    environment = choice(environ, "MUST_ENV", Environment, Environment.DEVELOPMENT)
    is_production = environment is Environment.PRODUCTION
    login = choice(environ, "MUST_LOGIN", Login, Login.ID_PORTEN if is_production else Login.DEMO)
    if is_production and login is Login.DEMO:
        raise ConfigError("MUST_LOGIN=demo lets anybody in as anybody: it is refused when MUST_ENV=production.")
    contact_email = mail_address("MUST_CONTACT_EMAIL", environ.get("MUST_CONTACT_EMAIL", "must@example.org"))
    public_url = environ.get("MUST_PUBLIC_URL", "http://127.0.0.1:8000")
    keys = _Keys(environ, instance, may_make=not is_production)
    return Settings(
        environment,
        instance,
        answers_url=database(environ, "MUST_ANSWERS_URL", instance / "answers.sqlite"),
        identities_url=database(environ, "MUST_IDENTITIES_URL", instance / "identities.sqlite"),
        keys_url=database(environ, "MUST_KEYS_URL", instance / "keys.sqlite"),
        secret_key=keys.secret("MUST_SECRET_KEY"),
        installation_key=keys.secret("MUST_INSTALLATION_KEY"),
        research_public_key=keys.research(),
        login=login,
        id_porten=_registration(environ, is_production=is_production) if login is Login.ID_PORTEN else None,
        default_language=environ.get("MUST_LANGUAGE", "nb"),
        grace=timedelta(minutes=number(environ, "MUST_GRACE_MINUTES", GRACE // timedelta(minutes=1))),
        operator=environ.get("MUST_OPERATOR", "STAMI"),
        contact_email=contact_email,
        research_ends_on=_day(environ, "MUST_RESEARCH_ENDS_ON", date(2036, 12, 31)),
        public_url=address("MUST_PUBLIC_URL", public_url, is_production=False).rstrip("/"),
        n_proxies=number(environ, "MUST_PROXIES", 0),
        outside=read_outside(environ, instance, contact_email, is_production=is_production),
        operation=read_operation(environ, keys.given, None if is_production else keys.secret),
        reports_url=_reports_url(environ, instance),
    )


def _reports_url(environ: Mapping[str, str], instance: Path) -> str:
    text = environ.get("MUST_REPORTS_URL") or str((instance / "reports").absolute())
    if "://" in text and not text.startswith("s3://"):
        raise ConfigError(f"MUST_REPORTS_URL={text} must be the path of a folder, or begin with s3://.")
    return text


def _registration(environ: Mapping[str, str], *, is_production: bool) -> Registration:
    """What ID-porten knows us as. Only an installation that logs in there loads the libraries for it."""
    from app.adapters.id_porten import ACR_LEVELS, CLAIMS, Registration

    issuer = needed(environ, "MUST_ID_PORTEN_ISSUER", "MUST_LOGIN=id-porten")
    address("MUST_ID_PORTEN_ISSUER", issuer, is_production=is_production)
    secret, private_key = environ.get("MUST_ID_PORTEN_CLIENT_SECRET") or None, _private_key(environ)
    if (secret is None) == (private_key is None):
        raise ConfigError("Set either MUST_ID_PORTEN_CLIENT_SECRET or MUST_ID_PORTEN_PRIVATE_JWK.")
    return Registration(
        issuer,
        needed(environ, "MUST_ID_PORTEN_CLIENT_ID", "MUST_LOGIN=id-porten"),
        secret,
        private_key,
        scope=environ.get("MUST_ID_PORTEN_SCOPE", "openid profile"),
        acr=one_of(environ, "MUST_ID_PORTEN_ACR", ACR_LEVELS[1:]),
        claim=one_of(environ, "MUST_ID_PORTEN_CLAIM", CLAIMS),
    )


def _private_key(environ: Mapping[str, str]) -> PrivateKey | None:
    from app.adapters.id_porten import read_private_key

    text = environ.get("MUST_ID_PORTEN_PRIVATE_JWK")
    try:
        return read_private_key(text) if text else None
    except ValueError as error:
        raise ConfigError(f"MUST_ID_PORTEN_PRIVATE_JWK: {error}.") from error


class _Keys:
    """Keys given in the environment, or outside production made once and kept in the instance folder."""

    def __init__(self, environ: Mapping[str, str], instance: Path, *, may_make: bool) -> None:
        self._environ = environ
        self._folder = instance / "keys"
        self._may_make = may_make

    def secret(self, name: str) -> bytes:
        return self.given(name) or self._kept(name)

    def research(self) -> bytes:
        """The public key; outside production its private half is made beside it, for trying the export."""
        given = self.given("MUST_RESEARCH_PUBLIC_KEY")
        if given is None and not self._may_make:
            raise ConfigError("MUST_RESEARCH_PUBLIC_KEY is not set. Research makes the pair and hands over this half.")
        return given or public_part(self._kept("research-private-key"))

    def given(self, name: str) -> bytes | None:
        text = self._environ.get(name)
        if text is None:
            return None
        try:
            key = base64.b64decode(text, validate=True)
        except ValueError as error:
            raise ConfigError(f"{name} is not base64.") from error
        if len(key) != KEY_BYTES:
            raise ConfigError(f"{name} must be {KEY_BYTES} bytes in base64 (openssl rand -base64 {KEY_BYTES}).")
        return key

    def _kept(self, name: str) -> bytes:
        if not self._may_make:
            raise ConfigError(f"{name} is not set. Make one with: openssl rand -base64 {KEY_BYTES}")
        path = self._folder / name
        if not path.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = path.with_suffix(f".{os.getpid()}")
            fresh.touch(mode=0o600)
            fresh.write_bytes(new_key())
            try:
                os.link(fresh, path)  # the first process wins; the others read what it made
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return path.read_bytes()


def _day(environ: Mapping[str, str], name: str, default: date) -> date:
    text = environ.get(name, default.isoformat())
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{name}={text} must be a day, written like {default.isoformat()}.") from error
