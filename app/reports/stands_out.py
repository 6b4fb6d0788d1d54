"""What a report says first: what differs most, between a unit and its organisation or between the units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.domain.results import SMALL_N
from app.domain.texts import load_document
from app.reports.content import NOTICEABLE, PrintedMean, ReportContent, ThemeContent, Verdict, verdict_words
from app.reports.texts import Texts

VERSION = "2026-1"
MOST_OF_A_KIND, MOST_NAMED = 3, 5
"""So many differences of a unit are named each way; so many themes in which units differ."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A point of what stands out, and what is drawn beside it: a line between `ends`, a tick at `reference`.

    The line goes from the organisation's mean, the `reference`, to the unit's; without a verdict from that of the
    lowest unit to that of the highest.
    """

    text: str
    verdict: Verdict | None
    ends: tuple[PrintedMean, PrintedMean]
    reference: PrintedMean


@dataclass(frozen=True, slots=True)
class StandsOut:
    """What a report says first: what differs most; without points where nothing does."""

    heading: str
    question: str | None
    balance: tuple[tuple[Verdict, str], ...]
    """How many themes compare in which way, below the `question`; () in the organisation's report."""
    introduction: str
    caution: str | None
    differences: tuple[Difference, ...]

    @property
    def points(self) -> tuple[str, ...]:
        return tuple(difference.text for difference in self.differences)


def stands_out_of(content: ReportContent) -> StandsOut | None:
    """What differs most from the organisation or, in its own report, between units; None where nothing is compared."""
    return _units_apart(content) if content.is_organisation else _unit_apart(content)


def _unit_apart(content: ReportContent) -> StandsOut | None:
    """The largest noticeable differences of printed means, what is good first, so that neither hides the other."""
    compared = [theme for theme in content.themes if theme.verdict is not None]
    if not compared:
        return None
    words, document = content.texts, load_document("stands_out", VERSION)
    language = words.language
    named = [*_largest(compared, Verdict.FAVOURABLE), *_largest(compared, Verdict.UNFAVOURABLE)]
    section = document.section("differences" if named else "none")
    caution = document.section("few").paragraphs[0][language]
    numbers = Counter(theme.verdict for theme in compared)
    values = {"noticeable": words.mean(NOTICEABLE), "most": words.number(MOST_OF_A_KIND)}
    return StandsOut(
        section.heading[language],
        document.section("balance").paragraphs[0][language],
        tuple((verdict, f"{words.number(numbers[verdict])} {verdict_words(verdict, words)}") for verdict in Verdict),
        section.paragraphs[0][language].format(**values),
        caution if named and content.report.results.n_included < SMALL_N else None,
        tuple(_difference(section.points[0][language], theme, words) for theme in named),
    )


def _largest(themes: Sequence[ThemeContent], verdict: Verdict) -> list[ThemeContent]:
    """Equal ones stay in the order of the instrument."""
    found = [theme for theme in themes if theme.verdict is verdict]
    return sorted(found, key=_distance, reverse=True)[:MOST_OF_A_KIND]


def _distance(theme: ThemeContent) -> Decimal:
    return abs(theme.mean.value - theme.reference.value) if theme.mean and theme.reference else Decimal(0)


def _difference(pattern: str, theme: ThemeContent, words: Texts) -> Difference:
    if theme.mean is None or theme.reference is None or theme.verdict is None:
        raise ValueError(f"{theme.id} is not compared")
    text = pattern.format(
        theme=theme.name,
        own=theme.mean.text,
        other=theme.reference.text,
        difference=theme.difference,
        verdict=verdict_words(theme.verdict, words),
    )
    return Difference(text, theme.verdict, (theme.reference, theme.mean), theme.reference)


def _units_apart(content: ReportContent) -> StandsOut | None:
    """The themes in which most units differ noticeably from the organisation, by the figures of the heat map."""
    found = [spread for spread in _spreads(content) if spread.n_apart]
    if not found:
        return None
    found.sort(key=lambda spread: -spread.n_apart)
    language, document = content.texts.language, load_document("stands_out", VERSION)
    section = document.section("units")
    return StandsOut(
        section.heading[language],
        None,
        (),
        section.paragraphs[0][language].format(noticeable=content.texts.mean(NOTICEABLE)),
        document.section("small_units").paragraphs[0][language],
        tuple(spread.difference(section.points[0][language], content.texts) for spread in found[:MOST_NAMED]),
    )


@dataclass(frozen=True, slots=True)
class _Spread:
    """How the units' printed means of one theme lie around the organisation's."""

    theme: ThemeContent
    reference: PrintedMean
    means: tuple[PrintedMean, ...]
    numbers: Counter[Verdict | None]

    @property
    def n_apart(self) -> int:
        return self.numbers[Verdict.FAVOURABLE] + self.numbers[Verdict.UNFAVOURABLE]

    def difference(self, pattern: str, words: Texts) -> Difference:
        lowest, highest = (find(self.means, key=lambda mean: mean.value) for find in (min, max))
        text = pattern.format(
            theme=self.theme.name,
            lowest=lowest.text,
            highest=highest.text,
            number=words.number(len(self.means)),
            favourable=words.number(self.numbers[Verdict.FAVOURABLE]),
            unfavourable=words.number(self.numbers[Verdict.UNFAVOURABLE]),
        )
        return Difference(text, None, (lowest, highest), self.reference)


def _spreads(content: ReportContent) -> Iterator[_Spread]:
    """Of every theme of which at least two units print a mean."""
    if content.heat_map is None:
        return
    _, *units = content.heat_map.rows
    for place, theme in enumerate(content.heat_map.themes):
        means = tuple(mean for row in units if (mean := row.means[place]))
        if theme.mean and len(means) > 1:
            yield _Spread(theme, theme.mean, means, Counter(row.verdicts[place] for row in units))
