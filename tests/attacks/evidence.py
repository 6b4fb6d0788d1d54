"""A survey of 200 people over HTTP, and everything that an attacker takes from it: all but the keys.

People arrive one after the other, a few at a time; the contact person looks at the count, whoever watches the
installation at the metrics, and two backups are made. Taken are full dumps before, in the middle, at the end and after
closing, both backups with the key that seals them, our own log, the log of a careless proxy (which names everybody's
address on every line, with the path and the size), the metrics, the sealed sessions, and every file there is.
"""

from __future__ import annotations

import gzip
import io
import itertools
import json
import logging
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from flask import Flask

from app.adapters.sealing import unseal
from app.db.orders import AuditLine
from app.db.surveys import Survey
from app.domain.fiction import CONTACT
from app.domain.identifiers import synthetic_identity_number
from app.domain.responses import UNANSWERED, Response
from app.domain.survey import State
from app.extensions import db, session, settings
from app.services import backup
from app.services.answering import Respondent
from app.services.register import list_entries
from app.services.survey_keys import KeyRing, Purpose
from app.web import access, logs
from tests.attacks.dumps import all_bytes, database_bytes, postgres_rows, sqlite_rows
from tests.attacks.joining import Row
from tests.people import Trial
from tests.web.client import Browser
from tests.web.conftest import HandClock
from tests.web.desk import furnish, log_in, place_order

N_PEOPLE = 200
AT_ONCE = 4
LOOKS_EVERY = 60
"""Steps between two looks at the count and the metrics."""
BEFORE, MIDWAY, END, CLOSED = "before", "midway", "end", "closed"
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_RADIO = re.compile(r'type="radio" name="(\w+)"|name="(\w+)"[^>]*type="radio"|type="radio"[^>]*name="(\w+)"')


@dataclass
class Evidence:
    survey_id: str
    people: dict[int, Respondent] = field(default_factory=dict)
    """The truth, which no attacker has: who is behind which row of the field period."""
    carried: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    """The truth: what the cookie of each one carries sealed, the link to the response and what is for research."""
    finished: list[int] = field(default_factory=list)
    """In the order of submitting."""
    consented: set[int] = field(default_factory=set)
    responses: dict[str, list[Row]] = field(default_factory=dict)
    buckets: dict[str, list[Row]] = field(default_factory=dict)
    trail: dict[str, list[str]] = field(default_factory=dict)
    backups: dict[str, list[Row]] = field(default_factory=dict)
    own_log: str = ""
    proxy_log: list[dict[str, object]] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    counts: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    secret_key: bytes = b""
    """What seals them."""
    opened: list[Row] = field(default_factory=list)
    """The responses after closing, opened with the installation's key."""
    consents: list[Row] = field(default_factory=list)
    """The register after closing, opened with it too."""
    field_consents: list[Row] = field(default_factory=list)
    """The register at the end of the field period, opened with a key that no attacker has."""
    links: dict[bytes, int] = field(default_factory=dict)
    """The truth: who is behind a response after closing, by the link that is sealed in it."""
    files: bytes = b""
    """All of both databases, the instance folder and the folder for temporary files, before and after closing."""
    keys: list[bytes] = field(default_factory=list)
    """Those that are left after closing."""


class Proxy:
    """Writes down for every request who asked from where for what, and how much was sent."""

    def __init__(self, app: Flask, clock: HandClock) -> None:
        self.lines: list[dict[str, object]] = []
        self._wrapped, self._clock = app.wsgi_app, clock

    def __call__(self, environ: dict[str, object], start_response: object) -> Iterable[bytes]:
        content = b"".join(self._wrapped(environ, start_response))  # type: ignore[arg-type]
        self.lines.append(
            {
                "address": environ["REMOTE_ADDR"],
                "second": self._clock.now.timestamp(),
                "asked": f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}",
                "bytes": len(content),
            }
        )
        return [content]


