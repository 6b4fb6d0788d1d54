"""Report sets made without a database: answers in, a folder of finished files out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from random import Random

import numpy as np

from app.domain.disclosure import Limits
from app.domain.instrument import CURRENT_VERSION, Instrument, Theme, load_instrument
from app.domain.results import FigureTable
from app.domain.scoring import Answers
from app.domain.units import UnitPath, UnitTree
from app.domain.withholding import Withholding, withhold
from app.reports.model import ReportSet
from app.services.release_gate import check_release
from app.services.releases import Release
from app.services.report_basis import Submitted, compute_basis
from app.services.report_building import build_set
from app.services.report_workers import local_workers
from app.services.surveys import Setup

PERIOD = (date(2026, 3, 2), date(2026, 3, 20))
ORGANISATION = "Direktoratet for prøver"
FEW = ("workload", "conflicts", "social_climate", "bullying", "sexual_attention", "unequal_treatment")
"""One theme of each kind: several items, one item, both five-point scales, and every degree of sensitivity."""


def instrument_of(theme_ids: Sequence[str] = FEW) -> Instrument:
    whole = load_instrument(CURRENT_VERSION)
    themes = tuple(theme for theme in whole.themes if theme.id in theme_ids)
    return Instrument(whole.version, whole.languages, themes, whole.no_answer, whole.definitions, whole.help)


def setup_of(
    tree: UnitTree, instrument: Instrument, limits: Limits | None = None, n_invited: int | None = None
) -> Setup:
    limits = limits or Limits()
    definitions = dict(instrument.definitions)
    return Setup(
        "s", "c", "310000000", ORGANISATION, instrument, (), tree, definitions, limits, n_invited, 1, *PERIOD
    )  # fmt: skip


def random_submitted(
    tree: UnitTree, sizes: Mapping[UnitPath, int], themes: Sequence[Theme], seed: int, share_skipped: float = 0.02
) -> Submitted:
    """People in every unit who lean their unit's way; some skip items."""
    random = Random(seed)
    placements, rows = [], []
    for path, n in sizes.items():
        leans = [random.uniform(0.5, 1.8) for _ in themes]
        for _ in range(n):
            placements.append(tree.get(path).index)
            rows.append([_answer(theme, lean, random, share_skipped) for theme, lean in zip(themes, leans, strict=True)
                         for _ in theme.items])  # fmt: skip
    answers: Answers = np.array(rows, dtype=np.uint8).reshape(len(rows), -1)
    ids = tuple(number.to_bytes(32, "big") for number in range(len(rows)))
    return Submitted(ids, np.array(placements, dtype=np.intp), answers)


def _answer(theme: Theme, lean: float, random: Random, share_skipped: float) -> int:
    if random.random() < share_skipped:
        return 0
    n = len(theme.scale.categories)
    weights = [90, 5, 4, 3, 2][:n] if not theme.scale.has_mean else [lean**category for category in range(n)]
    return random.choices(range(1, n + 1), weights)[0]


def release_of(setup: Setup, submitted: Submitted, decisions: Sequence[Withholding] = ()) -> Release:
    _, basis = compute_basis(setup, submitted)
    reports = withhold(FigureTable(basis.frozen, setup.instrument).reports(setup.n_invited), decisions)
    report_set = ReportSet(setup.organisation, PERIOD, setup.instrument, setup.limits, setup.definitions)
    return Release(report_set, basis, reports, check_release(reports, basis, setup.limits))


def write_set(release: Release, out: Path, languages: Sequence[str] = ("nb", "en")) -> Path:
    built = build_set(release, languages, out, local_workers(1), lambda: None)
    assert not built.failures, built.failures
    return out
