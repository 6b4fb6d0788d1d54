"""Names of report files: a number that sorts by unit path wherever they lie, and the path itself for people."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from app.domain.units import Unit, UnitPath, UnitTree

LONGEST = 150
"""Bytes of a name without its ending; every file system takes 255, and archives add folders."""
_JOINT = " - "
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]')
_LAST_LETTERS = str.maketrans({"æ": "{", "ä": "{", "ø": "|", "ö": "|", "å": "}"})
"""In Norwegian these stand after z, as these signs do in ASCII."""
_SHORTEST_PART = 4


def file_stem(unit: Unit, tree: UnitTree | None, organisation: str, language: str) -> str:
    """The name of a unit's report without its ending, at most `LONGEST` bytes, safe on every file system.

    Names sort by unit path in Norwegian order, the organisation first and every unit before those below it, also
    where a program compares bytes: hence the number, the unit's place in that order. Without `tree` the names are
    unique but do not sort.
    """
    if tree is None:
        end = f"{_digest(unit.path)} ({language})" if unit.path else f"({language})"
        start = ""
    else:
        end = f"({language})"
        start = f"{_places(tree)[unit.path]:0{len(str(len(tree.units)))}d} "
    room = LONGEST - len(f"{start} {end}".encode())
    return f"{start}{_fitted(unit.path or (organisation,), room)} {end}"


@lru_cache(8)
def _places(tree: UnitTree) -> Mapping[UnitPath, int]:
    ordered = sorted((unit.path for unit in tree.units), key=lambda path: [sort_key(name) for name in path])
    return {path: place for place, path in enumerate(ordered)}


def sort_key(name: str) -> tuple[str, str]:
    """Letters without case and accents, æøå last; the name itself settles what is left."""
    turned = unicodedata.normalize("NFC", name).casefold().translate(_LAST_LETTERS)
    plain = "".join(sign for sign in unicodedata.normalize("NFD", turned) if not unicodedata.combining(sign))
    return plain, name


def _fitted(names: UnitPath, room: int) -> str:
    """The names joined, all shortened alike when they are too long together, the upper ones left out at worst."""
    cleaned = [_clean(name) for name in names]
    length = max(len(name) for name in cleaned)
    while len(joined := _JOINT.join(_cut(name, length) for name in cleaned).encode()) > room:
        if length > _SHORTEST_PART:
            length -= 1
        else:
            del cleaned[0]
    return joined.decode()


def _clean(name: str) -> str:
    """Without what some file system refuses; never blank, never ending in a dot or blank."""
    spaced = _FORBIDDEN.sub(" ", unicodedata.normalize("NFC", name))
    return " ".join(spaced.split()).strip(". ") or "_"


def _cut(name: str, length: int) -> str:
    return name[:length].rstrip(". ") or "_"


def _digest(path: UnitPath) -> str:
    return hashlib.sha256("\0".join(path).encode()).hexdigest()[:10]
