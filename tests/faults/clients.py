"""Respondents who write down what the server acknowledged, and go on trying when it is gone."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from random import Random

from app.domain.identifiers import synthetic_identity_number
from app.domain.instrument import Page
from app.services.surveys import Setup
from app.web import unit_choice
from tests.load.browsing import Answer, Browser

_ELSEWHERE, _LOGGED_OUT, _CLOSED = 303, 401, 410


class Stopped(Exception):  # noqa: N818 - the end of the test, not an error
    """The test is over in the middle of a visit."""


@dataclass
class Ledger:
    """What one person sent last and what was acknowledged last: "consent", "unit", "submitted", or an item's id."""

    serial: int
    sent: dict[str, str] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    n_acknowledged: int = 0

    @property
    def number(self) -> str:
        return synthetic_identity_number(self.serial)

    def may_hold(self, what: str) -> set[str | None]:
        """What may be stored: what was acknowledged last, or what was sent after it and had no answer."""
        return {self.acknowledged.get(what), self.sent.get(what)} - ({None} if what in self.acknowledged else set())


@dataclass
class Crowd:
    """Respondents who come one after another, `at_once` side by side, until `stop`."""

    ports: Sequence[int]
    """Of the web servers; everybody changes between them from request to request."""
    address: str
    setup: Setup
    ledgers: list[Ledger] = field(default_factory=list)
    n_unanswered: int = 0
    """Requests that were left without an answer."""
    n_errors: int = 0
    """Answers 5xx: not acknowledged, tried again."""
    n_too_late: int = 0
    """People who were told that the survey has closed."""
    failure: Exception | None = None
    _is_over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, at_once: int, random: Random) -> None:
        seeds = [random.random() for _ in range(at_once)]
        self._threads = [threading.Thread(target=self._come, args=(Random(seed),)) for seed in seeds]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """From now on nobody tries again what has no answer."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        if self.failure is not None:
            raise self.failure

    def wait_for(self, n_acknowledged: int) -> None:
        """Until so many saves are acknowledged; RuntimeError after a minute without."""
        deadline = time.monotonic() + 60
        while self.n_acknowledged < n_acknowledged:
            if self.failure is not None or time.monotonic() > deadline:
                raise self.failure or RuntimeError("the server takes nothing")
            time.sleep(0.02)

    @property
    def n_acknowledged(self) -> int:
        with self._lock:
            return sum(ledger.n_acknowledged for ledger in self.ledgers)

    @property
    def is_over(self) -> bool:
        return self._is_over.is_set()

    def _come(self, random: Random) -> None:
        try:
            while not self.is_over:
                self._visit(self._next_ledger(), random)
        except Stopped:
            return
        except Exception as error:
            self.failure = error

    def _next_ledger(self) -> Ledger:
        with self._lock:
            self.ledgers.append(Ledger(1_000 + len(self.ledgers)))
            return self.ledgers[-1]

    def _visit(self, ledger: Ledger, random: Random) -> None:
        visit = _Visit(self, ledger, Browser(random.choice(self.ports), self.address), random)
        unit = random.choice([unit for unit in self.setup.tree.units if not self.setup.tree.children(unit)])
        with closing(visit.browser):
            visit.log_in()
            visit.get("consent")
            for choice in random.choice((("yes",), ("no",), ("no", "yes"), ("yes", "no"))):
                visit.save({"consent": choice}, "consent", {"consent": choice})
            visit.save({"unit": str(unit.index)}, "unit", unit_choice.leading_to(self.setup.tree, unit))
            for page in self.setup.pages:
                visit.answer(page)
            visit.save({"submitted": "True"}, "review", {})


@dataclass
class _Visit:
    """One person's way through the form: everything is sent until it is acknowledged."""

    crowd: Crowd
    ledger: Ledger
    browser: Browser
    random: Random

    def log_in(self) -> None:
        self._sure(lambda: self.browser.get("login"))
        self._sure(lambda: self.browser.post("login", {"number": self.ledger.number}))

    def get(self, step: str) -> None:
        self._sure(lambda: self.browser.get(step))

    def answer(self, page: Page) -> None:
        """Chosen item by item, some changed again, then sent."""
        self.get(f"page/{page.number}")
        chosen: dict[str, str] = {}
        for item in (*page.items[:3], page.items[0]):
            chosen[item.id] = self._value()
            self._send(dict(chosen), lambda: self.browser.autosave(page.number, chosen))
        whole = {item.id: self._value() for item in page.items}
        self.save(whole, f"page/{page.number}", whole)

    def save(self, meant: Mapping[str, str], step: str, fields: Mapping[str, str]) -> None:
        self._send(meant, lambda: self.browser.post(step, fields))

    def _send(self, meant: Mapping[str, str], send: Callable[[], Answer]) -> None:
        self.ledger.sent.update(meant)
        self._sure(send)
        self.ledger.acknowledged.update(meant)
        self.ledger.n_acknowledged += 1

    def _value(self) -> str:
        return str(self.random.choice((0, 1, 2)))

    def _sure(self, send: Callable[[], Answer]) -> None:
        """Send until there is an answer that says it was done."""
        while True:
            self._change_server()
            try:
                answer = send()
            except (OSError, http.client.HTTPException):
                self.crowd.n_unanswered += 1
            else:
                if _is_login_over(answer):
                    self.log_in()
                elif answer.status in {200, 303}:
                    return
                elif answer.status == _CLOSED:
                    self.crowd.n_too_late += 1
                    raise Stopped
                elif answer.status < 500:
                    raise RuntimeError(f"refused: {answer.status}")
                else:
                    self.crowd.n_errors += 1
            if self.crowd.is_over:
                raise Stopped
            time.sleep(0.05)

    def _change_server(self) -> None:
        port = self.random.choice(self.crowd.ports)
        if port != self.browser.port:
            self.browser.close()
            self.browser.port = port


def _is_login_over(answer: Answer) -> bool:
    return answer.status == _LOGGED_OUT or (answer.status == _ELSEWHERE and "/login" in answer.location)
