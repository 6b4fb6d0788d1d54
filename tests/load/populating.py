"""A survey to put under load: any number of units, any number of responses stored already."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random

import flask_migrate
from flask import Flask
from sqlalchemy import insert, update

from app import create_app
from app.adapters.sealing import seal
from app.config import read_settings
from app.db.answers import ResponseRow
from app.db.identities import RegisterBucket
from app.db.surveys import Survey
from app.domain.instrument import CURRENT_VERSION
from app.domain.responses import LINK_BYTES, Response
from app.domain.survey import oslo_day
from app.domain.units import UnitPath, UnitTree
from app.extensions import db, key_ring, session
from app.services import register
from app.services.survey_keys import Purpose
from app.services.surveys import PREPARATION, NewSurvey, Setup, create_survey, open_survey, opened

ENVIRON = {"MUST_ENV": "development", "MUST_LOGIN": "demo"}
_CONSENT = register.Consent(True, "2026-1")


@dataclass(frozen=True, slots=True)
class Populated:
    """An installation with one open survey."""

    app: Flask
    setup: Setup

    @property
    def address(self) -> str:
        return f"/s/{self.setup.code}"


def tree_of(n_units: int) -> UnitTree:
    """So many units, on five levels however few they are: a page grows with the levels that it shows."""
    return UnitTree.from_rows([(path, None) for path in islice(_paths(()), n_units)])


def _paths(above: UnitPath) -> Iterator[UnitPath]:
    """Six units below each, every one followed by what is below it."""
    for letter in "ABCDEF":
        path = (*above, f"Enhet {letter}")
        yield path
        if len(path) < 5:
            yield from _paths(path)


def make_app(folder: Path, environ: dict[str, str]) -> Flask:
    """An application with migrated databases."""
    app = create_app(read_settings({**ENVIRON, **environ}, folder))
    with app.app_context():
        flask_migrate.upgrade()
    return app


def populate(folder: Path, n_units: int, n_responses: int, environ: dict[str, str] | None = None) -> Populated:
    """Open a survey to which `n_responses` people, all of whom consented, have answered; half as many again may."""
    app = make_app(folder, environ or {})
    with app.app_context():
        tree, today = tree_of(n_units), oslo_day(datetime.now(UTC))
        n_invited = max(100, n_responses * 3 // 2)
        days = today, today + timedelta(days=14)
        new = NewSurvey("310000000", "Prøvetilsynet", CURRENT_VERSION, (), tree, *days, n_invited)
        survey = create_survey(session(), new)
        session().commit()
        for step in PREPARATION:
            step(session(), key_ring(), survey)
            session().commit()
        open_survey(survey, datetime.now(UTC))
        session().commit()
        _fill(survey, n_responses)
        setup = opened(survey).setup
        dispose()
    return Populated(app, setup)


def dispose() -> None:
    db.session.remove()
    for engine in db.engines.values():
        engine.dispose()


def _fill(survey: Survey, n_responses: int) -> None:
    setup, random = opened(survey).setup, Random(1)
    key = key_ring().get(session(), setup.id, Purpose.DATA)
    n_items = sum(len(theme.items) for theme in setup.instrument.themes)
    rows = []
    for _ in range(n_responses):
        own, unit = os.urandom(32), random.randrange(1, len(setup.tree.units))
        content = Response(unit, bytes([3]) * n_items, os.urandom(LINK_BYTES), is_submitted=True).to_bytes()
        rows.append({"id": own, "survey_id": setup.id, "is_submitted": True, "sealed": seal(key, content, own)})
    if rows:
        session().execute(insert(ResponseRow), rows)
    _fill_register(setup, n_responses)
    session().commit()


def _fill_register(setup: Setup, n_people: int) -> None:
    key, n_buckets = key_ring().get(session(), setup.id, Purpose.REGISTER), setup.n_register_buckets
    buckets: list[dict[bytes, bytes]] = [{} for _ in range(n_buckets)]
    for _ in range(n_people):
        person = os.urandom(32)
        entry = register.Entry(person, _CONSENT, os.urandom(register.FOR_RESEARCH_BYTES))
        buckets[register._bucket_of(person, n_buckets)][person] = register._pack(entry)
    for number, entries in enumerate(buckets):
        sealed = register._seal(key, setup.id, number, b"".join(sorted(entries.values())))
        here = (RegisterBucket.survey_id == setup.id, RegisterBucket.number == number)
        session().execute(update(RegisterBucket).where(*here).values(sealed=sealed))
