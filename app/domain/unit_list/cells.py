"""One cell of a unit list: what a program may have stored in it, and what it says as a name or as a head count."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, time, timedelta
from math import isfinite

MAX_PEOPLE = 1_000_000


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that holds a formula. It is never run, and what it last showed is not used either."""

    text: str


@dataclass(frozen=True, slots=True)
class CellError:
    """A cell that shows an error, such as ``#REF!``."""

    text: str


_NOT_A_NAME: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "cell.boolean"),
    ((date, time, timedelta), "cell.date"),
    (Formula, "cell.formula"),
    (CellError, "cell.error"),
)


def read_name(value: object) -> tuple[str | None, str]:
    """A cell as the name of a unit, and the code of what there is to say about it, often none.

    The text is empty for a blank cell and None when the cell cannot be a name.
    """
    if value is None:
        return "", ""
    if isinstance(value, str):
        return _tidied(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return _number_text(value), "cell.number"
    return None, next((code for kinds, code in _NOT_A_NAME if isinstance(value, kinds)), "cell.unreadable")


def _number_text(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _tidied(text: str) -> tuple[str, str]:
    """`text` without surplus blanks and invisible characters, composed (NFC)."""
    if text.isprintable() and text == " ".join(text.split()) and unicodedata.is_normalized("NFC", text):
        return text, ""
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(c for c in composed if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf"))
    tidy = " ".join(visible.split())
    if tidy == text:
        return text, ""
    return tidy, "cell.blanks" if visible == text else "cell.invisible"


def read_count(value: object) -> tuple[int | None, str]:
    """A cell as a head count, and the code of what there is to say about it."""
    match value:
        case None:
            return None, ""
        case str():
            return _count_text(_tidied(value)[0])
        case bool() | date() | time() | timedelta() | Formula() | CellError():
            return None, read_name(value)[1]
        case int() | float() if 0 <= value <= MAX_PEOPLE and value == int(value):
            return int(value), ""
        case _:
            return None, "count.invalid"


def _count_text(text: str) -> tuple[int | None, str]:
    """A number typed as text; blanks alone are a blank cell."""
    if not text:
        return None, ""
    if re.fullmatch(r"[0-9]{1,7}", text) and int(text) <= MAX_PEOPLE:
        return int(text), "count.text"
    return None, "count.invalid"


def shown(value: object) -> str:
    """A cell's content as a message can quote it: one line, not long, nothing invisible."""
    match value:
        case Formula(text) | CellError(text):
            pass
        case bool():
            text = str(value).upper()
        case int() | float():
            text = _number_text(value) if isfinite(value) else str(value)
        case None:
            text = ""
        case _:
            text = str(value)
    short = text if len(text) <= 80 else text[:79] + "…"
    return "".join(c if c.isprintable() else "␣" if c.isspace() else "�" for c in short)
