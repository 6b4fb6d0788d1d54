"""The settings of those who run the installation: limits, metrics, and keys that only commands need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.config.reading import ConfigError, number

PER_PERSON, PER_LINK = 300, 30_000
"""Requests a minute. A person who answers quickly makes one a second; an agency of 5,000 that opens the link in the
same minute makes 15,000."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What answering does not depend on."""

    limit_per_person: int
    """Requests a minute; 0: no limit."""
    limit_per_link: int
    limits_url: str = field(repr=False)
    """Where the counts lie: ``memory://`` (each process its own), or ``redis://…`` (shared)."""
    metrics_token: str = field(repr=False)
    """Who shows it may read the metrics; empty: nobody may."""
    backup_key: bytes | None = field(repr=False)
    """Seals backups. None: the web server needs none; the commands say so."""
    new_installation_key: bytes | None = field(repr=False)
    """What `flask keys rotate` changes to."""


def read_operation(
    environ: Mapping[str, str], given: Callable[[str], bytes | None], kept: Callable[[str], bytes] | None
) -> Operation:
    """`given` reads a key from the environment; `kept` makes one too where that may be done."""
    limits_url = environ.get("MUST_LIMITS_URL", "memory://")
    if not limits_url.startswith(("memory://", "redis://", "rediss://")):
        raise ConfigError("MUST_LIMITS_URL must begin with memory://, redis:// or rediss://.")
    token = environ.get("MUST_METRICS_TOKEN", "")
    if token and len(token) < 16:
        raise ConfigError("MUST_METRICS_TOKEN is too short: 16 characters or more (openssl rand -hex 32).")
    return Operation(
        number(environ, "MUST_LIMIT_PER_PERSON", PER_PERSON),
        number(environ, "MUST_LIMIT_PER_LINK", PER_LINK),
        limits_url,
        token,
        (kept or given)("MUST_BACKUP_KEY"),
        given("MUST_NEW_INSTALLATION_KEY"),
    )
