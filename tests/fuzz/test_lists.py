"""The short version of `make fuzz` for unit lists: the same checks on a fixed choice of inputs."""

from __future__ import annotations

from random import Random

from app.domain.unit_list import UnitList
from tests.fuzz.lists import change_xml, check_grid, check_workbook, mutate, seeds

N_MUTANTS = 150


def test_no_cells_are_too_odd_to_be_read() -> None:
    check_grid()


def test_no_workbook_is_too_broken_to_be_told() -> None:
    random = Random(1)
    found: list[UnitList] = []
    for _ in range(N_MUTANTS):
        content = random.choice(seeds())
        for _ in range(random.randint(1, 3)):
            content = mutate(content, random, lambda part: change_xml(part, random))
        found.append(check_workbook(content))
    assert len({finding.code for each in found for finding in each.findings}) > 10, "the mutants reach too little"
    assert any(each.tree is not None for each in found)
