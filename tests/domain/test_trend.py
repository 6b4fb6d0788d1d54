"""Years apart: only what both surveys printed about the same unit, and nothing more exact."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from app.domain.instrument import CURRENT_VERSION, Item, load_instrument
from app.domain.results import EarlierMean, ReportResults, ThemeResult
from app.domain.trend import is_comparable, with_trends
from app.domain.units import UnitPath, UnitTree

INSTRUMENT = load_instrument(CURRENT_VERSION)
TREE = UnitTree.from_rows([(("A",), None), (("B",), None)])


def result(theme_id: str, n: int | None, mean: str | None) -> ThemeResult:
    value = None if mean is None else Decimal(mean)
    return ThemeResult(INSTRUMENT.theme(theme_id), n, value, None, (), (), (), ())


def report(path: UnitPath, *results: ThemeResult) -> ReportResults:
    return ReportResults(TREE.get(path), 30, 30, None, results)


NOW = report(("A",), result("workload", 12, "3.4"), result("conflicts", 11, "2.0"))


def trend(now: ReportResults, *earlier: ReportResults) -> dict[str, EarlierMean | None]:
    (found,) = with_trends([now], earlier)
    assert replace(found, themes=now.themes) == now
    assert [replace(own, earlier=None) for own in found.themes] == [*now.themes], "nothing else changes"
    return {own.theme.id: own.earlier for own in found.themes}


def test_earlier_printed_mean_of_the_same_unit_stands_beside_this_ones() -> None:
    earlier = (report((), result("workload", 60, "3.0")), report(("A",), result("workload", 9, "3.9")))
    assert trend(NOW, *earlier) == {"workload": EarlierMean(Decimal("3.9"), 9), "conflicts": None}


def test_change_is_that_of_the_printed_means() -> None:
    (found,) = with_trends([NOW], [report(("A",), result("workload", 9, "3.9"))])
    assert [own.change for own in found.themes] == [Decimal("-0.5"), None]
    assert result("workload", None, None).change is None


@pytest.mark.parametrize("path", [(), ("B",)])
def test_other_units_of_the_earlier_survey_are_never_compared_with(path: UnitPath) -> None:
    assert set(trend(NOW, report(path, result("workload", 60, "3.0"))).values()) == {None}


def test_theme_that_either_survey_withheld_has_no_trend() -> None:
    hidden = result("workload", None, None)
    assert trend(NOW, report(("A",), hidden))["workload"] is None
    for half in (result("workload", 9, None), result("workload", None, "3.9")):
        assert trend(NOW, report(("A",), half))["workload"] is None
    assert trend(report(("A",), hidden), report(("A",), result("workload", 9, "3.9"))) == {"workload": None}


def test_theme_that_was_not_asked_then_has_no_trend() -> None:
    found = trend(NOW, report(("A",), result("conflicts", 9, "2.2")))
    assert found == {"workload": None, "conflicts": EarlierMean(Decimal("2.2"), 9)}


def test_theme_in_other_words_or_on_another_scale_is_not_comparable() -> None:
    theme, other = INSTRUMENT.theme("workload"), INSTRUMENT.theme("social_climate")
    assert is_comparable(theme, theme)
    assert not is_comparable(theme, replace(theme, scale=other.scale))
    assert not is_comparable(theme, replace(theme, id="other"))
    turned = tuple(Item(item.id, item.text, not item.is_reversed) for item in theme.items)
    assert not is_comparable(theme, replace(theme, items=turned))
    assert not is_comparable(theme, replace(theme, items=theme.items[:-1]))
    now = replace(NOW, themes=(replace(NOW.themes[0], theme=replace(theme, items=turned)),))
    assert trend(now, report(("A",), result("workload", 9, "3.9"))) == {"workload": None}
