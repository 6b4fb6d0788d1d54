"""Everybody at once: a survey, an order at every stage, all audiences logged in, and the fields of every form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.db.base import AnswersBase, IdentitiesBase, KeysBase
from app.domain.fiction import CONTACT, LEADER, STAFF
from app.domain.survey import State
from app.extensions import db, session
from app.services.orders import content_of, find_order, state_of
from tests.people import Trial
from tests.web.client import Browser
from tests.web.desk import OURS, THEIRS, furnish, log_in, place_order

if TYPE_CHECKING:
    from tests.web.conftest import HandClock

EMPLOYEE = 0
EVERYBODY = (EMPLOYEE, CONTACT, LEADER, STAFF)
PLAUSIBLE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "login.log_in": {"person": ("0", "7"), "number": ("01814000008", "01010000000")},
    "login.enter": {"person": ("0", "7"), "number": ("01814000008",)},
    "login.log_out": {},
    "login.leave": {},
    "login_end.stay_respondent": {},
    "login_end.stay_visitor": {},
    "questionnaire.consent": {"consent": ("yes", "no"), "version": ("2026-1", "2025-9")},
    "questionnaire.withdraw": {},
    "questionnaire.choose_unit": {
        "level_1": ("0", "1", "4", "99"),
        "level_2": ("1", "2", "3"),
        "unit": ("0", "3", "-1"),
        "go": ("next", "show"),
        "search": ("a", "A1 A"),
        "language": ("nb", "en", "xx"),
    },
    "questionnaire.save_page": {
        "workload_1": ("0", "5", "6", "-1"),
        "workload_2": ("1", "²"),
        "go": ("next", "back"),
        "save": ("1",),
        "before": ("-----", "1"),
        "language": ("nb", "en"),
    },
    "questionnaire.submit": {},
    "questionnaire.delete_response": {},
    "questionnaire.preview.unit": {"level_1": ("0", "1"), "search": ("b",), "language": ("nn",)},
    "ordering.begin": {"organisation_number": (OURS, THEIRS, "")},
    "ordering.save_order": {
        "contact_name": ("Kari",),
        "contact_email": ("kari@example.no",),
        "leader_name": ("Ola", "x" * 101),
        "leader_email": ("ola@example", "ola@example.no"),
        "n_invited": ("40", "1 000", "10" * 9, "٣"),
        "first_on": ("2026-10-12", "12.10.2026", "2026-02-30", "٢٠٢٦-10-12"),
        "last_on": ("2026-10-25", "9999-12-31"),
        "extra_themes": ("", "bullying", "nix"),
        "nearest_leader_nb": ("Den som leder deg.",),
        "unit_en": ("The place you work.",),
        "invitation_nb": ("Hei.\r\nVel møtt.",),
        "before": ("contact_name:0 x", ":", "a:b:c"),
        "go": ("draft", "check", "unit_list"),
        "save": ("1",),
        "checked": ("1",),
        "language": ("nb", "en"),
    },
    "ordering.send": {},
    "ordering.discard_order": {},
    "ordering.upload": {"workbook": ("x",), "go": ("show",), "level_1": ("1", "0")},
    "ordering.remove_list": {},
    "ordering.rehearse": {"report_language": ("nb", "xx")},
    "agreement.sign": {"role": ("Direktør", "x" * 101), "is_read": ("y", ""), "seen": ("x",)},
    "portal.reports": {"search": ("a",), "n": ("200", "-1", "9" * 30)},
    "portal.close_for_good": {"confirm": ("Prøvetilsynet", "nix")},
    "staff.approve": {"limit": ("5", "7", "4", "٧", ""), "despite_remarks": ("y",)},
    "staff.reject": {"reason": ("Feil periode.", " ", "x" * 501)},
    "staff.withdrawals": {"unit": ("0", "1", "99"), "theme": ("", "workload", "nix"), "reason": ("Liten.",)},
}
"""Every POST route, with its fields and values that lead further in than noise does."""
FITTING: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "ordering": (CONTACT, ("draft", "rejected")),
    "ordering.rehearse": (CONTACT, ("draft",)),
    "portal": (CONTACT, ("open",)),
    "agreement": (LEADER, ("submitted",)),
    "staff": (STAFF, ("signed", "open")),
    "login.enter": (STAFF, ("nix",)),
}
"""Who gets furthest where, with an order at which stage."""
ORDERED = (State.DRAFT, State.SUBMITTED, State.REJECTED, State.SIGNED, State.OPEN)
VALUES = {"name": "reports.zip", "kind": "invitation", "language": "nb", "key": "reminder-1", "filename": "app.js"}


class World:
    """An application with a survey, orders at every stage, and everybody logged in wherever they may be."""

    def __init__(self, app: Flask, trial: Trial, clock: HandClock) -> None:
        self.app, self.code, self.clock = app, trial.survey.code, clock
        self.orders: dict[str, str] = {}
        self.tokens: dict[tuple[int | None, str], str] = {}
        with app.app_context():
            furnish(app)
        self.cookies: dict[int | None, list[tuple[str, str, str]]] = {
            person: self._cookies(person) for person in EVERYBODY
        }
        self.refill()

    def _cookies(self, person: int) -> list[tuple[str, str, str]]:
        """Name, value and path of every cookie of this person, each with a token in it."""
        found = []
        places = {"s": f"/s/{self.code}", "staff": "/staff", "organisation": "/organisation"}
        for area, place in places.items():
            browser = Browser(self.app.test_client(), self.code)
            if area == "s":
                browser.log_in(person)
            elif (area == "staff") == (person == STAFF):
                log_in(browser, area, person)
            browser.get(f"{place}/login")
            name = "must" if area == "s" else f"must-{area}"
            cookie = browser.client.get_cookie(name, path=f"/{area}")
            assert cookie is not None
            found.append((name, cookie.value, f"/{area}"))
            self.tokens[person, area] = browser.token
        return found

    def refill(self) -> None:
        """An order at each stage again, after one has moved on."""
        with self.app.app_context():
            for state in ORDERED:
                found = find_order(session(), self.orders.get(state.value, ""))
                if found is None or state_of(session(), found) is not state:
                    self.orders[state.value] = place_order(state, self.clock.now)

    def address(self, endpoint: str, target: str, method: str, who: int | None = None, **places: str) -> str:
        """Of a route, about the order that is called `target`: a stage, or whatever shall stand in the address."""
        rules = [rule for rule in self.app.url_map.iter_rules(endpoint) if method in (rule.methods or ())]
        area = "staff" if who == STAFF else "organisation"
        values = {"code": self.code, "order_id": self.orders.get(target, target), "number": 1, "area": area, **VALUES}
        values |= places
        own = {name: values[name] for name in rules[0].arguments}
        return str(self.app.url_map.bind("localhost").build(endpoint, own, method=method))

    def client(self, who: int | None) -> FlaskClient:
        """A browser of this person as it was after logging in; None: of nobody."""
        client = self.app.test_client()
        for name, value, place in () if who is None else self.cookies[who]:
            client.set_cookie(name, value, path=place)
        return client

    def token(self, who: int | None, path: str) -> str:
        """What a form at `path` would send."""
        return self.tokens.get((who, path.split("/")[1]), "")

    def stored(self) -> str:
        """A digest of every row of every database."""
        digest = hashlib.sha256()
        with self.app.app_context():
            for base in (AnswersBase, IdentitiesBase, KeysBase):
                with db.engines[base.metadata.info.get("bind_key")].connect() as connection:
                    for table in base.metadata.sorted_tables:
                        digest.update(repr(sorted(map(repr, connection.execute(sa.select(table))))).encode())
        return digest.hexdigest()

    def drafts_are_whole(self) -> None:
        with self.app.app_context():
            for order_id in self.orders.values():
                order = find_order(session(), order_id)
                assert order is None or content_of(order)
            session().rollback()
