"""Faults under load, again and again; then everything acknowledged is looked for. Run: make faults."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.faults.checker import Findings, check, check_closed
from tests.faults.faults import FAULTS, Fault
from tests.faults.world import end, in_own_namespace, world

N_BEFORE = 20
"""Saves that have to be acknowledged before each round: the load is there again."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was done and found."""

    n_people: int
    n_acknowledged: int
    n_unanswered: int
    n_errors: int
    n_too_late: int
    findings: Findings


def hurt(folder: Path, fault: Fault, database: str, n_rounds: int, at_once: int, random: Random) -> Result:
    """Load, fault, and again; after the last round nobody tries again, so some requests stay without an answer."""
    with world(
        folder,
        random,
        at_once=at_once,
        on_postgres=database == "postgresql",
        on_own_disk=fault.needs_own_disk,
        n_servers=fault.n_servers,
    ) as hurt:
        crowd = hurt.crowd
        for _ in range(n_rounds):
            crowd.wait_for(crowd.n_acknowledged + N_BEFORE)
            time.sleep(random.uniform(0.3, 1.5))
            fault.hurt(hurt)
        if not fault.is_the_end:
            crowd.wait_for(crowd.n_acknowledged + N_BEFORE)
        end(hurt)
        find = check_closed if fault.is_the_end else check
        findings = find(hurt.survey.app, hurt.survey.setup, crowd.ledgers)
    counts = crowd.n_acknowledged, crowd.n_unanswered, crowd.n_errors, crowd.n_too_late
    return Result(len(crowd.ledgers), *counts, findings)


_HEAD = (
    "fault               database    rounds  people  acknowledged  no answer    5xx  too late  compared"
    "  lost  duplicated  corrupted"
)


def row(fault: Fault, database: str, n_rounds: int, result: Result) -> str:
    found = result.findings
    return (
        f"{fault.name:20}{database:12}{n_rounds:6}{result.n_people:8}{result.n_acknowledged:14}{result.n_unanswered:11}"
        f"{result.n_errors:7}{result.n_too_late:10}{found.n_compared:10}{len(found.lost):6}{len(found.duplicated):12}"
        f"{len(found.corrupted):11}"
    )


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("faults", nargs="*", choices=[*FAULTS, []], metavar="FAULT", help=", ".join(FAULTS))
    parser.add_argument("--rounds", type=int, help="Default: as many as the fault is worth.")
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="Default: each that the fault can hit.")
    arguments = parser.parse_args()
    chosen = [FAULTS[name] for name in arguments.faults or FAULTS]
    if any(fault.needs_own_disk for fault in chosen):
        in_own_namespace("tests.faults.run", sys.argv[1:])
    print(_HEAD, flush=True)
    is_clean = True
    for fault in chosen:
        for database in fault.databases if arguments.database is None else (arguments.database,):
            n_rounds = fault.n_rounds if fault.is_the_end else arguments.rounds or fault.n_rounds
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                random = Random(arguments.seed)
                result = hurt(Path(folder) / "world", fault, database, n_rounds, arguments.at_once, random)
            print(row(fault, database, n_rounds, result), flush=True)
            for line in (*result.findings.lost, *result.findings.duplicated, *result.findings.corrupted):
                print(f"  {line}")
            is_clean &= result.findings.is_clean
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