class Employee:
    """One visit, step by step, as a browser with JavaScript makes it."""

    def __init__(self, app: Flask, code: str, serial: int, random: Random) -> None:
        self.serial = serial
        self.has_consented = random.random() < 0.7
        self._client = app.test_client()
        self._client.environ_base |= {"REMOTE_ADDR": f"10.0.0.{serial}", "HTTP_ACCEPT_ENCODING": "gzip"}
        self._at, self._random = f"/s/{code}", random

    def steps(self) -> Iterator[None]:
        self._send("login", {"number": synthetic_identity_number(self.serial)})
        yield
        self._send("consent", {"consent": "yes" if self.has_consented else "no"})
        yield
        place = self._random.choice([{"level_1": "1", "level_2": n} for n in "234"] + [{"level_1": "5"}])
        self._send("unit", {"go": "next", **place})
        yield
        for number in (1, 2):
            for _ in range(self._random.randint(1, 2)):
                self._save(number)
                yield
        self._send("review", {})

    @property
    def cookie(self) -> str:
        found = self._client.get_cookie("must", path="/s")
        assert found is not None
        return found.value

    def _page(self, step: str) -> tuple[str, list[str]]:
        answer = self._client.get(f"{self._at}/{step}")
        assert answer.status_code == 200, (step, answer.status_code)
        html = gzip.decompress(answer.data) if answer.content_encoding == "gzip" else answer.data
        text = html.decode()
        found = _TOKEN.search(text)
        assert found is not None
        names = {next(filter(None, names)) for names in _RADIO.findall(text)}
        return found[1], sorted(names)

    def _send(self, step: str, fields: Mapping[str, str]) -> None:
        token, _ = self._page(step)
        answer = self._client.post(f"{self._at}/{step}", data={"csrf_token": token, **fields})
        assert answer.status_code == 303, (step, answer.status_code)

    def _save(self, number: int) -> None:
        token, items = self._page(f"page/{number}")
        chosen = self._random.sample(items, self._random.randint(1, len(items)))
        data = {item: str(self._random.randint(1, 5)) for item in chosen}
        headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
        path = f"{self._at}/page/{number}"
        answer = self._client.post(path, data={"csrf_token": token, "save": "1", **data}, headers=headers)
        assert answer.status_code == 200, answer.status_code


def gather(app: Flask, folder: Path) -> Evidence:
    """Let everything happen; afterwards the survey has closed and is swept."""
    clock = HandClock()
    with pytest.MonkeyPatch.context() as patch, _own_log() as log:
        patch.setattr(access, "now", lambda: clock.now)
        (folder / "temporary").mkdir()
        patch.setattr("tempfile.tempdir", str(folder / "temporary"))
        proxy = Proxy(app, clock)
        patch.setattr(app, "wsgi_app", proxy)
        with app.app_context():
            furnish(app)
            order_id = place_order(State.OPEN, clock.now)
            code = session().get_one(Survey, order_id).code
            session().rollback()
        found = Evidence(order_id)
        _take(app, found, BEFORE, folder)
        _let_answer(app, code, clock, found, folder)
        _take(app, found, END, folder)
        with app.app_context():
            trial = Trial(session().get_one(Survey, order_id), clock.now)
            found.people = {serial: trial.person(serial) for serial in range(N_PEOPLE)}
            found.carried = {serial: trial.carried(serial) for serial in range(N_PEOPLE)}
            found.field_consents = _opened_register(order_id, Purpose.REGISTER)
            found.files = _every_byte(folder)
            trial.close()
            session().close()
        _take(app, found, CLOSED, folder)
        with app.app_context():
            _open_what_is_left(found)
            found.files += _every_byte(folder)
            session().close()
        found.own_log, found.proxy_log = log.getvalue(), proxy.lines
    return found


