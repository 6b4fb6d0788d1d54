"""What the rows of a unit list, taken together, give reason to say: run on every list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from app.domain.unit_list.cells import shown
from app.domain.unit_list.findings import Note, coordinate, new_note
from app.domain.unit_list.names import is_own_staff_name, skeleton
from app.domain.unit_list.table import Line, Table
from app.domain.units import CATCH_ALL, UnitPath

PHONE_LEVELS = 5
PHONE_CHARACTERS = 60


def _blank_rows(table: Table) -> Iterator[Note]:
    """One finding for each stretch of blank rows between filled ones."""
    previous = 1
    for line in table.lines:
        n_blank = line.row - previous - 1
        if n_blank:
            yield new_note("row.blank", previous + 1, 1, n=n_blank)
        previous = line.row


def _blanks_in_paths(table: Table) -> Iterator[Note]:
    for line in table.lines:
        filled = line.names[: line.n_filled]
        for level, name in enumerate(filled):
            if name == "":
                code = "cell.blank_in_path" if level else "cell.blank_first_level"
                right = next(n for n in range(level, len(filled)) if filled[n] != "")
                beside = shown(table.source.raw(line.row, table.headings.levels[right]))
                yield new_note(code, line.row, table.headings.levels[level], beside=beside)


def _counts_without_unit(table: Table) -> Iterator[Note]:
    """A number beside blank cells is most often a sum, and a sum is nobody's head count."""
    column = table.headings.count
    for line in table.lines:
        if column is not None and not line.n_filled:
            yield new_note("count.without_unit", line.row, column, table.source.raw(line.row, column))


def _missing_counts(table: Table) -> Iterator[Note]:
    column = table.headings.count
    missing = [line.row for line in table.lines if not line.has_count]
    if column is not None and missing and len(missing) < len(table.lines):
        yield new_note("count.missing", missing[0], column, n=len(missing))


def _long_names(table: Table) -> Iterator[Note]:
    """Each name once, where it first stands in its unit."""
    limit = table.source.limits.n_characters
    for path, (row, column) in table.places.items():
        n_characters = len(path[-1])
        if n_characters > limit:
            yield new_note("name.too_long", row, column, path[-1], n=n_characters, limit=limit)
        elif n_characters > PHONE_CHARACTERS:
            yield new_note("name.phone", row, column, path[-1], n=n_characters, limit=PHONE_CHARACTERS)


def _deep_paths(table: Table) -> Iterator[Note]:
    columns = table.headings.levels
    deepest = max((line.n_filled for line in table.lines), default=0)
    if PHONE_LEVELS < deepest <= table.source.limits.n_levels:
        yield new_note(
            "levels.phone", 1, columns[PHONE_LEVELS], table.source.raw(1, columns[PHONE_LEVELS]), limit=PHONE_LEVELS
        )


def _duplicate_rows(table: Table) -> Iterator[Note]:
    """The same path twice.

    With two head counts it is an error: the row may have been pasted twice or the numbers may belong together, and
    either guess would make the forecast wrong for somebody.
    """
    first: dict[UnitPath, Line] = {}
    for line, path in table.paths:
        before = first.setdefault(path, line)
        if before is line:
            continue
        code = "row.duplicate_count" if before.has_count and line.has_count else "row.duplicate"
        column = table.headings.levels[len(path) - 1]
        yield new_note(code, line.row, column, path[-1], other_row=before.row)
        first[path] = before if before.has_count else line


def _repeated_names(table: Table) -> Iterator[Note]:
    """One name under several parents: one finding, at the second place."""
    first: dict[str, UnitPath] = {}
    again: dict[str, list[UnitPath]] = {}
    for path in table.places:
        if first.setdefault(path[-1], path) is not path:
            again.setdefault(path[-1], []).append(path)
    for name, paths in again.items():
        if not is_own_staff_name(name):
            row, column = table.places[paths[0]]
            other = coordinate(*table.places[first[name]])
            yield new_note("name.repeated", row, column, name, n=len(paths) + 1, other=other)


def _lookalike_names(table: Table) -> Iterator[Note]:
    """Names that differ, but look the same to a reader in a hurry; `ingen` in any case is one and the same name."""
    first: dict[str, UnitPath] = {}
    told: set[str] = set()
    for path in table.places:
        name = _plain_name(path)
        original = first.setdefault(skeleton(name), path)
        if _plain_name(original) != name and name not in told:
            told.add(name)
            yield _alike(table, path, original)


def _plain_name(path: UnitPath) -> str:
    return CATCH_ALL if _is_catch_all(path) else path[-1]


def _catch_alls_side_by_side(table: Table) -> Iterator[Note]:
    """ "Ingen" and "ingen" below one parent are two choices that mean the same."""
    first: dict[UnitPath, UnitPath] = {}
    for path in filter(_is_catch_all, table.places):
        if first.setdefault(path[:-1], path) != path:
            yield _alike(table, path, first[path[:-1]])


def _alike(table: Table, path: UnitPath, first: UnitPath) -> Note:
    row, column = table.places[path]
    other = coordinate(*table.places[first])
    return new_note("name.lookalike", row, column, path[-1], lookalike=first[-1], other=other)


def _is_catch_all(path: UnitPath) -> bool:
    return path[-1].casefold() == CATCH_ALL


RowCheck = Callable[[Table], Iterable[Note]]
ROW_CHECKS: tuple[RowCheck, ...] = (
    _blank_rows,
    _blanks_in_paths,
    _counts_without_unit,
    _missing_counts,
    _long_names,
    _deep_paths,
    _duplicate_rows,
    _repeated_names,
    _lookalike_names,
    _catch_alls_side_by_side,
)
