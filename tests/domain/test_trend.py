"""Years apart: only what both surveys printed about the same unit, and nothing more exact."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from app.domain.instrument import CURRENT_VERSION, Item, load_instrument
from app.domain.results import ReportResults, ThemeResult
from app.domain.trend import Trend, is_comparable, trends
from app.domain.units import UnitPath, UnitTree

INSTRUMENT = load_instrument(CURRENT_VERSION)
TREE = UnitTree.from_rows([(("A",), None), (("A", "ingen"), None), (("B",), None)])


def result(theme_id: str, n: int | None, mean: str | None) -> ThemeResult:
    value = None if mean is None else Decimal(mean)
    return ThemeResult(INSTRUMENT.theme(theme_id), n, value, None, (), (), (), ())


def report(path: UnitPath, *results: ThemeResult) -> ReportResults:
    return ReportResults(TREE.get(path), 30, 30, None, results)


NOW = report(("A",), result("workload", 12, "3.4"), result("conflicts", 11, "2.0"))


def test_both_printed_means_and_their_difference_are_shown() -> None:
    earlier = [report((), result("workload", 60, "3.0")), report(("A",), result("workload", 9, "3.9"))]
    assert trends(NOW, earlier) == (Trend("workload", Decimal("3.9"), 9, Decimal("3.4"), 12),)
    assert trends(NOW, earlier)[0].difference == Decimal("-0.5")


@pytest.mark.parametrize("path", [(), ("B",)])
def test_other_units_of_the_earlier_survey_are_never_compared_with(path: UnitPath) -> None:
    assert trends(NOW, [report(path, result("workload", 60, "3.0"))]) == ()


def test_theme_that_either_survey_withheld_has_no_trend() -> None:
    hidden = result("workload", None, None)
    assert trends(NOW, [report(("A",), hidden)]) == ()
    assert trends(report(("A",), hidden), [report(("A",), result("workload", 9, "3.9"))]) == ()


def test_theme_that_was_not_asked_then_has_no_trend() -> None:
    (trend,) = trends(NOW, [report(("A",), result("conflicts", 9, "2.2"))])
    assert trend.theme_id == "conflicts"


def test_catch_all_has_no_trend() -> None:
    own = report(("A", "ingen"), result("workload", 12, "3.4"))
    assert trends(own, [own]) == ()


def test_theme_in_other_words_or_on_another_scale_is_not_comparable() -> None:
    theme, other = INSTRUMENT.theme("workload"), INSTRUMENT.theme("social_climate")
    assert is_comparable(theme, theme)
    assert not is_comparable(theme, replace(theme, scale=other.scale))
    assert not is_comparable(theme, replace(theme, id="other"))
    turned = tuple(Item(item.id, item.text, not item.is_reversed) for item in theme.items)
    assert not is_comparable(theme, replace(theme, items=turned))
    assert not is_comparable(theme, replace(theme, items=theme.items[:-1]))
    now = replace(NOW, themes=(replace(NOW.themes[0], theme=replace(theme, items=turned)),))
    assert trends(now, [report(("A",), result("workload", 9, "3.9"))]) == ()


def test_trend_is_made_of_rounded_figures_only() -> None:
    (trend,) = trends(NOW, [report(("A",), result("workload", 9, "3.9"))])
    assert {value.as_tuple().exponent for value in (trend.earlier, trend.now, trend.difference)} == {-1}
