"""The gate against a plan that forgets the sensitive themes, and against figures that are not those of their pools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from app.domain.disclosure import Limits, make_plan, pools_of
from app.domain.instrument import CURRENT_VERSION, Sensitivity, load_instrument
from app.domain.results import FigureTable, Frozen, ReportResults, ThemeResult
from app.domain.scoring import columns_of, complete_cases, theme_sums
from app.services.release_gate import check_release
from app.services.report_basis import Basis, Pools
from tests.domain.test_results import random_answers
from tests.domain.trees import tree_of

INSTRUMENT = load_instrument(CURRENT_VERSION)
THEMES = INSTRUMENT.chosen(())
TREE = tree_of([("A",), ("B",)])
PLACEMENTS = np.repeat([1, 2], [12, 18]).astype(np.intp)


def release_of(sensitivities: tuple[Sensitivity, ...]) -> tuple[list[ReportResults], Basis]:
    """Reports and basis as a plan with these sensitivities makes them."""
    answers = random_answers(len(PLACEMENTS), share_skipped=0.0)
    complete = complete_cases(INSTRUMENT, THEMES, answers)
    plan = make_plan(TREE, PLACEMENTS, complete, sensitivities, Limits())
    first, second = pools_of(plan, PLACEMENTS, complete)
    columns = columns_of(INSTRUMENT)
    sums = {
        theme.id: theme_sums(theme, answers[:, columns[theme.id]], first[:, i], second[:, i], len(TREE.units))
        for i, theme in enumerate(THEMES)
    }
    frozen = Frozen(TREE, tuple(plan.n_answers.tolist()), tuple(plan.responses.included[:, 0].tolist()), sums)
    ids = tuple(bytes([number]) * 32 for number in range(len(PLACEMENTS)))
    pools = Pools(ids, tuple(sums), PLACEMENTS, first, second)
    return list(FigureTable(frozen, INSTRUMENT).reports()), Basis(frozen, pools)


def test_right_plan_passes() -> None:
    reports, basis = release_of(tuple(theme.sensitivity for theme in THEMES))
    assert check_release(reports, basis, Limits()).is_valid


def test_prevalence_of_thirty_people_is_stopped_when_the_plan_forgot_its_limit() -> None:
    reports, basis = release_of(tuple(Sensitivity.NORMAL for _ in THEMES))
    certificate = check_release(reports, basis, Limits())
    assert {violation.theme for violation in certificate.violations} == {"bullying", "sexual_attention"}
    assert {violation.limit for violation in certificate.violations} == {50}


def test_higher_limits_of_a_survey_are_those_of_its_gate() -> None:
    reports, basis = release_of(tuple(theme.sensitivity for theme in THEMES))
    assert not check_release(reports, basis, Limits(k_means=15, k_distributions=20)).is_valid


@pytest.mark.parametrize("theme_id", ["bullying", "sexual_attention"])
def test_most_sensitive_theme_in_a_units_report_is_stopped(theme_id: str) -> None:
    """A figure of another theme of that unit, published under the name of a most sensitive one."""
    reports, basis = release_of(tuple(theme.sensitivity for theme in THEMES))
    borrowed = next(result for result in reports[1].themes if result.n_distribution)
    pools = basis.pools
    assert pools is not None
    column = pools.theme_ids.index(borrowed.theme.id)
    renamed = Pools(pools.ids, (theme_id,), pools.placements, pools.first[:, [column]], pools.second[:, [column]])
    planted = replace(reports[1], themes=(replace(borrowed, theme=INSTRUMENT.theme(theme_id)),))
    kinds = {
        violation.kind for violation in check_release([planted], Basis(basis.frozen, renamed), Limits()).violations
    }
    assert "place" in kinds


# --------------------------------------------------------------------------------------------------- the number itself

RIGHT = tuple(theme.sensitivity for theme in THEMES)
Change = Callable[[ReportResults, ReportResults], ReportResults]


def with_result(report: ReportResults, theme_id: str, **values: object) -> ReportResults:
    return replace(
        report,
        themes=tuple(
            replace(result, **values) if result.theme.id == theme_id else result  # type: ignore[arg-type]
            for result in report.themes
        ),
    )


def own(report: ReportResults, theme_id: str) -> ThemeResult:
    result = report.result(theme_id)
    assert result is not None
    return result


def mean_of(report: ReportResults) -> Decimal:
    mean = own(report, "workload").mean
    assert mean is not None
    return mean


FALSE: dict[str, Change] = {
    "mean of another unit": lambda report, other: with_result(report, "workload", mean=mean_of(other)),
    "mean too exact": lambda report, _: with_result(report, "workload", mean=mean_of(report) + Decimal("0.01")),
    "mean invented": lambda report, _: with_result(report, "workload", mean=Decimal("1.1")),
    "shares of another unit": lambda report, other: with_result(report, "workload", items=own(other, "workload").items),
    "items in another order": lambda report, _: with_result(
        report, "workload", items=own(report, "workload").items[::-1]
    ),
    "unequal treatment of another unit": lambda report, other: with_result(
        report, "unequal_treatment", items=own(other, "unequal_treatment").items
    ),
    "mean of a pool that is not named": lambda report, other: with_result(
        report, "workload", mean_pools=own(other, "workload").mean_pools
    ),
    "numbers of another front page": lambda report, other: replace(
        report, n_answers=other.n_answers, n_included=other.n_included
    ),
    "name of another unit": lambda report, other: replace(report, unit=replace(report.unit, path=other.unit.path)),
}


@pytest.mark.parametrize("change", FALSE.values(), ids=FALSE.keys())
def test_figure_that_is_not_that_of_the_people_behind_it_is_stopped(change: Change) -> None:
    reports, basis = release_of(RIGHT)
    _, report, other = reports
    certificate = check_release([change(report, other)], basis, Limits())
    assert "value" in {violation.kind for violation in certificate.violations}


def test_wrong_figure_is_named() -> None:
    reports, basis = release_of(RIGHT)
    wrong = with_result(reports[1], "workload", mean=Decimal("1.1"))
    (violation,) = check_release([reports[0], wrong, reports[2]], basis, Limits()).violations
    assert (violation.kind, violation.contained_in) == ("value", ("A|workload|mean",))
