"""Checking a delivered report set from its files alone: no database, no key, nobody's word (disclosure.md 4).

Three questions. Are the files the delivered ones (checksums)? Do PDF, HTML, workbook and audit file show the same
figures in every language? And do the printed numbers of answers keep the guarantee: whatever is subtracted from
whatever, does a group below its limit remain? The third is what can be seen from outside: the people behind a theme's
mean in a unit who are in no mean below it must be none or enough, and likewise for distributions.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from app.adapters.storage import Storage
from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.instrument import Sensitivity
from app.domain.results import (
    FEWEST_NAMED,
    SMALL_N,
    Bound,
    PrevalenceGroup,
    ReportResults,
    Share,
    ThemeResult,
    printed_mean,
    printed_shares,
)
from app.domain.units import UnitPath
from app.reports.content import ReportContent, content_of
from app.reports.model import Report
from app.reports.read_back import (
    Shown,
    expected_figures,
    expected_in_workbook,
    figures_in_html,
    figures_in_pdf,
    figures_in_workbook,
)
from app.services.public_audit import ARCHIVE, AUDIT, MANIFEST, Published, read_manifest, read_published


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, by code; `file` inside the set, or the unit's path for what all its files print."""

    file: str
    code: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Verification:
    n_files: int
    n_reports: int
    n_figures: int
    """Compared figures, each file and language counted."""
    smallest_mean: int | None
    """The smallest group that differences of printed numbers of answers leave, for means; None without any."""
    smallest_dist: int | None
    findings: tuple[Finding, ...]


def verify_set(place: Storage, on_progress: Callable[[], object] = lambda: None) -> Verification:
    """Check the set in `place`; DomainError ``set.none`` when it holds no manifest."""
    files = _Files(place)
    if MANIFEST not in files.names:
        raise DomainError("set.none", folder=place.address)
    try:
        manifest = read_manifest(files.read(MANIFEST))
    except DomainError as error:
        return Verification(0, 0, 0, None, None, (Finding(MANIFEST, error.code, error.values),))
    findings = [*_check_files(files, manifest["sha256"]), *_check_archive(files, manifest["sha256"])]
    try:
        published = read_published(manifest, files.read(AUDIT) if AUDIT in files.names else b"")
    except DomainError as error:
        findings.append(Finding(AUDIT, error.code, error.values))
        return Verification(len(manifest["sha256"]), len(manifest["reports"]), 0, None, None, tuple(findings))
    comparison = _Comparison(files, published, on_progress)
    comparison.run()
    guarantee = _Guarantee(published)
    guarantee.run()
    return Verification(
        len(published.sha256),
        len(published.reports),
        comparison.n_figures,
        min(guarantee.remaining[0], default=None),
        min(guarantee.remaining[1], default=None),
        (*findings, *comparison.findings, *guarantee.findings),
    )


def keeps_guarantee(published: Published) -> bool:
    """Whether the printed numbers alone show no group below its limit; the files are not opened."""
    guarantee = _Guarantee(published)
    guarantee.run()
    return not guarantee.findings


# --------------------------------------------------------------------------------------------------------------- files


class _Files:
    """A set as it lies there, and which files it has."""

    def __init__(self, place: Storage) -> None:
        self.names = frozenset(place.sizes())
        self.read, self.open = place.read, place.open


def _check_files(files: _Files, sha256: Mapping[str, str]) -> Iterator[Finding]:
    for name, expected in sha256.items():
        if name not in files.names:
            yield Finding(name, "file.missing", {})
        elif _digest(files.read(name)) != expected:
            yield Finding(name, "file.changed", {})
    for name in sorted(files.names - sha256.keys() - {MANIFEST, ARCHIVE}):
        yield Finding(name, "file.unknown", {})


def _check_archive(files: _Files, sha256: Mapping[str, str]) -> Iterator[Finding]:
    """The archive may be absent; if it is there it holds the same files."""
    if ARCHIVE not in files.names:
        return
    expected = {**sha256, MANIFEST: _digest(files.read(MANIFEST))}
    try:
        with files.open(ARCHIVE).stream as stream, zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
            different = [
                name for name in expected if names.count(name) != 1 or expected[name] != _digest_in(archive, name)
            ]
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        yield Finding(ARCHIVE, "file.unreadable", {"problem": f"{error} ({type(error).__name__})"})
        return
    for name in different:
        yield Finding(ARCHIVE, "archive.differs", {"name": name})
    for name in sorted(set(names) - expected.keys()):
        yield Finding(ARCHIVE, "archive.unknown", {"name": name})


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest_in(archive: zipfile.ZipFile, name: str) -> str:
    return _digest(archive.read(name))


# ------------------------------------------------------------------------------------------------------------- figures


