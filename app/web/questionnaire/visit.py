"""One request of one employee: which survey, who, and what has been answered so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from flask import Response as WebResponse
from flask import abort, request

from app.domain.errors import DomainError
from app.domain.instrument import Item, Page, load_instrument
from app.domain.responses import UNANSWERED, Response
from app.domain.units import Unit
from app.extensions import key_ring, session
from app.services.answering import Respondent, find_response
from app.services.surveys import OpenedSurvey, Setup
from app.web import access
from app.web.fragments import go_to


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody logged in to a survey that can be answered."""

    survey: OpenedSurvey
    respondent: Respondent

    @property
    def setup(self) -> Setup:
        return self.survey.setup

    def response(self) -> Response | None:
        """What was answered; DomainError ``survey.closed`` for who comes to begin too late."""
        response = find_response(session(), key_ring(), self.setup, self.respondent)
        if response is None and not self.survey.clock.may_start(access.now()):
            raise DomainError("survey.closed")
        return response


def enter(code: str, known: Respondent | None = None) -> Visit:
    """The visit of who is logged in; anybody else is sent to log in, and comes back here afterwards.

    `known` was logged in when this request began: a login does not end in the middle of one. DomainError
    ``survey.closed`` when it is too late for everybody.
    """
    survey = access.opened_survey(code)
    if not survey.clock.may_finish(access.now()):
        raise DomainError("survey.closed")
    respondent = known or access.respondent_of(survey)
    if respondent is None:
        abort(log_in_first(code))
    return Visit(survey, respondent)


_SHOWN_AT = {"save_page": "page", "choose_unit": "unit", "submit": "review", "delete_response": "delete"}
"""What was sent -> the page that it was sent from."""


def log_in_first(code: str) -> WebResponse:
    """To the login, with the way back here."""
    name = (request.endpoint or "").rpartition(".")[2]
    return go_to(
        "login.log_in", code=code, next=_SHOWN_AT.get(name, name), number=(request.view_args or {}).get("number")
    )


@cache
def pages_of(version: str, extra_themes: tuple[str, ...]) -> tuple[Page, ...]:
    return load_instrument(version).pages(extra_themes)


@cache
def item_numbers(version: str) -> Mapping[str, int]:
    """Item id -> its place in a response."""
    items = (item for theme in load_instrument(version).themes for item in theme.items)
    return {item.id: number for number, item in enumerate(items)}


def answers_of(response: Response | None, setup: Setup, items: Iterable[Item]) -> dict[str, int]:
    """Item id -> value, for the items that were answered or declined."""
    if response is None:
        return {}
    numbers = item_numbers(setup.instrument.version)
    values = ((item.id, response.answers[numbers[item.id]]) for item in items)
    return {item_id: value for item_id, value in values if value != UNANSWERED}


def unit_of(response: Response | None, setup: Setup) -> Unit | None:
    return None if response is None or response.unit is None else setup.tree.units[response.unit]
