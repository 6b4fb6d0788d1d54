"""The one visual system of PDF and HTML: colours that also work in grey, sizes, widths. Lengths are in points."""

from __future__ import annotations

from app.domain.instrument import Direction
from app.reports.content import Verdict

MM = 72 / 25.4

PAGE_WIDTH, PAGE_HEIGHT = 210 * MM, 297 * MM
MARGIN = 22 * MM

INK = "#1b2a33"
MUTED = "#52616a"
RULE = "#c9d3d9"
PALE = "#edf2f4"
DEEP = "#12344d"
ACCENT = "#0b6e75"
REFERENCE = "#8a97a0"
WHITE = "#ffffff"
SKY = "#bcd6dd"

CATEGORIES = ("#f3eabf", "#b3dbbf", "#5fb3bb", "#27749f", "#1c3a6b")
"""From the first category of a scale to the last: lightness falls evenly, so their order survives grey and colour
blindness."""
ON_CATEGORIES = (INK, INK, INK, WHITE, WHITE)

CHAPTER_COLORS = {
    Direction.RISK: "#8a4a6b",
    Direction.PROTECTIVE: "#1d6a96",
    Direction.OUTCOME: "#3d4a8a",
    Direction.INCIDENT: "#6b4a7a",
}
"""None of them is a colour of a verdict: a bar alone says neither good nor bad."""
HEAT = {
    Verdict.FAVOURABLE: ("#bfe3dd", INK),
    Verdict.SAME: ("#f4f6f7", INK),
    Verdict.UNFAVOURABLE: ("#9c4a24", WHITE),
}
"""Fill and text of a heat map cell."""
MARKS = {Verdict.FAVOURABLE: "+", Verdict.SAME: "=", Verdict.UNFAVOURABLE: "\N{MINUS SIGN}"}
"""What stands beside every colour, so that colour never speaks alone."""


def category_colors(n_categories: int) -> tuple[tuple[str, str], ...]:
    """Fill and text per category; two categories take a light and a dark one."""
    pairs = tuple(zip(CATEGORIES, ON_CATEGORIES, strict=True))
    return pairs if n_categories == len(pairs) else (pairs[1], pairs[4])[:n_categories]
