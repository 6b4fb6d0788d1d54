"""Building the report set of a release: render in parallel, publish as a whole (spec 7)."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from app.domain.errors import DomainError
from app.domain.results import ReportResults
from app.reports.names import file_stem
from app.reports.presenter import presenter_file, render_presenter_html, render_presenter_pdf
from app.services.protocol import protocol_of
from app.services.public_audit import ARCHIVE, AUDIT, MANIFEST, audit_of, read_manifest
from app.services.releases import Release
from app.services.report_workers import Job, Workers, local_workers, program_version

UNFINISHED = ".unfinished"
"""Inside the folder of the set, so that whoever removes the set removes this too."""
_FINGERPRINT, _LOCK = ".fingerprint", ".lock"
_ENDS = {".pdf": b"%%EOF\n", ".html": b"</html>"}
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Built:
    """What a build left behind."""

    files: tuple[str, ...]
    failures: tuple[tuple[str, str], ...]
    """File name and error of each report or workbook that could not be made; nothing is published when there is one."""


def find_finished(release: Release, languages: Sequence[str], out: Path) -> frozenset[str]:
    """The reports that an interrupted build of just this release has left behind, by the name of their files."""
    staging = out / UNFINISHED
    try:
        if (staging / _FINGERPRINT).read_text() != _fingerprint(release, languages):
            return frozenset()
    except FileNotFoundError:
        return frozenset()
    names = (report_file(release, report, language) for language in languages for report in release.reports)
    return frozenset(name for name in names if all(_is_whole(staging / f"{name}{ending}") for ending in _ENDS))


def build_set(
    release: Release,
    languages: Sequence[str],
    out: Path,
    workers: Workers,
    on_progress: Callable[[], object],
    finished: Collection[str] = (),
    put_in_place: Callable[[Path, Sequence[str]], object] | None = None,
    *,
    reads_back: bool = False,
) -> Built:
    """Write the whole set inside `out` and put it in its place only when every report was made.

    What was made stays there after a failure or an interruption; give `finished`, from `find_finished`, to go on with
    it. `on_progress` is called for each report and workbook that is made now. `put_in_place` gets the folder of the
    finished set, which is gone afterwards, and the names of its files; without it the set takes the place of `out`.
    `reads_back`: compare the figures that each finished file shows with those that it was made from; takes longer than
    making them. DomainError ``reports.folder`` when the set would take the place of something else.
    """
    if put_in_place is None:
        check_place(out)
    staging = out / UNFINISHED
    staging.mkdir(parents=True, mode=0o700, exist_ok=True)
    with _only_build(staging):
        _clear(staging, finished)
        (staging / _FINGERPRINT).write_text(_fingerprint(release, languages))
        jobs = [replace(job, reads_back=reads_back) for job in _jobs(release, languages) if job.name not in finished]
        failures = _make_all(release, jobs, staging, workers, on_progress)
        if failures:
            return Built((), tuple(failures))
        _finish(release, languages, staging)
        names = tuple(sorted(_files_below(staging)))
        if put_in_place is None:
            _replace(staging, out)
        else:
            put_in_place(staging, names)
            shutil.rmtree(out)
    return Built(names, ())


def check_place(out: Path) -> None:
    """DomainError ``reports.folder`` when `out` holds anything but a report set of ours: all of it is replaced."""
    if not out.exists():
        return
    if not out.is_dir() or not _all_files(out) <= _set_in(out):
        raise DomainError("reports.folder", folder=out)


def build_one(release: Release, report: ReportResults, languages: Sequence[str], out: Path) -> Built:
    """Write one unit's report into `out` and leave everything else there as it is."""
    place = release.reports.index(report)
    jobs = [Job(report_file(release, report, language), language, place) for language in languages]
    failures = _make_all(release, jobs, out, local_workers(1), lambda: None)
    return Built(tuple(sorted(_files_below(out))), tuple(failures))


def write_for_staff(release: Release, folder: Path) -> None:
    """The disclosure protocol and the certificate, which tell of fewer people than the limits: never beside a set."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder / "protocol.json", _json(protocol_of(release.basis, release.reports, release.report_set.limits)))
    _write(folder / "certificate.json", _json(asdict(release.certificate)))


def count_jobs(release: Release, languages: Sequence[str]) -> int:
    """How many reports and workbooks a whole set has."""
    return len(_jobs(release, languages))


def report_file(release: Release, report: ReportResults, language: str) -> str:
    """The name of a report inside the set, without its ending."""
    stem = file_stem(report.unit, release.basis.frozen.tree, release.report_set.organisation, language)
    return f"{language}/{stem}"


# ------------------------------------------------------------------------------------------------------------- reports


def _jobs(release: Release, languages: Sequence[str]) -> list[Job]:
    """The slowest first: the workbooks, then the organisation's reports."""
    if not release.reports:
        return []
    books = [
        Job(f"{report_file(release, release.reports[0], language)}.xlsx", language, None) for language in languages
    ]
    reports = [
        Job(report_file(release, report, language), language, place)
        for place, report in enumerate(release.reports)
        for language in languages
    ]
    return books + reports


