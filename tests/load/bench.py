"""Respondents over HTTP through the whole form: speed, CPU and bytes per complete response. Run: make bench."""

from __future__ import annotations

import argparse
import gzip
import os
import re
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from app.domain.identifiers import synthetic_identity_number
from app.domain.instrument import Page
from app.services.surveys import Setup
from app.web import unit_choice
from tests.faults.world import Postgres
from tests.load.browsing import Answer, Browser
from tests.load.populating import ENVIRON, Populated, populate
from tests.load.serving import Server, cpu_seconds_of

MIB = 1024 * 1024
N_WARMING = 6
_LOADED = re.compile(r'^(?:script src|link rel="(?:stylesheet|icon)" href)="([^"]*)"')
_COUNTED = {"MUST_LIMIT_PER_PERSON": "1000000", "MUST_LIMIT_PER_LINK": "1000000"}
"""Requests are counted as always, but nobody is stopped."""
FIRST = 1_000
"""The serial number of the first respondent."""


@dataclass
class Record:
    """Seconds and bytes of every request, by name."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    n_bytes: dict[str, int] = field(default_factory=dict)
    total_bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, name: str, seconds: float, n_bytes: int) -> None:
        with self._lock:
            self.seconds[name].append(seconds)
            self.n_bytes[name] = n_bytes
            self.total_bytes += n_bytes


def begin(browser: Browser, setup: Setup, serial: int) -> None:
    """From the information letter to the first page of questions."""
    unit = Random(serial).choice([unit for unit in setup.tree.units if not setup.tree.children(unit)])
    browser.get("")
    browser.get("login")
    _go(browser.post("login", {"number": synthetic_identity_number(serial)}), "continue")
    _go(browser.get("continue"), "consent")
    browser.get("consent")
    _go(browser.post("consent", {"consent": "yes" if serial % 10 < 7 else "no"}), "unit")
    browser.get("unit")
    _go(browser.post("unit", {**unit_choice.leading_to(setup.tree, unit), "go": "next"}), "page/1")


def answer_page(browser: Browser, page: Page, n_autosaves: int) -> Answer:
    """Look at a page, save as many times as asked while choosing, and go on."""
    browser.get(f"page/{page.number}")
    values = {item.id: str(1 + number % 2) for number, item in enumerate(page.items)}
    ids = list(values)
    for number in range(n_autosaves):
        chosen = ids[: len(ids) * (number + 1) // n_autosaves]
        _ok(browser.autosave(page.number, {item_id: values[item_id] for item_id in chosen}))
    sent = {**values, "before": browser.before, "go": "next"}
    return browser.post(f"page/{page.number}", sent)


def answer(browser: Browser, setup: Setup, serial: int, n_autosaves: int) -> None:
    """One complete response; RuntimeError when a page does not take what was sent."""
    begin(browser, setup, serial)
    for page in setup.pages:
        last = page.number == len(setup.pages)
        _go(answer_page(browser, page, n_autosaves), "review" if last else f"page/{page.number + 1}")
    browser.get("review")
    _go(browser.post("review", {}), "receipt")
    browser.get("receipt")
    browser.close()


def _go(got: Answer, place: str) -> None:
    if got.status not in {302, 303} or not got.location.endswith(place):
        raise RuntimeError(f"expected the way to {place}, got {got.status} {got.location}")


def _ok(got: Answer) -> None:
    if got.status != 200:
        raise RuntimeError(f"not saved: {got.status}")


@dataclass(frozen=True, slots=True)
class Service:
    """The web server, and its database where that is a server too."""

    web: Server
    postgres: Postgres | None

    @property
    def port(self) -> int:
        return self.web.port

    def cpu_seconds(self) -> float:
        return self.web.cpu_seconds() + (cpu_seconds_of(self.postgres.processes()) if self.postgres else 0)


@contextmanager
def served(
    folder: Path, arguments: argparse.Namespace, n_units: int, n_stored: int
) -> Iterator[tuple[Service, Populated]]:
    """A survey and its service on one core; what asks runs on the other."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])  # what is started now inherits it
    instance = folder / "instance"
    instance.mkdir(parents=True)
    postgres = Postgres(folder / "postgres") if arguments.database == "postgresql" else None
    environ = {**ENVIRON, **_COUNTED, **(postgres.environ if postgres else {})}
    survey = populate(instance, n_units, n_stored, environ)
    server = Server(instance, environ, name=arguments.server, workers=arguments.workers, threads=arguments.threads)
    server.start()
    os.sched_setaffinity(0, cores[-1:])
    try:
        yield Service(server, postgres), survey
    finally:
        server.stop()
        if postgres:
            postgres.stop()
        os.sched_setaffinity(0, cores)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of complete responses cost."""

    record: Record
    cpu_ms: float
    """Per complete response."""
    per_second: float


def measure(
    server: Service, survey: Populated, serials: range, at_once: int, n_autosaves: int, per_second: float = 0
) -> Round:
    """`at_once` respondents side by side; or, with `per_second`, so many come, whether the server keeps up or not."""
    record, begun = Record(), time.perf_counter()

    def one(serial: int) -> None:
        if per_second:
            time.sleep(max(0.0, begun + (serial - serials.start) / per_second - time.perf_counter()))
        answer(Browser(server.port, survey.address, record), survey.setup, serial, n_autosaves)

    cpu, start = server.cpu_seconds(), time.perf_counter()
    with ThreadPoolExecutor(len(serials) if per_second else at_once) as pool:
        list(pool.map(one, serials))
    seconds, cpu = time.perf_counter() - start, server.cpu_seconds() - cpu
    return Round(record, cpu / len(serials) * 1000, len(serials) / seconds)


def show_speed(arguments: argparse.Namespace) -> None:
    """Rounds of complete responses, the median round's figures, and every page's times in all rounds."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        served(Path(folder) / "world", arguments, arguments.units, arguments.stored) as (server, survey),
    ):
        n, at_once = arguments.respondents, arguments.at_once
        measure(server, survey, range(FIRST - N_WARMING, FIRST), at_once, arguments.autosaves)
        starts = range(FIRST, FIRST + n * arguments.rounds, n)
        rounds = [
            measure(server, survey, range(start, start + n), at_once, arguments.autosaves, arguments.per_second)
            for start in starts
        ]
        rss = server.web.rss()
        weights = _weights(server, survey)
    _print_rounds(arguments, survey, rounds, rss)
    _print_pages(rounds)
    _print_weights(weights)


