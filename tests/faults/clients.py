"""Respondents who write down what the server acknowledged, and go on trying when it is gone."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from app.domain.identifiers import synthetic_identity_number
from app.services.surveys import Setup
from app.web import unit_choice
from tests.load.browsing import Answer, Browser


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

    port: int
    address: str
    setup: Setup
    ledgers: list[Ledger] = field(default_factory=list)
    n_unanswered: int = 0
    """Requests that a kill left without an answer."""
    n_errors: int = 0
    """Answers 5xx: not acknowledged, tried again."""
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

    def _come(self, random: Random) -> None:
        try:
            while not self._is_over.is_set():
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
        browser = Browser(self.port, self.address)
        unit = random.choice([unit for unit in self.setup.tree.units if not self.setup.tree.children(unit)])
        self._sure(lambda: browser.get("login"))
        self._sure(lambda: browser.post("login", {"number": ledger.number}))
        self._sure(lambda: browser.get("consent"))
        for choice in random.choice((("yes",), ("no",), ("no", "yes"), ("yes", "no"))):
            self._save(ledger, {"consent": choice}, lambda sent=choice: browser.post("consent", {"consent": sent}))  # type: ignore[misc]
        levels = unit_choice.leading_to(self.setup.tree, unit)
        self._save(ledger, {"unit": str(unit.index)}, lambda: browser.post("unit", levels))
        for step in self._steps(browser, random):
            self._save(ledger, *step)
        self._save(ledger, {"submitted": "True"}, lambda: browser.post("review", {}))
        browser.close()

    def _steps(self, browser: Browser, random: Random) -> Iterator[tuple[dict[str, str], Callable[[], Answer]]]:
        """Every page: chosen item by item, some changed again, then sent."""
        for page in self.setup.pages:
            self._sure(lambda number=page.number: browser.get(f"page/{number}"))  # type: ignore[misc]
            chosen: dict[str, str] = {}
            for item in (*page.items[:3], page.items[0]):
                chosen[item.id] = str(random.choice((0, 1, 2)))
                fields = dict(chosen)
                yield fields, lambda n=page.number, sent=fields: browser.autosave(n, sent)  # type: ignore[misc]
            whole = {item.id: str(random.choice((0, 1, 2))) for item in page.items}
            yield whole, lambda n=page.number, sent=whole: browser.post(f"page/{n}", sent)  # type: ignore[misc]

    def _save(self, ledger: Ledger, fields: Mapping[str, str], send: Callable[[], Answer]) -> None:
        ledger.sent.update(fields)
        self._sure(send)
        ledger.acknowledged.update(fields)
        ledger.n_acknowledged += 1

    def _sure(self, send: Callable[[], Answer]) -> None:
        """Send until there is an answer that says it was done."""
        while True:
            try:
                status = send().status
            except (OSError, http.client.HTTPException):
                self.n_unanswered += 1
            else:
                if status in {200, 303}:
                    return
                if status < 500:
                    raise RuntimeError(f"refused: {status}")
                self.n_errors += 1
            if self._is_over.is_set():
                raise Stopped
            time.sleep(0.05)
