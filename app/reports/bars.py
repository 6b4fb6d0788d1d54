"""Bars and signs, drawn from printed figures only."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from app.reports.content import PrintedMean, PrintedShare, Verdict
from app.reports.pen import CENTRE, Font, Pen
from app.reports.style import ACCENT, HEAT, MARKS, MUTED, PALE, REFERENCE, WHITE, category_colors
from app.reports.tagging import BOLD, REGULAR

LOWEST, HIGHEST = Decimal(1), Decimal(5)  # the ends of the scale of a mean


def draw_verdict_mark(pen: Pen, verdict: Verdict, x: float, y: float) -> None:
    """A sign of its own shape: full disc with plus, ring with equals, full square with minus; `x`, `y`: the middle."""
    color, sign_color = {
        Verdict.FAVOURABLE: (ACCENT, WHITE),
        Verdict.SAME: (REFERENCE, MUTED),
        Verdict.UNFAVOURABLE: (HEAT[Verdict.UNFAVOURABLE][0], WHITE),
    }[verdict]
    if verdict is Verdict.UNFAVOURABLE:
        pen.rect(color, x - 3.9, y - 3.9, 7.8, 7.8)
    else:
        pen.disc(color, x, y, 4.2, is_filled=verdict is Verdict.FAVOURABLE)
    sign = Font(BOLD, 8.5, sign_color)
    pen.decoration(MARKS[verdict], x, y - sign.size * 0.3, sign, CENTRE)


def share_of_scale(mean: PrintedMean) -> float:
    """How far a printed mean lies from the lower end of its scale to the upper, 0 to 1."""
    return float((mean.value - LOWEST) / (HIGHEST - LOWEST))


def draw_mean_bar(pen: Pen, mean: PrintedMean, color: str, x: float, y: float, width: float, height: float) -> None:
    """A bar on a track from 1 to 5, as long as the printed mean says."""
    pen.rect(PALE, x, y, width, height)
    for number in range(1, 4):
        pen.line(x + width * number / 4, y, x + width * number / 4, y + height, WHITE, 0.8)
    pen.rect(color, x, y, width * share_of_scale(mean), height)


def draw_stacked_bar(pen: Pen, shares: Sequence[PrintedShare], x: float, y: float, width: float, height: float) -> None:
    """The printed percentages side by side; what is only bounded is hatched together."""
    exact = sum(share.percent for share in shares if not share.is_bound)
    scale = width / max(exact, 100)
    end = x
    for share, (color, on_color) in zip(shares, category_colors(len(shares)), strict=True):
        if share.is_bound or not share.percent:
            continue
        length = share.percent * scale
        pen.rect(color, end, y, length, height)
        label = Font(REGULAR, 7.5, on_color)
        if length > label.width(share.text) + 4:
            pen.decoration(share.text, end + length / 2, y + height / 2 - 2.6, label, CENTRE)
        end += length
        pen.line(end, y, end, y + height, WHITE, 0.8)
    if any(share.is_bound for share in shares):
        pen.hatch(end, y, x + width - end, height)