def _make_all(
    release: Release, jobs: Sequence[Job], folder: Path, workers: Workers, on_progress: Callable[[], object]
) -> list[tuple[str, str]]:
    """What went wrong, by name."""
    for language in {job.language for job in jobs}:
        (folder / language).mkdir(parents=True, exist_ok=True)
    failures = []
    for made in workers((release.report_set, release.reports), jobs) if jobs else ():
        for name, content in made.files.items():
            _write(folder / name, content)
        if made.error:
            failures.append((made.name, made.error))
        on_progress()
    return sorted(failures)


def _all_files(out: Path) -> set[str]:
    """Everything below `out` that is no folder, but for what a build has not finished."""
    names = (path.relative_to(out) for path in out.rglob("*") if path.is_symlink() or not path.is_dir())
    return {name.as_posix() for name in names if name.parts[0] != UNFINISHED}


def _set_in(out: Path) -> set[str]:
    """The files of the set that lies in `out`; empty when there is none."""
    try:
        return {*read_manifest((out / MANIFEST).read_bytes())["sha256"], MANIFEST, ARCHIVE}
    except (OSError, DomainError):
        return set()


# ------------------------------------------------------------------------------------------------- an interrupted build


def _fingerprint(release: Release, languages: Sequence[str]) -> str:
    """Of everything that decides what stands in the files: the figures, the texts, and the program itself."""
    kept = release.report_set
    found = hashlib.sha256(repr((kept.organisation, kept.period, kept.definitions, kept.is_rehearsal)).encode())
    found.update(repr(kept.earlier_period).encode())
    found.update(repr((kept.instrument, tuple(languages))).encode())
    found.update(_json(audit_of(kept.limits, release.reports)))
    found.update(program_version().encode())
    return found.hexdigest()


def _is_whole(path: Path) -> bool:
    """There, and with its end: files are put in place when they are complete, but power may fail."""
    end = _ENDS[path.suffix]
    try:
        with path.open("rb") as file:
            file.seek(-len(end), os.SEEK_END)
            return file.read() == end
    except OSError:
        return False


@contextmanager
def _only_build(staging: Path) -> Iterator[None]:
    """DomainError ``reports.in_progress`` while another process builds the same set."""
    with (staging / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DomainError("reports.in_progress", folder=staging) from None
        yield


def _clear(staging: Path, finished: Collection[str]) -> None:
    """Remove every file that is not of a finished report."""
    for path in list(staging.rglob("*")):
        name = path.relative_to(staging).with_suffix("").as_posix()
        if path.is_file() and path.name != _LOCK and name not in finished:
            path.unlink()


# ------------------------------------------------------------------------------------------------------ the whole set


def _finish(release: Release, languages: Sequence[str], folder: Path) -> None:
    """The guide for whoever presents a report, the public audit file, manifest and archive."""
    guides = {language: presenter_file(language) for language in languages} if release.reports else {}
    for language, name in guides.items():
        _write(folder / f"{name}.pdf", render_presenter_pdf(release.report_set, language))
        _write(folder / f"{name}.html", render_presenter_html(release.report_set, language))
    _write(folder / AUDIT, _json(audit_of(release.report_set.limits, release.reports)))
    names = sorted(_files_below(folder))
    _write(folder / MANIFEST, _json(_manifest(release, languages, folder, names, guides)))
    _write_archive(folder, [*names, MANIFEST])


def _manifest(
    release: Release, languages: Sequence[str], folder: Path, names: Sequence[str], guides: dict[str, str]
) -> dict[str, object]:
    earlier = release.report_set.earlier_period
    return {
        "organisation": release.report_set.organisation,
        "is_rehearsal": release.report_set.is_rehearsal,
        "period": [day.isoformat() for day in release.report_set.period],
        "earlier_period": earlier and [day.isoformat() for day in earlier],
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
        "guides": guides,
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
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return (path.relative_to(folder).as_posix() for path in files)


def _write(path: Path, content: bytes) -> None:
    """Never a half-written file under its own name."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


def _replace(staging: Path, out: Path) -> None:
    """Put the finished set in the place of an earlier one."""
    (staging / _FINGERPRINT).unlink()
    (staging / _LOCK).unlink()
    ready, former = (out.with_name(f".{out.name}.{state}") for state in ("ready", "former"))
    for folder in (ready, former):
        shutil.rmtree(folder, ignore_errors=True)
    staging.rename(ready)
    out.rename(former)
    ready.rename(out)
    shutil.rmtree(former)
