"""From answers to sums per theme (reference: the instrument's table; disclosure.md 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.instrument import Instrument, Theme
from app.domain.responses import DECLINED, UNANSWERED

Answers = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class MeanSum:
    """The sum of all item values, after reversal, of one tier 1 pool."""

    n: int
    total: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many of one tier 2 pool chose which category, per item; categories in the order of the scale."""

    n: int
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class ThemeSums:
    """All that is ever kept for the reports of one theme: sums per accepting unit, each over at least k people."""

    theme_id: str
    means: dict[int, MeanSum]
    histograms: dict[int, Histogram]


def columns_of(instrument: Instrument) -> dict[str, slice]:
    """Per theme the columns of its items in an answer matrix."""
    columns, start = {}, 0
    for theme in instrument.themes:
        columns[theme.id] = slice(start, start + len(theme.items))
        start += len(theme.items)
    return columns


def complete_cases(instrument: Instrument, themes: Sequence[Theme], answers: Answers) -> NDArray[np.bool_]:
    """Per response and theme whether every item has an answer; declined is not answered (disclosure.md 1)."""
    columns = columns_of(instrument)
    is_answered = (answers != DECLINED) & (answers != UNANSWERED)
    return np.column_stack([is_answered[:, columns[theme.id]].all(axis=1) for theme in themes]).reshape(
        len(answers), len(themes)
    )


def item_values(theme: Theme, answers: Answers) -> NDArray[np.int64]:
    """The theme's answers scored: reversed items turned, n+1 - value. For complete cases only."""
    values = answers.astype(np.int64)
    is_reversed = np.array([item.is_reversed for item in theme.items])
    return np.where(is_reversed, len(theme.scale.categories) + 1 - values, values)


def theme_sums(
    theme: Theme, answers: Answers, first: NDArray[np.intp], second: NDArray[np.intp], n_units: int
) -> ThemeSums:
    """The sums of one theme. `answers`: the theme's columns; `first`, `second`: per response its pool in each tier."""
    means: dict[int, MeanSum] = {}
    if theme.scale.has_mean:
        inside = first >= 0
        totals = item_values(theme, answers[inside]).sum(axis=1)
        n = np.bincount(first[inside], minlength=n_units)
        sums = np.bincount(first[inside], weights=totals, minlength=n_units).astype(np.int64)
        means = {int(unit): MeanSum(int(n[unit]), int(sums[unit])) for unit in np.flatnonzero(n)}
    return ThemeSums(theme.id, means, _histograms(theme, answers, second, n_units))


def _histograms(theme: Theme, answers: Answers, pools: NDArray[np.intp], n_units: int) -> dict[int, Histogram]:
    inside = pools >= 0
    n_categories = len(theme.scale.categories)
    units = pools[inside]
    n = np.bincount(units, minlength=n_units)
    counts = np.stack(
        [
            np.bincount(units * n_categories + answers[inside, item] - 1, minlength=n_units * n_categories)
            for item in range(len(theme.items))
        ]
    ).reshape(len(theme.items), n_units, n_categories)
    return {
        int(unit): Histogram(int(n[unit]), tuple(map(tuple, counts[:, unit].tolist()))) for unit in np.flatnonzero(n)
    }