def _print_rounds(arguments: argparse.Namespace, survey: Populated, rounds: list[Round], rss: int) -> None:
    n_items = sum(len(page.items) for page in survey.setup.pages)
    cpu = sorted(one.cpu_ms for one in rounds)
    n_requests = sum(len(times) for one in rounds for times in one.record.seconds.values())
    n_responses = arguments.respondents * len(rounds)
    print(
        f"{arguments.server}, {arguments.workers} worker(s), {arguments.threads} threads; {n_items} items on "
        f"{len(survey.setup.pages)} pages, {arguments.autosaves} autosave(s) a page, {arguments.units} units, "
        f"{arguments.stored} responses stored before, {arguments.database}; {_load(arguments)}"
    )
    print(f"complete responses: {n_responses} in {len(rounds)} rounds, {n_requests / n_responses:.0f} requests each")
    print(f"responses per second: {statistics.median(one.per_second for one in rounds):.1f}")
    print(f"server CPU-ms per complete response: {statistics.median(cpu):.1f} ({cpu[0]:.1f} to {cpu[-1]:.1f})")
    print(f"server CPU-ms per request: {statistics.median(cpu) * n_responses / n_requests:.2f}")
    print(f"KiB received per complete response: {rounds[0].record.total_bytes / arguments.respondents / 1024:.0f}")
    print(f"RSS of all server processes: {rss / MIB:.0f} MiB")


def _load(arguments: argparse.Namespace) -> str:
    if arguments.per_second:
        return f"{arguments.per_second:g} new respondents a second"
    return f"{arguments.at_once} respondents at a time"


def _print_pages(rounds: list[Round]) -> None:
    print(f"{'':16}{'n':>6}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'bytes':>9}")
    everything: list[float] = []
    for name in rounds[0].record.seconds:
        times = [seconds * 1000 for one in rounds for seconds in one.record.seconds[name]]
        everything += times
        print(f"{name:16}{len(times):6}{_marks(times)}{rounds[0].record.n_bytes[name]:9}")
    print(f"{'all':16}{len(everything):6}{_marks(everything)}")


def _marks(times: list[float]) -> str:
    marks = statistics.quantiles(times, n=100, method="inclusive")
    return "".join(f"{marks[mark - 1]:9.1f}" for mark in (50, 95, 99))


