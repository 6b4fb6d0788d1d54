"""Who may act for whom, from a file: for installations that do not ask Altinn, and for trying things out.

::

    [[people]]
    number = "01814000008"
    name = "Kari Prøvesen"

    [[people.organisations]]
    number = "310000000"
    name = "Prøvetilsynet"
    rights = ["order", "sign"]
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from app.domain.errors import DomainError
from app.domain.identifiers import check_identity_number, check_organisation_number
from app.domain.rights import Representation, Right

_KNOWN = ", ".join(right.value for right in Right)
_PLACE = re.compile(r"line \d+, column \d+")
_HEADING = "# Who may act for whom: rights are " + " and ".join(f'"{right.value}"' for right in Right) + ".\n"


@dataclass(frozen=True, slots=True)
class LocalPerson:
    """One person of the file."""

    number: str = field(repr=False)
    """The identity number, or whatever else people are known by at login."""
    name: str = field(repr=False)
    organisations: tuple[Representation, ...]


class LocalRights:
    """The file, read again whenever it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[tuple[int, int, int], dict[str, LocalPerson]] | None = None

    def rights_of(self, identity_number: str, now: datetime) -> tuple[Representation, ...]:
        """The organisations that a person has a right in, in the file's order; `now` plays no part.

        DomainError ``rights.file_invalid`` with `where` and `problem`, for whoever keeps the file. Neither names
        a person or holds a number.
        """
        person = self._people().get("".join(identity_number.split()))
        return person.organisations if person else ()

    def _people(self) -> Mapping[str, LocalPerson]:
        try:
            found = self._path.stat()
            state = (found.st_mtime_ns, found.st_size, found.st_ino)
            if self._read is None or self._read[0] != state:
                self._read = (state, _people_in(self._path.read_bytes()))
        except OSError as error:
            raise _invalid("file", error.strerror or "cannot be read") from None
        return self._read[1]


def write_local_rights(path: Path, people: Iterable[LocalPerson]) -> None:
    """Write the file that `LocalRights` reads, whole and readable by its owner alone."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(_HEADING + "".join(map(_person_text, people)), encoding="utf-8")
    fresh.replace(path)


def _person_text(person: LocalPerson) -> str:
    lines = ["", "[[people]]", f"number = {_quoted(person.number)}", f"name = {_quoted(person.name)}"]
    for held in person.organisations:
        rights = ", ".join(_quoted(right.value) for right in Right if right in held.rights)
        lines += ["", "[[people.organisations]]", f"number = {_quoted(held.organisation_number)}"]
        lines += [f"name = {_quoted(held.organisation)}", f"rights = [{rights}]"]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """JSON writes strings as TOML does, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _people_in(content: bytes) -> dict[str, LocalPerson]:
    try:
        document = tomllib.loads(content.decode())
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))  # the rest of the message may repeat what the file says
        raise _invalid(place.group() if place else "file", "is not TOML") from None
    except UnicodeDecodeError:
        raise _invalid("file", "is not UTF-8") from None
    _check_keys(document, set(), "file", optional={"people"})
    people: dict[str, LocalPerson] = {}
    for where, table in _tables(document, "people", "people"):
        person = _person(table, where)
        if person.number in people:
            raise _invalid(where, "is the same person as one above")
        people[person.number] = person
    return people


def _person(table: Mapping[str, Any], where: str) -> LocalPerson:
    _check_keys(table, {"number", "name"}, where, optional={"organisations"})
    organisations: dict[str, Representation] = {}
    for place, row in _tables(table, "organisations", f"{where}.organisations"):
        held = _representation(row, place)
        if held.organisation_number in organisations:
            raise _invalid(place, "is the same organisation as one above")
        organisations[held.organisation_number] = held
    return LocalPerson(_person_number(table, where), _text(table, "name", where), tuple(organisations.values()))


def _representation(table: Mapping[str, Any], where: str) -> Representation:
    _check_keys(table, {"number", "name", "rights"}, where)
    text = _text(table, "number", where)
    try:
        number = check_organisation_number(text)
    except DomainError:
        raise _invalid(f"{where}.number", "is not an organisation number") from None
    return Representation(number, _text(table, "name", where), _rights(table["rights"], f"{where}.rights"))


def _person_number(table: Mapping[str, Any], where: str) -> str:
    """Digits only are an identity number and are checked; anything else is a provider's own name for a person."""
    number = "".join(_text(table, "number", where).split())
    try:
        return check_identity_number(number, accept_synthetic=True) if number.isdigit() else number
    except DomainError:
        raise _invalid(f"{where}.number", "is not an identity number") from None


def _rights(value: object, where: str) -> Set[Right]:
    try:
        rights = frozenset(map(Right, value)) if isinstance(value, list) else frozenset()
    except ValueError:
        rights = frozenset()
    if not rights:
        raise _invalid(where, f"must be a list of one or more of: {_KNOWN}")
    return rights


def _text(table: Mapping[str, Any], name: str, where: str) -> str:
    value = table[name]
    if not isinstance(value, str) or not value.strip():
        raise _invalid(f"{where}.{name}", "must be a text in quotes")
    return value.strip()


def _tables(table: Mapping[str, Any], name: str, where: str) -> Iterable[tuple[str, dict[str, Any]]]:
    """Each with its place in the file, counted from 1."""
    rows = table.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _invalid(where, "must be tables, each under a name in double square brackets")
    return [(f"{where}[{number}]", row) for number, row in enumerate(rows, 1)]


def _check_keys(table: Mapping[str, Any], needed: Set[str], where: str, optional: Set[str] = frozenset()) -> None:
    missing, unknown = needed - table.keys(), table.keys() - needed - optional
    if missing:
        raise _invalid(where, f"lacks {', '.join(sorted(missing))}")
    if unknown:
        known = ", ".join(sorted(needed | optional))
        raise _invalid(where, f"has something besides {known}")


def _invalid(where: str, problem: str) -> DomainError:
    return DomainError("rights.file_invalid", where=where, problem=problem)
