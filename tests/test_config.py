"""Settings are checked when the app starts, and a wrong one is named."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from app.config import ConfigError, Environment, Login, read_settings

KEY = base64.b64encode(bytes(range(32))).decode()
CLIENT_JWK = json.dumps(ECKey.generate_key("P-256").as_dict(private=True))
PRODUCTION = {
    "MUST_ENV": "production",
    "MUST_RIGHTS": "local",
    "MUST_MAIL": "folder",
    "MUST_SECRET_KEY": KEY,
    "MUST_INSTALLATION_KEY": KEY,
    "MUST_RESEARCH_PUBLIC_KEY": KEY,
    "MUST_ID_PORTEN_ISSUER": "https://idporten.no",
    "MUST_ID_PORTEN_CLIENT_ID": "must",
    "MUST_ID_PORTEN_CLIENT_SECRET": "said to nobody",
}


def test_first_try_needs_no_setting_and_keeps_its_keys(tmp_path: Path) -> None:
    first, second = read_settings({}, tmp_path), read_settings({}, tmp_path)
    assert first == second
    assert (first.environment, first.login) == (Environment.DEVELOPMENT, Login.DEMO)
    assert len({first.secret_key, first.installation_key, first.research_public_key}) == 3
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "keys").iterdir())


def test_production_with_everything_set_starts(tmp_path: Path) -> None:
    settings = read_settings(PRODUCTION, tmp_path)
    assert settings.is_production
    assert settings.login is Login.ID_PORTEN
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("name", ["MUST_SECRET_KEY", "MUST_INSTALLATION_KEY", "MUST_RESEARCH_PUBLIC_KEY"])
def test_production_without_a_key_does_not_start(tmp_path: Path, name: str) -> None:
    environ = {key: value for key, value in PRODUCTION.items() if key != name}
    with pytest.raises(ConfigError, match=name):
        read_settings(environ, tmp_path)


def test_demo_login_is_refused_in_production(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="MUST_LOGIN"):
        read_settings(PRODUCTION | {"MUST_LOGIN": "demo"}, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MUST_ENV", "prod"),
        ("MUST_LOGIN", "password"),
        ("MUST_SECRET_KEY", "not base64!"),
        ("MUST_SECRET_KEY", base64.b64encode(b"short").decode()),
        ("MUST_GRACE_MINUTES", "-1"),
        ("MUST_PROXIES", "many"),
        ("MUST_RESEARCH_ENDS_ON", "31.12.2036"),
        ("MUST_REPORTS_URL", "ftp://example.org/reports"),
        ("MUST_GRACE_MINUTES", "9" * 30),
        ("MUST_PUBLIC_URL", "must.example.no"),
        ("MUST_PUBLIC_URL", "https://"),
        ("MUST_PUBLIC_URL", "http://["),
        ("MUST_PUBLIC_URL", "http://must.example.no:port"),
        ("MUST_ENTITY_REGISTER_URL", "nonsense"),
        ("MUST_LIMITS_URL", "nonsense"),
        ("MUST_CONTACT_EMAIL", "nobody"),
        ("MUST_CONTACT_EMAIL", "MUST <must@example.no>"),
        ("MUST_MAIL_SENDER", "MUST"),
        ("MUST_MAIL_SENDER", "MUST\r\nBcc: x@example.no <must@example.no>"),
    ],
)
def test_wrong_value_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        read_settings({name: value}, tmp_path)


@pytest.mark.parametrize("name", ["MUST_ANSWERS_URL", "MUST_IDENTITIES_URL", "MUST_KEYS_URL"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "nonsense",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "mysql://must:s3cret@host/answers",
        "https://host/answers",
        "postgresql+psycopg://must:s3cret@host",
        "postgresql+psycopg://must:s3cret@host:port/answers",
    ],
)
def test_address_of_no_database_is_refused_and_its_password_is_not_repeated(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(ConfigError, match=f"{name} is no address of a database") as refused:
        read_settings({name: value}, tmp_path)
    assert "s3cret" not in str(refused.value)


def test_port_of_the_mail_server_is_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="MUST_SMTP_PORT"):
        read_settings({"MUST_MAIL": "smtp", "MUST_SMTP_HOST": "mail.example.no", "MUST_SMTP_PORT": "70000"}, tmp_path)


def test_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"MUST_INSTANCE=.*/file/instance cannot be used: Not a directory"):
        read_settings({}, tmp_path / "file" / "instance")