def _open_what_is_left(found: Evidence) -> None:
    ring = KeyRing(settings().installation_key)
    found.keys = [
        ring.get(session(), found.survey_id, purpose)
        for purpose in Purpose
        if ring.has(session(), found.survey_id, purpose)
    ]
    found.secret_key = settings().secret_key
    found.consents = _opened_register(found.survey_id, Purpose.CLOSED_REGISTER)
    data_key = ring.get(session(), found.survey_id, Purpose.CLOSED_DATA)
    for number, row in enumerate(found.responses[CLOSED]):
        response = Response.from_bytes(unseal(data_key, bytes_of(row, "sealed"), bytes_of(row, "id")))
        given = [value for value in response.answers if value != UNANSWERED]
        shown = {"unit": response.unit or 0, "n_answers": len(given), "sum": sum(given), "all": response.to_bytes()}
        found.opened.append({**row, **shown})
        found.links[response.link] = number


def _opened_register(survey_id: str, purpose: Purpose) -> list[Row]:
    key = KeyRing(settings().installation_key).get(session(), survey_id, purpose)
    return [
        {"position": i, "person": entry.person, "for_research": entry.for_research}
        for i, entry in enumerate(list_entries(session(), key, survey_id))
    ]


def _every_byte(folder: Path) -> bytes:
    session().rollback()
    databases = [database_bytes(db.engines[bind]) for bind in (None, "identities")]
    return b"\n".join([*databases, all_bytes([settings().instance, folder])])


def bytes_of(row: Row, name: str) -> bytes:
    value = row[name]
    assert isinstance(value, bytes)
    return value


def _let_answer(app: Flask, code: str, clock: HandClock, found: Evidence, folder: Path) -> None:
    random = Random(1)
    waiting = deque(Employee(app, code, serial, random) for serial in random.sample(range(N_PEOPLE), N_PEOPLE))
    inside: list[tuple[Employee, Iterator[None]]] = []
    contact = Browser(app.test_client(), "")
    for n_steps in itertools.count(1):
        while waiting and len(inside) < AT_ONCE:
            employee = waiting.popleft()
            inside.append((employee, employee.steps()))
        if not inside:
            break
        place = random.randrange(len(inside))
        employee, steps = inside[place]
        clock.pass_by(seconds=random.randint(5, 40))
        if next(steps, "done") == "done":
            inside.pop(place)
            found.finished.append(employee.serial)
            found.sessions.append(employee.cookie)
            if employee.has_consented:
                found.consented.add(employee.serial)
            if len(found.finished) == N_PEOPLE // 2:
                _take(app, found, MIDWAY, folder)
        if n_steps % LOOKS_EVERY == 0:
            found.metrics.append(app.extensions["metrics"].as_text().decode())
            log_in(contact, "organisation", CONTACT)
            found.counts.append(contact.get(f"/organisation/orders/{found.survey_id}/survey").text)


def _take(app: Flask, found: Evidence, moment: str, folder: Path) -> None:
    """Dumps of everything, and a backup."""
    with app.app_context():
        found.responses[moment] = dump(None, "response")
        found.buckets[moment] = dump("identities", "register_bucket")
        found.trail[moment] = [line.event for line in session().scalars(sa.select(AuditLine).order_by(AuditLine.id))]
        session().rollback()
        result = app.test_cli_runner().invoke(args=["backup", "create", "--out", str(folder / "backups" / moment)])
        assert result.exit_code == 0, result.output
        key = settings().operation.backup_key
        assert key is not None
        with next((folder / "backups" / moment).iterdir()).open("rb") as file:
            frames = [frame for frame in backup._frames(file, key) if frame.get("table") == "response"]
        rows = [row for frame in frames for row in frame["rows"]]
        found.backups[moment] = [
            {"place_in_backup": i, "id": json.dumps(row["id"]), "sealed": json.dumps(row["sealed"])}
            for i, row in enumerate(rows)
        ]


def dump(bind: str | None, table: str) -> list[Row]:
    engine = db.engines[bind]
    if engine.dialect.name == "postgresql":
        return list(postgres_rows(engine, table))
    return list(sqlite_rows(Path(str(engine.url.database)), table))


@contextmanager
def _own_log() -> Iterator[io.StringIO]:
    """What a process in production writes."""
    stream = io.StringIO()
    level = logging.getLogger(logs.OWN).level
    handler = logs.set_up(logging.INFO, stream)
    try:
        yield stream
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger(logs.OWN).setLevel(level)
