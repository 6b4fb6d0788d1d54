"""The reports of a large organisation: how fast, in how much memory; WeasyPrint beside it. Run: make bench-reports."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import resource
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from multiprocessing import forkserver
from pathlib import Path
from random import Random

import pikepdf

from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.units import UnitPath, UnitTree
from app.reports.html import render_html
from app.reports.model import Report
from app.reports.pdf import render_pdf, warm_up
from app.services.releases import Release
from app.services.report_building import build_set
from app.services.report_workers import local_workers
from tests.services.published import instrument_of, random_submitted, release_of, setup_of

CORE = tuple(theme.id for theme in load_instrument(CURRENT_VERSION).themes if theme.group.value == "core")
_TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1024 * 1024


def made_up(n_reports: int, n_people: int, seed: int = 1, themes: Sequence[str] = CORE) -> Release:
    """An organisation of three levels in which exactly so many units get a report, half of them of fewer than ten."""
    random = Random(seed)
    n_sections = n_reports * 5 // 4
    sections: list[UnitPath] = [
        (f"Divisjon {n // 120 + 1}", f"Avdeling {n // 12 + 1}", f"Seksjon {n + 1}") for n in range(n_sections)
    ]
    weights = [random.choice((0.3, 0.5, 0.6, 0.7, 1.0, 1.6, 2.5)) for _ in sections]
    drawn = Counter(random.choices(sections, weights, k=n_people))
    sizes = {path: drawn[path] for path in sections}
    tree = UnitTree.from_rows([(path, None) for path in sections])
    instrument = instrument_of(themes)
    release = release_of(setup_of(tree, instrument), random_submitted(tree, sizes, instrument.themes, seed, 0.002))
    if len(release.reports) < n_reports:
        raise ValueError(f"only {len(release.reports)} units get a report")
    return replace(release, reports=release.reports[:n_reports])


@dataclass
class Gauge:
    """Watches the workers of a build while they work."""

    numbers: Sequence[int]
    """At which reports their memory is noted."""
    n_done: int = 0
    seconds: float = 0
    cpu: float = 0
    rss: dict[int, list[int]] = field(default_factory=dict)
    """Per number of reports the bytes of each worker."""
    started: float = field(default_factory=time.monotonic)

    def __call__(self) -> None:
        self.n_done += 1
        self.seconds = time.monotonic() - self.started
        if self.n_done in self.numbers:
            workers = _workers()
            self.rss[self.n_done] = [_rss(pid) for pid in workers]
            self.cpu = sum(_cpu(pid) for pid in workers)


def _workers() -> list[int]:
    server = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    return [int(pid) for pid in Path(f"/proc/{server}/task/{server}/children").read_text().split()]


def _rss(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def _cpu(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / _TICKS


def measure(release: Release, out: Path, n_workers: int, numbers: Sequence[int]) -> Gauge:
    """Build the whole set in one language; memory is noted at these `numbers` of reports, time at the last."""
    gauge = Gauge(numbers)
    built = build_set(release, ("nb",), out, local_workers(n_workers), gauge)
    if built.failures:
        raise ValueError(f"failed: {built.failures[:3]}")
    return gauge


def compare(release: Release, n: int) -> list[tuple[float, float, int, int]]:
    """For n reports spread over the set: CPU seconds of our PDF and of WeasyPrint's, and the pages of both."""
    import weasyprint  # type: ignore[import-untyped]

    units = release.reports[1:]
    chosen = [units[0], *units[:: max(len(units) // n, 1)][:n]]
    reports = [Report(release.report_set, results, release.reports[0]) for results in chosen]
    pages = [weasyprint.HTML(string=render_html(report, "nb").decode()) for report in reports]
    warm_up()
    gc.collect()
    gc.freeze()  # as the workers do: the garbage of a page is not looked for in the whole organisation
    ours = [_timed(partial(render_pdf, report, "nb")) for report in reports]
    others = [_timed(partial(html.write_pdf, pdf_variant="pdf/ua-1")) for html in pages]
    found = [(one[0], two[0], one[1], two[1]) for one, two in zip(ours, others, strict=True)]
    return found[1:]  # the first ones load fonts


def _timed(render: Callable[[], bytes]) -> tuple[float, int]:
    """CPU seconds and pages."""
    start = time.process_time()
    data = render()
    seconds = time.process_time() - start
    with pikepdf.open(BytesIO(data)) as pdf:
        return seconds, len(pdf.pages)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--reports", type=int, default=1_500)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--compared", type=int, default=8, help="how many of the reports WeasyPrint makes too")
    arguments = parser.parse_args()
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    n, n_workers = arguments.reports, arguments.workers
    release = made_up(n, arguments.people)
    n_spread = sum(report.has_distributions for report in release.reports)
    print(f"{release.reports[0].n_answers} answers, {n} reports, {n_spread} of them with distributions")
    with tempfile.TemporaryDirectory() as folder:
        numbers = sorted({min(100, n), *range(500, n, 500), n})
        gauge = measure(release, Path(folder) / "set", n_workers, numbers)
        _print_speed(gauge, n, n_workers)
        _print_size(Path(folder) / "set")
    if arguments.compared:
        _print_comparison(compare(release, arguments.compared))


def _print_speed(gauge: Gauge, n: int, n_workers: int) -> None:
    """One language; the workbook is one of the jobs, so its time is in the figures."""
    print(f"{n_workers} workers: {gauge.seconds:.0f} s, {n / gauge.seconds:.1f} reports per second (PDF and HTML)")
    print(f"CPU seconds per report, workers in all: {gauge.cpu / n:.3f}; "
          f"{n_workers * n / gauge.cpu:.1f} reports per second if every worker had a core of its own")  # fmt: skip
    for number, sizes in gauge.rss.items():
        print(f"RSS of workers at {number:5}: {', '.join(f'{size / MIB:.0f} MiB' for size in sorted(sizes))}")


def _print_size(folder: Path) -> None:
    files = list(folder.glob("nb/*.pdf"))
    pages = []
    for file in files[1:400:10]:
        with pikepdf.open(file) as pdf:
            pages.append(len(pdf.pages))
    print(f"pages per report: {statistics.mean(pages):.1f}; KiB per PDF: "
          f"{statistics.mean(file.stat().st_size for file in files) / 1024:.0f}")  # fmt: skip


def _print_comparison(found: list[tuple[float, float, int, int]]) -> None:
    ours, others, our_pages, other_pages = (statistics.mean(column) for column in zip(*found, strict=True))
    print(f"CPU seconds per tagged PDF, {len(found)} reports, one process:")
    print(f"  ours {ours:.3f} ({our_pages:.1f} pages); WeasyPrint {others:.3f} ({other_pages:.1f} pages)")
    print(f"  ratio {others / ours:.1f}")


if __name__ == "__main__":
    main()