def _weights(server: Service, survey: Populated) -> dict[str, tuple[int, int]]:
    """Bytes of what a browser loads with the first page of questions, and as a proxy would compress them."""
    browser = Browser(server.port, survey.address)
    begin(browser, survey.setup, FIRST - N_WARMING - 1)
    page = browser.get("page/1").body
    files = sorted(found for tag in page.decode().split("<") for found in _LOADED.findall(tag))
    weights = {"page/1": (len(page), len(gzip.compress(page)))}
    for file in files:
        body = browser.get(file).body
        weights[file.partition("?")[0]] = len(body), len(gzip.compress(body))
    return weights


def _print_weights(weights: dict[str, tuple[int, int]]) -> None:
    for name, (plain, packed) in weights.items():
        print(f"{name:40}{plain:9} bytes{packed:9} gzipped")
    plain, packed = (sum(column) for column in zip(*weights.values(), strict=True))
    print(f"{'a first page of questions, cold':40}{plain:9} bytes{packed:9} gzipped, {len(weights)} requests")


def show_slope(arguments: argparse.Namespace) -> None:
    """CPU per page of a small and of a large survey, in rounds that alternate."""
    sizes = [(10, 20), (5_000, 20_000)]
    with (
        tempfile.TemporaryDirectory() as first,
        tempfile.TemporaryDirectory() as second,
        served(Path(first) / "world", arguments, *sizes[0]) as small,
        served(Path(second) / "world", arguments, *sizes[1]) as large,
    ):
        costs = [_Costs(*small), _Costs(*large)]
        for number in range(arguments.rounds + 1):
            for each in costs if number % 2 else costs[::-1]:
                each.round(arguments.repeats, is_counted=number > 0)
        memory = [server.web.rss() / MIB for server, _ in (small, large)]
    print(f"CPU-ms per request, median of {arguments.rounds} rounds of {arguments.repeats}")
    print(f"{'':16}" + "".join(f"{f'{n} units, {m} stored':>28}" for n, m in sizes) + f"{'ratio':>8}")
    totals = [0.0, 0.0]
    for name in costs[0].found:
        values = [statistics.median(each.found[name]) for each in costs]
        totals = [total + value for total, value in zip(totals, values, strict=True)]
        print(f"{name:16}" + "".join(f"{value:28.2f}" for value in values) + f"{values[1] / values[0]:8.2f}")
    print(f"{'all':16}" + "".join(f"{value:28.2f}" for value in totals) + f"{totals[1] / totals[0]:8.2f}")
    print(f"{'RSS, MiB':16}" + "".join(f"{value:28.0f}" for value in memory))


class _Costs:
    """One respondent who asks for the same page again and again; CPU is read between the pages."""

    def __init__(self, server: Service, survey: Populated) -> None:
        self.found: dict[str, list[float]] = defaultdict(list)
        self._server, self._survey = server, survey
        self._browser = Browser(server.port, survey.address)
        begin(self._browser, survey.setup, FIRST)

    def round(self, repeats: int, *, is_counted: bool) -> None:
        self._browser.close()  # while the other side had its turn, the server hung up
        tree = self._survey.setup.tree
        leaf = next(unit for unit in tree.units if not tree.children(unit))
        page, values = self._survey.setup.pages[0], {}
        values = {item.id: "2" for item in page.items}
        steps: dict[str, Callable[[], Answer]] = {
            name: (lambda step=step: self._browser.get(step))  # type: ignore[misc]
            for name, step in {"start": "", "consent": "consent", "unit": "unit", "page 1": "page/1"}.items()
        }
        steps |= {
            "review": lambda: self._browser.get("review"),
            "save consent": lambda: self._browser.post("consent", {"consent": "yes"}),
            "save unit": lambda: self._browser.post("unit", unit_choice.leading_to(tree, leaf)),
            "save page": lambda: self._browser.post("page/1", values),
            "submit": lambda: self._browser.post("review", {}),
        }
        for name, step in steps.items():
            before = self._server.cpu_seconds()
            for _ in range(repeats):
                if step().status not in {200, 303}:
                    raise RuntimeError(f"{name} was refused")
            if is_counted:
                self.found[name].append((self._server.cpu_seconds() - before) / repeats * 1000)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--respondents", type=int, default=60, help="in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--autosaves", type=int, default=1, help="per page, before the page itself is sent")
    parser.add_argument("--units", type=int, default=60)
    parser.add_argument("--stored", type=int, default=400)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--per-second", type=float, default=0, help="so many come, instead of --at-once side by side")
    parser.add_argument("--server", default="granian")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--slope", action="store_true", help="a large survey against a small one")
    parser.add_argument("--repeats", type=int, default=300, help="of each page in a round, with --slope")
    arguments = parser.parse_args()
    (show_slope if arguments.slope else show_speed)(arguments)


if __name__ == "__main__":
    main()
