"""The public audit file: every printed figure of a report set once more, for machines, and nothing that is not printed.

From this file and the manifest all reports could be made again; so no report holds more than the file does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.instrument import Theme, load_instrument
from app.domain.results import Bound, EarlierMean, PrevalenceGroup, ReportResults, Share, ThemeResult
from app.domain.units import UnitPath, UnitTree
from app.reports.model import ReportSet

MANIFEST, AUDIT, ARCHIVE = "manifest.json", "audit.json", "reports.zip"
"""What a set's folder holds beside the reports."""
Json = dict[str, Any]

_SIGNS = {Bound.AT_LEAST: ">=", Bound.AT_MOST: "<="}
_FEWER_THAN_FIVE = "<5"
_SPREADS = {"items", "prevalence"}


def audit_of(limits: Limits, reports: Sequence[ReportResults]) -> Json:
    """The file's content. Shares are whole per cent; near-unanimity is ">=90" or "<=10", one to four people "<5"."""
    return {"limits": asdict(limits), "reports": [_report(report) for report in reports]}


def _report(report: ReportResults) -> Json:
    return {
        "unit": list(report.unit.path),
        "n_included": report.n_included,
        "n_answers": report.n_answers,
        "response_rate": report.response_rate,
        "themes": {result.theme.id: _theme(result) for result in report.themes},
    }


def _theme(result: ThemeResult) -> Json:
    """Empty for a theme that is withheld."""
    found: Json = {}
    if result.mean is not None:
        found |= {"n_mean": result.n_mean, "mean": str(result.mean)}
    if result.earlier is not None:
        found["earlier"] = {"n_mean": result.earlier.n, "mean": str(result.earlier.mean)}
    if result.n_distribution is not None:
        found["n_distribution"] = result.n_distribution
    if result.items:
        found["items"] = [[_share(share) for share in shares] for shares in result.items]
    if result.prevalence:
        found["prevalence"] = [[group.first, group.last, _share(group.share)] for group in result.prevalence]
    return found


def _share(share: Share) -> int | str:
    if share.bound is Bound.EXACT:
        return share.percent
    return _FEWER_THAN_FIVE if share.bound is Bound.FEWER_THAN_FIVE else f"{_SIGNS[share.bound]}{share.percent}"


@dataclass(frozen=True, slots=True)
class Published:
    """A delivered set as its manifest and audit file tell it. Nobody can say which pools stand behind a figure."""

    report_set: ReportSet
    reports: tuple[ReportResults, ...]
    files: tuple[dict[str, str], ...]
    """Per report and language the name of its files, without the ending."""
    sha256: dict[str, str]
    guides: frozenset[str] = frozenset()
    """The files of the guide for whoever presents a report, which hold no figure."""

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.files[0]) if self.files else ()


def read_manifest(data: bytes) -> Json:
    """DomainError ``set.unreadable`` for anything that is no manifest of ours or names a file outside the folder."""
    try:
        manifest: Json = json.loads(data)
        names = [*manifest["sha256"], *(name for report in manifest["reports"] for name in report["files"].values())]
        if any(PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts for name in names):
            raise ValueError("a file outside the folder")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DomainError("set.unreadable", problem=_problem(error)) from error
    return manifest


def read_published(manifest: Json, audit: bytes) -> Published:
    """DomainError ``set.unreadable`` when the file is not as `audit_of` makes it, or the manifest says otherwise."""
    try:
        content = json.loads(audit)
        instrument = load_instrument(manifest["instrument"])
        first_on, last_on = (date.fromisoformat(day) for day in manifest["period"])
        if manifest["limits"] != content["limits"]:
            raise ValueError("the limits are not those of the manifest")
        limits = Limits(**content["limits"])
        is_rehearsal = manifest.get("is_rehearsal") is True
        report_set = ReportSet(
            manifest["organisation"],
            (first_on, last_on),
            instrument,
            limits,
            {},
            _earlier_period(manifest),
            is_rehearsal,
        )
        themes = {theme.id: theme for theme in instrument.themes}
        reports = _reports(content["reports"], themes)
        if [_head(report) for report in manifest["reports"]] != [_head(report) for report in content["reports"]]:
            raise ValueError("the units and their numbers of answers are not those of the manifest")
        files = tuple(dict(report["files"]) for report in manifest["reports"])
        checksums = dict(manifest["sha256"])
        guides = frozenset(f"{name}.{kind}" for name in manifest.get("guides", {}).values() for kind in ("pdf", "html"))
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, DomainError) as error:
        raise DomainError("set.unreadable", problem=_problem(error)) from error
    return Published(report_set, reports, files, checksums, guides)


