"""Compares what clients saw acknowledged with what is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from flask import Flask
from sqlalchemy import select, text

from app.adapters.sealing import unseal
from app.db.answers import ResponseRow
from app.domain.errors import DomainError
from app.domain.responses import UNANSWERED, Response
from app.extensions import db, key_ring, session, settings
from app.services import answering
from app.services.register import list_entries
from app.services.survey_keys import Purpose
from app.services.surveys import Setup
from tests.faults.clients import Ledger


@dataclass
class Findings:
    """What went wrong, in words; and how much was compared."""

    lost: list[str] = field(default_factory=list)
    """Acknowledged, and something older or nothing is stored."""
    duplicated: list[str] = field(default_factory=list)
    """More rows or entries than people."""
    corrupted: list[str] = field(default_factory=list)
    """Does not open, or holds what nobody sent."""
    n_compared: int = 0
    n_responses: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.duplicated or self.corrupted)


def check(app: Flask, setup: Setup, ledgers: Iterable[Ledger]) -> Findings:
    """Compare everything; opens every sealed row and bucket."""
    findings, people = Findings(), list(ledgers)
    with app.app_context():
        _check_files(findings)
        rows = _open_rows(setup, findings, Purpose.DATA)
        found, persons = set(), set()
        for ledger in people:
            who = answering.recognise(
                session(), key_ring(), settings().research_public_key, setup, number=ledger.number, name="Somebody"
            )
            found.add(who.response_id)
            persons.add(who.person)
            consent = answering.get_consent(session(), key_ring(), setup, who)
            stored = _as_sent(setup, rows.get(who.response_id))
            if consent is not None:
                stored["consent"] = "yes" if consent.is_given else "no"
            compare(ledger, stored, findings)
        findings.duplicated += [f"a response of nobody: {own.hex()}" for own in rows.keys() - found]
        entries = [entry.person for entry in list_entries(session(), _key(setup, Purpose.REGISTER), setup.id)]
        if len(entries) != len(set(entries)) or set(entries) - persons:
            findings.duplicated.append(f"{len(entries)} entries in the register of {len(persons)} people")
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()
    return findings


def check_closed(app: Flask, setup: Setup, ledgers: Iterable[Ledger]) -> Findings:
    """After the sweep nobody's response can be found: what was acknowledged is looked for among all there are."""
    findings, people = Findings(), list(ledgers)
    with app.app_context():
        _check_files(findings)
        rows = _open_rows(setup, findings, Purpose.CLOSED_DATA)
        stored = Counter(_content(_as_sent(setup, response)) for response in rows.values())
        db.session.remove()
    submitted = [ledger for ledger in people if "submitted" in ledger.acknowledged]
    unanswered = [ledger for ledger in people if "submitted" in ledger.sent and ledger not in submitted]
    findings.n_compared = sum(len(ledger.acknowledged) for ledger in submitted)
    wanted = Counter(_content(ledger.acknowledged) for ledger in submitted)
    findings.lost += [f"acknowledged, and not there: {content}" for content in (wanted - stored).elements()]
    maybe = Counter(_content(ledger.sent) for ledger in unanswered)
    findings.duplicated += [f"of nobody: {content}" for content in (stored - wanted - maybe).elements()]
    return findings


def _content(sent: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((what, value) for what, value in sent.items() if what != "consent"))


def _check_files(findings: Findings) -> None:
    for name, engine in db.engines.items():
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                said = connection.execute(text("PRAGMA integrity_check")).scalar_one()
            if said != "ok":
                findings.corrupted.append(f"{name or 'answers'}: {said}")


def _open_rows(setup: Setup, findings: Findings, purpose: Purpose) -> dict[bytes, Response]:
    rows, key = {}, _key(setup, purpose)
    own = select(ResponseRow.id, ResponseRow.sealed, ResponseRow.is_submitted).where(ResponseRow.survey_id == setup.id)
    for row in session().execute(own):
        try:
            rows[row.id] = Response.from_bytes(unseal(key, row.sealed, row.id))
        except DomainError as error:
            findings.corrupted.append(f"{row.id.hex()}: {error.code}")
            continue
        if rows[row.id].is_submitted != row.is_submitted:
            findings.corrupted.append(f"{row.id.hex()}: submitted inside and outside differ")
    findings.n_responses = len(rows)
    return rows


def _key(setup: Setup, purpose: Purpose) -> bytes:
    return key_ring().get(session(), setup.id, purpose)


def _as_sent(setup: Setup, response: Response | None) -> dict[str, str]:
    """A stored response in the words in which it was sent."""
    if response is None:
        return {}
    items = (item.id for theme in setup.instrument.themes for item in theme.items)
    values = zip(items, response.answers, strict=True)
    stored = {item_id: str(value) for item_id, value in values if value != UNANSWERED}
    stored |= {} if response.unit is None else {"unit": str(response.unit)}
    return stored | ({"submitted": "True"} if response.is_submitted else {})


def compare(ledger: Ledger, stored: dict[str, str], findings: Findings) -> None:
    """Every value that was sent or is stored."""
    for what in {*ledger.sent, *stored}:
        findings.n_compared += 1
        value = stored.get(what)
        if value in ledger.may_hold(what):
            continue
        line = f"person {ledger.serial}, {what}: sent {ledger.sent.get(what)}, stored {value}"
        (findings.lost if what in ledger.acknowledged else findings.corrupted).append(line)
