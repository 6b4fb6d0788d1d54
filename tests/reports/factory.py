"""Surveys with made-up sums, turned into results the way a build does it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date

from app.domain.disclosure import Limits
from app.domain.instrument import Instrument, Sensitivity, Theme, load_instrument
from app.domain.results import FigureTable, Frozen, ReportResults
from app.domain.scoring import Histogram, MeanSum, ThemeSums
from app.domain.units import UnitPath, UnitTree
from app.reports.model import Report, ReportSet

PERIOD = (date(2026, 3, 2), date(2026, 3, 20))
LETTERS = "æøåÆØÅéüšžđŋ–−«»"


def make_set(organisation: str = "Direktoratet for eksempler", **values: object) -> ReportSet:
    settings: dict[str, object] = {
        "period": PERIOD,
        "instrument": load_instrument("2026-1"),
        "limits": Limits(),
        "definitions": {},
    }
    return ReportSet(organisation, **(settings | values))  # type: ignore[arg-type]


class Survey:
    """An organisation whose units have the given numbers of answers; reports on request.

    `sizes` are the respondents directly in each unit, all of whom answered everything but the themes in `withheld`.
    """

    def __init__(
        self,
        sizes: dict[UnitPath, int],
        *,
        themes: Sequence[str] | None = None,
        n_invited: int | None = None,
        counts: dict[str, Sequence[int]] | None = None,
        withheld: Sequence[str] = (),
        seed: int = 1,
        **settings: object,
    ) -> None:
        self.set = make_set(**settings)  # type: ignore[arg-type]
        instrument = self.set.instrument
        chosen = [instrument.theme(name) for name in themes] if themes else list(instrument.themes)
        tree = UnitTree.from_rows([(path, None) for path in sizes if path])
        direct = {tree.get(path).index: n for path, n in sizes.items()}
        self._random = random.Random(seed)
        self._counts = counts or {}
        self._withheld = withheld
        n_below = [
            sum(n for unit, n in direct.items() if unit == own.index or own in tree.ancestors(tree.units[unit]))
            for own in tree.units
        ]
        frozen = Frozen(
            tree,
            tuple(n_below),
            tuple(n if n >= 5 else 0 for n in n_below),
            {theme.id: self._sums(theme, direct) for theme in chosen},
        )
        self.tree = tree
        self.table = FigureTable(frozen, _only(instrument, chosen))
        self.reports = tuple(self.table.reports(n_invited))

    def report(self, *path: str) -> Report:
        """The report of the unit at `path`; the organisation's without one."""
        found = self.results(*path)
        return Report(self.set, found, self.reports[0], () if path else self.reports)

    def results(self, *path: str) -> ReportResults:
        return next(results for results in self.reports if results.unit.path == path)

    def _sums(self, theme: Theme, direct: dict[int, int]) -> ThemeSums:
        """Every unit's own respondents are a pool of their own where there are enough of them."""
        k_means, k_spread = self.set.limits.of(theme.sensitivity)
        if theme.id in self._withheld:
            return ThemeSums(theme.id, {}, {})
        pools = {unit: self._histogram(theme, n) for unit, n in direct.items() if n >= min(k_means, k_spread)}
        if theme.sensitivity is Sensitivity.MOST_SENSITIVE:
            total = sum(direct.values())
            pools = {0: self._histogram(theme, total)} if total >= k_spread else {}
        means = {unit: MeanSum(found.n, _total(theme, found)) for unit, found in pools.items()}
        spread = {unit: found for unit, found in pools.items() if found.n >= k_spread}
        return ThemeSums(theme.id, means if theme.scale.has_mean else {}, spread)

    def _histogram(self, theme: Theme, n: int) -> Histogram:
        return Histogram(n, tuple(self._answers(theme, n) for _ in theme.items))

    def _answers(self, theme: Theme, n: int) -> tuple[int, ...]:
        if theme.id in self._counts:
            return tuple(self._counts[theme.id])
        n_categories = len(theme.scale.categories)
        lean = self._random.uniform(0.6, 1.7)
        weights = [lean**category * (2 if category in (1, 2, 3) else 1) for category in range(n_categories)]
        if theme.scale.id == "incident5":
            weights = [90, 4, 3, 2, 1]
        drawn = self._random.choices(range(n_categories), weights, k=n)
        return tuple(drawn.count(category) for category in range(n_categories))


def _total(theme: Theme, histogram: Histogram) -> int:
    highest = len(theme.scale.categories) + 1
    return sum(
        n * (highest - value if item.is_reversed else value)
        for item, counts in zip(theme.items, histogram.counts, strict=True)
        for value, n in enumerate(counts, start=1)
    )


def _only(instrument: Instrument, themes: Sequence[Theme]) -> Instrument:
    return Instrument(
        instrument.version,
        instrument.languages,
        tuple(theme for theme in instrument.themes if theme in themes),
        instrument.no_answer,
        instrument.definitions,
        instrument.help,
    )


CORE = tuple(theme.id for theme in load_instrument("2026-1").themes if theme.group.value == "core")
FULL = tuple(theme.id for theme in load_instrument("2026-1").themes if theme.group.value != "add_on")


def plain_survey(**settings: object) -> Survey:
    """Two divisions; one section with 7 answers, one with 23, one with 34."""
    sizes = {
        ("Divisjon for æøå", "Seksjon nord"): 23,
        ("Divisjon for æøå", "Seksjon sør"): 7,
        ("Stab", "Økonomi og virksomhetsstyring"): 34,
    }
    return Survey(sizes, **({"themes": FULL} | settings))  # type: ignore[arg-type]
