"""Reading one setting from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.domain.order import is_email

E = TypeVar("E", bound=Enum)


class ConfigError(Exception):
    """A setting is missing or wrong; says which and what to do."""


def choice(environ: Mapping[str, str], name: str, kind: type[E], default: E) -> E:
    text = environ.get(name, default.value)
    try:
        return kind(text)
    except ValueError as error:
        known = ", ".join(str(each.value) for each in kind)
        raise ConfigError(f"{name}={text} is unknown. Known: {known}.") from error


def needed(environ: Mapping[str, str], name: str, by: str) -> str:
    text = environ.get(name)
    if not text:
        raise ConfigError(f"{name} is not set. {by} needs it.")
    return text


def one_of(environ: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    """The first of `known` unless another is set."""
    text = environ.get(name, known[0])
    if text not in known:
        raise ConfigError(f"{name}={text} is unknown. Known: {', '.join(known)}.")
    return text


def number(environ: Mapping[str, str], name: str, default: int, at_most: int = 1_000_000) -> int:
    text = environ.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > len(str(at_most)) or int(text) > at_most:
        raise ConfigError(f"{name}={text} must be a whole number, from 0 to {at_most}.")
    return int(text)


def mail_address(name: str, text: str) -> str:
    """An e-mail address and nothing else."""
    if not is_email(text):
        raise ConfigError(f"{name}={text} is no e-mail address.")
    return text


def address(name: str, text: str, *, is_production: bool) -> str:
    """What begins with https, outside production also with http, and names a host."""
    schemes = ("https://",) if is_production else ("https://", "http://")
    if not text.startswith(schemes) or not _names_host(text):
        raise ConfigError(f"{name}={text} must begin with {' or '.join(schemes)}, and name a host.")
    return text


def database(environ: Mapping[str, str], name: str, default: Path) -> str:
    """The address of a database. A wrong one is not repeated: it may hold a password."""
    text = environ.get(name, f"sqlite:///{default}")
    try:
        is_known = _is_database(make_url(text))
    except (ArgumentError, ValueError):
        is_known = False
    if not is_known:
        raise ConfigError(
            f"{name} is no address of a database. Known: sqlite:////FOLDER/FILE, or "
            "postgresql+psycopg://USER:PASSWORD@HOST/DATABASE."
        )
    return text


def _is_database(url: URL) -> bool:
    """A file or a database on a server; never one in memory, whose content would be lost without a word."""
    if url.drivername == "sqlite":
        return url.database not in (None, "", ":memory:")
    return url.drivername in ("postgresql", "postgresql+psycopg") and bool(url.database)


def _names_host(text: str) -> bool:
    try:
        place = urlsplit(text)
        return bool(place.hostname) and place.port != 0
    except ValueError:
        return False
