"""What an organisation orders, and what has to be right before it can be sent (spec 3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.domain.disclosure import Limits
from app.domain.instrument import DEFINITIONS, Instrument
from app.domain.survey import N_WEEKS_OPEN
from app.domain.units import UnitTree

LONGEST_NAME = 100
LONGEST_EMAIL = 254
LONGEST_DEFINITION = 300
LONGEST_INVITATION = 2_000
LARGEST_N_INVITED = 100_000
NEEDED_LANGUAGES = ("nb", "en")
"""Own texts have to be written in these; a reader of another language sees the first."""
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OrderContent:
    """The fields of the order form; what is not filled in yet is empty or None."""

    contact_name: str = ""
    contact_email: str = ""
    leader_name: str = ""
    leader_email: str = ""
    n_invited: int | None = None
    """Not known: the reports have a field to write the response rate into."""
    first_on: date | None = None
    last_on: date | None = None
    """The last answering day: the organisation's own deadline."""
    extra_themes: tuple[str, ...] = ()
    definitions: Mapping[str, Text] = field(default_factory=dict)
    """"nearest_leader" and "unit" -> language -> text; empty: the instrument's own."""
    invitation: Text = field(default_factory=dict)
    """Supplementary text of the invitation, language -> text."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that keeps an order from being sent: the name of the field, and a code such as ``missing``."""

    field: str
    code: str
    language: str = ""


def is_email(text: str) -> bool:
    return len(text) <= LONGEST_EMAIL and _EMAIL.fullmatch(text) is not None


def last_day_at_most(first_on: date) -> date:
    """The last answering day lies within six weeks of the first (spec 3.3)."""
    return first_on + timedelta(weeks=N_WEEKS_OPEN, days=-1)


def find_problems(content: OrderContent, tree: UnitTree | None, instrument: Instrument, today: date) -> list[Problem]:
    """Everything at once, in the order of the form; empty when the order can be sent."""
    return [
        *_people(content),
        *_days(content, today),
        *_themes(content, instrument),
        *([] if tree is not None else [Problem("unit_list", "missing")]),
        *_texts(content),
    ]


def _people(content: OrderContent) -> Iterator[Problem]:
    for name in ("contact_name", "leader_name"):
        yield from _line(name, getattr(content, name))
    for name in ("contact_email", "leader_email"):
        email = getattr(content, name)
        if not email:
            yield Problem(name, "missing")
        elif not is_email(email):
            yield Problem(name, "no_email")
    if content.n_invited is not None and not Limits().k_means <= content.n_invited <= LARGEST_N_INVITED:
        yield Problem("n_invited", "out_of_range")


def _line(name: str, text: str) -> Iterator[Problem]:
    if not text.strip():
        yield Problem(name, "missing")
    elif len(text) > LONGEST_NAME:
        yield Problem(name, "too_long")


def _days(content: OrderContent, today: date) -> Iterator[Problem]:
    first_on, last_on = content.first_on, content.last_on
    if first_on is None:
        yield Problem("first_on", "missing")
    elif first_on < today:
        yield Problem("first_on", "past")
    if last_on is None:
        yield Problem("last_on", "missing")
    elif first_on is not None and last_on < first_on:
        yield Problem("last_on", "before_first")
    elif first_on is not None and last_on > last_day_at_most(first_on):
        yield Problem("last_on", "too_late")


def _themes(content: OrderContent, instrument: Instrument) -> Iterator[Problem]:
    choosable = {theme.id for theme in instrument.choosable}
    if not set(content.extra_themes) <= choosable:
        yield Problem("extra_themes", "unknown")


def _texts(content: OrderContent) -> Iterator[Problem]:
    texts = [(name, content.definitions.get(name, {}), LONGEST_DEFINITION) for name in DEFINITIONS]
    for name, text, longest in [*texts, ("invitation", content.invitation, LONGEST_INVITATION)]:
        given = {language for language, wording in text.items() if wording.strip()}
        yield from (Problem(name, "missing_language", each) for each in NEEDED_LANGUAGES if given and each not in given)
        yield from (Problem(name, "too_long", each) for each in sorted(given) if len(text[each]) > longest)
