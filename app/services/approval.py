"""Approving a signed order: the survey is made, gets its keys and its register, and opens (spec 2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.db.orders import Order, UploadedList
from app.db.surveys import Survey
from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.order import NEEDED_LANGUAGES, Text
from app.domain.survey import Action, state_after
from app.services.audit import Actor, Event, record
from app.services.notices import Addresses, notices_about
from app.services.orders import state_of, tree_of
from app.services.survey_keys import KeyRing
from app.services.surveys import PREPARATION, NewSurvey, create_survey, open_survey


class Terms(Addresses, Protocol):
    """What the settings know of addresses and times."""

    @property
    def grace(self) -> timedelta: ...


def approve_order(
    session: Session, keys: KeyRing, order: Order, limits: Limits, terms: Terms, actor: Actor, now: datetime
) -> Iterator[Survey]:
    """Yields the survey after each step, for the caller to commit: what one step made has to last before the next.

    After an interruption the same call goes on where it was. DomainError ``survey.illegal_step``.
    """
    state_after(actor.audience, Action.APPROVE, state_of(session, order))
    survey = session.get(Survey, order.id) or _create(session, order, limits, terms.grace)
    yield survey
    for step in PREPARATION:
        step(session, keys, survey)
        yield survey
    open_survey(survey, now)
    session.execute(delete(UploadedList).where(UploadedList.order_id == order.id))
    record(session, order.id, actor, Event.APPROVED, now)
    notices_about(session, order, terms, now).approved(survey)
    yield survey


def _create(session: Session, order: Order, limits: Limits, grace: timedelta) -> Survey:
    tree, first_on, last_on = tree_of(order), order.first_on, order.last_on
    if tree is None or first_on is None or last_on is None:
        raise DomainError("order.incomplete", problems=[])
    return create_survey(
        session,
        NewSurvey(
            order.organisation_number,
            order.organisation.name,
            CURRENT_VERSION,
            tuple(order.extra_themes),
            tree,
            first_on,
            last_on,
            order.n_invited,
            {name: _in_all_languages(text) for name, text in order.definitions.items() if any(text.values())},
            limits,
            grace,
            order.id,
        ),
    )


def _in_all_languages(text: Text) -> Text:
    """An organisation's own text; who reads a language that it was not written in reads the first one."""
    given = {language: wording for language, wording in text.items() if wording}
    first = given.get(NEEDED_LANGUAGES[0]) or next(iter(given.values()))
    return {language: given.get(language, first) for language in load_instrument(CURRENT_VERSION).languages}
