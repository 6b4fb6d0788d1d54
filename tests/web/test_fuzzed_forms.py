"""Whatever is sent to a form, by whomever: never a fault of ours, always a checked page, nothing stored half.

Every POST route gets plausible and arbitrary values, bytes that are no text, repeated, missing and unknown fields, in
every encoding. In `make fuzz` for minutes (MUST_FUZZ_SECONDS), here for a moment.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app import create_app
from app.config import read_settings
from app.db.base import AnswersBase, IdentitiesBase, KeysBase
from app.domain.fiction import CONTACT, LEADER, STAFF
from app.domain.survey import State
from app.extensions import db, session
from app.services.orders import content_of, find_order
from tests.conftest import dispose
from tests.people import Trial
from tests.unit_lists.hostile import GOOD
from tests.web.client import Browser, check_fragment, check_page
from tests.web.conftest import BOTH, HandClock
from tests.web.desk import OURS, THEIRS, furnish, log_in, place_order

SECONDS = float(os.environ.get("MUST_FUZZ_SECONDS", "0"))
"""0: a fixed choice of examples, once."""
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
SENDS = {"ordering.send", "ordering.discard_order", "staff.approve", "staff.reject", "portal.close_for_good"}
KEPT_IN_PARTS = {"ordering.save_order"}
"""A draft keeps every field that can be kept, also when another cannot."""
FITTING: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "ordering": (CONTACT, ("draft", "rejected")),
    "ordering.rehearse": (CONTACT, ("draft",) if SECONDS else ("nix",)),  # each takes seconds
    "portal": (CONTACT, ("open",)),
    "agreement": (LEADER, ("submitted",)),
    "staff": (STAFF, ("signed", "open")),
    "login.enter": (STAFF, ("nix",)),
}
"""Who gets furthest where, with an order at which stage."""
ORDERED = (State.DRAFT, State.SUBMITTED, State.REJECTED, State.SIGNED, State.OPEN)
TARGETS = ("draft", "submitted", "rejected", "signed", "open", "nix", "\0", "%", "A" * 300)
PLACEHOLDERS = ("{{7*7}}", "%(n)s")
NOISE = (
    *("", "\0", "\x0b", "\u202e", "\ud7ff", "🙂", "<b>&\"'", *PLACEHOLDERS, "' OR 1=1 --", "../../etc/passwd"),
    *("=1+1", "Å" * 300, "9" * 40, "1e9", "NaN", "-0", "²", "\r\nX: y", "//example.org", "/\\example.org"),
)
SETTINGS = settings(
    max_examples=50 if SECONDS else 6,
    derandomize=not SECONDS,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
Pairs = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Sent:
    """One request; `who` is a person in the demo, or None for nobody."""

    endpoint: str
    who: int | None
    target: str
    fields: Pairs
    encoding: str
    query: dict[str, str]
    is_partial: bool
    has_token: bool


texts = st.one_of(st.sampled_from(NOISE), st.text(max_size=20)).map(lambda text: text.encode("utf-8", "surrogatepass"))
raw = st.one_of(texts, st.binary(max_size=20))
queries = st.dictionaries(
    st.sampled_from(["next", "number", "language", "fault", "again", "expired", "x"]),
    st.sampled_from([*NOISE, "page", "en", "/organisation/orders", "/staff/", "/organisation//x", "7"]),
    max_size=2,
)


@st.composite
def requests(draw: st.DrawFn, endpoint: str) -> Sent:
    known = PLAUSIBLE[endpoint]
    who, stages = FITTING.get(endpoint.split(".", maxsplit=1)[0], (0, ("nix",)))
    who, stages = FITTING.get(endpoint, (who, stages))
    pairs: Pairs = []
    for name in draw(st.lists(st.sampled_from([*known, "x"]), max_size=6)):
        likely = st.sampled_from(known.get(name, ("1",))).map(str.encode)
        pairs.append((name.encode(), draw(st.one_of(likely, likely, raw))))
    pairs += draw(st.lists(st.tuples(raw, raw), max_size=2))
    return Sent(
        endpoint,
        draw(st.one_of(st.just(who), st.just(who), st.sampled_from([0, CONTACT, LEADER, STAFF, None]))),
        draw(st.one_of(st.sampled_from(stages), st.sampled_from(stages), st.sampled_from(TARGETS))),
        pairs,
        draw(st.sampled_from(["form", "form", "multipart", "raw", "json"])),
        draw(queries),
        draw(st.booleans()),
        draw(st.integers(0, 9)) > 0,
    )


class World:
    """An application with a survey, orders at every stage, and everybody logged in wherever they may be."""

    def __init__(self, app: Flask, trial: Trial, clock: HandClock) -> None:
        self.app, self.code, self.clock = app, trial.survey.code, clock
        self.orders: dict[str, str] = {}
        self.tokens: dict[tuple[int | None, str], str] = {}
        with app.app_context():
            furnish(app)
        self.cookies = {person: self._cookies(person) for person in (0, CONTACT, LEADER, STAFF)}
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
                if found is None or found.state != state.value:
                    self.orders[state.value] = place_order(state, self.clock.now)

    def send(self, sent: Sent) -> TestResponse:
        client = self.app.test_client()
        path = self._path(sent)
        area = path.split("/")[1]
        pairs = list(sent.fields)
        if sent.who is not None:
            for name, value, place in self.cookies[sent.who]:
                client.set_cookie(name, value, path=place)
        headers = {"Accept-Language": "en"} | ({"HX-Request-Type": "partial"} if sent.is_partial else {})
        if sent.has_token and (token := self.tokens.get((sent.who, area))):
            headers["X-CSRFToken"] = token
        body, kind = encoded(pairs, sent.encoding)
        return client.post(path, data=body, content_type=kind, query_string=sent.query, headers=headers)

    def _path(self, sent: Sent) -> str:
        rules = [rule for rule in self.app.url_map.iter_rules(sent.endpoint) if "POST" in (rule.methods or ())]
        area = "staff" if sent.who == STAFF else "organisation"
        order_id = self.orders.get(sent.target, sent.target)
        values = {"code": self.code, "order_id": order_id, "number": 1, "area": area}
        own = {name: values[name] for name in rules[0].arguments}
        return str(self.app.url_map.bind("localhost").build(sent.endpoint, own, method="POST"))

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


def encoded(pairs: Pairs, encoding: str) -> tuple[bytes, str]:
    """Body and content type."""
    if encoding == "form":
        body = "&".join(f"{quote_from_bytes(name)}={quote_from_bytes(value)}" for name, value in pairs)
        return body.encode(), "application/x-www-form-urlencoded"
    if encoding == "multipart":
        return b"".join(map(_part, pairs)) + b"--limit--\r\n", 'multipart/form-data; boundary="limit"'
    body = b"&".join(name + b"=" + value for name, value in pairs)
    return body, "application/json" if encoding == "json" else "application/x-www-form-urlencoded"


def _part(pair: tuple[bytes, bytes]) -> bytes:
    """A file where a file is meant, under a name that no file may have."""
    name, value = pair
    file = b'; filename="../../\xff\0.xlsx"' if name == b"workbook" else b""
    content = GOOD if file and value == b"x" else value
    return b'--limit\r\nContent-Disposition: form-data; name="' + name + b'"' + file + b"\r\n\r\n" + content + b"\r\n"


def check(answer: TestResponse, sent: Sent) -> None:
    assert answer.status_code < 500
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    target = answer.headers.get("Location") or answer.headers.get("HX-Redirect") or "/"
    assert target.startswith("/")
    assert not target.startswith(("//", "/\\"))
    if answer.mimetype == "text/html" and answer.status_code not in {204, 302, 303, 401}:
        html = answer.text
        for placeholder in PLACEHOLDERS:
            html = html.replace(placeholder, "")
        if html.lstrip().lower().startswith("<!doctype"):
            check_page(html)
        else:
            assert sent.is_partial or any(name == b"save" for name, _ in sent.fields)
            check_fragment(BeautifulSoup(html, "html.parser"))


@pytest.fixture
def world(web: Flask, trial: Trial, clock: HandClock) -> Iterator[World]:
    """Without limits, on the databases of `web`."""
    own = web.config["SETTINGS"]
    environ = {"MUST_ENV": "test", "MUST_LIMIT_PER_PERSON": "0", "MUST_LIMIT_PER_LINK": "0"}
    urls = {f"MUST_{name.upper()}_URL": getattr(own, f"{name}_url") for name in ("answers", "identities", "keys")}
    app = create_app(read_settings({**environ, **urls}, own.instance))
    app.config["PROPAGATE_EXCEPTIONS"] = True
    yield World(app, trial, clock)
    with app.app_context():
        dispose()


def repeatedly(run: Callable[[], Any], seconds: float) -> None:
    """For so long, at least once."""
    deadline = time.monotonic() + seconds
    run()
    while time.monotonic() < deadline:
        run()


def test_every_form_is_known(web: Flask) -> None:
    posts = {rule.endpoint for rule in web.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert posts == set(PLAUSIBLE)


@BOTH
def test_no_form_fails_or_stores_half(world: World) -> None:
    def never_fails(sent: Sent) -> None:
        before = world.stored()
        answer = world.send(sent)
        check(answer, sent)
        if answer.status_code >= 400 and sent.endpoint not in KEPT_IN_PARTS:
            assert world.stored() == before
        if answer.status_code < 400:
            world.drafts_are_whole()
            if sent.endpoint in SENDS:
                world.refill()

    for endpoint in PLAUSIBLE:
        repeatedly(SETTINGS(given(requests(endpoint))(never_fails)), SECONDS / len(PLAUSIBLE))
