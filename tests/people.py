"""Surveys and respondents for tests: what takes several steps in the product, in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from app.db.answers import ResponseRow
from app.db.base import begin_writing
from app.db.surveys import Survey
from app.domain.identifiers import synthetic_identity_number
from app.domain.instrument import CURRENT_VERSION
from app.domain.responses import Response
from app.domain.units import UnitPath, UnitTree
from app.extensions import db, key_ring, session, settings
from app.services import answering
from app.services.answering import Respondent
from app.services.closing import SWEEP
from app.services.compaction import compact
from app.services.register import Consent
from app.services.surveys import PREPARATION, NewSurvey, OpenedSurvey, create_survey, open_survey, opened

ACCESS = datetime(2026, 10, 1, 7, tzinfo=UTC)
TREE = UnitTree.from_rows([(("A", "A1"), None), (("A", "A2"), None), (("A", "ingen"), None), (("B",), None)])
YES = Consent(True, "2026-1")
NO = Consent(False, "2026-1")


@dataclass
class Trial:
    """An opened survey and a clock that stands still until it is moved."""

    survey: Survey
    now: datetime = ACCESS
    people: dict[int, Respondent] = field(default_factory=dict)

    @property
    def opened(self) -> OpenedSurvey:
        return opened(self.survey)

    def person(self, serial: int) -> Respondent:
        """Log in; again gives the same."""
        number, name = synthetic_identity_number(serial), f"Person {serial}"
        public_key = settings().research_public_key
        respondent = answering.recognise(session(), key_ring(), public_key, self.opened.setup, number=number, name=name)
        session().rollback()
        return respondent

    def carried(self, serial: int) -> tuple[bytes, bytes]:
        """The link to the response of who logs in now, and what is for research."""
        return answering.carried_by(session(), key_ring(), self.opened.setup, self.person(serial))

    def consent(self, serial: int, consent: Consent) -> None:
        for _step in answering.give_consent(session(), key_ring(), self.opened.setup, self.person(serial), consent):
            session().commit()

    def delete(self, serial: int) -> None:
        for _step in answering.delete_response(session(), key_ring(), self.opened, self.person(serial), self.now):
            session().commit()

    def answer(
        self, serial: int, path: UnitPath = ("B",), answers: Mapping[str, int] | None = None, *, submits: bool = True
    ) -> Response:
        """Choose a unit, save, submit; each a transaction of its own, as over the web."""
        who, survey = self.person(serial), self.opened
        start_writing()
        answering.choose_unit(session(), key_ring(), survey, who, path, self.now)
        session().commit()
        start_writing()
        response = answering.save_answers(session(), key_ring(), survey, who, answers or {}, self.now)
        session().commit()
        if submits:
            start_writing()
            response = answering.submit_response(session(), key_ring(), survey, who, self.now)
            session().commit()
        return response

    def close(self) -> None:
        """Close, let the grace pass, and do what closing destroys."""
        self.survey.closed_at = self.now
        self.survey.state = "closed"
        session().commit()
        self.now += timedelta(hours=1)
        self.sweep()

    def sweep(self) -> None:
        for step in SWEEP:
            start_writing()
            step(session(), key_ring(), self.survey, self.now)
            session().commit()
        for engine in db.engines.values():
            compact(engine)


def start_writing() -> None:
    """As at the start of a request that will write."""
    session().rollback()
    begin_writing(session(), ResponseRow)


def open_trial(tree: UnitTree = TREE, n_invited: int | None = 100, extra_themes: tuple[str, ...] = ()) -> Trial:
    new = NewSurvey(
        "310000000",
        "Prøvetilsynet",
        CURRENT_VERSION,
        extra_themes,
        tree,
        date(2026, 10, 1),
        date(2026, 10, 15),
        n_invited,
    )
    survey = create_survey(session(), new)
    session().commit()
    for step in PREPARATION:
        step(session(), key_ring(), survey)
        session().commit()
    open_survey(survey, ACCESS)
    session().commit()
    return Trial(survey)
