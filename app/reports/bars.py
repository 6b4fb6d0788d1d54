"""Bars and signs, drawn from printed figures only."""

from __future__ import annotations

from collections.abc import Sequence

from app.reports.content import PrintedMean, PrintedShare, Verdict, parts_of_bar
from app.reports.pen import CENTRE, Font, Pen
from app.reports.stands_out import Difference
from app.reports.style import ACCENT, HEAT, INK, MARKS, MUTED, PALE, REFERENCE, RULE, WHITE, category_colors
from app.reports.tagging import BOLD

VERDICT_COLORS = {
    Verdict.FAVOURABLE: ACCENT,
    Verdict.SAME: REFERENCE,
    Verdict.UNFAVOURABLE: HEAT[Verdict.UNFAVOURABLE][0],
}


def draw_verdict_mark(pen: Pen, verdict: Verdict, x: float, y: float) -> None:
    """A sign of its own shape: full disc with plus, ring with equals, full square with minus; `x`, `y`: the middle."""
    color = VERDICT_COLORS[verdict]
    if verdict is Verdict.UNFAVOURABLE:
        pen.rect(color, x - 3.9, y - 3.9, 7.8, 7.8)
    else:
        pen.disc(color, x, y, 4.2, is_filled=verdict is Verdict.FAVOURABLE)
    sign = Font(BOLD, 8.5, MUTED if verdict is Verdict.SAME else WHITE)
    pen.decoration(MARKS[verdict], x, y - sign.size * 0.3, sign, CENTRE)


def draw_mean_bar(pen: Pen, mean: PrintedMean, color: str, x: float, y: float, width: float, height: float) -> None:
    """A bar on a track from 1 to 5, as long as the printed mean says."""
    pen.rect(PALE, x, y, width, height)
    for number in range(1, 4):
        pen.line(x + width * number / 4, y, x + width * number / 4, y + height, WHITE, 0.8)
    pen.rect(color, x, y, width * mean.share_of_scale, height)


def draw_difference(pen: Pen, difference: Difference, x: float, y: float, width: float) -> None:
    """A line between two means on a scale from 1 to 5, and the organisation's (upright line); a unit's is a disc."""
    color = VERDICT_COLORS[difference.verdict or Verdict.SAME]
    start, end, other = (x + width * mean.share_of_scale for mean in (*difference.ends, difference.reference))
    pen.line(x, y, x + width, y, RULE, 0.8)
    pen.line(start, y, end, y, color, 2.4)
    pen.line(other, y - 3.6, other, y + 3.6, INK, 1.4)
    if difference.verdict:
        pen.disc(color, end, y, 3)


def draw_stacked_bar(pen: Pen, shares: Sequence[PrintedShare], x: float, y: float, width: float, height: float) -> None:
    """The printed percentages side by side; what is only bounded is hatched together."""
    colors, parts, end = category_colors(len(shares)), parts_of_bar(shares), x
    for part in parts:
        start, length = x + part.start * width / 100, part.length * width / 100
        pen.rect(colors[part.category][0], start, y, length, height)
        end = start + length
    if any(share.is_bound for share in shares):
        pen.hatch(end, y, x + width - end, height)
    for part in parts[1:]:  # last, so that no colour covers them
        start = x + part.start * width / 100
        pen.line(start, y, start, y + height, WHITE, 0.8)
