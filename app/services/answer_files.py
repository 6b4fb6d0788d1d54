"""Answers from a file, straight through the answering service; for tests and for trying things out."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path

from sqlalchemy.orm import Session

from app.db.answers import ResponseRow
from app.db.base import begin_writing
from app.domain.errors import DomainError
from app.domain.identifiers import synthetic_identity_number
from app.domain.units import UnitPath
from app.services.answering import choose_unit, recognise, save_answers, submit_response
from app.services.survey_keys import KeyRing
from app.services.surveys import OpenedSurvey, Setup

_LEVEL = "nivå"
_ROWS_PER_COMMIT = 500


@dataclass(frozen=True, slots=True)
class FileRow:
    """One respondent of a file."""

    path: UnitPath
    answers: dict[str, int]


def read_answer_file(file: Path, setup: Setup) -> list[FileRow]:
    """Columns `Nivå1`, `Nivå2`, …, then item ids; an empty cell is a skipped item.

    DomainError ``answer_file.invalid`` with `line` and `problem`, before anything is saved.
    """
    heading, *rows = _cells(file) or [[]]
    heading = [name.strip() for name in heading]
    n_levels = sum(1 for name in heading if name.casefold().replace(" ", "").startswith(_LEVEL))
    _check_heading(heading[n_levels:], setup)
    found = [_row(line, cells, heading, n_levels, setup) for line, cells in enumerate(rows, 2) if any(cells)]
    if not found:
        raise DomainError("answer_file.invalid", line=len(rows) + 1, problem="the file ends, and nobody has answered")
    return found


def simulate_answers(
    session: Session,
    keys: KeyRing,
    research_public_key: bytes,
    survey: OpenedSurvey,
    rows: Sequence[FileRow],
    now: datetime,
) -> Iterator[int]:
    """Save and submit each row as a synthetic person; yields how many are done whenever it is time to commit."""
    begin_writing(session, ResponseRow)
    for number, row in enumerate(rows, 1):
        person = synthetic_identity_number(number)
        respondent = recognise(
            session, keys, research_public_key, survey.setup, number=person, name=f"Syntetisk {number}"
        )
        choose_unit(session, keys, survey, respondent, row.path, now)
        save_answers(session, keys, survey, respondent, row.answers, now)
        submit_response(session, keys, survey, respondent, now)
        if number % _ROWS_PER_COMMIT == 0 or number == len(rows):
            yield number
            begin_writing(session, ResponseRow)


def _cells(file: Path) -> list[list[str]]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
        sample = text.partition("\n")[0]
        delimiter = ";" if sample.count(";") > sample.count(",") else ","
        return list(csv.reader(StringIO(text, newline=""), delimiter=delimiter))
    except (UnicodeDecodeError, csv.Error):
        raise DomainError("answer_file.invalid", line=1, problem="the file is not CSV in UTF-8") from None


def _check_heading(item_ids: Sequence[str], setup: Setup) -> None:
    known = {item.id for theme in setup.themes for item in theme.items}
    for item_id in item_ids:
        if item_id not in known:
            raise DomainError("answer_file.invalid", line=1, problem=f"unknown column {item_id!r}")
    if len(set(item_ids)) != len(item_ids):
        raise DomainError("answer_file.invalid", line=1, problem="a column is there twice")


def _row(line: int, cells: Sequence[str], heading: Sequence[str], n_levels: int, setup: Setup) -> FileRow:
    path = tuple(cell.strip() for cell in cells[:n_levels] if cell.strip())
    if setup.tree.find(path) is None:
        raise DomainError("answer_file.invalid", line=line, problem=f"unknown unit {' / '.join(path)!r}")
    if len(cells) > len(heading):
        raise DomainError("answer_file.invalid", line=line, problem="more cells than columns")
    categories = {item.id: len(theme.scale.categories) for theme in setup.themes for item in theme.items}
    answers = {}
    for item_id, cell in zip(heading[n_levels:], cells[n_levels:], strict=False):
        if cell.strip():
            if not cell.strip().isascii() or not cell.strip().isdigit() or int(cell) > categories[item_id]:
                raise DomainError("answer_file.invalid", line=line, problem=f"{item_id}: {cell!r} is no category")
            answers[item_id] = int(cell)
    return FileRow(path, answers)