def _earlier_period(manifest: Json) -> tuple[date, date] | None:
    """A manifest of a set that compares with nothing need not say so."""
    if manifest.get("earlier_period") is None:
        return None
    first_on, last_on = (date.fromisoformat(day) for day in manifest["earlier_period"])
    return first_on, last_on


def _problem(error: Exception) -> str:
    return f"{error.args[0] if error.args else ''!s} ({type(error).__name__})"


def _head(report: Json) -> tuple[object, ...]:
    return report["unit"], report["n_included"], report["n_answers"]


def _reports(contents: Sequence[Json], themes: dict[str, Theme]) -> tuple[ReportResults, ...]:
    paths: list[UnitPath] = [tuple(content["unit"]) for content in contents]
    if len(set(paths)) != len(paths) or (paths and paths[0] != ()):
        raise ValueError("a unit is there twice, or the organisation is not the first")
    tree = UnitTree.from_rows([(path, None) for path in paths if path])
    return tuple(
        ReportResults(
            tree.get(path),
            content["n_answers"],
            content["n_included"],
            _n_invited(content["n_answers"], content["response_rate"]),
            _results(content["themes"], themes),
        )
        for path, content in zip(paths, contents, strict=True)
    )


def _results(found: Json, themes: dict[str, Theme]) -> tuple[ThemeResult, ...]:
    """In the order of the instrument, whatever the order of the file."""
    if unknown := found.keys() - themes.keys():
        raise ValueError(f"unknown themes: {', '.join(sorted(unknown))}")
    return tuple(_result(theme, found[theme_id]) for theme_id, theme in themes.items() if theme_id in found)


def _n_invited(n_answers: int, rate: int | None) -> int | None:
    """The smallest number of invited that gives this response rate; the true one is printed nowhere."""
    return None if rate is None else max(n_answers, 200 * n_answers // (2 * rate + 1) + 1)


def _result(theme: Theme, found: Json) -> ThemeResult:
    if ("n_mean" in found) != ("mean" in found) or ("n_distribution" in found) != bool(found.keys() & _SPREADS):
        raise ValueError(f"{theme.id} has a figure without a number of answers, or a number without a figure")
    if not all(isinstance(found.get(name, 1), int) for name in ("n_mean", "n_distribution")):
        raise ValueError(f"{theme.id} has a number of answers that is none")
    items = tuple(tuple(_share_of(share) for share in shares) for shares in found.get("items", ()))
    if items and [len(shares) for shares in items] != [len(theme.scale.categories)] * len(theme.items):
        raise ValueError(f"{theme.id} has not one share per category and item")
    return ThemeResult(
        theme,
        found.get("n_mean"),
        Decimal(found["mean"]) if "mean" in found else None,
        found.get("n_distribution"),
        items,
        tuple(PrevalenceGroup(first, last, _share_of(share)) for first, last, share in found.get("prevalence", ())),
        (),
        (),
        _earlier(found["earlier"]) if "earlier" in found else None,
    )


def _earlier(found: Json) -> EarlierMean:
    if not isinstance(found["n_mean"], int):
        raise ValueError("an earlier number of answers that is none")
    return EarlierMean(Decimal(found["mean"]), found["n_mean"])


def _share_of(share: int | str) -> Share:
    if isinstance(share, int):
        return Share(share)
    if share == _FEWER_THAN_FIVE:
        return Share(0, Bound.FEWER_THAN_FIVE)
    bound = next(bound for bound, sign in _SIGNS.items() if share.startswith(sign))
    return Share(int(share[2:]), bound)
