"""A rehearsal: the reports that an organisation would get, on invented answers, before anybody has answered.

Plan, gate and renderer are those of a real release; every page says that the answers are invented. Nothing is read from
a database and nothing is written to one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice, zip_longest
from pathlib import Path
from random import Random
from typing import TypeVar

import numpy as np

from app.adapters.sealing import HASH_BYTES
from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.forecast import may_belong
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.responses import UNANSWERED
from app.domain.results import ReportResults
from app.domain.simulation import draw_answers, draw_mood, unit_levels
from app.domain.units import Unit, UnitTree
from app.reports.model import ReportSet
from app.services.public_audit import MANIFEST, read_manifest
from app.services.releases import Release, certified_release
from app.services.report_basis import Submitted, compute_basis
from app.services.report_building import Built, build_set, check_place
from app.services.report_workers import local_workers
from app.services.surveys import Setup

RESPONSE_RATE = 70
"""Per cent of the head count who answer."""
N_REPORTS = 12
_N_ALIKE = 100
"""So many people are invented for each tenth of contentment; in a large organisation more than one is like each."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal made, and what it would have made of a whole set."""

    built: Built
    release: Release
    """Only the chosen reports; the gate has passed all of them."""
    left_out: tuple[Unit, ...]
    """The units whose reports were not made, to be quick."""


def rehearse(
    organisation: str,
    tree: UnitTree,
    out: Path,
    *,
    period: tuple[date, date],
    limits: Limits,
    extra_themes: Sequence[str] = (),
    languages: Sequence[str] = (),
    definitions: Mapping[str, Mapping[str, str]] | None = None,
    n_reports_at_most: int = N_REPORTS,
    n_workers: int = 1,
    on_progress: Callable[[], object] = lambda: None,
) -> Rehearsed:
    """Write a rehearsal into `out`, in `languages` or all there are; the same figures for the same organisation.

    DomainError ``theme.unknown``, ``rehearsal.folder`` when `out` holds something else than an earlier rehearsal,
    ``rehearsal.no_report`` when the head counts are too small for any.
    """
    check_folder(out)
    release, left_out = prepare_rehearsal(
        organisation, tree, period, limits, extra_themes, definitions, n_reports_at_most
    )
    languages = languages or release.report_set.instrument.languages
    built = build_set(release, languages, out, local_workers(n_workers), on_progress)
    return Rehearsed(built, release, left_out)


def check_folder(out: Path) -> None:
    """Whether a set may take the place of `out`: what is there is removed."""
    try:
        check_place(out)
    except DomainError as error:
        raise DomainError("rehearsal.folder", folder=out) from error
    if (out / MANIFEST).exists() and not _holds_rehearsal(out):
        raise DomainError("rehearsal.folder", folder=out)


def _holds_rehearsal(folder: Path) -> bool:
    try:
        return read_manifest((folder / MANIFEST).read_bytes()).get("is_rehearsal") is True
    except (OSError, DomainError):
        return False


def prepare_rehearsal(
    organisation: str,
    tree: UnitTree,
    period: tuple[date, date],
    limits: Limits,
    extra_themes: Sequence[str],
    definitions: Mapping[str, Mapping[str, str]] | None,
    n_reports_at_most: int,
) -> tuple[Release, tuple[Unit, ...]]:
    """The release of a rehearsal, and the units that it leaves out."""
    setup = _setup(organisation, tree, period, limits, extra_themes, definitions)
    _, basis = compute_basis(setup, invent_answers(setup))
    report_set = ReportSet(organisation, period, setup.instrument, limits, setup.definitions, is_rehearsal=True)
    release = certified_release(report_set, basis, setup.n_invited)
    if not release.reports:
        raise DomainError("rehearsal.no_report")
    chosen = choose_reports(release.reports, n_reports_at_most)
    made = {report.unit.index for report in chosen}
    left_out = tuple(report.unit for report in release.reports if report.unit.index not in made)
    return replace(release, reports=chosen), left_out


