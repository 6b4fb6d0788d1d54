"""The certificate against brute force, and against rules that are wrong in the ways people get them wrong."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.certificate import Figure, Violation, certify
from app.domain.units import UnitPath, UnitTree
from tests.domain.trees import Groups, Published, at_or_below, numbered, rising, small_pools_rise, tree_of

N_TREES = int(os.environ.get("MUST_TREES", "3000"))
"""`make exhaustive` takes 50,000."""


def figure(name: str, people: Iterable[int], kind: str = "mean", items: tuple[str, ...] = ("t_1",)) -> Figure:
    numbers = np.array(sorted(people), dtype=np.intp)
    return Figure(name, name, kind, "t", items, numbers, len(numbers))  # type: ignore[arg-type]


def test_difference_of_one_person_is_found_and_named() -> None:
    certificate = certify([figure("all", range(48)), figure("A", range(1, 48))], k_mean=5, k_dist=10)
    (violation,) = certificate.violations
    assert (violation.n, violation.limit, violation.kind) == (1, 5, "mean")
    assert violation.contained_in == ("all",)
    assert violation.told_apart_by == ("A",)
    assert certificate.smallest_mean == 1


def test_overlapping_figures_of_two_releases_isolate_their_difference() -> None:
    figures = [figure("first", range(30)), figure("second", range(3, 30))]
    assert not certify(figures, k_mean=5, k_dist=10).is_valid


def test_distribution_between_five_and_nine_is_a_violation_though_the_mean_is_none() -> None:
    people = range(7)
    assert certify([figure("u", people)], k_mean=5, k_dist=10).is_valid
    certificate = certify([figure("u", people), figure("u", people, "dist")], k_mean=5, k_dist=10)
    assert [violation.kind for violation in certificate.violations] == ["dist"]
    assert (certificate.smallest_mean, certificate.smallest_dist) == (7, 7)


def test_mean_and_distribution_of_different_people_are_compared() -> None:
    figures = [figure("u", range(20)), figure("u", range(17), "dist")]
    assert certify(figures, k_mean=5, k_dist=10).smallest_mean == 3


def test_counting_each_item_over_who_answered_it_is_caught() -> None:
    per_item = [figure("i1", range(20), "dist", ("t_1",)), figure("i2", range(1, 20), "dist", ("t_2",))]
    assert not certify(per_item, k_mean=5, k_dist=10).is_valid


def test_themes_are_judged_apart() -> None:
    other = Figure("x", "u", "mean", "other", ("o_1",), np.arange(1, 20), 19)
    assert certify([figure("u", range(20)), other], k_mean=5, k_dist=10).is_valid


def test_printed_number_that_is_not_the_number_of_people_is_a_violation() -> None:
    wrong = Figure("u", "u", "mean", "t", ("t_1",), np.arange(20), 21)
    assert certify([wrong], k_mean=5, k_dist=10).violations == (Violation("t", "n", 20, 21, ("u",), ()),)


def test_person_counted_twice_is_a_violation() -> None:
    numbers = np.array([*range(20), 3])
    twice = Figure("u", "u", "mean", "t", ("t_1",), numbers, 21)
    violations = certify([twice], k_mean=5, k_dist=10).violations
    assert violations == (Violation("t", "repeated", 21, 21, ("u",), ()),)


@pytest.mark.parametrize("person", [0, 29])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_figure_that_counts_somebody_twice_is_named_among_others(place: int, person: int) -> None:
    figures = [figure(name, range(30)) for name in "abc"]
    numbers = np.array([*range(30), person])
    figures[place] = Figure("twice", "u", "mean", "t", ("t_1",), numbers, 31)
    (violation,) = certify(figures, k_mean=5, k_dist=10).violations
    assert (violation.kind, violation.contained_in) == ("repeated", ("twice",))


def test_figures_over_the_same_people_are_named_once_when_they_count_twice() -> None:
    numbers = np.array([*range(30), 7])
    figures = [Figure(name, "u", "mean", "t", ("t_1",), numbers, 31) for name in ("first", "second")]
    (violation,) = certify(figures, k_mean=5, k_dist=10).violations
    assert violation.contained_in == ("first",)


def test_figure_about_nobody_changes_nothing() -> None:
    nobody = Figure("u", "u", "mean", "t", ("t_1",), np.array([], dtype=np.intp), 0)
    certificate = certify([nobody, figure("all", range(8))], k_mean=5, k_dist=10)
    assert certificate.is_valid
    assert (certificate.n_figures, certificate.smallest_mean) == (2, 8)


def test_violation_names_its_theme_and_every_figure_is_counted() -> None:
    certificate = certify([figure("u", range(3)), figure("u", range(3), "dist")], k_mean=5, k_dist=10)
    assert [(found.theme, found.kind, found.n, found.limit) for found in certificate.violations] == [
        ("t", "mean", 3, 5), ("t", "dist", 3, 10)
    ]  # fmt: skip
    assert certificate.n_figures == 2


def test_smallest_group_is_that_of_all_themes() -> None:
    for sizes in ((6, 9), (9, 6)):
        themes = [Figure(f"f{n}", "u", "mean", f"t{n}", ("i",), np.arange(n), n) for n in sizes]
        assert certify(themes, k_mean=5, k_dist=10).smallest_mean == 6


def test_theme_with_a_limit_of_its_own_is_held_to_it_and_others_are_not() -> None:
    figures = [figure("u", range(12)), Figure("x", "u", "mean", "other", ("o_1",), np.arange(12), 12)]
    certificate = certify(figures, k_mean=5, k_dist=10, stricter={"other": 13})
    assert [(found.theme, found.n, found.limit) for found in certificate.violations] == [("other", 12, 13)]
    assert certify([figure("u", range(12))], k_mean=5, k_dist=10, stricter={"t": 3}).is_valid


def test_mean_is_one_figure_and_a_distribution_one_per_item() -> None:
    items = ("t_1", "t_2", "t_3")
    for kind, n_figures in (("mean", 1), ("dist", 3)):
        assert certify([figure("u", range(20), kind, items)], k_mean=5, k_dist=10).n_figures == n_figures


def test_nothing_published_is_safe() -> None:
    certificate = certify([], k_mean=5, k_dist=10)
    assert certificate.is_valid
    assert (certificate.n_figures, certificate.smallest_mean, certificate.smallest_dist) == (0, None, None)


def smallest_support(sets: list[frozenset[int]]) -> int:
    """Brute force over all combinations with coefficients -1, 0, 1: the fewest people any of them rests on."""
    people = sorted(frozenset().union(*sets))
    rows = np.array([[person in members for person in people] for members in sets], dtype=np.int64)
    coefficients = np.array(list(product((-1, 0, 1), repeat=len(sets))), dtype=np.int64)
    supports = np.count_nonzero(coefficients @ rows, axis=1)
    return int(supports[supports > 0].min())


@given(st.lists(st.frozensets(st.integers(0, 9), min_size=1), min_size=1, max_size=5))
@settings(max_examples=300, deadline=None)
def test_no_combination_rests_on_fewer_than_the_smallest_atom(sets: list[frozenset[int]]) -> None:
    certificate = certify([figure(str(i), people) for i, people in enumerate(sets)], k_mean=5, k_dist=10)
    assert certificate.smallest_mean is not None
    assert smallest_support(sets) >= certificate.smallest_mean


@given(st.lists(st.frozensets(st.integers(0, 15), min_size=1), min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_smallest_atom_is_the_fewest_people_in_exactly_the_same_figures(sets: list[frozenset[int]]) -> None:
    certificate = certify([figure(str(i), people) for i, people in enumerate(sets)], k_mean=5, k_dist=10)
    people = frozenset().union(*sets)
    atoms = Counter(tuple(person in members for members in sets) for person in people)
    assert certificate.smallest_mean == min(atoms.values())
    assert sorted(violation.n for violation in certificate.violations) == sorted(n for n in atoms.values() if n < 5)


def test_group_split_off_by_a_second_figure_is_not_taken_for_the_rest_of_the_first() -> None:
    certificate = certify([figure("first", range(10)), figure("second", range(4, 16))], k_mean=5, k_dist=10)
    assert certificate.smallest_mean == 4


# Rules as people get them wrong. Each gives what it would print.


def naive_limits(tree: UnitTree, groups: Groups) -> Published:
    """Every unit with 5 prints, every unit with 10 prints distributions; nobody compares."""
    everyone = at_or_below(tree, {path: people for path, people in numbered(tree, groups).items() if people})
    means = {path: people for path, people in everyone.items() if len(people) >= 5}
    return Published(means, {path: people for path, people in means.items() if len(people) >= 10})


def only_a_residual_of_one(tree: UnitTree, groups: Groups) -> Published:
    """Withdraw who is alone above the reporting units; two or three stay."""
    naive = naive_limits(tree, groups)
    means = {}
    for path, people in naive.means.items():
        below = [found for other, found in naive.means.items() if other[: len(path)] == path and other != path]
        residual = people - frozenset().union(*below)
        means[path] = people - residual if len(residual) == 1 else people
    return Published(means, {path: people for path, people in means.items() if len(people) >= 10})


def off_by_one(tree: UnitTree, groups: Groups) -> Published:
    return small_pools_rise(tree, groups, 4, 9)


def forgetting_risen_pools(tree: UnitTree, groups: Groups) -> Published:
    """A unit judges only who is directly in it; what rose from below is counted without being judged."""
    direct = numbered(tree, groups)
    accepted = rising(tree, direct, 5)
    means = at_or_below(tree, accepted)
    for unit in tree.units:
        for child in tree.children(unit):
            if unit.path in means and 0 < len(direct[child.path]) < 5:
                means[unit.path] |= direct[child.path]
    return Published(means, at_or_below(tree, rising(tree, accepted, 10)))


def tiers_apart(tree: UnitTree, groups: Groups) -> Published:
    """Distributions by a walk of their own instead of over the accepted pools."""
    direct = numbered(tree, groups)
    return Published(at_or_below(tree, rising(tree, direct, 5)), at_or_below(tree, rising(tree, direct, 10)))


WRONG: list[Callable[[UnitTree, Groups], Published]] = [
    naive_limits,
    only_a_residual_of_one,
    off_by_one,
    forgetting_risen_pools,
    tiers_apart,
]


def random_organisation(random: Random) -> tuple[UnitTree, dict[UnitPath, int]]:
    paths: list[UnitPath] = [()]
    for number in range(random.randint(1, 6)):
        parent = random.choice(paths)
        paths.append((*parent, f"u{number}"))
    return tree_of(paths[1:]), {path: random.choice((0, 1, 3, 4, 5, 6, 9, 10, 12)) for path in paths}


def is_unsafe(published: Published) -> bool:
    """By brute force: some combination rests on fewer than 5, or some of distributions on fewer than 10."""
    means = list({*published.means.values(), *published.distributions.values()})
    distributions = list(set(published.distributions.values()))
    return (bool(means) and smallest_support(means) < 5) or (
        bool(distributions) and smallest_support(distributions) < 10
    )


def test_right_rule_is_certified_on_random_trees() -> None:
    random = Random(7)
    for _ in range(N_TREES):
        tree, groups = random_organisation(random)
        published = small_pools_rise(tree, groups, 5, 10)
        assert certify(published.figures(), k_mean=5, k_dist=10).is_valid


@pytest.mark.parametrize("rule", WRONG, ids=lambda rule: rule.__name__)
def test_wrong_rule_is_caught_whenever_it_reveals_a_group(
    rule: Callable[[UnitTree, Groups], Published], record_property: Callable[[str, object], None]
) -> None:
    random = Random(11)
    n_unsafe = n_caught = n_trees = 0
    for _ in range(N_TREES // 10):
        tree, groups = random_organisation(random)
        published = rule(tree, groups)
        if len(published.means) > 7:
            continue
        n_trees += 1
        is_caught = not certify(published.figures(), k_mean=5, k_dist=10).is_valid
        n_caught += is_caught
        if is_unsafe(published):
            n_unsafe += 1
            assert is_caught
    record_property("share_of_trees_where_the_rule_reveals", n_unsafe / n_trees)
    record_property("share_of_trees_caught", n_caught / n_trees)
    assert n_unsafe > 0


def test_counting_each_item_over_who_answered_it_is_caught_whenever_it_reveals_a_group(
    record_property: Callable[[str, object], None],
) -> None:
    """Small pools rise item by item: right for each item, wrong for the three of a theme together."""
    random = Random(13)
    n_unsafe, n_sets = 0, N_TREES // 100
    for _ in range(n_sets):
        tree = tree_of([("A",)] if random.random() < 0.5 else [("A",), ("B",)])
        people = numbered(tree, {unit.path: random.randint(8, 30) for unit in tree.units})
        figures = []
        for item in range(3):
            answered = {path: frozenset(who for who in own if random.random() > 0.03) for path, own in people.items()}
            for path, members in at_or_below(tree, rising(tree, answered, 10)).items():
                figures.append(figure(f"{path}{item}", members, "dist", (f"t_{item}",)))
        is_caught = not certify(figures, k_mean=5, k_dist=10).is_valid
        if smallest_support([frozenset(found.respondents.tolist()) for found in figures]) < 10:
            n_unsafe += 1
            assert is_caught
    record_property("share_of_data_sets_where_the_rule_reveals", n_unsafe / n_sets)
    assert n_unsafe > 0


def test_figures_that_count_nobody_isolate_nobody() -> None:
    nobody = np.array([], dtype=np.intp)
    figures = [Figure("a", "a", kind, "t", ("t_1",), nobody, 0) for kind in ("mean", "dist")]  # type: ignore[arg-type]
    certificate = certify(figures, k_mean=5, k_dist=10)
    assert certificate.is_valid
    assert (certificate.smallest_mean, certificate.smallest_dist) == (None, None)