class _Comparison:
    """Every file of the set against the audit file; so they all agree with each other."""

    def __init__(self, files: _Files, published: Published, on_progress: Callable[[], object]) -> None:
        self.files = files
        self.published = published
        self.on_progress = on_progress
        self.findings: list[Finding] = []
        self.n_figures = 0
        self._belonging = {AUDIT, *published.guides}

    def run(self) -> None:
        for language in self.published.languages:
            contents = [self._content(report, language) for report in self.published.reports]
            for content, files in zip(contents, self.published.files, strict=True):
                expected = expected_figures(content)
                self._compare(f"{files[language]}.pdf", expected, partial(figures_in_pdf, content=content))
                self._compare(f"{files[language]}.html", expected, partial(figures_in_html, content=content))
                self.on_progress()
            self._compare_workbook(f"{self.published.files[0][language]}.xlsx", contents)
        for name in self.published.sha256.keys() - self._belonging:
            self.findings.append(Finding(name, "file.of_no_report", {}))

    def _content(self, report: ReportResults, language: str) -> ReportContent:
        reports = self.published.reports
        units = reports if report.unit.parent is None else ()
        return content_of(Report(self.published.report_set, report, reports[0], units), language)

    def _compare(self, name: str, expected: Shown, read: Callable[[bytes], Shown]) -> None:
        self._belonging.add(name)
        if name not in self.published.sha256:
            self.findings.append(Finding(name, "file.not_in_manifest", {}))
        if name in self.files.names:
            try:
                shown = read(self.files.read(name))
            except Exception as error:  # a file that was tampered with may break its reader anywhere
                self._cannot_read(name, error)
            else:
                self._differences(name, shown, expected, None)

    def _compare_workbook(self, name: str, contents: Sequence[ReportContent]) -> None:
        self._belonging.add(name)
        if name not in self.files.names:
            return
        try:
            found = figures_in_workbook(self.files.read(name), contents)
        except Exception as error:  # as above
            self._cannot_read(name, error)
            return
        for shown, content in zip(found, contents, strict=True):
            self._differences(name, shown, expected_in_workbook(content), content.unit)

    def _cannot_read(self, name: str, error: Exception) -> None:
        self.findings.append(Finding(name, "file.unreadable", {"problem": f"{error} ({type(error).__name__})"}))

    def _differences(self, name: str, shown: Shown, expected: Shown, unit: str | None) -> None:
        self.n_figures += sum(len(texts) for texts in expected.values())
        for place, kind in sorted(shown.keys() | expected.keys()):
            own, other = shown.get((place, kind), ()), expected.get((place, kind), ())
            if own != other:
                number = next(
                    (i for i, (a, b) in enumerate(zip(own, other, strict=False)) if a != b), min(len(own), len(other))
                )
                values = {
                    "theme": place,
                    "kind": kind,
                    "unit": unit,
                    "number": number + 1,
                    "shown": own[number] if number < len(own) else None,
                    "expected": other[number] if number < len(other) else None,
                }
                self.findings.append(Finding(name, "figure.differs", values))


# ----------------------------------------------------------------------------------------------------------- guarantee


class _Guarantee:
    """What the printed numbers of answers and figures tell by themselves."""

    def __init__(self, published: Published) -> None:
        self.published = published
        self.limits: Limits = published.report_set.limits
        self.findings: list[Finding] = []
        self.remaining: tuple[list[int], list[int]] = ([], [])
        """What differences leave, for means and for distributions."""

    def run(self) -> None:
        reports = self.published.reports
        for report in reports:
            self._check_report(report)
        self._check_remaining("", 0, {report.unit.path: report.n_included for report in reports}, self.limits.k_means)
        for theme in self.published.report_set.instrument.themes:
            results = {report.unit.path: found for report in reports if (found := report.result(theme.id))}
            for tier, limit in enumerate(self.limits.of(theme.sensitivity)):
                numbers = {path: (found.n_mean, found.n_distribution)[tier] for path, found in results.items()}
                self._check_remaining(theme.id, tier, {path: n for path, n in numbers.items() if n is not None}, limit)

    def _add(self, path: UnitPath, code: str, **values: object) -> None:
        self.findings.append(Finding(" / ".join(path) or self.published.report_set.organisation, code, values))

    def _check_remaining(self, theme: str, tier: int, numbers: Mapping[UnitPath, int], limit: int) -> None:
        """n of a unit less the n of the topmost printing units below it: nobody, or enough."""
        kind = ("mean", "distribution")[tier]
        for path, n in remaining_people(numbers).items():
            if n and n < limit:
                self._add(path, "guarantee.difference", theme=theme, kind=kind, n=n, limit=limit)
            if n and theme:
                self.remaining[tier].append(n)

    def _check_report(self, report: ReportResults) -> None:
        path = report.unit.path
        if not self.limits.k_means <= report.n_included <= report.n_answers:
            self._add(path, "guarantee.report", n=report.n_included, all=report.n_answers, limit=self.limits.k_means)
        if report.unit.is_catch_all:
            self._add(path, "guarantee.catch_all")
        for result in report.themes:
            for code, values in (*_theme_problems(result, report, self.limits), *_trend_problems(result)):
                self._add(path, code, theme=result.theme.id, **values)


