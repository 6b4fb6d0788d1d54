"""The plan against hand-worked cases, against the rule told a second time, and on every small tree."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.certificate import Certificate, Figure, certify
from app.domain.disclosure import INCOMPLETE, NOWHERE, Limits, Plan, Shape, make_plan, pools_of, walk
from app.domain.errors import DomainError
from app.domain.instrument import Sensitivity
from app.domain.units import UnitPath, UnitTree
from tests.domain.trees import Groups, rising, small_pools_rise, tree_of, tree_shapes, tree_with

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
NORMAL = (Sensitivity.NORMAL,)


def plan_for(tree: UnitTree, groups: Groups, sensitivities: tuple[Sensitivity, ...] = NORMAL) -> Plan:
    placements = np.repeat(
        [unit.index for unit in tree.units], [groups.get(unit.path, 0) for unit in tree.units]
    ).astype(np.intp)
    complete = np.ones((len(placements), len(sensitivities)), dtype=bool)
    return make_plan(tree, placements, complete, sensitivities, Limits())


def printed(plan: Plan, tree: UnitTree, path: UnitPath) -> tuple[int | None, int | None]:
    unit = tree.get(path)
    if not plan.has_report(unit.index):
        return None, None
    counts = (int(walk.included[unit.index, 0]) for walk in (plan.means, plan.distributions))
    n_mean, n_distribution = (n or None for n in counts)
    return n_mean, n_distribution


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_hand_worked_case(file: Path) -> None:
    case: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    tree = tree_of([tuple(path) for path in case["units"]])
    groups = {tuple(group["path"]): 0 for group in case["respondents"]}
    for group in case["respondents"]:
        groups[tuple(group["path"])] += group["count"]
    plan = plan_for(tree, groups)
    for expected in case["themes"][0]["expected"]:
        path = tuple(expected["unit"])
        assert int(plan.n_answers[tree.get(path).index]) == expected["answers_in_unit"]
        assert printed(plan, tree, path) == (expected["n_means"], expected["n_distribution"])


def test_there_are_hand_worked_cases() -> None:
    assert len(CASES) >= 3


def test_two_sections_without_division_are_withdrawn_when_they_are_two() -> None:
    tree = tree_of([("D",), ("D", "S")])
    plan = plan_for(tree, {("D", "S"): 5, ("D",): 2})
    assert printed(plan, tree, ("D",)) == printed(plan, tree, ("D", "S")) == (5, None)
    assert printed(plan, tree, ()) == (5, None)


def test_catch_all_never_reports_and_its_people_rise() -> None:
    tree = tree_of([("A",), ("A", "Ingen")])
    plan = plan_for(tree, {("A", "Ingen"): 30})
    assert printed(plan, tree, ("A", "Ingen")) == (None, None)
    assert printed(plan, tree, ("A",)) == (30, 30)


def test_unequal_treatment_needs_ten_at_every_step() -> None:
    tree = tree_of([("A",), ("B",)])
    plan = plan_for(tree, {("A",): 9, ("B",): 10}, (Sensitivity.SENSITIVE,))
    assert plan.distributions.included[:, 0].tolist() == [10, 0, 10]


def test_most_sensitive_themes_are_the_organisations_only_and_from_fifty() -> None:
    tree = tree_of([("A",), ("B",)])
    for n, expected in ((49, 0), (50, 50)):
        plan = plan_for(tree, {("A",): n - 20, ("B",): 20}, (Sensitivity.MOST_SENSITIVE,))
        assert plan.distributions.included[:, 0].tolist() == [expected, 0, 0]


def test_skipped_items_leave_a_theme_and_nothing_else() -> None:
    tree = tree_of([("A",)])
    placements = np.ones(12, dtype=np.intp)
    complete = np.ones((12, 2), dtype=bool)
    complete[:3, 0] = False
    plan = make_plan(tree, placements, complete, (Sensitivity.NORMAL,) * 2, Limits())
    assert plan.means.included[1].tolist() == [9, 12]
    assert plan.distributions.included[1].tolist() == [0, 12]
    first, second = pools_of(plan, placements, complete)
    assert first[:, 0].tolist() == [INCOMPLETE] * 3 + [1] * 9
    assert second[:, 0].tolist() == [INCOMPLETE] * 3 + [NOWHERE] * 9


@pytest.mark.parametrize(
    ("k", "code"),
    [((4, 10, 50), "too_low"), ((5, 9, 50), "too_low"), ((5, 10, 49), "too_low"), ((12, 11, 50), "crossed")],
)
def test_limits_below_the_guarantee_are_refused(k: tuple[int, int, int], code: str) -> None:
    with pytest.raises(DomainError, match=rf"^limits\.{code}(?![A-Za-z])") as error:
        Limits(*k)
    assert error.value.values == ({"lowest": (5, 10, 50)} if code == "too_low" else {})


def test_means_and_distributions_may_have_the_same_limit() -> None:
    assert Limits(10, 10, 50).of(Sensitivity.NORMAL) == (10, 10)


def test_most_sensitive_themes_stay_with_the_organisation_however_large_a_unit_is() -> None:
    tree = tree_of([("A",), ("B",), ("B", "C")])
    plan = plan_for(tree, {("A",): 60, ("B",): 55, ("B", "C"): 70}, (Sensitivity.MOST_SENSITIVE, Sensitivity.NORMAL))
    for tier in (plan.means, plan.distributions):
        assert tier.included[:, 0].tolist() == [185, 0, 0, 0]
        assert tier.included[:, 1].tolist() == [185, 60, 125, 70]


def test_survey_without_themes_still_has_reports() -> None:
    tree = tree_of([("A",)])
    plan = plan_for(tree, {("A",): 6}, ())
    assert plan.has_report(1)
    assert plan.means.included.shape == (2, 0)


def test_people_directly_under_the_organisation_are_in_its_own_pool() -> None:
    tree = tree_of([("A",)])
    placements, complete = np.zeros(7, dtype=np.intp), np.ones((7, 1), dtype=bool)
    plan = make_plan(tree, placements, complete, NORMAL, Limits())
    first, second = pools_of(plan, placements, complete)
    assert first[:, 0].tolist() == [0] * 7
    assert second[:, 0].tolist() == [NOWHERE] * 7


def test_numbers_of_people_are_whole_numbers() -> None:
    plan = plan_for(tree_of([("A",)]), {("A",): 12})
    for counts in (plan.means.sizes, plan.means.included, plan.distributions.sizes, plan.n_answers):
        assert counts.dtype == np.int64


def test_every_tree_of_five_units_with_up_to_four_people_each() -> None:
    """All unlabelled trees, all choices of catch-alls, all head counts; limits 2 and 4 so that much is accepted."""
    n_checked = 0
    for n_units in range(1, 6):
        for parents in tree_shapes(n_units):
            for catch_alls in product((False, True), repeat=n_units - 1):
                n_checked += _check_all_head_counts(tree_with(parents, catch_alls))
    assert n_checked > 400_000


def _check_all_head_counts(tree: UnitTree) -> int:
    """Every head count is a column of one walk; the pools are compared with the rule told a second time."""
    shape = Shape.of(tree)
    counts = np.array(list(product(range(5), repeat=len(tree.units))), dtype=np.int64).T
    reports = np.repeat(~shape.is_catch_all[:, None], counts.shape[1], axis=1)
    first = walk(shape, counts, np.array(2), reports)
    second = walk(shape, first.sizes, np.array(4), reports)
    for tier, limit in ((first, 2), (second, 4)):
        is_pool = tier.sizes > 0
        assert (tier.sizes[is_pool] >= limit).all()
        assert not (is_pool & shape.is_catch_all[:, None]).any()
        assert (tier.included[0] == tier.sizes.sum(axis=0)).all()
    # Whoever is in no report: fewer than the limit.
    assert (counts.sum(axis=0) - first.included[0] < 2).all()
    assert (first.included[0] - second.included[0] < 4).all()
    for column in range(0, counts.shape[1], 37):
        _compare(tree, counts[:, column], first.sizes[:, column], second.sizes[:, column])
    return counts.shape[1]


def _compare(tree: UnitTree, counts: Any, first: Any, second: Any) -> None:
    start, people = 0, {}
    for unit, n in zip(tree.units, counts.tolist(), strict=True):
        people[unit.path] = frozenset(range(start, start + n))
        start += n
    expected_first = rising(tree, people, 2)
    expected_second = rising(tree, expected_first, 4)
    for sizes, expected in ((first, expected_first), (second, expected_second)):
        assert sizes.tolist() == [len(expected.get(unit.path, ())) for unit in tree.units]


@st.composite
def organisations(draw: st.DrawFn) -> tuple[UnitTree, dict[UnitPath, int]]:
    """Trees with up to 8 levels, chains, catch-alls anywhere."""
    paths: list[UnitPath] = [()]
    for number in range(draw(st.integers(0, 14))):
        parent = paths[draw(st.integers(0, len(paths) - 1))]
        if len(parent) < 8:
            name = "ingen" if draw(st.integers(0, 4)) == 0 else f"u{number}"
            if (*parent, name) not in paths:
                paths.append((*parent, name))
    groups = {path: draw(st.integers(0, 14)) for path in paths}
    return tree_of(paths[1:]), groups


@given(organisations())
@settings(max_examples=400, deadline=None)
def test_plan_is_the_rule_as_written(case: tuple[UnitTree, dict[UnitPath, int]]) -> None:
    tree, groups = case
    plan = plan_for(tree, groups)
    expected = small_pools_rise(tree, groups, 5, 10)
    for unit in tree.units:
        n_mean, n_distribution = (int(walk.included[unit.index, 0]) for walk in (plan.means, plan.distributions))
        if not unit.is_catch_all:
            assert n_mean == len(expected.means.get(unit.path, ()))
            assert n_distribution == len(expected.distributions.get(unit.path, ()))


@given(organisations())
@settings(max_examples=300, deadline=None)
def test_no_report_the_limits_allow_is_lost(case: tuple[UnitTree, dict[UnitPath, int]]) -> None:
    """A unit prints exactly when its subtree has enough, and lacks at most 4 in means, 9 further in distributions."""
    tree, groups = case
    plan = plan_for(tree, groups)
    for unit in tree.units:
        if unit.is_catch_all:
            continue
        n = int(plan.n_answers[unit.index])
        n_mean, n_distribution = (int(walk.included[unit.index, 0]) for walk in (plan.means, plan.distributions))
        assert plan.has_report(unit.index) == (n >= 5)
        assert n - n_mean <= 4
        assert n_mean - n_distribution <= 9


def test_organisation_without_units_may_have_incomplete_responses() -> None:
    tree, complete = tree_of([]), np.array([[True]] * 12 + [[False]])
    placements = np.zeros(13, dtype=np.intp)
    plan = make_plan(tree, placements, complete, (Sensitivity.NORMAL,), Limits())
    first, second = pools_of(plan, placements, complete)
    assert first[:, 0].tolist() == second[:, 0].tolist() == [0] * 12 + [INCOMPLETE]


# ---------------------------------------------------------------------------- what real organisations look like, named


def certified(tree: UnitTree, groups: Groups) -> tuple[Plan, Certificate]:
    """The plan, and what the certificate says of the figures that it allows."""
    plan = plan_for(tree, groups)
    placements = np.repeat([unit.index for unit in tree.units], [groups.get(unit.path, 0) for unit in tree.units])
    pools = pools_of(plan, placements, np.ones((len(placements), 1), dtype=bool))
    figures = []
    for kind, own in zip(("mean", "dist"), pools, strict=True):
        behind: dict[int, list[int]] = {unit.index: [] for unit in tree.units}
        for person, pool in enumerate(own[:, 0].tolist()):
            if pool >= 0:
                for unit in tree.ancestors(tree.units[pool]):
                    behind[unit.index].append(person)
        for unit in tree.units:
            if behind[unit.index] and not unit.is_catch_all:
                people = np.array(behind[unit.index], dtype=np.intp)
                figures.append(Figure(f"{unit.path}{kind}", unit.name, kind, "t", ("t_1",), people, len(people)))  # type: ignore[arg-type]
    return plan, certify(figures, k_mean=5, k_dist=10)


def test_leaders_in_a_unit_of_their_own_print_when_they_are_five_and_rise_when_they_are_four() -> None:
    tree = tree_of([("A",), ("A", "Avdelingsledelse"), ("A", "Seksjon")])
    for n, expected in ((5, (5, 17, 17)), (4, (None, 12, 12))):
        plan, certificate = certified(tree, {("A", "Avdelingsledelse"): n, ("A", "Seksjon"): 12})
        paths: list[UnitPath] = [("A", "Avdelingsledelse"), ("A",), ()]
        assert tuple(printed(plan, tree, path)[0] for path in paths) == expected
        assert certificate.is_valid


def test_chain_of_only_children_over_eight_levels_prints_the_same_people_on_each() -> None:
    """A parent and its only child are the same set: as many reports, nobody between them."""
    paths = [tuple(f"u{level}" for level in range(1, depth + 1)) for depth in range(1, 9)]
    tree = tree_of(paths)
    plan, certificate = certified(tree, {paths[-1]: 11})
    assert {printed(plan, tree, path) for path in [(), *paths]} == {(11, 11)}
    assert certificate.is_valid
    assert certificate.smallest_mean == 11


def test_chain_of_only_children_with_one_leader_on_each_level_prints_from_where_they_are_enough() -> None:
    """The leaders of levels 1 to 4 are withdrawn, those of 5 to 8 have risen; the fifth from below makes five."""
    paths = [tuple(f"u{level}" for level in range(1, depth + 1)) for depth in range(1, 9)]
    tree = tree_of(paths)
    plan, certificate = certified(tree, dict.fromkeys([(), *paths], 1))
    assert [printed(plan, tree, path)[0] for path in [(), *paths]] == [5, 5, 5, 5, 5, None, None, None, None]
    assert certificate.is_valid
    assert certificate.smallest_mean == 5


def test_parent_that_adds_fewer_than_five_to_its_only_child_prints_what_the_child_prints() -> None:
    tree = tree_of([("A",), ("A", "B")])
    for n, expected in ((4, 12), (5, 17)):
        plan, certificate = certified(tree, {("A",): n, ("A", "B"): 12})
        assert printed(plan, tree, ("A",))[0] == expected
        assert certificate.is_valid


def test_five_thousand_units_over_eight_levels_are_certified() -> None:
    random = np.random.default_rng(5)
    paths: list[UnitPath] = [()]
    for number in range(1, 5_001):
        parent = paths[int(random.integers(0, number))][:7]
        paths.append((*parent, f"u{number}"))
    paths += [(*path, "ingen") for path in paths[::40] if len(path) < 8]
    tree = tree_of(paths[1:])
    groups = {path: int(random.choice((0, 1, 2, 4, 5, 9, 12))) for path in paths}
    plan, certificate = certified(tree, groups)
    assert len(tree.units) > 5_000
    assert max(unit.level for unit in tree.units) == 8
    assert certificate.is_valid
    assert (certificate.smallest_mean, certificate.smallest_dist) == (5, 10)
    reporting = [unit.index for unit in tree.units if not unit.is_catch_all]
    assert [plan.has_report(unit) for unit in reporting] == [bool(plan.n_answers[unit] >= 5) for unit in reporting]
