"""The gate against a plan that forgets what is special about the sensitive themes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.domain.disclosure import Limits, make_plan, pools_of
from app.domain.instrument import CURRENT_VERSION, Sensitivity, load_instrument
from app.domain.results import FigureTable, Frozen, ReportResults
from app.domain.scoring import columns_of, complete_cases, theme_sums
from app.services.release_gate import check_release
from app.services.report_basis import Pools
from tests.domain.test_results import random_answers
from tests.domain.trees import tree_of

INSTRUMENT = load_instrument(CURRENT_VERSION)
THEMES = INSTRUMENT.chosen(())
TREE = tree_of([("A",), ("B",)])
PLACEMENTS = np.repeat([1, 2], [12, 18]).astype(np.intp)


def release_of(sensitivities: tuple[Sensitivity, ...]) -> tuple[list[ReportResults], Pools]:
    """Reports and pools as a plan with these sensitivities makes them."""
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
    return list(FigureTable(frozen, INSTRUMENT).reports()), pools


def test_right_plan_passes() -> None:
    reports, pools = release_of(tuple(theme.sensitivity for theme in THEMES))
    assert check_release(reports, pools, Limits()).is_valid


def test_prevalence_of_thirty_people_is_stopped_when_the_plan_forgot_its_limit() -> None:
    reports, pools = release_of(tuple(Sensitivity.NORMAL for _ in THEMES))
    certificate = check_release(reports, pools, Limits())
    assert {violation.theme for violation in certificate.violations} == {"bullying", "sexual_attention"}
    assert {violation.limit for violation in certificate.violations} == {50}


def test_higher_limits_of_a_survey_are_those_of_its_gate() -> None:
    reports, pools = release_of(tuple(theme.sensitivity for theme in THEMES))
    assert not check_release(reports, pools, Limits(k_means=15, k_distributions=20)).is_valid


@pytest.mark.parametrize("theme_id", ["bullying", "sexual_attention"])
def test_most_sensitive_theme_in_a_units_report_is_stopped(theme_id: str) -> None:
    """A figure of another theme of that unit, published under the name of a most sensitive one."""
    reports, pools = release_of(tuple(theme.sensitivity for theme in THEMES))
    borrowed = next(result for result in reports[1].themes if result.n_distribution)
    column = pools.theme_ids.index(borrowed.theme.id)
    renamed = Pools(pools.ids, (theme_id,), pools.placements, pools.first[:, [column]], pools.second[:, [column]])
    planted = replace(reports[1], themes=(replace(borrowed, theme=INSTRUMENT.theme(theme_id)),))
    kinds = {violation.kind for violation in check_release([planted], renamed, Limits()).violations}
    assert "place" in kinds
