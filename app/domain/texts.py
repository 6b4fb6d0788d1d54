"""Texts with all languages side by side: how they are read from data, and the versioned documents of the product."""

import hashlib
import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import NoReturn, TypeVar

from app.domain.errors import DomainError

Text = Mapping[str, str]  # language code -> text
Choice = TypeVar("Choice", bound=Enum)

CURRENT: Mapping[str, str] = MappingProxyType(
    {
        "information": "2026-1",
        "consent": "2026-1",
        "report_guide": "2026-1",
        "agreement": "2026-1",
        "privacy": "2026-1",
        "protection": "2026-1",
        "accessibility": "2026-1",
        "mail": "2026-1",
        "invitation": "2026-1",
        "signature": "2026-1",
    }
)
WORDING = Path(__file__).parent / "wording"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its paragraphs, then its list of points; either may be empty, not both."""

    id: str
    heading: Text
    paragraphs: tuple[Text, ...]
    points: tuple[Text, ...]

    @property
    def texts(self) -> tuple[Text, ...]:
        return (self.heading, *self.paragraphs, *self.points)


@dataclass(frozen=True, slots=True)
class Document:
    """A versioned text; placeholders are left for the caller to fill with `str.format`."""

    id: str
    version: str
    title: Text
    sections: tuple[Section, ...]

    def section(self, section_id: str) -> Section:
        for section in self.sections:
            if section.id == section_id:
                return section
        raise DomainError("document.section_unknown", document=self.id, section=section_id)

    @property
    def texts(self) -> tuple[Text, ...]:
        """The title and every text of every section, in reading order."""
        return (self.title, *(text for section in self.sections for text in section.texts))

    @property
    def placeholders(self) -> frozenset[str]:
        """Every name that some text of the document needs."""
        return frozenset().union(*(placeholders(wording) for text in self.texts for wording in text.values()))

    @property
    def digest(self) -> str:
        """SHA-256 in hex of all texts in all languages, before placeholders are filled: what a signature refers to."""
        content = [self.id, self.version, [dict(text) for text in self.texts]]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Source:
    """One table of a data file: gives what must be there, refuses everything else, and knows its own place.

    Refusals are `DomainError(code, where="themes.workload.items.2", problem="has no text in en")`.
    """

    data: Mapping[str, object]
    code: str
    languages: tuple[str, ...] = ()
    where: str = ""

    @classmethod
    def of_file(cls, data: Mapping[str, object], code: str) -> "Source":
        """The whole file, whose list `languages` says which languages every text in it must have."""
        return cls(data, code, cls(data, code).strings("languages"))

    def refuse(self, problem: str, *keys: object) -> NoReturn:
        raise DomainError(self.code, where=self._place(*keys), problem=problem)

    def only(self, *required: str, optional: Collection[str] = ()) -> None:
        """Refuse a required key that is missing and a key that is neither required nor optional."""
        for key in required:
            if key not in self.data:
                self.refuse("is missing", key)
        for key in self.data:
            if key not in required and key not in optional:
                self.refuse("is unknown", key)

    def string(self, key: str) -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or not value.strip():
            self.refuse("is blank or no string", key)
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        """A list of different strings, not empty."""
        values = self.data.get(key)
        if not isinstance(values, list) or not values:
            self.refuse("is empty or no list", key)
        if not all(isinstance(value, str) and value.strip() for value in values):
            self.refuse("holds something blank or no string", key)
        if len(set(values)) < len(values):
            self.refuse("says something twice", key)
        return tuple(values)

    def flag(self, key: str) -> bool:
        """True or false; false where the key is absent."""
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            self.refuse("is neither true nor false", key)
        return value

    def choice(self, key: str, kind: type[Choice], default: Choice | None = None) -> Choice:
        value = self.data.get(key, default)
        if isinstance(value, kind):
            return value
        if value not in [member.value for member in kind]:
            self.refuse(f"is no {kind.__name__}", key)
        return kind(value)

    def table(self, key: str) -> "Source":
        return self._inner(self.data.get(key), key)

    def tables(self, key: str) -> tuple["Source", ...]:
        """The tables of a list, each known by its `id` or else its number from 1; none where the key is absent."""
        values = self.data.get(key, [])
        if not isinstance(values, list):
            self.refuse("is no list", key)
        tables = tuple(self._inner(value, key, number) for number, value in enumerate(values, start=1))
        if len({table.where for table in tables}) < len(tables):
            self.refuse("has two tables with the same id", key)
        return tables

    def text(self, key: str) -> Text:
        return self.table(key).as_text()

    def optional_text(self, key: str) -> Text | None:
        return self.text(key) if key in self.data else None

    def texts(self, key: str) -> tuple[Text, ...]:
        return tuple(table.as_text() for table in self.tables(key))

    def rows(self, key: str) -> tuple[Text, ...]:
        """A list of strings per language, equally long, as one text for each row."""
        table = self.table(key)
        table.only(*self.languages)
        columns = [table.strings(language) for language in self.languages]
        if len({len(column) for column in columns}) > 1:
            table.refuse("is not equally long in all languages")
        rows = (dict(zip(self.languages, row, strict=True)) for row in zip(*columns, strict=True))
        return tuple(self._inner(row, key, number).as_text() for number, row in enumerate(rows, start=1))

    def as_text(self) -> Text:
        """This table as a text: exactly the languages of the file, none blank, all with the same placeholders."""
        for language in self.languages:
            if language not in self.data:
                self.refuse(f"has no text in {language}")
        self.only(*self.languages)
        text = {language: self.string(language) for language in self.languages}
        try:
            names = {placeholders(wording) for wording in text.values()}
        except ValueError as error:
            self.refuse(str(error))
        if len(names) > 1:
            self.refuse("does not have the same placeholders in all languages")
        return MappingProxyType(text)

    def _inner(self, value: object, *keys: object) -> "Source":
        if not isinstance(value, dict):
            self.refuse("is no table", *keys)
        name = value.get("id", keys[-1])
        return Source(value, self.code, self.languages, self._place(*keys[:-1], name))

    def _place(self, *keys: object) -> str:
        return ".".join(str(part) for part in (self.where, *keys) if part != "")


def placeholders(wording: str) -> frozenset[str]:
    """The names in braces, for `str.format`; ValueError where braces do not match or hold more than a plain name."""
    names = frozenset(name for _, name, _, _ in Formatter().parse(wording) if name is not None)
    if not all(name.isidentifier() for name in names):
        raise ValueError("holds a placeholder that is no plain name")
    return names


def read_data(folder: Path, name: str) -> Mapping[str, object] | None:
    """The content of the TOML file `name` in `folder`, None where there is none; a name never leads out of it."""
    for path in folder.glob("*.toml"):
        if path.stem == name:
            return tomllib.loads(path.read_text(encoding="utf-8"))
    return None


@cache
def load_document(document_id: str, version: str | None = None) -> Document:
    """A document in the version asked for, else the current one; DomainError("document.unknown")."""
    data = read_data(WORDING, f"{document_id}-{version or CURRENT.get(document_id, '')}")
    if data is None:
        raise DomainError("document.unknown", document=document_id, version=version)
    return parse_document(data)


def parse_document(data: Mapping[str, object]) -> Document:
    """Read a document; DomainError("document.invalid", where=..., problem=...) for anything missing or too much."""
    source = Source.of_file(data, "document.invalid")
    source.only("id", "version", "languages", "title", "sections")
    sections = tuple(_section(section) for section in source.tables("sections"))
    if not sections:
        source.refuse("is empty", "sections")
    return Document(source.string("id"), source.string("version"), source.text("title"), sections)


def _section(source: Source) -> Section:
    source.only("id", "heading", optional=("paragraphs", "points"))
    paragraphs, points = source.texts("paragraphs"), source.texts("points")
    if not paragraphs and not points:
        source.refuse("says nothing")
    return Section(source.string("id"), source.text("heading"), paragraphs, points)
