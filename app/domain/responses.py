"""The answers of one respondent, as data and as the bytes that are sealed (spec 5, 8).

A response of one instrument version always takes the same number of bytes: how much somebody has answered cannot be
seen from the outside.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import DomainError
from app.domain.instrument import Theme

UNANSWERED = 255
DECLINED = 0
"""The respondent chose "I do not wish to answer"; counts as not answered (disclosure.md 1)."""

LINK_BYTES = 16
_HEADER = struct.Struct(f">Bi?{LINK_BYTES}s")
_FORMAT = 1
_NO_UNIT = -1


@dataclass(frozen=True, slots=True)
class Response:
    """One respondent's unit and answers.

    `answers` holds one byte per item of the instrument, in its order: 1.. for a category, DECLINED or UNANSWERED.
    `link` is a random token by which research, and nobody else, can find the response of who consented (spec 8).
    """

    unit: int | None
    answers: bytes
    link: bytes
    is_submitted: bool = False

    @classmethod
    def empty(cls, n_items: int, link: bytes) -> Self:
        return cls(None, bytes([UNANSWERED]) * n_items, link)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        version, unit, is_submitted, link = _HEADER.unpack_from(data)
        if version != _FORMAT:
            raise DomainError("response.unknown_format", format=version)
        return cls(None if unit == _NO_UNIT else unit, data[_HEADER.size :], link, is_submitted)

    def to_bytes(self) -> bytes:
        unit = _NO_UNIT if self.unit is None else self.unit
        return _HEADER.pack(_FORMAT, unit, self.is_submitted, self.link) + self.answers

    def with_answers(self, chosen: Mapping[int, int]) -> Self:
        """The response after `chosen` (number of item -> value) was saved; other items stay as they are."""
        answers = bytearray(self.answers)
        for item, value in chosen.items():
            answers[item] = value
        return replace(self, answers=bytes(answers))

    def in_unit(self, unit: int) -> Self:
        return replace(self, unit=unit)


def check_value(theme: Theme, value: int) -> int:
    """`value` if it is a category of the theme's scale or DECLINED; DomainError ``answer.unknown`` otherwise."""
    if not 0 <= value <= len(theme.scale.categories):
        raise DomainError("answer.unknown", theme=theme.id)
    return value


def answer_matrix(responses: Sequence[Response], n_items: int) -> NDArray[np.uint8]:
    """The answers of many, one row per response and one column per item of the instrument."""
    joined = b"".join(response.answers for response in responses)
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(responses), n_items)
