"""The recount against the display rules told in fractions, on every small case; and against what it has to refuse."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import floor

import pytest

from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.recount import are_groups_of, are_shares_of, is_mean_of, is_right_front, wrong_figures
from app.domain.results import (
    Bound,
    Frozen,
    PrevalenceGroup,
    ReportResults,
    Share,
    ThemeResult,
    printed_prevalence,
    printed_shares,
)
from app.domain.scoring import Histogram, MeanSum, ThemeSums
from app.domain.units import UnitTree

TENTHS = [Decimal(number) / 10 for number in range(10, 51)]
TREE = UnitTree.from_rows([(("A",), None), (("B",), None)])
THEME, SENSITIVE = (load_instrument(CURRENT_VERSION).theme(name) for name in ("role_clarity", "bullying"))


def rounded(total: int, n: int, n_items: int) -> Decimal:
    """disclosure.md 5 as it is written."""
    tenths = floor(10 * Fraction(total, n * n_items) + Fraction(1, 2))
    low, high = (12, 48) if n < 10 else (11, 49) if n < 20 else (10, 50)
    return Decimal(min(max(tenths, low), high)) / 10


@pytest.mark.parametrize(("n", "n_items"), [(5, 1), (5, 3), (9, 2), (10, 1), (19, 1), (20, 1), (23, 3)])
def test_one_mean_and_no_other_is_that_of_a_sum(n: int, n_items: int) -> None:
    for total in range(n * n_items, 5 * n * n_items + 1):
        right = [mean for mean in TENTHS if is_mean_of(mean, total, n * n_items, n)]
        assert right == [rounded(total, n, n_items)]


def test_mean_with_two_decimals_is_never_right() -> None:
    assert is_mean_of(Decimal("3.0"), 60, 20, 20)
    assert not is_mean_of(Decimal("3.01"), 60, 20, 20)


def rows_of(n: int, n_categories: int) -> list[tuple[int, ...]]:
    return [counts for counts in product(range(n + 1), repeat=n_categories) if sum(counts) == n]


@pytest.mark.parametrize(("n", "n_categories"), [(10, 3), (19, 2), (20, 2), (21, 3)])
def test_shares_are_right_for_what_they_were_made_of_and_for_nothing_that_prints_otherwise(
    n: int, n_categories: int
) -> None:
    rows = rows_of(n, n_categories)
    printed = {counts: printed_shares(counts) for counts in rows}
    for counts, other in product(rows, repeat=2):
        assert are_shares_of(printed[other], counts, n) == (printed[other] == printed[counts])


def test_share_is_the_nearest_per_cent_and_the_upper_of_two() -> None:
    for percent, is_right in ((12, False), (13, True), (14, False)):
        assert are_shares_of([Share(percent), Share(88)], [5, 35], 40) == is_right


@pytest.mark.parametrize(
    ("shares", "counts", "n"),
    [
        ([Share(50), Share(50)], [10, 10], 21),
        ([Share(50), Share(50), Share(0)], [10, 10], 20),
        ([Share(100), Share(0)], [12, 0], 12),
        ([Share(90, Bound.AT_LEAST), Share(10, Bound.AT_MOST)], [20, 0], 20),
        ([Share(10, Bound.AT_MOST), Share(90, Bound.AT_LEAST)], [12, 0], 12),
        ([Share(50), Share(50, Bound.AT_LEAST)], [10, 10], 20),
    ],
    ids=["other n", "one too many", "exact unanimity", "bound without need", "turned round", "bound in between"],
)
def test_row_that_no_display_rule_gives_is_wrong(shares: list[Share], counts: list[int], n: int) -> None:
    assert not are_shares_of(shares, counts, n)


def test_prevalence_is_right_for_what_it_was_made_of() -> None:
    for counts in [(90, *rest) for rest in product((0, 1, 4, 5, 9), repeat=4)] + [(3, 60, 0, 0, 0), (0, 60, 0, 0, 0)]:
        assert are_groups_of(printed_prevalence(counts), counts, sum(counts))


def group(first: int, last: int, percent: int, bound: Bound = Bound.EXACT) -> PrevalenceGroup:
    return PrevalenceGroup(first, last, Share(percent, bound))


FEWER = Bound.FEWER_THAN_FIVE


@pytest.mark.parametrize(
    ("groups", "counts"),
    [
        ([group(0, 0, 90), group(1, 1, 4), group(2, 2, 6)], (90, 4, 6)),
        ([group(0, 0, 90)], (90, 4, 6)),
        ([group(0, 0, 90), group(1, 2, 11)], (90, 4, 6)),
        ([group(0, 0, 90), group(1, 2, 10), group(2, 2, 6)], (90, 4, 6)),
        ([group(1, 2, 0, FEWER)], (90, 4, 6)),
        ([group(0, 0, 96), group(1, 2, 0, FEWER)], (96, 4, 0)),
        ([group(1, 2, 0, FEWER)], (100, 0, 0)),
        ([group(0, 0, 90), group(1, 2, 10, Bound.AT_MOST)], (90, 4, 6)),
        ([group(0, 0, 90), group(1, 2, 10)], (91, 4, 6)),
        ([], (90, 4, 6)),
    ],
    ids=["four named", "yes left out", "other share", "twice", "not few", "no and few", "nobody", "bound", "n", "none"],
)
def test_prevalence_that_no_display_rule_gives_is_wrong(groups: list[PrevalenceGroup], counts: tuple[int, ...]) -> None:
    assert not are_groups_of(groups, counts, 100)


# -------------------------------------------------------------------------------------------------- a report as a whole

MEANS = {1: MeanSum(7, 42), 2: MeanSum(13, 65)}
SPREADS = {1: Histogram(10, ((2, 2, 2, 2, 2), (1, 2, 3, 2, 2))), 2: Histogram(20, ((4, 4, 4, 4, 4), (8, 8, 2, 1, 1)))}
YES = {0: Histogram(60, ((50, 10, 0, 0, 0),))}
SUMS = {
    THEME.id: ThemeSums(THEME.id, MEANS, SPREADS),
    SENSITIVE.id: ThemeSums(SENSITIVE.id, {}, YES),
}
FROZEN = Frozen(TREE, (60, 20, 40), (60, 18, 40), SUMS)
BOTH = tuple(printed_shares(counts) for counts in ((6, 6, 6, 6, 6), (9, 10, 5, 3, 3)))
MEAN = ThemeResult(THEME, 20, Decimal("2.7"), None, (), (), (1, 2), ())
SPREAD = ThemeResult(THEME, None, None, 30, BOTH, (), (), (1, 2))
NOTHING = ThemeResult(THEME, None, None, None, (), (), (), ())
PREVALENCE = ThemeResult(SENSITIVE, None, None, 60, (), printed_prevalence((50, 10, 0, 0, 0)), (), (0,))


def wrong(result: ThemeResult) -> list[str]:
    return [kind for _, kind in wrong_figures(ReportResults(TREE.units[0], 60, 60, None, (result,)), FROZEN)]


@pytest.mark.parametrize("result", [MEAN, SPREAD, NOTHING, PREVALENCE], ids=["mean", "spread", "nothing", "prevalence"])
def test_right_results_pass(result: ThemeResult) -> None:
    assert wrong(result) == []


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (replace(MEAN, n_mean=21), "mean"),
        (replace(MEAN, mean=Decimal("2.6")), "mean"),
        (replace(MEAN, mean_pools=(1,)), "mean"),
        (replace(MEAN, mean_pools=(1, 2, 0)), "mean"),
        (replace(NOTHING, mean=Decimal("2.7")), "mean"),
        (replace(NOTHING, n_mean=20), "mean"),
        (replace(SPREAD, n_distribution=20), "dist"),
        (replace(SPREAD, distribution_pools=(2,)), "dist"),
        (replace(SPREAD, distribution_pools=(1, 2, 0)), "dist"),
        (replace(SPREAD, distribution_pools=()), "dist"),
        (replace(SPREAD, items=BOTH[:1]), "dist"),
        (replace(SPREAD, items=BOTH[::-1]), "dist"),
        (replace(SPREAD, n_distribution=None), "dist"),
        (replace(SPREAD, items=()), "dist"),
        (replace(PREVALENCE, n_distribution=None), "dist"),
        (replace(PREVALENCE, items=BOTH), "dist"),
        (replace(SPREAD, items=(), prevalence=PREVALENCE.prevalence), "dist"),
        (replace(PREVALENCE, prevalence=(group(0, 0, 84), group(1, 4, 16))), "dist"),
    ],
)
def test_wrong_results_are_named_by_their_kind(result: ThemeResult, kind: str) -> None:
    assert wrong(result) == [kind]


def test_front_page_is_its_units() -> None:
    report = ReportResults(TREE.units[1], 20, 18, None, ())
    assert is_right_front(report, FROZEN)
    for change in ({"n_answers": 21}, {"n_included": 20}, {"unit": TREE.units[2]}):
        assert not is_right_front(replace(report, **change), FROZEN)  # type: ignore[arg-type]
    assert not is_right_front(replace(report, unit=replace(TREE.units[1], path=("B",))), FROZEN)
