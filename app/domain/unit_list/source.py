"""The cells of a unit list as they came, and how many there may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.unit_list.cells import read_name


@dataclass(frozen=True, slots=True)
class Limits:
    """What a unit list may be at most (spec 4); `n_rows` does not count the headings."""

    n_bytes: int = 5_000_000
    n_rows: int = 20_000
    n_levels: int = 8
    n_characters: int = 200


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Source:
    """The cells as they came."""

    sheet: str
    grid: tuple[tuple[object, ...], ...]
    organisation: str
    limits: Limits

    def raw(self, row: int, column: int) -> object:
        cells = self.grid[row - 1]
        return cells[column - 1] if column <= len(cells) else None


def last_filled_row(source: Source) -> int:
    filled = (number for number in range(len(source.grid), 0, -1) if not _is_blank(source.grid[number - 1]))
    return next(filled, 0)


def _is_blank(row: Sequence[object]) -> bool:
    return all(read_name(value)[0] == "" for value in row)
