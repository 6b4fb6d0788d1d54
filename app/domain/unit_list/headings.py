"""The first row of a unit list: which columns are levels, which one holds head counts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.domain.unit_list.cells import read_name
from app.domain.unit_list.findings import SEVERITIES, Note, Severity, new_note
from app.domain.unit_list.source import Source, last_filled_row

COUNT_HEADING = "Antall"
LEVEL_HEADING = "Nivå"


@dataclass(frozen=True, slots=True)
class Headings:
    """`levels` are the columns of level 1, 2 and so on; `count` is the column of head counts."""

    levels: tuple[int, ...]
    count: int | None
    notes: tuple[Note, ...]


_HEADING = re.compile(r"(nivå|niva|nivaa|level)?(\d{1,3})?")
_LEVEL_WORD = LEVEL_HEADING.casefold()


def read_headings(source: Source) -> Headings:
    """The columns of levels and head counts; without a level when the first row holds no headings."""
    if not last_filled_row(source):
        return Headings((), None, (new_note("sheet.empty"),))
    texts = {column: _squeezed(value) for column, value in enumerate(source.grid[0], start=1)}
    levels = [column for column, text in texts.items() if text and _HEADING.fullmatch(text)]
    counts = [column for column, text in texts.items() if text == COUNT_HEADING.casefold()]
    if not levels:
        return Headings((), None, (_forgotten(source),))
    notes = [
        *_unknown_headings(source, texts, {*levels, *counts}),
        *_unheaded_columns(source, texts),
        *_incomplete_headings(source, texts, levels),
        *_broken_sequence(source, texts, levels),
        *(new_note("heading.second_count", 1, column, source.raw(1, column)) for column in counts[1:]),
        *(
            new_note("levels.too_many", 1, column, source.raw(1, column), limit=source.limits.n_levels)
            for column in levels[source.limits.n_levels :][:1]
        ),
    ]
    return Headings(tuple(levels), counts[0] if counts else None, tuple(notes))


def _squeezed(value: object) -> str:
    """A heading as it is compared: no case, no blanks."""
    text, _ = read_name(value)
    return unicodedata.normalize("NFKC", text or "").casefold().replace(" ", "")


def _forgotten(source: Source) -> Note:
    """No level in the first row: the headings are further down, or nowhere."""
    for row in range(2, min(len(source.grid), 20) + 1):
        for column, value in enumerate(source.grid[row - 1], start=1):
            if re.fullmatch(rf"{_LEVEL_WORD}\d*", _squeezed(value)):
                return new_note("heading.not_first_row", row, column, value)
    return new_note("heading.forgotten", 1, 1, source.raw(1, 1))


def _unknown_headings(source: Source, texts: Mapping[int, str], known: Collection[int]) -> Iterator[Note]:
    for column, text in texts.items():
        value = source.raw(1, column)
        _, code = read_name(value)
        if column not in known and (text or SEVERITIES.get(code) is Severity.ERROR):
            yield new_note("heading.unknown", 1, column, value)


def _unheaded_columns(source: Source, texts: Mapping[int, str]) -> Iterator[Note]:
    """A column with content but no heading: left out silently it would be a unit that nobody can choose."""
    headed = {column for column in texts if read_name(source.raw(1, column))[0] != ""}
    found: set[int] = set()
    for row in source.grid[1:]:
        for column, value in enumerate(row, start=1):
            if column not in headed and column not in found and read_name(value)[0] != "":
                found.add(column)
                yield new_note("heading.blank", 1, column, value)


def _incomplete_headings(source: Source, texts: Mapping[int, str], levels: Sequence[int]) -> Iterator[Note]:
    """A heading that lacks "Nivå" or its number, but can only mean one thing."""
    for number, column in enumerate(levels, start=1):
        if not re.fullmatch(rf"{_LEVEL_WORD}\d+", texts[column]):
            value = source.raw(1, column)
            yield new_note("heading.incomplete", 1, column, value, read_as=f"{LEVEL_HEADING}{number}")


def _broken_sequence(source: Source, texts: Mapping[int, str], levels: Sequence[int]) -> Iterator[Note]:
    """The first heading whose number is not the next one; what follows it would only repeat the message."""
    for number, column in enumerate(levels, start=1):
        digits = texts[column].lstrip("abcdefghijklmnopqrstuvwxyzå")
        if digits and int(digits) != number:
            value = source.raw(1, column)
            yield new_note("heading.sequence", 1, column, value, expected=f"{LEVEL_HEADING}{number}")
            return
