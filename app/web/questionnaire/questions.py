"""The questions of a page, made once per survey and language; what somebody has chosen is put in afterwards."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise

from flask import render_template
from markupsafe import Markup

from app.domain.instrument import Page
from app.services.surveys import Setup
from app.web import language

_CHOICE = re.compile(r'<input type="radio" name="([^"]+)" value="(\d)"')
_N_KEPT = 500
"""Pages that a process remembers, of about 10 KB each."""


@dataclass(frozen=True, slots=True)
class _Blank:
    """The questions with nothing chosen, and where each choice would be marked: (item id, value) -> place."""

    html: str
    places: dict[tuple[str, int], int]


_blanks: OrderedDict[tuple[str, int, str], _Blank] = OrderedDict()


def questions(setup: Setup, page: Page, chosen: dict[str, int]) -> Markup:
    """The same as the template gives for `chosen`. What is remembered is the survey's, never a person's."""
    name = setup.id, page.number, language.current()
    blank = _blanks.get(name)
    if blank is None:
        blank = _blanks[name] = _blank(setup, page)
        while len(_blanks) > _N_KEPT:
            _blanks.popitem(last=False)
    marks = sorted(blank.places[choice] for choice in chosen.items() if choice in blank.places)
    parts = [blank.html[start:end] for start, end in pairwise((0, *marks, len(blank.html)))]
    return Markup(" checked".join(parts))  # noqa: S704 - made by the template, with nothing put in but this word


def _blank(setup: Setup, page: Page) -> _Blank:
    context = {"page": page, "chosen": {}, "definitions": setup.definitions, "instrument": setup.instrument}
    html = render_template("questionnaire/_themes.html", **context)
    places = {(found[1], int(found[2])): found.end() for found in _CHOICE.finditer(html)}
    return _Blank(html, places)
