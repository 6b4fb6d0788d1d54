"""Surveys as the rest of the program sees them: opened, found by their link, closed."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.base import begin_writing
from app.db.identities import RegisterBucket
from app.db.surveys import Organisation, Survey
from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.instrument import Instrument, Page, Theme, load_instrument
from app.domain.survey import GRACE, Action, Audience, Clock, State, state_after
from app.domain.units import UnitTree
from app.services.register import lay_register, n_buckets_for
from app.services.survey_keys import FIELD, KeyRing, Purpose


@dataclass(frozen=True, slots=True)
class Setup:
    """What a survey was approved with; never changes after it opened, so a process keeps it."""

    id: str
    code: str
    organisation_number: str
    organisation: str
    instrument: Instrument
    extra_themes: tuple[str, ...]
    tree: UnitTree
    definitions: Mapping[str, Mapping[str, str]]
    """The organisation's own wording, or the instrument's: "nearest_leader" and "unit" -> language -> text."""
    limits: Limits
    n_invited: int | None
    n_register_buckets: int
    first_on: date
    last_on: date

    @property
    def themes(self) -> tuple[Theme, ...]:
        return self.instrument.chosen(self.extra_themes)

    @property
    def pages(self) -> tuple[Page, ...]:
        return self.instrument.pages(self.extra_themes)


@dataclass(frozen=True, slots=True)
class OpenedSurvey:
    """A survey that has been opened, at this moment."""

    setup: Setup
    state: State
    clock: Clock

    def is_open(self, now: datetime) -> bool:
        return self.clock.may_start(now)


@dataclass(frozen=True, slots=True)
class NewSurvey:
    """What opening a survey needs to know."""

    organisation_number: str
    organisation: str
    instrument_version: str
    extra_themes: tuple[str, ...]
    tree: UnitTree
    first_on: date
    last_on: date
    n_invited: int | None = None
    definitions: Mapping[str, Mapping[str, str]] | None = None
    limits: Limits = field(default_factory=Limits)
    grace: timedelta = GRACE
    id: str = field(default_factory=lambda: secrets.token_hex(16))


def new_code() -> str:
    """The secret part of a survey link: 60 bits in letters and digits that cannot be mistaken for each other."""
    return "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(12))


def create_survey(session: Session, new: NewSurvey) -> Survey:
    """A signed survey, ready to be opened."""
    load_instrument(new.instrument_version).chosen(new.extra_themes)
    organisation = session.get(Organisation, new.organisation_number)
    if organisation is None:
        organisation = Organisation(number=new.organisation_number, name=new.organisation)
        session.add(organisation)
    survey = Survey(
        id=new.id,
        code=new_code(),
        organisation=organisation,
        state=State.SIGNED.value,
        instrument_version=new.instrument_version,
        extra_themes=list(new.extra_themes),
        definitions={name: dict(text) for name, text in (new.definitions or {}).items()},
        units=[[list(path), n_people] for path, n_people in new.tree.to_rows()],
        n_invited=new.n_invited,
        n_register_buckets=n_buckets_for(new.n_invited, len(new.tree.units)),
        k_means=new.limits.k_means,
        k_distributions=new.limits.k_distributions,
        k_prevalence=new.limits.k_prevalence,
        grace_minutes=new.grace // timedelta(minutes=1),
        first_on=new.first_on,
        last_on=new.last_on,
    )
    session.add(survey)
    session.flush()
    return survey


def make_field_keys(session: Session, keys: KeyRing, survey: Survey) -> None:
    _check_may_open(survey)
    keys.make(session, survey.id, *FIELD)


def lay_survey_register(session: Session, keys: KeyRing, survey: Survey) -> None:
    _check_may_open(survey)
    begin_writing(session, RegisterBucket)
    key = keys.get(session, survey.id, Purpose.REGISTER)
    lay_register(session, key, survey.id, survey.n_register_buckets)


PREPARATION = (make_field_keys, lay_survey_register)
"""In this order, a commit after each, then `open_survey`; all of it may be repeated until the survey is open."""


def open_survey(survey: Survey, now: datetime) -> None:
    """Give access: the link works from now on, and every date is counted from now (spec 2)."""
    survey.state = _check_may_open(survey).value
    survey.access_at = now


def _check_may_open(survey: Survey) -> State:
    return state_after(Audience.STAFF, Action.APPROVE, State(survey.state))


def close_survey(survey: Survey, now: datetime, by: Audience = Audience.CONTACT) -> None:
    """The contact person's button; cannot be undone (spec 2)."""
    if not opened(survey).is_open(now):
        raise DomainError("survey.not_open")
    survey.state = state_after(by, Action.CLOSE, State(survey.state)).value
    survey.closed_at = now


def get_survey(session: Session, survey_id: str) -> Survey:
    """By id, link code, or the beginning of an id that only one survey has; DomainError ``survey.unknown``."""
    query = select(Survey).where((Survey.code == survey_id) | Survey.id.startswith(survey_id, autoescape=True))
    found = session.scalars(query.limit(2)).all()
    if len(found) != 1 or not survey_id:
        raise DomainError("survey.unknown", survey=survey_id)
    return found[0]


def list_surveys(session: Session) -> list[Survey]:
    return list(session.scalars(select(Survey).order_by(Survey.first_on, Survey.id)))


_MOMENT = (Survey.id, Survey.state, Survey.access_at, Survey.closed_at, Survey.grace_minutes)


def find_opened(session: Session, code: str) -> OpenedSurvey | None:
    """The survey behind a link, or None: when there is none, and as long as it has not been opened."""
    row = session.execute(select(*_MOMENT).where(Survey.code == code)).one_or_none()
    if row is None or row.access_at is None:
        return None
    return OpenedSurvey(
        _setup(session, row.id), State(row.state), _clock(row.access_at, row.closed_at, row.grace_minutes)
    )


_setups: OrderedDict[str, Setup] = OrderedDict()
_N_SETUPS = 50
"""How many surveys' setups a process remembers; a tree of 5,000 units takes about 2 MB."""


def _setup(session: Session, survey_id: str) -> Setup:
    """The setup, read from the database once per process; it never changes after opening."""
    known = _setups.get(survey_id)
    if known is None:
        known = _setups[survey_id] = setup_of(session.get_one(Survey, survey_id))
        while len(_setups) > _N_SETUPS:
            _setups.popitem(last=False)
    return known


def opened(survey: Survey) -> OpenedSurvey:
    """DomainError ``survey.not_opened`` when it never was."""
    if survey.access_at is None:
        raise DomainError("survey.not_opened")
    clock = _clock(survey.access_at, survey.closed_at, survey.grace_minutes)
    return OpenedSurvey(setup_of(survey), State(survey.state), clock)


def _clock(access_at: datetime, closed_at: datetime | None, grace_minutes: int) -> Clock:
    return Clock(access_at, closed_at, timedelta(minutes=grace_minutes))


def setup_of(survey: Survey) -> Setup:
    instrument = load_instrument(survey.instrument_version)
    rows: list[Any] = survey.units
    return Setup(
        survey.id,
        survey.code,
        survey.organisation_number,
        survey.organisation.name,
        instrument,
        tuple(survey.extra_themes),
        UnitTree.from_rows([(tuple(path), n_people) for path, n_people in rows]),
        {**instrument.definitions, **survey.definitions},
        Limits(survey.k_means, survey.k_distributions, survey.k_prevalence),
        survey.n_invited,
        survey.n_register_buckets,
        survey.first_on,
        survey.last_on,
    )
