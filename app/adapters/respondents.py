"""Simulated employees who answer a survey through its real pages, as a browser without JavaScript would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from html.parser import HTMLParser
from random import Random

import requests

from app.domain.errors import DomainError
from app.domain.identifiers import synthetic_identity_number
from app.domain.instrument import Theme
from app.domain.simulation import draw_answers, draw_mood, draw_unit, unit_levels
from app.domain.units import Unit, UnitTree

SHARE_GIVING_UP = 0.05
SHARE_CONSENTING = 0.7
_AT_ONCE = 4
_TIMEOUT = 30
_HTTP_ERROR = 400


class Outcome(Enum):
    SUBMITTED = "submitted"
    GAVE_UP = "gave up"


@dataclass(frozen=True, slots=True)
class Employee:
    """Who answers what; drawn before anybody starts, so that the order of answering changes nothing."""

    number: str
    unit: Mapping[str, str]
    """The fields of the unit page."""
    answers: Mapping[str, int]
    has_consented: bool
    last_page: int | None
    """Where somebody gives up, or None."""


def answer_over_http(
    address: str, tree: UnitTree, themes: Sequence[Theme], n_respondents: int, random: Random
) -> Iterator[Outcome]:
    """Let `n_respondents` answer the survey at `address` (".../s/CODE"), a few at a time; yields as each is done."""
    levels = unit_levels(tree, random)
    employees = [_draw(serial, tree, themes, levels, random) for serial in range(n_respondents)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(lambda employee: answer(address, employee), employees)


def answer(address: str, employee: Employee) -> Outcome:
    """One person's whole visit; DomainError ``respondent.refused`` when a page does not take what was sent."""
    with requests.Session() as browser:
        browser.headers["Accept-Language"] = "nb"
        visit = _Visit(browser, address)
        visit.get("")
        visit.post("login", {"number": employee.number})
        visit.post("consent", {"consent": "yes" if employee.has_consented else "no"})
        visit.post("unit", employee.unit)
        page = visit.get("page/1")
        for number in range(1, page.n_pages + 1):
            page = visit.get(f"page/{number}") if number > 1 else page
            if number == employee.last_page:
                return Outcome.GAVE_UP
            visit.send(
                f"page/{number}",
                page,
                {item: str(value) for item, value in employee.answers.items() if item in page.radios},
            )
        visit.post("review", {})
        return Outcome.SUBMITTED


def _draw(
    serial: int, tree: UnitTree, themes: Sequence[Theme], levels: Mapping[int, float], random: Random
) -> Employee:
    unit = draw_unit(tree, random)
    return Employee(
        synthetic_identity_number(serial),
        _levels(tree, unit),
        draw_answers(themes, draw_mood(random, levels[unit.index]), random),
        random.random() < SHARE_CONSENTING,
        random.randint(1, 3) if random.random() < SHARE_GIVING_UP else None,
    )


def _levels(tree: UnitTree, unit: Unit) -> dict[str, str]:
    """The dropdowns on the way down; the last one repeats the unit where somebody belongs directly in it."""
    fields = {f"level_{step.level}": str(step.index) for step in tree.ancestors(unit)[:-1]}
    if tree.children(unit):
        fields[f"level_{unit.level + 1}"] = str(unit.index)
    return fields


class _Page(HTMLParser):
    """What a form needs: its hidden token, the names of its radios, and how many pages there are."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.token = ""
        self.radios: set[str] = set()
        self.n_pages = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("name") == "csrf_token":
            self.token = found.get("value") or ""
        elif tag == "input" and found.get("type") == "radio":
            self.radios.add(found.get("name") or "")
        elif tag == "progress":
            self.n_pages = int(found.get("max") or 0)


class _Visit:
    def __init__(self, browser: requests.Session, address: str) -> None:
        self._browser = browser
        self._address = address

    def get(self, step: str) -> _Page:
        return self._read(self._browser.get(f"{self._address}/{step}".rstrip("/"), timeout=_TIMEOUT))

    def post(self, step: str, fields: Mapping[str, str]) -> None:
        self.send(step, self.get(step), fields)

    def send(self, step: str, page: _Page, fields: Mapping[str, str]) -> None:
        data = {**fields, "csrf_token": page.token}
        self._read(self._browser.post(f"{self._address}/{step}", data=data, allow_redirects=False, timeout=_TIMEOUT))

    @staticmethod
    def _read(response: requests.Response) -> _Page:
        if response.status_code >= _HTTP_ERROR:
            raise DomainError("respondent.refused", url=response.url, status=response.status_code)
        return _Page(response.text)
