"""The tree of units."""

from __future__ import annotations

import pytest

from app.domain.errors import DomainError
from app.domain.units import UnitTree

ROWS = [
    (("A", "x"), 5),
    (("A", "ingen"), None),
    (("A",), 2),
    (("B",), None),
]


@pytest.fixture
def tree() -> UnitTree:
    return UnitTree.from_rows(ROWS)


def test_parents_come_before_their_children_and_siblings_in_the_order_of_the_rows(tree: UnitTree) -> None:
    assert [unit.path for unit in tree.units] == [(), ("A",), ("A", "x"), ("A", "ingen"), ("B",)]
    assert tree.parents == (None, 0, 1, 1, 0)
    assert [unit.index for unit in tree.units] == [0, 1, 2, 3, 4]


def test_employees_may_belong_directly_where_a_row_ends(tree: UnitTree) -> None:
    assert [unit.path for unit in tree.units if unit.may_stop] == [(), ("A",), ("A", "x"), ("A", "ingen"), ("B",)]
    deep = UnitTree.from_rows([(("A", "x"), None)])
    assert [unit.path for unit in deep.units if not unit.may_stop] == [("A",)]


def test_rows_make_the_tree_that_gives_the_rows(tree: UnitTree) -> None:
    assert UnitTree.from_rows(tree.to_rows()) == tree
    assert sorted(tree.to_rows()) == sorted(ROWS)


def test_organisation_has_a_row_only_when_it_has_a_head_count() -> None:
    assert UnitTree.from_rows([]).to_rows() == []
    assert UnitTree.from_rows([((), 40)]).to_rows() == [((), 40)]


def test_units_know_their_name_and_level(tree: UnitTree) -> None:
    assert [(unit.name, unit.level) for unit in tree.units] == [("", 0), ("A", 1), ("x", 2), ("ingen", 2), ("B", 1)]
    assert tree.n_levels == 2
    assert tree.root.level == 0


@pytest.mark.parametrize(("name", "is_catch_all"), [("ingen", True), ("INGEN", True), ("stab", False)])
def test_only_ingen_in_any_case_is_a_catch_all(name: str, is_catch_all: bool) -> None:
    assert UnitTree.from_rows([((name,), None)]).units[1].is_catch_all is is_catch_all


def test_units_are_found_by_path(tree: UnitTree) -> None:
    assert tree.get(["A", "x"]).n_people == 5
    assert tree.find(("A", "y")) is None
    with pytest.raises(DomainError, match=r"unit\.unknown \(path=A / y\)"):
        tree.get(("A", "y"))


def test_children_and_ancestors(tree: UnitTree) -> None:
    assert [unit.name for unit in tree.children(tree.root)] == ["A", "B"]
    assert tree.children(tree.get(("B",))) == ()
    assert [unit.path for unit in tree.ancestors(tree.get(("A", "x")))] == [("A", "x"), ("A",), ()]


def test_equal_names_under_different_parents_are_different_units() -> None:
    tree = UnitTree.from_rows([(("A", "Drift"), None), (("B", "Drift"), None)])
    assert tree.get(("A", "Drift")) != tree.get(("B", "Drift"))