def choose_reports(reports: Sequence[ReportResults], n_at_most: int) -> tuple[ReportResults, ...]:
    """The organisation's, and by turns one with means only and one with distributions, from every level by turns."""
    organisation, *units = reports
    by_design = [
        _in_turn(_by_level([unit for unit in units if unit.has_distributions == has_distributions]))
        for has_distributions in (False, True)
    ]
    chosen = {unit.unit.index for unit in islice(_in_turn(by_design), max(n_at_most, 1) - 1)}
    return organisation, *(unit for unit in units if unit.unit.index in chosen)


def _by_level(units: Sequence[ReportResults]) -> list[list[ReportResults]]:
    levels = sorted({unit.unit.level for unit in units})
    return [[unit for unit in units if unit.unit.level == level] for level in levels]


def _in_turn(groups: Iterable[Iterable[T]]) -> Iterator[T]:
    """The first of each, the second of each, and so on."""
    for turn in zip_longest(*groups):
        yield from (member for member in turn if member is not None)


def invent_answers(setup: Setup) -> Submitted:
    """Everybody's answers: `RESPONSE_RATE` per cent of each head count, else a number common in such places."""
    random = Random(_seed(setup))  # noqa: S311 - no secret: the same organisation gets the same figures
    people = _People(setup, random)
    levels = unit_levels(setup.tree, random)
    placements: list[int] = []
    rows: list[bytes] = []
    for unit in setup.tree.units:
        if may_belong(setup.tree, unit):
            own = people.draw(_n_answers(setup.tree, unit, random), levels[unit.index])
            rows += own
            placements += [unit.index] * len(own)
    answers = np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), people.n_items)
    ids = tuple(number.to_bytes(HASH_BYTES, "big") for number in range(len(rows)))
    return Submitted(ids, np.array(placements, dtype=np.intp), answers)


def _n_answers(tree: UnitTree, unit: Unit, random: Random) -> int:
    if unit.n_people is not None:
        return (unit.n_people * RESPONSE_RATE + 50) // 100
    return random.randint(1, 4) if unit.is_catch_all or tree.children(unit) else random.randint(4, 24)


class _People:
    """Invented people by how content their unit is."""

    def __init__(self, setup: Setup, random: Random) -> None:
        self.themes = setup.themes
        self.random = random
        items = [item.id for theme in setup.instrument.themes for item in theme.items]
        self.place_of = {item_id: place for place, item_id in enumerate(items)}
        self.n_items = len(items)
        self._alike: dict[float, list[bytes]] = {}

    def draw(self, n: int, level: float) -> list[bytes]:
        """The answers of `n` people, one byte per item of the instrument."""
        tenth = round(level, 1)
        if tenth not in self._alike:
            self._alike[tenth] = [self._person(tenth) for _ in range(_N_ALIKE)]
        return self.random.choices(self._alike[tenth], k=n)

    def _person(self, level: float) -> bytes:
        answers = bytearray([UNANSWERED]) * self.n_items
        for item_id, value in draw_answers(self.themes, draw_mood(self.random, level), self.random).items():
            answers[self.place_of[item_id]] = value
        return bytes(answers)


def _seed(setup: Setup) -> int:
    ground = [setup.organisation, setup.tree.to_rows(), setup.extra_themes]
    return int.from_bytes(hashlib.sha256(json.dumps(ground, ensure_ascii=False).encode()).digest())


def _setup(
    organisation: str,
    tree: UnitTree,
    period: tuple[date, date],
    limits: Limits,
    extra_themes: Sequence[str],
    definitions: Mapping[str, Mapping[str, str]] | None,
) -> Setup:
    """A survey that nobody can open: it has no id and no link."""
    instrument = load_instrument(CURRENT_VERSION)
    counts = [unit.n_people for unit in tree.units if may_belong(tree, unit)]
    n_invited = None if None in counts else sum(filter(None, counts))
    words = {**instrument.definitions, **(definitions or {})}
    return Setup(
        "", "", "", organisation, instrument, tuple(extra_themes), tree, words, limits, n_invited, 0, *period
    )  # fmt: skip
