"""The order form: a draft of whatever is filled in, and what was typed that cannot be kept.

========================= ==========================================================================================
Field                     What it holds
========================= ==========================================================================================
``contact_name`` …        one line of text each: ``contact_name``, ``contact_email``, ``leader_name``, ``leader_email``
``n_invited``             a whole number
``first_on``, ``last_on`` a day: 2026-10-01 or 1.10.2026
``extra_themes``          once for each theme, and once with nothing in it, so that none can be told from not shown
``nearest_leader_nb`` …   ``nearest_leader``, ``unit`` and ``invitation``, each with a language: plain text
``before``                what the page showed when it was made, as marks; optional
========================= ==========================================================================================

A field that was not sent keeps what it held, and so does one that is as the page showed it: neither a tab that was
opened earlier nor a page that is sent once more undoes what has been saved meanwhile.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar
from zlib import crc32

from werkzeug.datastructures import MultiDict

from app.domain.instrument import DEFINITIONS
from app.domain.order import LONGEST_EMAIL, LONGEST_NAME, NEEDED_LANGUAGES, OrderContent, Problem

T = TypeVar("T")

LINES: Mapping[str, int] = {
    "contact_name": LONGEST_NAME,
    "contact_email": LONGEST_EMAIL,
    "leader_name": LONGEST_NAME,
    "leader_email": LONGEST_EMAIL,
}
"""Field -> most characters."""
DAYS = ("first_on", "last_on")
TEXTS = (*DEFINITIONS, "invitation")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NORWEGIAN = re.compile(r"(\d{1,2})\s*\.\s*(\d{1,2})\s*\.\s*(\d{4})")
_YEARS = range(2000, 2101)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a form held: all that can be kept, and beside it what cannot, with what was typed."""

    content: OrderContent
    mistakes: tuple[Problem, ...] = ()
    typed: Mapping[str, str] = field(default_factory=dict)
    """Field -> what was typed there and could not be kept."""


def read_order_form(form: MultiDict[str, str], before: OrderContent, themes: Iterable[str]) -> Reading:
    """`before` with what was sent; `themes` are those that may be chosen."""
    mistakes: list[Problem] = []
    typed: dict[str, str] = {}
    form = changes(form, themes := tuple(themes))

    def read(name: str, parse: Callable[[str], T], nothing: T, kept: T) -> T:
        if name not in form:
            return kept
        text = _tidy(form[name])
        try:
            return parse(text) if text else nothing
        except ValueError as error:
            mistakes.append(Problem(name, str(error)))
            typed[name] = text
            return nothing

    lines = {name: read(name, _line_of(longest), "", getattr(before, name)) for name, longest in LINES.items()}
    n_invited: int | None = read("n_invited", _number, None, before.n_invited)
    days: dict[str, date | None] = {name: read(name, _day, None, getattr(before, name)) for name in DAYS}
    content = replace(
        before,
        n_invited=n_invited,
        first_on=days["first_on"],
        last_on=days["last_on"],
        extra_themes=_themes(form, themes) if "extra_themes" in form else before.extra_themes,
        definitions={name: _texts(form, name, before.definitions.get(name, {})) for name in DEFINITIONS},
        invitation=_texts(form, "invitation", before.invitation),
        contact_name=lines["contact_name"],
        contact_email=lines["contact_email"],
        leader_name=lines["leader_name"],
        leader_email=lines["leader_email"],
    )
    return Reading(content, tuple(mistakes), typed)


def marks_of(content: OrderContent, typed: Collection[str]) -> str:
    """The field ``before`` for a page that shows `content`, but in the fields `typed` something else."""
    values = {**standing_in(content), "extra_themes": ",".join(content.extra_themes)}
    return " ".join(f"{name}:{_mark(value)}" for name, value in values.items() if name not in typed)


def changes(form: MultiDict[str, str], themes: Iterable[str]) -> MultiDict[str, str]:
    """The fields of `form` that are not as the page showed them."""
    shown = dict(mark.split(":", 1) for mark in form.get("before", "").split() if ":" in mark)
    sent = {name: _tidy(form[name]) for name in form}
    sent["extra_themes"] = ",".join(_themes(form, themes))
    changed = (name for name in form if name not in shown or shown[name] != _mark(sent[name]))
    return MultiDict((name, value) for name in changed for value in form.getlist(name))


def _mark(value: str) -> str:
    return f"{crc32(_tidy(value).encode()):x}"


def standing_in(content: OrderContent) -> dict[str, str]:
    """What the fields of the form hold, but for the themes."""
    values = {name: getattr(content, name) for name in LINES}
    values["n_invited"] = "" if content.n_invited is None else str(content.n_invited)
    for name in DAYS:
        day: date | None = getattr(content, name)
        values[name] = "" if day is None else day.isoformat()
    for name in TEXTS:
        text = content.invitation if name == "invitation" else content.definitions.get(name, {})
        values.update({f"{name}_{language}": text.get(language, "") for language in NEEDED_LANGUAGES})
    return values


def _line_of(longest: int) -> Callable[[str], str]:
    def line(text: str) -> str:
        one = " ".join(text.split())
        if len(one) > longest:
            raise ValueError("too_long")
        return one

    return line


def _number(text: str) -> int:
    """A whole number, also with blanks between the thousands."""
    digits = "".join(text.split())
    if not re.fullmatch(r"[0-9]{1,9}", digits):
        raise ValueError("no_number")
    return int(digits)


def _day(text: str) -> date:
    if found := _ISO.fullmatch(text):
        year, month, day = found.groups()
    elif found := _NORWEGIAN.fullmatch(text):
        day, month, year = found.groups()
    else:
        raise ValueError("no_day")
    if int(year) not in _YEARS:
        raise ValueError("no_day")
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError("no_day") from None


def _themes(form: MultiDict[str, str], themes: Iterable[str]) -> tuple[str, ...]:
    """In the order of the instrument."""
    chosen = set(form.getlist("extra_themes"))
    return tuple(theme for theme in themes if theme in chosen)


def _texts(form: MultiDict[str, str], name: str, before: Mapping[str, str]) -> dict[str, str]:
    texts = dict(before)
    for language in NEEDED_LANGUAGES:
        if (key := f"{name}_{language}") in form:
            texts[language] = _tidy(form[key])
    return {language: text for language, text in texts.items() if text}


def _tidy(text: str) -> str:
    """Without blanks at the ends, and without characters that nobody sees and a database may refuse."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs")).strip()
