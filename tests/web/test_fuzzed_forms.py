"""Whatever is sent to a form, by whomever: never a fault of ours, always a checked page, nothing stored half.

Every POST route gets plausible and arbitrary values, bytes that are no text, repeated, missing and unknown fields, in
every encoding. In `make fuzz` for minutes (MUST_FUZZ_SECONDS), here for a moment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes

from bs4 import BeautifulSoup
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from tests.unit_lists.hostile import GOOD
from tests.web.client import check_fragment, check_page
from tests.web.conftest import BOTH
from tests.web.world import EMPLOYEE, EVERYBODY, FITTING, PLAUSIBLE, World

SECONDS = float(os.environ.get("MUST_FUZZ_SECONDS", "0"))
"""0: a fixed choice of examples, once."""
SENDS = {"ordering.send", "ordering.discard_order", "staff.approve", "staff.reject", "portal.close_for_good"}
KEPT_BY_LOOKING = {"portal.show", "staff.withdrawals", "portal.download"}
"""The count of the hour, the plan of a release, and that somebody downloaded."""
SLOW = {"portal.poster", "agreement.pdf", "portal.agreement_pdf", "ordering.template"}
KEPT_IN_PARTS = {"ordering.save_order"}
"""A draft keeps every field that can be kept, also when another cannot."""
TARGETS = ("draft", "submitted", "rejected", "signed", "open", "nix", "\0", "%", "A" * 300)
PLACEHOLDERS = ("{{7*7}}", "%(n)s")
NOISE = (
    *("", "\0", "\x0b", "\u202e", "\ud7ff", "🙂", "<b>&\"'", *PLACEHOLDERS, "' OR 1=1 --", "../../etc/passwd"),
    *("=1+1", "Å" * 300, "9" * 40, "1e9", "NaN", "-0", "²", "\r\nX: y", "//example.org", "/\\example.org"),
)
SETTINGS = settings(
    max_examples=50 if SECONDS else 4,
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
OWN_NAMES = ("next", "number", "language", "fault", "again", "expired", "v", "sid", "iss", "state")
NAMES_OF_URL_FOR = ("endpoint", "code", "order_id", "_external", "_scheme", "_anchor", "_method", "self", "values")
queries = st.dictionaries(
    st.sampled_from([*OWN_NAMES, *NAMES_OF_URL_FOR]),
    st.sampled_from([*NOISE, "page", "en", "/organisation/orders", "/staff/", "/organisation//x", "7"]),
    max_size=3,
)


@st.composite
def requests(draw: st.DrawFn, endpoint: str) -> Sent:
    known = PLAUSIBLE[endpoint]
    who, stages = FITTING.get(endpoint.split(".", maxsplit=1)[0], (EMPLOYEE, ("nix",)))
    who, stages = FITTING.get(endpoint, (who, stages))
    if endpoint == "ordering.rehearse" and not SECONDS:
        stages = ("nix",)  # each rehearsal takes seconds
    pairs: Pairs = []
    for name in draw(st.lists(st.sampled_from([*known, "x"]), max_size=6)):
        likely = st.sampled_from(known.get(name, ("1",))).map(str.encode)
        pairs.append((name.encode(), draw(st.one_of(likely, likely, raw))))
    pairs += draw(st.lists(st.tuples(raw, raw), max_size=2))
    return Sent(
        endpoint,
        draw(st.one_of(st.just(who), st.just(who), st.sampled_from([*EVERYBODY, None]))),
        draw(st.one_of(st.sampled_from(stages), st.sampled_from(stages), st.sampled_from(TARGETS))),
        pairs,
        draw(st.sampled_from(["form", "form", "multipart", "raw", "json"])),
        draw(queries),
        draw(st.booleans()),
        draw(st.integers(0, 9)) > 0,
    )


def send(world: World, sent: Sent) -> TestResponse:
    path = world.address(sent.endpoint, sent.target, "POST", sent.who)
    headers = {"Accept-Language": "en"} | ({"HX-Request-Type": "partial"} if sent.is_partial else {})
    if sent.has_token:
        headers["X-CSRFToken"] = world.token(sent.who, path)
    body, kind = encoded(list(sent.fields), sent.encoding)
    client = world.client(sent.who)
    return client.post(path, data=body, content_type=kind, query_string=sent.query, headers=headers)


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


def check(answer: TestResponse, *, may_be_fragment: bool) -> None:
    assert answer.status_code < 500
    assert answer.headers["Cache-Control"] == "no-store" or answer.request.path.startswith("/static/")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    target = answer.headers.get("Location") or answer.headers.get("HX-Redirect") or "/"
    target = target.removeprefix("http://localhost")  # of a path that is written in another way; one host in production
    assert target.startswith("/")
    assert not target.startswith(("//", "/\\"))
    is_page = answer.mimetype == "text/html" and "Content-Disposition" not in answer.headers
    if is_page and answer.status_code not in {204, 303, 308, 401}:
        html = answer.text
        for placeholder in PLACEHOLDERS:
            html = html.replace(placeholder, "")
        if html.lstrip().lower().startswith("<!doctype"):
            check_page(html)
        else:
            assert may_be_fragment
            check_fragment(BeautifulSoup(html, "html.parser"))


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
        answer = send(world, sent)
        check(answer, may_be_fragment=sent.is_partial or any(name == b"save" for name, _ in sent.fields))
        if answer.status_code >= 400 and sent.endpoint not in KEPT_IN_PARTS:
            assert world.stored() == before
        if answer.status_code < 400:
            world.drafts_are_whole()
            if sent.endpoint in SENDS:
                world.refill()

    for endpoint in PLAUSIBLE:
        repeatedly(SETTINGS(given(requests(endpoint))(never_fails)), SECONDS / len(PLAUSIBLE))


@dataclass(frozen=True)
class Asked:
    """One page; `places` stand in the address."""

    endpoint: str
    who: int | None
    target: str
    places: dict[str, str]
    query: dict[str, str]
    is_partial: bool


@st.composite
def questions(draw: st.DrawFn, endpoint: str) -> Asked:
    who, stages = FITTING.get(endpoint.split(".", maxsplit=1)[0], (EMPLOYEE, ("nix",)))
    noise = st.one_of(st.sampled_from(NOISE), st.text(max_size=10))
    return Asked(
        endpoint,
        draw(st.one_of(st.just(who), st.sampled_from([*EVERYBODY, None]))),
        draw(st.one_of(st.sampled_from(stages), st.sampled_from(TARGETS))),
        draw(st.dictionaries(st.sampled_from(["code", "name", "key", "language", "filename"]), noise, max_size=1)),
        draw(queries),
        draw(st.booleans()),
    )


@BOTH
def test_no_page_fails_or_stores_anything(world: World) -> None:
    def never_fails(asked: Asked) -> None:
        path = world.address(asked.endpoint, asked.target, "GET", asked.who, **asked.places)
        headers = {"Accept-Language": "en"} | ({"HX-Request-Type": "partial"} if asked.is_partial else {})
        before = world.stored()
        answer = world.client(asked.who).get(path, query_string=asked.query, headers=headers)
        check(answer, may_be_fragment=asked.is_partial)
        answer.close()
        assert asked.endpoint in KEPT_BY_LOOKING or world.stored() == before

    endpoints = {rule.endpoint for rule in world.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    for endpoint in sorted(endpoints - SLOW if not SECONDS else endpoints):
        repeatedly(SETTINGS(given(questions(endpoint))(never_fails)), SECONDS / len(endpoints))
