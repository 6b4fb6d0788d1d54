"""Who may act for an organisation, and what the register of entities says about it (spec 3.1, 3.2)."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import Enum


class Right(Enum):
    """What somebody may do on behalf of an organisation."""

    ORDER = "order"
    """Altinn: "Lønn og personalmedarbeider", or the access package that follows it."""
    SIGN = "sign"
    """Top leader, or somebody else who may sign for the organisation."""


@dataclass(frozen=True, slots=True)
class Representation:
    """One organisation that a person may act for."""

    organisation_number: str
    organisation: str
    rights: Set[Right]


@dataclass(frozen=True, slots=True)
class Entity:
    """An organisation as the public register of entities knows it."""

    number: str
    name: str
    is_deleted: bool = False
    sub_units: tuple[Entity, ...] = ()
