"""The forecast agrees with the plan, with the binomial distribution, and with what it promises about the unknown."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import product
from math import comb, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.disclosure import Limits, make_plan
from app.domain.forecast import (
    LIKELY,
    MAX_HINTS,
    N_DRAWS,
    RATES,
    UNLIKELY,
    Forecast,
    Outlook,
    has_head_counts,
    make_forecasts,
    people_needed,
)
from app.domain.instrument import Sensitivity
from app.domain.units import UnitPath, UnitTree
from tests.domain.trees import small_pools_rise

LIMITS = Limits()
ORDER = (Outlook.NONE, Outlook.UNCERTAIN, Outlook.MEANS, Outlook.DISTRIBUTIONS)
PATHS: tuple[UnitPath, ...] = (
    ("A",), ("A", "A1"), ("A", "A2"), ("A", "ingen"), ("A", "A2", "x"), ("B",), ("B", "B1"), ("C",), ("ingen",),
)  # fmt: skip
head_counts = st.fixed_dictionaries({}, optional=dict.fromkeys(PATHS, st.integers(0, 30)))
trees = head_counts.filter(bool).map(lambda people: UnitTree.from_rows(people.items()))
with_gaps = (
    st.fixed_dictionaries({}, optional=dict.fromkeys(PATHS, st.none() | st.integers(0, 30)))
    .filter(bool)
    .map(lambda people: UnitTree.from_rows(people.items()))
)


def at(rate: int, rows: Mapping[UnitPath, int | None], limits: Limits = LIMITS) -> Forecast:
    (forecast,) = make_forecasts(UnitTree.from_rows(rows.items()), limits, (rate,))
    return forecast


def outlooks(forecast: Forecast) -> dict[str, str]:
    return {"/".join(own.unit.path): own.outlook.value for own in forecast.units}


def binomial(n: int, k: int, share: float) -> float:
    return comb(n, k) * share**k * (1 - share) ** (n - k)


def at_least(n: int, k: int, share: float) -> float:
    return sum(binomial(n, i, share) for i in range(k, n + 1))


# --- worked by hand --------------------------------------------------------------------------------------------------


def test_seven_employees_at_70_per_cent_are_uncertain_and_nine_are_enough() -> None:
    found = at(70, {("five",): 5, ("seven",): 7, ("nine",): 9, ("seventeen",): 17, ("two",): 2})
    assert outlooks(found) == {
        "": "distributions",
        "five": "uncertain",
        "seven": "uncertain",
        "nine": "means",
        "seventeen": "distributions",
        "two": "none",
    }
    assert [forecast.n_needed for forecast in make_forecasts(UnitTree.from_rows([(("A",), 1)]), LIMITS)] == [
        (14, 26),
        (9, 17),
        (7, 13),
    ]


def test_guide_example_division_of_seven_with_a_section_of_five() -> None:
    """Everybody answers: the two without a section are too few, and their answers rise into nothing."""
    found = at(100, {("D",): 2, ("D", "S"): 5})
    assert [(own.outlook.value, own.n_left_out) for own in found.units] == [("means", 2), ("means", 2), ("means", 0)]
    assert [own.n_people for own in found.units] == [7, 7, 5]


def test_small_sections_rise_into_the_division_that_can_report_them() -> None:
    found = at(100, {("D", "S1"): 4, ("D", "S2"): 4, ("D", "S3"): 3})
    assert outlooks(found) == {
        "": "distributions",
        "D": "distributions",
        "D/S1": "none",
        "D/S2": "none",
        "D/S3": "none",
    }
    assert [own.n_left_out for own in found.units] == [0, 0, None, None, None]


def test_catch_all_has_no_report_and_its_people_count_above() -> None:
    found = at(100, {("D", "S1"): 6, ("D", "ingen"): 12})
    assert outlooks(found) == {"": "distributions", "D": "distributions", "D/S1": "means", "D/ingen": "none"}
    assert found.units_with(Outlook.NONE) == ()


def test_higher_limits_of_a_survey_are_its_own() -> None:
    assert outlooks(at(100, {("A",): 9}, Limits(10, 20)))["A"] == "none"
    assert outlooks(at(100, {("A",): 19}, Limits(10, 20)))["A"] == "means"


def test_organisation_without_units_has_its_own_count() -> None:
    assert outlooks(at(90, {(): 7})) == {"": "means"}
    assert outlooks(at(90, {(): None})) == {"": "unknown"}


def test_missing_head_count_is_unknown_and_not_guessed() -> None:
    found = at(70, {("A", "A1"): 9, ("A", "A2"): None, ("B",): 9})
    assert outlooks(found) == {"": "unknown", "A": "unknown", "A/A1": "means", "A/A2": "unknown", "B": "means"}
    assert [own.n_people for own in found.units] == [None, None, 9, None, 9]
    assert [own.n_left_out for own in found.units] == [None, None, 0, None, 0]


def test_missing_head_count_changes_nothing_for_who_is_large_enough_without() -> None:
    assert outlooks(at(90, {("A", "A1"): 60, ("A", "A2"): None})) == {
        "": "distributions",
        "A": "distributions",
        "A/A1": "distributions",
        "A/A2": "unknown",
    }


def test_list_without_any_head_count_has_nothing_to_tell() -> None:
    assert not has_head_counts(UnitTree.from_rows([(("A",), None)]))
    assert has_head_counts(UnitTree.from_rows([(("A",), None), (("B",), 0)]))


def test_hint_joins_neighbours_that_together_are_enough() -> None:
    rows = {("A", "A1"): 6, ("A", "A2"): 4, ("A", "A3"): 3, ("B", "B1"): 8, ("C", "C1"): 8, ("C", "C2"): 8}
    hints = at(70, rows).hints
    assert [([unit.name for unit in hint.units], hint.n_people) for hint in hints] == [
        (["C1", "C2"], 16),
        (["A1", "A3"], 9),
    ]


def test_hint_takes_several_where_two_are_not_enough() -> None:
    rows = {("A", name): 4 for name in "vwxyz"}
    (hint,) = at(70, rows).hints
    assert [unit.name for unit in hint.units] == ["v", "w", "x"]


def test_hint_leaves_leaders_and_catch_alls_where_they_are() -> None:
    rows = {("A", "A1"): 6, ("A", "avdelingsledelse"): 6, ("A", "ingen"): 6, ("A", "A2"): 0, ("A", "A3"): None}
    assert at(70, rows).hints == ()


def test_list_of_hints_is_short_and_most_useful_first() -> None:
    rows = {(f"D{n}", name): 2 + n % 7 for n in range(40) for name in "abcdefgh"}
    hints = at(70, rows).hints
    assert len(hints) == MAX_HINTS
    assert [hint.n_people for hint in hints] == sorted((hint.n_people for hint in hints), reverse=True)


# --- rules -----------------------------------------------------------------------------------------------------------


@given(st.integers(0, 60), st.sampled_from(RATES))
def test_unit_without_units_below_is_judged_by_the_binomial_distribution(n: int, rate: int) -> None:
    found = at(rate, {("A",): n}).units[1].outlook
    report, spread = at_least(n, 5, rate / 100), at_least(n, 10, rate / 100)
    for share, limit, is_beyond in (
        (report, LIKELY, found in (Outlook.MEANS, Outlook.DISTRIBUTIONS)),
        (report, UNLIKELY, found is not Outlook.NONE),
        (spread, LIKELY, found is Outlook.DISTRIBUTIONS),
    ):
        if abs(share - limit) > 0.5 / N_DRAWS:
            assert is_beyond == (share > limit)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(
    "people",
    [
        {("A",): 3, ("A", "A1"): 6, ("A", "A2"): 8},
        {("A", "A1"): 7, ("A", "A2"): 7, ("A", "ingen"): 2},
        {("A", "A1", "x"): 5, ("A", "A1", "y"): 6, ("A", "A2"): 4},
        {("A",): 12, ("A", "A1"): 12},
    ],
)
def test_units_above_are_judged_as_every_possible_outcome_together_says(rate: int, people: dict[UnitPath, int]) -> None:
    tree, share = UnitTree.from_rows(people.items()), rate / 100
    reports, spreads = dict.fromkeys((unit.path for unit in tree.units), 0.0), dict.fromkeys(people, 0.0) | {(): 0.0}
    for answers in product(*(range(n + 1) for n in people.values())):
        chance = prod(binomial(n, k, share) for n, k in zip(people.values(), answers, strict=True))
        if chance > 1e-6:
            published = small_pools_rise(tree, dict(zip(people, answers, strict=True)), 5, 10)
            for path in published.means:
                reports[path] += chance
            for path in published.distributions:
                spreads[path] = spreads.get(path, 0.0) + chance
    for own in at(rate, people).units:
        report, spread = reports[own.unit.path], spreads.get(own.unit.path, 0.0)
        if min(abs(report - LIKELY), abs(report - UNLIKELY), abs(spread - LIKELY)) > 0.04:
            expected = Outlook.UNCERTAIN if report > UNLIKELY else Outlook.NONE
            expected = Outlook.DISTRIBUTIONS if spread > LIKELY else Outlook.MEANS if report > LIKELY else expected
            assert own.outlook is (Outlook.NONE if own.unit.is_catch_all else expected)


@given(trees)
def test_everybody_answering_gives_what_the_plan_gives(tree: UnitTree) -> None:
    people = np.array([unit.n_people or 0 for unit in tree.units])
    placements = np.repeat(np.arange(len(people)), people)
    plan = make_plan(tree, placements, np.ones((len(placements), 1), dtype=bool), (Sensitivity.NORMAL,), LIMITS)
    (forecast,) = make_forecasts(tree, LIMITS, (100,))
    for own in forecast.units:
        index = own.unit.index
        assert own.n_people == plan.n_answers[index]
        assert (own.outlook is not Outlook.NONE) == plan.has_report(index)
        assert (own.outlook is Outlook.DISTRIBUTIONS) == (
            bool(plan.distributions.included[index, 0]) and plan.has_report(index)
        )
        if own.n_left_out is not None:
            assert own.n_left_out == plan.n_answers[index] - plan.means.included[index, 0]


@given(trees)
def test_more_answers_never_cost_a_report(tree: UnitTree) -> None:
    for fewer, more in zip(make_forecasts(tree, LIMITS), make_forecasts(tree, LIMITS, (70, 90, 100)), strict=True):
        for before, after in zip(fewer.units, more.units, strict=True):
            assert min(ORDER.index(before.outlook), 2) <= ORDER.index(after.outlook)


@given(with_gaps, st.lists(st.integers(0, 40), min_size=len(PATHS), max_size=len(PATHS)), st.sampled_from(RATES))
def test_what_is_said_in_spite_of_missing_counts_holds_whatever_they_are(
    tree: UnitTree, missing: list[int], rate: int
) -> None:
    filled = UnitTree.from_rows(
        [(path, n if n is not None else other) for (path, n), other in zip(tree.to_rows(), missing, strict=False)]
    )
    (before,), (after,) = make_forecasts(tree, LIMITS, (rate,)), make_forecasts(filled, LIMITS, (rate,))
    for own, other in zip(before.units, after.units, strict=True):
        assert own.outlook in (Outlook.UNKNOWN, other.outlook)
        assert own.n_people in (None, other.n_people)
        assert own.n_left_out in (None, other.n_left_out)


@given(st.dictionaries(st.sampled_from(PATHS), st.integers(0, 12), min_size=1), st.sampled_from(RATES))
@settings(deadline=None)
def test_units_of_a_hint_have_one_parent_and_get_their_report_once_merged(
    people: dict[UnitPath, int], rate: int
) -> None:
    forecast = at(rate, people)
    seen: set[int] = set()
    for hint in forecast.hints:
        assert len(hint.units) > 1
        assert len({unit.path[:-1] for unit in hint.units}) == 1
        assert not seen & {unit.index for unit in hint.units}
        seen |= {unit.index for unit in hint.units}
        merged: dict[UnitPath, int | None] = {
            path: n for path, n in people.items() if path not in {unit.path for unit in hint.units}
        }
        merged[(*hint.units[0].path[:-1], "merged")] = hint.n_people
        own = next(own for own in at(rate, merged).units if own.unit.name == "merged")
        assert own.outlook in (Outlook.MEANS, Outlook.DISTRIBUTIONS)


@given(st.integers(5, 40), st.sampled_from([*RATES, 100]))
def test_one_employee_fewer_than_needed_is_not_enough(k: int, rate: int) -> None:
    needed = people_needed(k, rate)
    assert at_least(needed, k, rate / 100) >= LIKELY - 0.5 / N_DRAWS
    assert at_least(needed - 1, k, rate / 100) <= LIKELY + 0.5 / N_DRAWS


def test_large_units_have_the_normal_spread() -> None:
    (own,) = at(70, {(): 1_000_000}).units
    assert own.outlook is Outlook.DISTRIBUTIONS
    assert outlooks(at(1, {(): 600})) == {"": "uncertain"}  # 6 on average, 5 or more in seven of ten


def test_same_list_gives_the_same_forecast() -> None:
    rows = [((f"D{n % 9}", f"S{n}"), n % 14) for n in range(200)]
    assert make_forecasts(UnitTree.from_rows(rows), LIMITS) == make_forecasts(UnitTree.from_rows(rows), LIMITS)


def test_five_thousand_units_take_well_under_a_second_per_rate() -> None:
    tree = UnitTree.from_rows([((f"D{n % 20}", f"A{n % 400}", f"S{n}"), n % 23) for n in range(5_000)])
    start = time.process_time()
    make_forecasts(tree, LIMITS)
    assert time.process_time() - start < 2.0
