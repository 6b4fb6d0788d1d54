"""Putting values into the placeholders of a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.errors import DomainError
from app.domain.texts import Text, placeholders

_SPACES = re.compile(r"[^\S\u00a0\u202f]+")

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Filling:
    """One language and the values that go into its texts; days and numbers come already worded."""

    language: str
    values: Values

    def __call__(self, text: Text) -> str:
        """`text` with its values, each on one line.

        DomainError("text.value_missing", name=...) for a value that is absent or blank, and
        DomainError("text.language_unknown", language=...).
        """
        if self.language not in text:
            raise DomainError("text.language_unknown", language=self.language)
        wording = text[self.language]
        return wording.format_map({name: self._value(name) for name in placeholders(wording)})

    def _value(self, name: str) -> str:
        value = one_line(str(self.values.get(name, "")))
        if not value:
            raise DomainError("text.value_missing", name=name)
        return value


def one_line(text: str) -> str:
    """White space of any kind, line breaks included, as single spaces; no-break spaces stay."""
    return _SPACES.sub(" ", text).strip()
