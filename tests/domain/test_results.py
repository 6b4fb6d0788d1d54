"""What is printed: rounding, bounds, merging, and that no figure leans on an order within a pool."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.disclosure import Limits, make_plan, pools_of
from app.domain.instrument import CURRENT_VERSION, Sensitivity, Theme, load_instrument
from app.domain.results import (
    Bound,
    FigureTable,
    Frozen,
    ReportResults,
    Share,
    percent,
    printed_mean,
    printed_prevalence,
    printed_shares,
)
from app.domain.scoring import (
    Answers,
    Histogram,
    ThemeSums,
    columns_of,
    complete_cases,
    item_values,
    theme_sums,
)
from app.domain.units import UnitTree
from tests.domain.trees import tree_of

INSTRUMENT = load_instrument(CURRENT_VERSION)
THEMES = INSTRUMENT.chosen(())


def random_answers(n: int, seed: int = 1, share_skipped: float = 0.03) -> Answers:
    """Answers of `n` people to the whole instrument."""
    random = Random(seed)
    sizes = [len(theme.scale.categories) for theme in INSTRUMENT.themes for _ in theme.items]
    rows = [[0 if random.random() < share_skipped else random.randint(1, size) for size in sizes] for _ in range(n)]
    return np.array(rows, dtype=np.uint8)


def frozen_of(tree: UnitTree, placements: np.ndarray, answers: Answers) -> tuple[Frozen, np.ndarray]:
    """The frozen sums, and per response and theme the tier 1 pool."""
    complete = complete_cases(INSTRUMENT, THEMES, answers)
    plan = make_plan(tree, placements, complete, tuple(theme.sensitivity for theme in THEMES), Limits())
    first, second = pools_of(plan, placements, complete)
    columns = columns_of(INSTRUMENT)
    sums = {
        theme.id: theme_sums(theme, answers[:, columns[theme.id]], first[:, i], second[:, i], len(tree.units))
        for i, theme in enumerate(THEMES)
    }
    return Frozen(tree, tuple(plan.n_answers.tolist()), tuple(plan.responses.included[:, 0].tolist()), sums), first


TREE = tree_of([("A",), ("A", "A1"), ("A", "A2"), ("B",), ("B", "ingen")])
PLACEMENTS = np.repeat([0, 1, 2, 3, 4, 5], [3, 2, 12, 7, 30, 9]).astype(np.intp)


def all_reports(answers: Answers) -> list[ReportResults]:
    frozen, _ = frozen_of(TREE, PLACEMENTS, answers)
    return list(FigureTable(frozen, INSTRUMENT).reports())


def test_figures_equal_those_recomputed_person_by_person() -> None:
    answers = random_answers(len(PLACEMENTS))
    frozen, first = frozen_of(TREE, PLACEMENTS, answers)
    table = FigureTable(frozen, INSTRUMENT)
    columns = columns_of(INSTRUMENT)
    n_compared = 0
    for unit in frozen.reporting_units():
        below = [other.index for other in TREE.units if other.path[: unit.level] == unit.path]
        for i, theme in enumerate(THEMES):
            result = table.report(unit).themes[i]
            people = [r for r in range(len(answers)) if first[r, i] in below]
            if result.mean is not None:
                scores = [person_score(theme, answers[r, columns[theme.id]].tolist()) for r in people]
                exact = sum(scores, Fraction(0)) / len(scores)
                assert result.n_mean == len(people)
                assert result.mean == min(max(half_up(exact), low(len(people))), 6 - low(len(people)))
                n_compared += 1
    assert n_compared > 60


def person_score(theme: Theme, values: list[int]) -> Fraction:
    turned = [6 - value if item.is_reversed else value for item, value in zip(theme.items, values, strict=True)]
    return Fraction(sum(turned), len(turned))


def half_up(value: Fraction) -> Decimal:
    return Decimal(int(value * 10 + Fraction(1, 2))) / 10


def low(n: int) -> Decimal:
    return Decimal("1.2") if n < 10 else Decimal("1.1") if n < 20 else Decimal(1)


def test_percentages_equal_those_recomputed_person_by_person() -> None:
    answers = random_answers(len(PLACEMENTS), seed=9)
    complete = complete_cases(INSTRUMENT, THEMES, answers)
    plan = make_plan(TREE, PLACEMENTS, complete, tuple(theme.sensitivity for theme in THEMES), Limits())
    _, second = pools_of(plan, PLACEMENTS, complete)
    columns = columns_of(INSTRUMENT)
    n_compared = 0
    for report in all_reports(answers):
        below = [unit.index for unit in TREE.units if unit.path[: report.unit.level] == report.unit.path]
        for i, result in enumerate(report.themes):
            people = np.flatnonzero(np.isin(second[:, i], below))
            assert (result.n_distribution or 0) == (
                len(people) if report.unit.parent is None or result.theme.sensitivity.value != "most_sensitive" else 0
            )
            for item, shares in enumerate(result.items):
                own = answers[people, columns[result.theme.id].start + item]
                counts = [int((own == value).sum()) for value in range(1, len(result.theme.scale.categories) + 1)]
                assert shares == printed_shares(counts)
                assert all(type(share.percent) is int for share in shares)
                n_compared += 1
    assert n_compared > 80


def test_figures_name_exactly_the_pools_that_they_count() -> None:
    answers = random_answers(len(PLACEMENTS), share_skipped=0.0)
    frozen, first = frozen_of(TREE, PLACEMENTS, answers)
    for report in FigureTable(frozen, INSTRUMENT).reports():
        below = [unit.index for unit in TREE.units if unit.path[: report.unit.level] == report.unit.path]
        for i, result in enumerate(report.themes):
            sums = frozen.sums[result.theme.id]
            means = tuple(unit for unit in below if unit in set(first[:, i].tolist())) if result.n_mean else ()
            spread = tuple(unit for unit in below if unit in sums.histograms) if result.n_distribution else ()
            assert (result.mean_pools, result.distribution_pools) == (means, spread)
            assert result.n_mean is None or sum(sums.means[unit].n for unit in means) == result.n_mean
            if result.n_distribution:
                assert sum(sums.histograms[unit].n for unit in spread) == result.n_distribution
    assert {report.unit.path: report.result("workload").mean_pools for report in all_reports(answers)} == {  # type: ignore[union-attr]
        (): (0, 2, 3, 4),
        ("A",): (2, 3),
        ("A", "A1"): (2,),
        ("A", "A2"): (3,),
        ("B",): (4,),
    }


DEEP = tree_of([("A",), ("A", "B"), ("A", "B", "C"), ("D",)])


def test_what_is_far_below_counts_in_every_unit_above() -> None:
    placements = np.repeat([3, 4], [12, 11]).astype(np.intp)
    frozen, _ = frozen_of(DEEP, placements, random_answers(23, share_skipped=0.0))
    found = {report.unit.path: report.result("workload") for report in FigureTable(frozen, INSTRUMENT).reports()}
    assert {path: result.mean_pools for path, result in found.items() if result} == {
        (): (3, 4), ("A",): (3,), ("A", "B"): (3,), ("A", "B", "C"): (3,), ("D",): (4,)
    }  # fmt: skip


def test_permuting_answers_inside_a_pool_changes_no_printed_figure() -> None:
    answers = random_answers(len(PLACEMENTS), seed=3, share_skipped=0.0)
    _, first = frozen_of(TREE, PLACEMENTS, answers)
    before = all_reports(answers)
    shuffled = answers.copy()
    random = np.random.default_rng(5)
    columns = columns_of(INSTRUMENT)
    for i, theme in enumerate(THEMES):
        for pool in np.unique(first[:, i]):
            people = np.flatnonzero(first[:, i] == pool)
            for column in range(columns[theme.id].start, columns[theme.id].stop):
                shuffled[people, column] = shuffled[random.permutation(people), column]
    assert (shuffled != answers).any()
    assert all_reports(shuffled) == before


def test_five_to_nine_answers_show_means_only() -> None:
    reports = {report.unit.path: report for report in all_reports(random_answers(len(PLACEMENTS), share_skipped=0.0))}
    small = reports["A", "A2"]
    assert (small.n_answers, small.n_included, small.has_distributions) == (7, 7, False)
    assert all(not result.items and not result.prevalence for result in small.themes)
    assert reports["A", "A1"].has_distributions


def test_most_sensitive_themes_are_in_the_organisations_report_only() -> None:
    for report in all_reports(random_answers(len(PLACEMENTS), share_skipped=0.0)):
        for result in report.themes:
            if result.theme.sensitivity is Sensitivity.MOST_SENSITIVE:
                assert result.is_published == bool(result.prevalence) == (report.unit.parent is None)
                assert result.mean is None
                assert result.items == ()


def test_unit_shows_no_most_sensitive_theme_even_if_sums_of_its_own_were_stored() -> None:
    tree = tree_of([("A",)])
    own = ThemeSums("bullying", {}, {1: Histogram(60, ((60, 0, 0, 0, 0),))})
    report = FigureTable(Frozen(tree, (60, 60), (60, 60), {"bullying": own}), INSTRUMENT).report(tree.get(("A",)))
    (result,) = report.themes
    assert not result.is_published
    assert (result.prevalence, result.distribution_pools) == ((), ())


def test_unit_without_report_is_not_listed() -> None:
    paths = [report.unit.path for report in all_reports(random_answers(len(PLACEMENTS)))]
    assert paths == [(), ("A",), ("A", "A1"), ("A", "A2"), ("B",)]


def test_incident_themes_have_no_mean() -> None:
    for report in all_reports(random_answers(len(PLACEMENTS))):
        assert all(result.mean is None for result in report.themes if not result.theme.scale.has_mean)


@pytest.mark.parametrize(
    ("total", "n", "n_items", "expected"),
    [
        (75, 30, 1, "2.5"),
        (49, 20, 1, "2.5"),  # 2.45 half up
        (20, 20, 1, "1.0"),
        (100, 20, 1, "5.0"),
        (19, 19, 1, "1.1"),
        (95, 19, 1, "4.9"),
        (5, 5, 1, "1.2"),
        (75, 5, 3, "4.8"),
    ],
)
def test_mean_has_one_decimal_half_up_and_keeps_off_the_ends_when_n_is_small(
    total: int, n: int, n_items: int, expected: str
) -> None:
    assert printed_mean(total, n, n_items) == Decimal(expected)


@given(st.integers(0, 500), st.integers(1, 500))
def test_percent_is_half_up(count: int, n: int) -> None:
    assert percent(count, n) == int(Fraction(100 * count, n) + Fraction(1, 2))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((10, 0), [(90, Bound.AT_LEAST), (10, Bound.AT_MOST)]),
        ((1, 13), [(10, Bound.AT_MOST), (90, Bound.AT_LEAST)]),
        ((18, 1), [(90, Bound.AT_LEAST), (10, Bound.AT_MOST)]),
        ((19, 1), [(95, Bound.EXACT), (5, Bound.EXACT)]),
        ((2, 8), [(20, Bound.EXACT), (80, Bound.EXACT)]),
        ((2, 1), [(90, Bound.AT_LEAST), (10, Bound.AT_MOST)]),
        ((1, 1, 1, 7, 0), [(10, Bound.EXACT)] * 3 + [(70, Bound.EXACT), (0, Bound.EXACT)]),
    ],
)
def test_near_unanimity_of_a_small_group_is_printed_as_a_bound(
    counts: tuple[int, ...], expected: list[tuple[int, Bound]]
) -> None:
    assert [(share.percent, share.bound) for share in printed_shares(counts)] == expected


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((60, 0, 0, 0, 0), [(0, 0, 100), (1, 1, 0), (2, 2, 0), (3, 3, 0), (4, 4, 0)]),
        ((40, 10, 5, 5, 0), [(0, 0, 67), (1, 1, 17), (2, 2, 8), (3, 3, 8), (4, 4, 0)]),
        ((50, 3, 2, 0, 5), [(0, 0, 83), (1, 2, 8), (3, 3, 0), (4, 4, 8)]),
        ((50, 6, 3, 1, 0), [(0, 0, 83), (1, 4, 17)]),
        ((55, 5, 0, 0, 0), [(0, 0, 92), (1, 1, 8), (2, 2, 0), (3, 3, 0), (4, 4, 0)]),
        ((5, 55, 0, 0, 0), [(0, 0, 8), (1, 1, 92), (2, 2, 0), (3, 3, 0), (4, 4, 0)]),
        ((0, 60, 0, 0, 0), [(0, 0, 0), (1, 1, 100), (2, 2, 0), (3, 3, 0), (4, 4, 0)]),
        ((50, 0, 0, 5, 2), [(0, 0, 88), (1, 1, 0), (2, 2, 0), (3, 4, 12)]),
    ],
)
def test_categories_with_one_to_four_people_are_merged(
    counts: tuple[int, ...], expected: list[tuple[int, int, int]]
) -> None:
    assert [(group.first, group.last, group.share.percent) for group in printed_prevalence(counts)] == expected


@pytest.mark.parametrize(
    ("counts", "first", "last"),
    [((60, 2, 1, 0, 1), 1, 4), ((60, 0, 1, 0, 0), 1, 4), ((3, 50, 0, 0, 0), 0, 0), ((1, 50, 0, 0, 0), 0, 0)],
)
def test_one_to_four_on_one_side_is_all_that_is_said(counts: tuple[int, ...], first: int, last: int) -> None:
    (group,) = printed_prevalence(counts)
    assert (group.first, group.last, group.share) == (first, last, Share(0, Bound.FEWER_THAN_FIVE))


@given(st.lists(st.integers(0, 12), min_size=4, max_size=4), st.integers(5, 100))
def test_no_printed_group_of_a_most_sensitive_theme_has_one_to_four_people(yes: list[int], no: int) -> None:
    counts = [no, *yes]
    groups = printed_prevalence(counts)
    if groups[0].share.bound is Bound.EXACT:
        assert [group.first for group in groups] == [0, *[group.last + 1 for group in groups[:-1]]]
        assert groups[-1].last == 4
        for group in groups:
            assert sum(counts[group.first : group.last + 1]) not in range(1, 5)


def test_reversed_items_are_turned() -> None:
    theme = next(theme for theme in THEMES if any(item.is_reversed for item in theme.items))
    answers = np.full((1, len(theme.items)), 5, dtype=np.uint8)
    assert item_values(theme, answers).dtype == np.int64
    assert item_values(theme, answers).tolist() == [[1 if item.is_reversed else 5 for item in theme.items]]


@pytest.mark.parametrize(("n_invited", "rate"), [(100, 63), (None, None), (10, None)])
def test_response_rate_is_of_the_invited_and_never_above_all(n_invited: int | None, rate: int | None) -> None:
    frozen, _ = frozen_of(TREE, PLACEMENTS, random_answers(len(PLACEMENTS)))
    assert FigureTable(frozen, INSTRUMENT).report(TREE.root, n_invited).response_rate == rate


def test_head_counts_of_the_unit_list_give_rates_where_they_are_complete() -> None:
    tree = UnitTree.from_rows([(("A", "A1"), 20), (("A", "A2"), 10), (("B",), None)])
    placements = np.repeat([2, 3, 4], [15, 5, 10]).astype(np.intp)
    frozen, _ = frozen_of(tree, placements, random_answers(30))
    rates = {report.unit.path: report.response_rate for report in FigureTable(frozen, INSTRUMENT).reports()}
    assert rates == {(): None, ("A",): 67, ("A", "A1"): 75, ("A", "A2"): 50, ("B",): None}


def rates_of(tree: UnitTree, sizes: list[int], n_invited: int | None = None) -> dict[tuple[str, ...], int | None]:
    placements = np.repeat(range(len(sizes)), sizes).astype(np.intp)
    frozen, _ = frozen_of(tree, placements, random_answers(len(placements)))
    reports = FigureTable(frozen, INSTRUMENT).reports(n_invited)
    return {report.unit.path: report.response_rate for report in reports}


def test_head_counts_are_added_up_from_the_deepest_units() -> None:
    tree = UnitTree.from_rows([(("A", "B", "C"), 20), (("A", "B", "D"), 40), (("E",), 20)])
    rates = rates_of(tree, [0, 0, 0, 10, 10, 10])
    assert rates == {(): 38, ("A",): 33, ("A", "B"): 33, ("A", "B", "C"): 50, ("A", "B", "D"): 25, ("E",): 50}


def test_organisations_own_head_count_comes_on_top() -> None:
    tree = UnitTree.from_rows([((), 10), (("A",), 30)])
    assert rates_of(tree, [5, 15]) == {(): 50, ("A",): 50}


def test_one_row_without_head_count_leaves_the_rates_above_unknown() -> None:
    tree = UnitTree.from_rows([((), 10), (("A",), 30), (("B",), None)])
    assert rates_of(tree, [5, 15, 6]) == {(): None, ("A",): 50, ("B",): None}


def test_number_of_invited_is_the_organisations_alone() -> None:
    tree = UnitTree.from_rows([(("A",), 30), (("B",), None)])
    assert rates_of(tree, [0, 15, 10], n_invited=50) == {(): 50, ("A",): 50, ("B",): None}


def test_sums_know_their_theme_and_their_people() -> None:
    frozen, _ = frozen_of(TREE, PLACEMENTS, random_answers(len(PLACEMENTS)))
    for theme_id, sums in frozen.sums.items():
        assert sums.theme_id == theme_id
        for histogram in sums.histograms.values():
            assert all(sum(item) == histogram.n for item in histogram.counts)


def test_a_result_is_found_by_theme() -> None:
    report = all_reports(random_answers(len(PLACEMENTS)))[0]
    found = report.result("workload")
    assert found is not None
    assert found.theme.id == "workload"
    assert report.result("nothing") is None
