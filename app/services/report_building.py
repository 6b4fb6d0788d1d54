"""Building the report set of a release: render in parallel, publish as a whole (spec 7)."""

from __future__ import annotations

import copyreg
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import MappingProxyType

from app.domain.results import ReportResults
from app.reports.html import render_html
from app.reports.model import Report, ReportSet
from app.reports.names import file_stem
from app.reports.pdf import render_pdf, warm_up
from app.reports.workbook import render_workbook
from app.services.protocol import protocol_of
from app.services.public_audit import ARCHIVE, AUDIT, MANIFEST, STAFF_FOLDER, audit_of
from app.services.releases import Release

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Built:
    """What a build left behind."""

    files: tuple[str, ...]
    failures: tuple[tuple[str, str], ...]
    """File name and error of each report that could not be made; nothing is published when there is one."""


def build_set(
    release: Release, languages: Sequence[str], out: Path, n_workers: int, on_progress: Callable[[], object]
) -> Built:
    """Write the whole set beside `out` and put it in its place only when every report was made."""
    staging = out.with_name(f".{out.name}.{os.getpid()}")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True, mode=0o700)
    try:
        failures = _render_all(release, release.reports, languages, staging, n_workers, on_progress)
        if not failures:
            _write_workbooks(release, languages, staging)
            _finish(release, languages, staging)
            _replace(staging, out)
        return Built(tuple(sorted(_files_below(out))) if not failures else (), tuple(failures))
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def build_one(release: Release, report: ReportResults, languages: Sequence[str], out: Path) -> Built:
    """Write one unit's report into `out` and leave everything else there as it is."""
    failures = _render_all(release, (report,), languages, out, 1, lambda: None)
    return Built(tuple(sorted(_files_below(out))), tuple(failures))


def report_file(release: Release, report: ReportResults, language: str) -> str:
    """The name of a report inside the set, without its ending."""
    stem = file_stem(report.unit, release.basis.frozen.tree, release.report_set.organisation, language)
    return f"{language}/{stem}"


@dataclass(frozen=True, slots=True)
class _Job:
    results: ReportResults
    language: str
    name: str


def _read_only(mapping: dict[str, str]) -> MappingProxyType[str, str]:
    return MappingProxyType(mapping)


# Texts of the instrument are read-only mappings; pickle has to be told how to send them to a worker.
copyreg.pickle(MappingProxyType, lambda mapping: (_read_only, (dict(mapping),)))

_worker: dict[str, tuple[ReportSet, tuple[ReportResults, ...]]] = {}


def _start_worker(report_set: ReportSet, reports: tuple[ReportResults, ...]) -> None:
    warm_up()
    _worker["release"] = report_set, reports


def _render(folder: Path, job: _Job) -> tuple[str, str]:
    """Write both files of one report; returns its name and what went wrong, if anything."""
    report_set, reports = _worker["release"]
    is_organisation = job.results.unit.parent is None
    report = Report(report_set, job.results, reports[0], reports if is_organisation else ())
    try:
        _write(folder / f"{job.name}.pdf", render_pdf(report, job.language))
        _write(folder / f"{job.name}.html", render_html(report, job.language))
    except Exception as error:
        return job.name, f"{type(error).__name__}: {error}"
    return job.name, ""


def _render_all(
    release: Release,
    chosen: Sequence[ReportResults],
    languages: Sequence[str],
    folder: Path,
    n_workers: int,
    on_progress: Callable[[], object],
) -> list[tuple[str, str]]:
    jobs = [
        _Job(report, language, report_file(release, report, language)) for language in languages for report in chosen
    ]
    for language in languages:
        (folder / language).mkdir(parents=True, exist_ok=True)
    failures = []
    for name, error in _outcomes(release, jobs, folder, n_workers):
        if error:
            failures.append((name, error))
        on_progress()
    return failures


def _outcomes(release: Release, jobs: list[_Job], folder: Path, n_workers: int) -> Iterator[tuple[str, str]]:
    setup = (release.report_set, release.reports)
    if n_workers <= 1 or len(jobs) == 1:
        _start_worker(*setup)
        yield from map(partial(_render, folder), jobs)
        return
    # Threads would not help: the renderer holds one global lock. Fork server: workers without our open databases.
    context = get_context("forkserver")
    with ProcessPoolExecutor(n_workers, context, _start_worker, setup) as pool:
        yield from pool.map(partial(_render, folder), jobs, chunksize=4)


def _write_workbooks(release: Release, languages: Sequence[str], folder: Path) -> None:
    if not release.reports:
        return
    for language in languages:
        organisation = release.reports[0]
        content = render_workbook(release.report_set, organisation, release.reports, language)
        _write(folder / f"{report_file(release, organisation, language)}.xlsx", content)


def _finish(release: Release, languages: Sequence[str], folder: Path) -> None:
    """The public audit file, manifest, archive and the staff's protocol."""
    _write(folder / AUDIT, _json(audit_of(release.report_set.limits, release.reports)))
    names = sorted(_files_below(folder))
    _write(folder / MANIFEST, _json(_manifest(release, languages, folder, names)))
    _write_archive(folder, [*names, MANIFEST])
    staff = folder / STAFF_FOLDER
    staff.mkdir(mode=0o700)
    _write(staff / "protocol.json", _json(protocol_of(release.basis, release.reports, release.report_set.limits)))
    _write(staff / "certificate.json", _json(asdict(release.certificate)))


def _manifest(release: Release, languages: Sequence[str], folder: Path, names: Sequence[str]) -> dict[str, object]:
    return {
        "organisation": release.report_set.organisation,
        "is_rehearsal": release.report_set.is_rehearsal,
        "period": [day.isoformat() for day in release.report_set.period],
        "instrument": release.report_set.instrument.version,
        "limits": asdict(release.report_set.limits),
        "reports": [
            {
                "unit": list(report.unit.path),
                "n_answers": report.n_answers,
                "n_included": report.n_included,
                "files": {language: report_file(release, report, language) for language in languages},
            }
            for report in release.reports
        ],
        "sha256": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names},
    }


def _write_archive(folder: Path, names: Sequence[str]) -> None:
    """The same bytes for the same files: fixed times, fixed order, no owner."""
    with zipfile.ZipFile(folder / ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_STORED if name.endswith((".pdf", ".xlsx")) else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, (folder / name).read_bytes())


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def _files_below(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _write(path: Path, content: bytes) -> None:
    """Never a half-written file under its own name."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


def _replace(staging: Path, out: Path) -> None:
    """Put the finished set in the place of an earlier one."""
    former = out.with_name(f".{out.name}.former")
    shutil.rmtree(former, ignore_errors=True)
    if out.exists():
        out.rename(former)
    staging.rename(out)
    shutil.rmtree(former, ignore_errors=True)
