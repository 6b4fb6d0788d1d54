from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise

import pytest

from app.domain.results import printed_shares
from app.reports.bars import VERDICT_COLORS, draw_difference, draw_mean_bar, draw_stacked_bar, draw_verdict_mark
from app.reports.content import PrintedMean, PrintedShare, Verdict
from app.reports.pen import BODY, Pen, shortened, wrapped
from app.reports.stands_out import Difference
from app.reports.style import ACCENT, PALE, REFERENCE, category_colors
from app.reports.texts import texts

pytestmark = pytest.mark.usefixtures("fonts")


class Paper:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, operators: str) -> None:
        self.written.append(operators)

    def encoded(self, text: str, font: str) -> tuple[list[tuple[str, str]], float]:
        return [("/F1", text)], len(text) / 2


def _bars(paper: Paper) -> list[tuple[str, float]]:
    """Colour and width of every filled rectangle."""
    found = re.findall(r"([\d. ]+) rg [\d.-]+ [\d.-]+ ([\d.-]+) [\d.-]+ re f", "\n".join(paper.written))
    return [(color, float(width)) for color, width in found]


def _color(value: str) -> str:
    return " ".join(f"{int(value[start : start + 2], 16) / 255:.3f}" for start in (1, 3, 5))


@pytest.mark.parametrize(("mean", "width"), [("1.0", 0), ("3.4", 60), ("5.0", 100)])
def test_bar_of_a_mean_is_as_long_as_the_printed_mean_says(mean: str, width: float) -> None:
    paper = Paper()
    draw_mean_bar(Pen(paper), PrintedMean(mean, Decimal(mean)), ACCENT, 0, 0, 100, 4)  # type: ignore[arg-type]
    assert _bars(paper) == [(_color(PALE), 100), (_color(ACCENT), width)]


def test_difference_is_drawn_from_printed_figures_in_the_colour_of_its_verdict() -> None:
    own, other = PrintedMean("4.0", Decimal(4)), PrintedMean("2.0", Decimal(2))
    paper = Paper()
    difference = Difference("", Verdict.UNFAVOURABLE, (other, own), other)
    draw_difference(Pen(paper), difference, 0, 0, 100)  # type: ignore[arg-type]
    color = _color(VERDICT_COLORS[Verdict.UNFAVOURABLE])
    assert f"{color} RG 2.4 w 25.00 0.00 m 75.00 0.00 l S" in paper.written
    assert paper.written[-1].startswith(f"{color} rg 78.00 0.00 m")


def test_how_far_units_lie_apart_is_drawn_without_a_verdict() -> None:
    lowest, highest, all_in_all = (PrintedMean(text, Decimal(text)) for text in ("2.0", "4.0", "3.0"))
    paper = Paper()
    draw_difference(Pen(paper), Difference("", None, (lowest, highest), all_in_all), 0, 0, 100)  # type: ignore[arg-type]
    assert f"{_color(REFERENCE)} RG 2.4 w 25.00 0.00 m 75.00 0.00 l S" in paper.written
    assert " 50.00 -3.60 m 50.00 3.60 l S" in paper.written[-1]


def _stacked(counts: tuple[int, ...]) -> list[tuple[str, float]]:
    paper = Paper()
    shares = [PrintedShare.of(share, texts("en")) for share in printed_shares(counts)]
    draw_stacked_bar(Pen(paper), shares, 0, 0, 200, 4)  # type: ignore[arg-type]
    return _bars(paper)


def test_parts_of_a_stacked_bar_are_as_long_as_the_printed_shares_say() -> None:
    colors = [_color(fill) for fill, _ in category_colors(5)]
    assert _stacked((5, 5, 0, 5, 5)) == [(colors[n], 50) for n in (0, 1, 3, 4)]


def test_shares_above_a_hundred_in_all_still_fit_the_bar() -> None:
    assert sum(width for _, width in _stacked((1, 1, 1, 1, 2))) == pytest.approx(200, abs=0.1)


@pytest.mark.parametrize("counts", [(0, 0, 1, 11, 0), (0, 0, 0, 12, 0), (1, 0, 0, 11, 0)])
def test_bar_of_near_unanimity_shows_only_what_the_bound_says(counts: tuple[int, ...]) -> None:
    colors = [_color(fill) for fill, _ in category_colors(5)]
    assert _stacked(counts) == [(colors[3], 180), (_color(PALE), 20)]


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_a_sign_of_its_own(verdict: Verdict) -> None:
    paper = Paper()
    draw_verdict_mark(Pen(paper), verdict, 0, 0)  # type: ignore[arg-type]
    sign = {"favourable": "+", "same": "=", "unfavourable": "\N{MINUS SIGN}"}[verdict.value]
    assert f"({sign}) Tj" in paper.written[-1]


def test_categories_grow_darker_so_that_their_order_survives_grey() -> None:
    def lightness(color: str) -> float:
        red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    steps = [lightness(fill) for fill, _ in category_colors(5)]
    assert all(one - two > 25 for one, two in pairwise(steps))


def test_wrapped_text_breaks_at_spaces_and_inside_words_that_are_too_long() -> None:
    lines = wrapped("kort " + "x" * 60 + " slutt", BODY, 100)
    assert all(BODY.width(line) <= 100 for line in lines)
    assert "".join(lines).replace(" ", "") == "kort" + "x" * 60 + "slutt"
    assert wrapped("", BODY, 100) == ("",)
    assert wrapped("12\N{NO-BREAK SPACE}% av alle", BODY, 22)[0] == "12\N{NO-BREAK SPACE}%"


def test_shortened_text_ends_in_an_ellipsis_and_fits() -> None:
    assert shortened("kort", BODY, 100) == "kort"
    cut = shortened("et svært langt navn på en enhet", BODY, 60)
    assert cut.endswith("…")
    assert BODY.width(cut) <= 60
