"""The questions of a page, made once per survey and language; what somebody has chosen is put in afterwards."""

from __future__ import annotations

from collections import OrderedDict

from flask import render_template
from markupsafe import Markup

from app.domain.instrument import Page
from app.services.surveys import Setup
from app.web import language

_SEAM = "\ue000"
"""Stands in no text: a character for private use."""
_N_KEPT = 300
"""Pages that a process remembers, of about 25 KB each."""
_kept: OrderedDict[tuple[str, int, str], list[str]] = OrderedDict()


def questions(setup: Setup, page: Page, chosen: dict[str, int]) -> Markup:
    """As the template gives them for `chosen`. What is remembered is the survey's, never a person's."""
    pieces = _pieces(setup, page).copy()
    marked = {_choice(item_id, value) for item_id, value in chosen.items()}
    pieces[1::2] = [" checked" if choice in marked else "" for choice in pieces[1::2]]
    return Markup("".join(pieces))  # noqa: S704 - made by the template, with nothing put in but this word


def _pieces(setup: Setup, page: Page) -> list[str]:
    """What stands around each choice, and in every second place which choice it is."""
    name = setup.id, page.number, language.current()
    pieces = _kept.get(name)
    if pieces is None:
        html = render_template(
            "questionnaire/_themes.html",
            page=page,
            mark=lambda item_id, value: f"{_SEAM}{_choice(item_id, value)}{_SEAM}",
            definitions=setup.definitions,
            instrument=setup.instrument,
        )
        pieces = _kept[name] = html.split(_SEAM)
        while len(_kept) > _N_KEPT:
            _kept.popitem(last=False)
    return pieces


def _choice(item_id: str, value: int) -> str:
    return f"{item_id}={value}"
