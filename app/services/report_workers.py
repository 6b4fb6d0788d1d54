"""Who makes the files of a report: processes of this machine, or a Dask cluster.

A worker is given the figures that the reports print, and gives back bytes. It is given no key, no setting, no address
of a database or a storage, and not the sums or pools that the figures come from.
"""

from __future__ import annotations

import copyreg
import gc
import hashlib
import os
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.metadata import version
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.domain.errors import DomainError
from app.domain.results import ReportResults
from app.reports.html import render_html
from app.reports.model import Report, ReportSet
from app.reports.pdf import render_pdf, warm_up
from app.reports.read_back import check_report, check_workbook
from app.reports.workbook import render_workbook

if TYPE_CHECKING:
    from distributed import Client

WAIT_SECONDS = 30
"""For the scheduler to answer, and for a first worker to be there."""
_MADE_FROM = ("app/reports", "app/domain/wording", "templates/reports", "translations", "static/fonts")
_MADE_WITH = ("xhtml2pdf", "reportlab", "pikepdf", "openpyxl")
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Job:
    """One report, or the workbook, in one language."""

    name: str
    """Of its files inside the set; a report's without ending."""
    language: str
    place: int | None
    """Which of the release's reports; None: the workbook."""
    reads_back: bool = False
    """Whether the figures that the finished files show are compared with those that they were made from."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What became of a job."""

    name: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    error: str = ""
    """What went wrong, if anything; then there are no files."""


Printed = tuple[ReportSet, tuple[ReportResults, ...]]
"""All that a worker is given: the reports of a release, the organisation's first."""
Workers = Callable[[Printed, Sequence[Job]], Iterator[Rendered]]
"""Makes all jobs and yields each when it is done, whatever became of the others."""


def program_version() -> str:
    """A hash of all that decides what figures look like in a report: code, texts, fonts, libraries."""
    found = hashlib.sha256(repr([(name, version(name)) for name in _MADE_WITH]).encode())
    for path in sorted(path for folder in _MADE_FROM for path in (_ROOT / folder).rglob("*") if path.is_file()):
        if "__pycache__" not in path.parts:
            found.update(f"{path.relative_to(_ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _render(printed: Printed, job: Job) -> Rendered:
    report_set, reports = printed
    try:
        if job.place is None:
            book = render_workbook(report_set, reports[0], reports, job.language)
            if job.reads_back:
                check_workbook(book, report_set, reports, job.language)
            return Rendered(job.name, {job.name: book})
        report = Report(report_set, reports[job.place], reports[0], reports if job.place == 0 else ())
        pdf, html = render_pdf(report, job.language), render_html(report, job.language)
        if job.reads_back:
            check_report(pdf, html, report, job.language)
    except Exception as error:
        return Rendered(job.name, error=f"{type(error).__name__}: {error}")
    return Rendered(job.name, {f"{job.name}.pdf": pdf, f"{job.name}.html": html})


# -------------------------------------------------------------------------------------------------------- this machine


def local_workers(n: int) -> Workers:
    """This process, or `n` of its own beside it."""

    def run(printed: Printed, jobs: Sequence[Job]) -> Iterator[Rendered]:
        return _in_processes(n, printed, jobs) if n > 1 and len(jobs) > 1 else map(partial(_render, printed), jobs)

    return run


_given: list[Printed] = []


def _in_processes(n: int, printed: Printed, jobs: Sequence[Job]) -> Iterator[Rendered]:
    # Threads would not help: the renderer holds one global lock. Fork server: workers without our open databases.
    with ProcessPoolExecutor(n, get_context("forkserver"), _start_process, (printed,)) as pool:
        try:
            for done in as_completed([pool.submit(_render_given, job) for job in jobs]):
                yield done.result()
        except BaseException:  # interrupted: do not finish the queue first
            pool.shutdown(cancel_futures=True)
            raise


def _start_process(printed: Printed) -> None:
    """A process of its own, which ends with the one that started it, however that ends."""
    Thread(target=_end_with_parent, daemon=True).start()
    warm_up()
    _given.append(printed)
    gc.collect()
    gc.freeze()  # what it holds now need never be searched for garbage again


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _render_given(job: Job) -> Rendered:
    return _render(_given[0], job)


# ----------------------------------------------------------------------------------------------------------- a cluster


def cluster_workers(address: str) -> Workers:
    """The workers of the Dask scheduler at `address`.

    DomainError ``cluster.unavailable`` when there is none, or it has no worker.
    """

    def run(printed: Printed, jobs: Sequence[Job]) -> Iterator[Rendered]:
        with _connected(address) as client:
            yield from _on_cluster(client, printed, jobs)

    return run


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    place = urlsplit(address)
    if place.scheme not in {"tcp", "tls"} or not place.hostname:
        raise _unavailable(address, ValueError())
    try:
        from distributed import Client

        client = Client(address, timeout=WAIT_SECONDS, set_as_default=False)
    except (ImportError, OSError, ValueError, TypeError) as error:  # the last: no certificate for tls://
        raise _unavailable(address, error) from error
    with client:
        try:
            client.wait_for_workers(1, WAIT_SECONDS)
        except TimeoutError as error:
            raise _unavailable(address, error) from error
        yield client


def _unavailable(address: str, error: Exception) -> DomainError:
    return DomainError("cluster.unavailable", address=address, kind=type(error).__name__)


def _on_cluster(client: Client, printed: Printed, jobs: Sequence[Job]) -> Iterator[Rendered]:
    from distributed import as_completed as completed

    # A task, not scattered data: when the worker that holds it dies, it is made again.
    given = client.submit(pickle.loads, pickle.dumps(printed), pure=False)
    wanted = program_version()
    names = {client.submit(_render_there, given, job, wanted, pure=False): job.name for job in jobs}
    for future in completed(list(names), loop=client.loop):
        try:
            rendered = future.result()
        except Exception as error:  # its worker died again and again, or the cluster went away
            reason = str(error).partition("\n")[0]
            rendered = Rendered(names[future], error=f"{type(error).__name__}: {reason}")
        if rendered.name != names[future] or not rendered.files.keys() <= _files_of(rendered.name):
            rendered = Rendered(names[future], error="the worker gave back something else than was asked for")
        del names[future]  # the last hold on its bytes, on the worker and here
        yield rendered


def _files_of(name: str) -> set[str]:
    return {name, f"{name}.pdf", f"{name}.html"}


def _render_there(printed: Printed, job: Job, wanted: str) -> Rendered:
    """A worker with another version of the program would print the same figures in other words or shapes."""
    if _own_version() != wanted:
        return Rendered(job.name, error="the worker runs another version of the program or of a library")
    return _render(printed, job)


_own_version = cache(program_version)


def _read_only(mapping: dict[str, str]) -> MappingProxyType[str, str]:
    return MappingProxyType(mapping)


# Texts of the instrument are read-only mappings; pickle has to be told how to send them to a worker.
copyreg.pickle(MappingProxyType, lambda mapping: (_read_only, (dict(mapping),)))
