"""Bars and signs, drawn from printed figures only."""

from __future__ import annotations

from collections.abc import Sequence

from app.reports.content import PrintedMean, PrintedShare, Verdict, parts_of_bar
from app.reports.pen import CENTRE, Font, Pen
from app.reports.style import ACCENT, HEAT, MARKS, MUTED, PALE, REFERENCE, WHITE, category_colors
from app.reports.tagging import BOLD, REGULAR


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


def draw_mean_bar(pen: Pen, mean: PrintedMean, color: str, x: float, y: float, width: float, height: float) -> None:
    """A bar on a track from 1 to 5, as long as the printed mean says."""
    pen.rect(PALE, x, y, width, height)
    for number in range(1, 4):
        pen.line(x + width * number / 4, y, x + width * number / 4, y + height, WHITE, 0.8)
    pen.rect(color, x, y, width * mean.share_of_scale, height)


def draw_stacked_bar(pen: Pen, shares: Sequence[PrintedShare], x: float, y: float, width: float, height: float) -> None:
    """The printed percentages side by side; what is only bounded is hatched together."""
    colors, end = category_colors(len(shares)), 0.0
    for part in parts_of_bar(shares):
        start, length = x + part.start * width / 100, part.length * width / 100
        fill, on_fill = colors[part.category]
        pen.rect(fill, start, y, length, height)
        label, text = Font(REGULAR, 7.5, on_fill), shares[part.category].text
        if length > label.width(text) + 4:
            pen.decoration(text, start + length / 2, y + height / 2 - 2.6, label, CENTRE)
        end = part.start + part.length
        pen.line(x + end * width / 100, y, x + end * width / 100, y + height, WHITE, 0.8)
    if any(share.is_bound for share in shares):
        pen.hatch(x + end * width / 100, y, (100 - end) * width / 100, height)
