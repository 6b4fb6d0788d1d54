"""The settings of the outside world: who may act for whom, the register of entities, mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from app.adapters.entity_register import REGISTER_URL
from app.adapters.smtp import Security, SmtpSettings
from app.config.reading import ConfigError, address, choice, mail_address, needed, number

if TYPE_CHECKING:
    from app.adapters.altinn import AltinnRegistration


class Rights(Enum):
    LOCAL = "local"
    ALTINN = "altinn"


class MailBy(Enum):
    FOLDER = "folder"
    SMTP = "smtp"


_PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True)
class Outside:
    """What is reached over the net, or what stands in for it."""

    altinn: AltinnRegistration | None
    """None: `rights_file` says who may act for whom."""
    rights_file: Path
    entity_register_url: str
    """Empty: only what staff imported is known."""
    smtp: SmtpSettings | None
    """None: mails are written into `mail_folder`."""
    mail_folder: Path
    sender: str


def read_outside(environ: Mapping[str, str], instance: Path, contact_email: str, *, is_production: bool) -> Outside:
    """ConfigError names the first setting that is missing or wrong."""
    rights = choice(environ, "MUST_RIGHTS", Rights, Rights.ALTINN if is_production else Rights.LOCAL)
    mail_by = choice(environ, "MUST_MAIL", MailBy, MailBy.SMTP if is_production else MailBy.FOLDER)
    register = environ.get("MUST_ENTITY_REGISTER_URL", REGISTER_URL if is_production else "")
    sender = environ.get("MUST_MAIL_SENDER", f"MUST <{contact_email}>")
    mail_address("MUST_MAIL_SENDER", parseaddr(sender)[1] if sender.isprintable() else "")
    return Outside(
        _altinn(environ, is_production=is_production) if rights is Rights.ALTINN else None,
        Path(environ.get("MUST_RIGHTS_FILE", instance / "rights.toml")),
        address("MUST_ENTITY_REGISTER_URL", register, is_production=is_production) if register else "",
        _smtp(environ, sender) if mail_by is MailBy.SMTP else None,
        instance / "mail",
        sender,
    )


def _altinn(environ: Mapping[str, str], *, is_production: bool) -> AltinnRegistration:
    """Only an installation that asks Altinn loads the libraries for it."""
    from app.adapters.altinn import (
        ALTINN_URL,
        MASKINPORTEN_ISSUER,
        ORDER,
        SCOPE,
        SIGN,
        AltinnRegistration,
        read_signing_key,
    )

    try:
        key = read_signing_key(needed(environ, "MUST_ALTINN_PRIVATE_JWK", "MUST_RIGHTS=altinn"))
    except ValueError as error:
        raise ConfigError(f"MUST_ALTINN_PRIVATE_JWK: {error}.") from error
    issuer = environ.get("MUST_ALTINN_MASKINPORTEN_ISSUER", MASKINPORTEN_ISSUER)
    url = environ.get("MUST_ALTINN_URL", ALTINN_URL)
    return AltinnRegistration(
        needed(environ, "MUST_ALTINN_CLIENT_ID", "MUST_RIGHTS=altinn"),
        key,
        environ.get("MUST_ALTINN_SUBSCRIPTION_KEY") or None,
        address("MUST_ALTINN_MASKINPORTEN_ISSUER", issuer, is_production=is_production),
        environ.get("MUST_ALTINN_SCOPE", SCOPE),
        address("MUST_ALTINN_URL", url, is_production=is_production),
        frozenset(environ["MUST_ALTINN_ORDER"].split()) if "MUST_ALTINN_ORDER" in environ else ORDER,
        frozenset(environ["MUST_ALTINN_SIGN"].split()) if "MUST_ALTINN_SIGN" in environ else SIGN,
    )


def _smtp(environ: Mapping[str, str], sender: str) -> SmtpSettings:
    security = choice(environ, "MUST_SMTP_SECURITY", Security, Security.STARTTLS)
    port = number(environ, "MUST_SMTP_PORT", _PORTS[security], at_most=65_535)
    try:
        return SmtpSettings(
            needed(environ, "MUST_SMTP_HOST", "MUST_MAIL=smtp"),
            port,
            security,
            sender,
            environ.get("MUST_SMTP_USER", ""),
            environ.get("MUST_SMTP_PASSWORD", ""),
        )
    except ValueError as error:
        raise ConfigError(f"MUST_SMTP_SECURITY={security.value}: {error}.") from error
