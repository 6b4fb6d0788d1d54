"""Reading one setting from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

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


def number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, str(default))
    if not text.isascii() or not text.isdigit():
        raise ConfigError(f"{name}={text} must be a whole number, 0 or more.")
    return int(text)


def address(name: str, text: str, *, is_production: bool) -> str:
    """What begins with https, outside production also with http."""
    schemes = ("https://",) if is_production else ("https://", "http://")
    if not text.startswith(schemes):
        raise ConfigError(f"{name}={text} must begin with {' or '.join(schemes)}.")
    return text
