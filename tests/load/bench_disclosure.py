"""CPU seconds for plan, figures and gate of a large organisation. Run: make bench-disclosure."""

from __future__ import annotations

import argparse
import os
import time
from datetime import date
from random import Random

import numpy as np

from app.domain.disclosure import Limits
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.results import FigureTable
from app.domain.units import UnitPath, UnitTree
from app.services.release_gate import check_release
from app.services.report_basis import Submitted, compute_basis
from app.services.surveys import Setup

ADD_ON = "leadership"
"""With it and the extended themes the form has 75 items."""


def tree_of_size(n_units: int) -> UnitTree:
    """Six children a unit on the way down, some of them catch-alls."""
    paths: list[UnitPath] = [()]
    for number in range(n_units):
        parent = paths[number // 6]
        paths.append((*parent, "ingen" if number % 6 == 5 else f"Enhet {number}"))
    return UnitTree.from_rows([(path, None) for path in paths[1:]])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--units", type=int, default=1_800)
    parser.add_argument("--responses", type=int, default=20_000)
    arguments = parser.parse_args()
    instrument = load_instrument(CURRENT_VERSION)
    extra = tuple(theme.id for theme in instrument.themes if theme.group.value == "extended" or theme.id == ADD_ON)
    tree = tree_of_size(arguments.units)
    setup = Setup(
        "0", "0", "0", "Bench", instrument, extra, tree, {}, Limits(), None, 1, date(2026, 1, 1), date(2026, 1, 2)
    )
    generator = np.random.default_rng(1)
    sizes = np.array([len(theme.scale.categories) for theme in instrument.themes for _ in theme.items])
    answers = (generator.integers(0, sizes, (arguments.responses, len(sizes))) + 1).astype(np.uint8)
    answers[generator.random(answers.shape) < 0.02] = 0
    leaves = np.array([unit.index for unit in tree.units if not tree.children(unit)])
    weights = np.array([Random(int(leaf)).paretovariate(1.5) for leaf in leaves])
    placements = generator.choice(leaves, arguments.responses, p=weights / weights.sum())
    submitted = Submitted(tuple(bytes(32) for _ in range(arguments.responses)), placements, answers)

    start = time.process_time()
    _, basis = compute_basis(setup, submitted)
    planned = time.process_time()
    reports = tuple(FigureTable(basis.frozen, instrument).reports())
    shown = time.process_time()
    certificate = check_release(reports, basis, setup.limits)
    end = time.process_time()
    n_items = sum(len(theme.items) for theme in setup.themes)
    print(f"{arguments.responses} responses, {len(tree.units)} units, {n_items} items, {len(setup.themes)} themes")
    print(f"{len(reports)} reports, {certificate.n_figures} figures, valid: {certificate.is_valid}")
    print(f"plan and sums {planned - start:.2f} s, figures {shown - planned:.2f} s, gate {end - shown:.2f} s CPU")
    threads = os.environ.get("OMP_NUM_THREADS", "any number of")
    print(f"in all {end - start:.2f} s CPU, {threads} thread(s); load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
