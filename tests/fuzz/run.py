"""Coverage-guided fuzzing of the workbook reader and of the unit-list parser with atheris: `make fuzz`.

``run.py workbook|cells CORPUS`` and options of libFuzzer, such as ``-max_total_time=600``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["app.adapters", "app.domain", "openpyxl"]):
    from tests.fuzz.lists import check_grid, check_workbook, mutate, seeds


def fuzz_workbook(data: bytes) -> None:
    check_workbook(data)


def fuzz_cells(data: bytes) -> None:
    check_grid.hypothesis.fuzz_one_input(data)


def mutate_workbook(data: bytes, max_size: int, seed: int) -> bytes:
    changed = mutate(data, Random(seed), lambda part: atheris.Mutate(part, len(part) + 200))
    return changed if len(changed) <= max_size else data


def main() -> None:
    target, corpus = sys.argv[1], Path(sys.argv[2])
    corpus.mkdir(parents=True, exist_ok=True)
    arguments = [sys.argv[0], str(corpus), *sys.argv[3:]]
    if target == "cells":
        atheris.Setup(arguments, fuzz_cells)
    else:
        for number, content in enumerate(seeds()):
            (corpus / f"seed{number}").write_bytes(content)
        atheris.Setup(arguments, fuzz_workbook, custom_mutator=mutate_workbook)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