def remaining_people(numbers: Mapping[UnitPath, int]) -> dict[UnitPath, int]:
    """Per unit its number less the numbers of the topmost units below it that have one."""
    remaining = dict(numbers)
    for path, n in numbers.items():
        above = next((path[:end] for end in range(len(path) - 1, -1, -1) if path[:end] in numbers), None)
        if above is not None:
            remaining[above] -= n
    return remaining


Problem = tuple[str, dict[str, object]]


def _theme_problems(result: ThemeResult, report: ReportResults, limits: Limits) -> Iterator[Problem]:
    """Figures below their limit, most sensitive themes where they may not be, figures that the display rules forbid."""
    n_mean, n_dist, theme = result.n_mean, result.n_distribution, result.theme
    for kind, n, limit in zip(("mean", "distribution"), (n_mean, n_dist), limits.of(theme.sensitivity), strict=True):
        if n is not None and not limit <= n <= report.n_answers:
            yield "guarantee.limit", {"kind": kind, "n": n, "limit": limit, "all": report.n_answers}
    if n_mean is not None and n_dist is not None and n_mean != n_dist and n_mean - n_dist < limits.k_means:
        yield "guarantee.tiers", {"n": n_mean - n_dist, "limit": limits.k_means}
    is_most_sensitive = theme.sensitivity is Sensitivity.MOST_SENSITIVE
    if is_most_sensitive and result.is_published and (report.unit.parent is not None or n_mean or result.items):
        yield "guarantee.most_sensitive", {}
    if not theme.scale.has_mean and n_mean is not None:
        yield "guarantee.no_mean", {}
    if result.mean is not None and n_mean and not can_print_mean(result):
        yield "display.mean", {"shown": result.mean, "n": n_mean}
    for item, shares in zip(theme.items, result.items, strict=False):
        if n_dist and not can_print_shares(shares, n_dist):
            yield "display.shares", {"item": item.id, "n": n_dist}
    if result.prevalence and n_dist and not can_print_prevalence(result.prevalence, n_dist):
        yield "display.prevalence", {"n": n_dist}


def _trend_problems(result: ThemeResult) -> Iterator[Problem]:
    """An earlier mean without one of this survey, over too few people, or one that the display rules forbid."""
    earlier = result.earlier
    if earlier is None:
        return
    if result.mean is None:
        yield "trend.alone", {}
    if earlier.n < Limits.LOWEST[0]:
        yield "trend.limit", {"n": earlier.n, "limit": Limits.LOWEST[0]}
    elif not can_print_mean(replace(result, mean=earlier.mean, n_mean=earlier.n)):
        yield "display.mean", {"shown": earlier.mean, "n": earlier.n}


def can_print_mean(result: ThemeResult) -> bool:
    """Whether some answers of that many people would be printed as this mean."""
    if result.mean is None or not result.n_mean:
        return False
    n, n_items = result.n_mean, len(result.theme.items)
    lowest, highest = n * n_items, n * n_items * len(result.theme.scale.categories)
    middle = int(result.mean * lowest)
    reach = lowest // 20 + 1  # half of the last printed digit
    totals = (lowest, highest, *range(max(lowest, middle - reach), min(highest, middle + reach) + 1))
    return any(printed_mean(total, n, n_items) == result.mean for total in totals)


def can_print_shares(shares: Sequence[Share], n: int) -> bool:
    """Whether some answers of `n` people would be printed as these shares; near-unanimity only as a bound."""
    if any(share.bound is not Bound.EXACT for share in shares):
        alike = ([n if number == i else 0 for number in range(len(shares))] for i in range(len(shares)))
        return n < SMALL_N and any(printed_shares(counts) == tuple(shares) for counts in alike)
    ranges = [_counts_of(share.percent, n) for share in shares]
    if not _can_sum(ranges, n):
        return False
    return n >= SMALL_N or max(lowest for lowest, _ in ranges) < n - 1


def can_print_prevalence(groups: Sequence[PrevalenceGroup], n: int) -> bool:
    """Whether no group must be one to four people, and the groups can be `n` in all."""
    if any(group.share.bound is not Bound.EXACT for group in groups):
        return len(groups) == 1 and groups[0].share.bound is Bound.FEWER_THAN_FIVE
    ranges = [_counts_of(group.share.percent, n) for group in groups]
    return _can_sum(ranges, n) and not any(lowest > 0 and highest < FEWEST_NAMED for lowest, highest in ranges)


def _counts_of(share: int, n: int) -> tuple[int, int]:
    """The fewest and the most of `n` that are printed as `share` per cent."""
    fewest, beyond = (-(-(2 * n * value - n) // 200) for value in (share, share + 1))
    return max(fewest, 0), min(beyond - 1, n)


def _can_sum(ranges: Sequence[tuple[int, int]], n: int) -> bool:
    if any(lowest > highest for lowest, highest in ranges):
        return False
    return sum(lowest for lowest, _ in ranges) <= n <= sum(highest for _, highest in ranges)
