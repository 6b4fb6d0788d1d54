"""Staff may publish less, never more; what they take away reveals nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from app.domain.certificate import certify
from app.domain.disclosure import Limits, make_plan, pools_of
from app.domain.errors import DomainError
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.results import FigureTable, Frozen, ReportResults
from app.domain.scoring import theme_sums
from app.domain.withholding import Withholding, check_withholding, review, withhold
from tests.domain.trees import Published, at_or_below, numbered, rising, tree_of

INSTRUMENT = load_instrument(CURRENT_VERSION)
THEMES = tuple(INSTRUMENT.theme(theme_id) for theme_id in ("workload", "conflicts", "unequal_treatment"))
TREE = tree_of([("A",), ("A", "A1"), ("A", "A2"), ("B",)])
SIZES = {(): 3, ("A",): 6, ("A", "A1"): 12, ("A", "A2"): 4, ("B",): 7}
PLACEMENTS = np.repeat(range(5), [SIZES[unit.path] for unit in TREE.units]).astype(np.intp)


def all_reports() -> tuple[ReportResults, ...]:
    complete = np.ones((len(PLACEMENTS), len(THEMES)), dtype=bool)
    plan = make_plan(TREE, PLACEMENTS, complete, tuple(theme.sensitivity for theme in THEMES), Limits())
    first, second = pools_of(plan, PLACEMENTS, complete)
    sums = {}
    for column, theme in enumerate(THEMES):
        answers = np.ones((len(PLACEMENTS), len(theme.items)), dtype=np.uint8)
        answers[::2] += 1
        sums[theme.id] = theme_sums(theme, answers, first[:, column], second[:, column], len(TREE.units))
    frozen = Frozen(TREE, tuple(plan.n_answers.tolist()), tuple(plan.responses.included[:, 0].tolist()), sums)
    return tuple(FigureTable(frozen, INSTRUMENT).reports())


def decision(*path: str, theme_id: str | None = None) -> Withholding:
    return Withholding(TREE.get(path).index, theme_id, "a reason")


def paths(reports: Sequence[ReportResults]) -> list[tuple[str, ...]]:
    return [report.unit.path for report in reports]


def test_without_a_decision_everything_stays() -> None:
    assert withhold(all_reports(), []) == all_reports()


def test_withheld_report_is_gone_and_no_other_changes() -> None:
    before = all_reports()
    after = withhold(before, [decision("A")])
    assert paths(after) == [(), ("A", "A1"), ("B",)]
    assert [report for report in before if report.unit.path != ("A",)] == list(after)


def test_withheld_theme_loses_every_figure_and_no_other_theme_does() -> None:
    before = {report.unit.path: report for report in all_reports()}
    after = {report.unit.path: report for report in withhold(before.values(), [decision("A", theme_id="workload")])}
    assert before.keys() == after.keys()
    for path, report in after.items():
        for own, former in zip(report.themes, before[path].themes, strict=True):
            if (path, own.theme.id) == (("A",), "workload"):
                assert former.n_mean == 22
                assert not own.is_published
                assert (own.mean, own.items, own.prevalence, own.mean_pools, own.distribution_pools) == (
                    None, (), (), (), ()
                )  # fmt: skip
                assert own.theme == former.theme
            else:
                assert own == former


def test_organisations_theme_may_be_withheld_but_not_its_report() -> None:
    theme_ids = [theme.id for theme in THEMES]
    check_withholding(TREE, theme_ids, decision(theme_id="workload"))
    check_withholding(TREE, theme_ids, decision("A"))
    with pytest.raises(DomainError, match=r"^withholding\.organisation"):
        check_withholding(TREE, theme_ids, decision())


def test_unknown_theme_is_refused_by_name() -> None:
    with pytest.raises(DomainError, match=r"^theme\.unknown") as error:
        check_withholding(TREE, ["workload"], decision("A", theme_id="conflicts"))
    assert error.value.values == {"theme": "conflicts"}


def test_withholding_any_reports_never_makes_a_smaller_group_visible() -> None:
    """All choices of withheld units: every atom is a union of pools, whatever is taken away."""
    people = numbered(TREE, SIZES)
    first = rising(TREE, people, 5)
    means, distributions = at_or_below(TREE, first), at_or_below(TREE, rising(TREE, first, 10))
    units = [path for path in means if path]
    for chosen in range(2 ** len(units)):
        gone = {path for number, path in enumerate(units) if chosen >> number & 1}
        published = Published(
            {path: own for path, own in means.items() if path not in gone},
            {path: own for path, own in distributions.items() if path not in gone},
        )
        assert certify(published.figures(), k_mean=5, k_dist=10).is_valid


def test_review_counts_what_a_report_lacks() -> None:
    reports = {report.unit.path: report for report in all_reports()}
    complete = dict.fromkeys((theme.id for theme in THEMES), 0) | {"workload": 22, "conflicts": 20}
    found = review(reports["A",], complete)
    assert found.report is reports["A",]
    assert (found.report.n_answers, found.report.n_included, found.n_withdrawn) == (22, 22, 0)
    assert (found.n_themes_without_mean, found.n_themes_without_distribution, found.most_lost) == (0, 0, 0)
    lost = review(reports["A",], complete | {"conflicts": 25, "unequal_treatment": 90})
    assert lost.most_lost == 3  # only themes with a mean


def test_review_of_a_report_with_withdrawn_answers_and_withheld_themes() -> None:
    (report,) = [
        own for own in withhold(all_reports(), [decision("B", theme_id="workload")]) if own.unit.path == ("B",)
    ]
    complete = {"workload": 7, "conflicts": 7, "unequal_treatment": 7}
    found = review(report, complete)
    assert (found.n_themes_without_mean, found.n_themes_without_distribution, found.most_lost) == (1, 3, 7)
    (whole,) = [own for own in all_reports() if own.unit.path == ()]
    assert review(whole, dict.fromkeys(complete, 32)).n_withdrawn == 3


def test_review_of_a_report_without_means_lost_nothing() -> None:
    report = all_reports()[0]
    only = ReportResults(report.unit, 32, 29, None, tuple(r for r in report.themes if not r.theme.scale.has_mean))
    assert review(only, {"unequal_treatment": 32}).most_lost == 0
