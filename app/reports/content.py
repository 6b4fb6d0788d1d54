"""What a report says in one language: every figure as the string that PDF, HTML and workbook print (disclosure.md 5).

A bar's length is the printed figure; nothing here is more exact than the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from app.domain.instrument import Direction, Sensitivity, Theme
from app.domain.results import Bound, PrevalenceGroup, ReportResults, Share, ThemeResult
from app.reports.model import Report
from app.reports.texts import Texts, texts

NOTICEABLE = Decimal("0.3")
"""The smallest difference of printed means that is called favourable or unfavourable."""
LOWEST, HIGHEST = Decimal(1), Decimal(5)  # the ends of the scale of a mean
CHAPTERS = (Direction.RISK, Direction.PROTECTIVE, Direction.OUTCOME, Direction.INCIDENT)


class Verdict(Enum):
    """How a printed mean compares with the organisation's."""

    FAVOURABLE = "favourable"
    SAME = "same"
    UNFAVOURABLE = "unfavourable"


class Withheld(Enum):
    """Why a report shows nothing, or not everything, about a theme."""

    TOO_FEW = "too_few"
    NO_SPREAD = "no_spread"
    """The mean is shown, how the answers spread is not."""
    ORGANISATION_ONLY = "organisation_only"
    """A most sensitive theme in a unit's report (spec 7.2)."""
    BELOW_PREVALENCE = "below_prevalence"
    """A most sensitive theme in the organisation's report, with too few answers (spec 7.2)."""


@dataclass(frozen=True, slots=True)
class PrintedMean:
    text: str
    value: Decimal
    """The figure that is printed, never a more exact one."""

    @property
    def share_of_scale(self) -> float:
        """How far it lies from the lower end of the scale to the upper, 0 to 1."""
        return float((self.value - LOWEST) / (HIGHEST - LOWEST))


@dataclass(frozen=True, slots=True)
class PrintedShare:
    text: str
    percent: int
    is_bound: bool
    """Whether it is only said to be small: it has no length of its own in a bar."""

    @classmethod
    def of(cls, share: Share, words: Texts) -> PrintedShare:
        return cls(words.share(share), share.percent, share.bound in (Bound.AT_MOST, Bound.FEWER_THAN_FIVE))


@dataclass(frozen=True, slots=True)
class BarPart:
    """A category's part of a stacked bar; `start` and `length` in per cent of the whole bar."""

    category: int
    start: float
    length: float


@dataclass(frozen=True, slots=True)
class ItemContent:
    id: str
    text: str
    is_reversed: bool
    shares: tuple[PrintedShare, ...]
    reference: tuple[PrintedShare, ...]
    """The organisation's shares; () in its own report."""


@dataclass(frozen=True, slots=True)
class Prevalence:
    """One group of categories of a most sensitive theme; `first` counts from 0."""

    first: int
    label: str
    share: PrintedShare


@dataclass(frozen=True, slots=True)
class ThemeContent:
    """One theme in one report. Where `withheld` is anything but NO_SPREAD, all figures are None or ()."""

    theme: Theme
    id: str
    name: str
    about: str
    introduction: str | None
    talk: tuple[str, ...]
    categories: tuple[str, ...]
    n_mean: str | None
    n_distribution: str | None
    mean: PrintedMean | None
    reference: PrintedMean | None
    difference: str | None
    verdict: Verdict | None
    items: tuple[ItemContent, ...]
    prevalence: tuple[Prevalence, ...]
    withheld: Withheld | None
    earlier: PrintedMean | None
    """What an earlier survey printed about the same unit, and how many answers that rested on."""
    n_earlier: str | None
    change: str | None

    @property
    def is_withheld(self) -> bool:
        return self.withheld not in (None, Withheld.NO_SPREAD)


@dataclass(frozen=True, slots=True)
class Chapter:
    """All themes of one direction, in the order of the instrument."""

    direction: Direction
    title: str
    introduction: str
    themes: tuple[ThemeContent, ...]

    @property
    def id(self) -> str:
        return self.direction.value

    @property
    def has_means(self) -> bool:
        return self.direction is not Direction.INCIDENT


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One unit of the heat map: per theme column the printed mean, or None where it is withheld."""

    name: str
    level: int
    n_included: str
    means: tuple[PrintedMean | None, ...]
    verdicts: tuple[Verdict | None, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """The printed means of all units; `rows[0]` is the organisation."""

    themes: tuple[ThemeContent, ...]
    rows: tuple[HeatRow, ...]


@dataclass(frozen=True, slots=True)
class ReportContent:
    """A whole report in one language."""

    report: Report
    texts: Texts
    unit: str
    above: tuple[str, ...]
    """The names above the unit, from the top, without the organisation's."""
    period: str
    n_included: str
    n_answers: str
    response_rate: str | None
    has_spread: bool
    """Which of the two designs: means only, or also how the answers spread."""
    chapters: tuple[Chapter, ...]
    heat_map: HeatMap | None

    @property
    def themes(self) -> tuple[ThemeContent, ...]:
        return tuple(theme for chapter in self.chapters for theme in chapter.themes)

    @property
    def organisation(self) -> str:
        return self.report.set.organisation

    @property
    def is_organisation(self) -> bool:
        return self.report.is_organisation


def content_of(report: Report, language: str) -> ReportContent:
    """The report in words and printed figures."""
    words = texts(language)
    results = report.results
    themes = [_theme(report, result, words) for result in results.themes]
    chapters = tuple(
        Chapter(direction, *_chapter_words(direction, words), found)
        for direction in CHAPTERS
        if (found := tuple(theme for theme in themes if theme.theme.direction is direction))
    )
    ordered = [theme for chapter in chapters for theme in chapter.themes]
    return ReportContent(
        report=report,
        texts=words,
        unit=results.unit.name or report.set.organisation,
        above=results.unit.path[:-1],
        period=words.period(*report.set.period),
        n_included=words.number(results.n_included),
        n_answers=words.number(results.n_answers),
        response_rate=None if results.response_rate is None else words.percent(results.response_rate),
        has_spread=results.has_distributions,
        chapters=chapters,
        heat_map=_heat_map(report, ordered, words) if report.is_organisation else None,
    )


def parts_of_bar(shares: Sequence[PrintedShare]) -> tuple[BarPart, ...]:
    """The printed shares side by side, from the left; shares that are only said to be small have no part."""
    shown = [(category, share.percent) for category, share in enumerate(shares) if share.percent and not share.is_bound]
    whole = max(sum(percent for _, percent in shown), 100)
    parts, start = [], 0.0
    for category, percent in shown:
        parts.append(BarPart(category, start, 100 * percent / whole))
        start = parts[-1].start + parts[-1].length
    return tuple(parts)


def verdict(theme: Theme, mean: Decimal, reference: Decimal) -> Verdict | None:
    """How two printed means compare; None for a theme without a favourable end."""
    if theme.is_high_favourable is None:
        return None
    difference = mean - reference if theme.is_high_favourable else reference - mean
    if abs(difference) < NOTICEABLE:
        return Verdict.SAME
    return Verdict.FAVOURABLE if difference > 0 else Verdict.UNFAVOURABLE


def verdict_words(value: Verdict, words: Texts) -> str:
    match value:
        case Verdict.FAVOURABLE:
            return words.gettext("more favourable")
        case Verdict.UNFAVOURABLE:
            return words.gettext("less favourable")
        case Verdict.SAME:
            return words.gettext("about the same")


def verdict_key(words: Texts) -> tuple[tuple[Verdict, str], ...]:
    """What the signs stand for."""
    gettext, limit = words.gettext, words.mean(NOTICEABLE)
    return (
        (Verdict.FAVOURABLE, gettext("More favourable: better by at least %(limit)s", limit=limit)),
        (Verdict.SAME, gettext("About the same: a smaller difference")),
        (Verdict.UNFAVOURABLE, gettext("Less favourable: worse by at least %(limit)s", limit=limit)),
    )


def withheld_words(content: ReportContent, theme: ThemeContent) -> str:
    """One honest sentence about what is not shown."""
    words, limits = content.texts, content.report.set.limits
    n_means, n_spread = limits.of(theme.theme.sensitivity)
    match theme.withheld:
        case Withheld.ORGANISATION_ONLY:
            return words.gettext(
                "This theme is so sensitive that it is shown only for the whole organisation, never for a unit."
            )
        case Withheld.BELOW_PREVALENCE:
            return words.gettext(
                "Too few answers: this theme is so sensitive that it is shown only from %(limit)s answers.",
                limit=words.number(n_spread),
            )
        case Withheld.NO_SPREAD:
            return words.gettext(
                "How the answers spread is shown only from %(limit)s answers.", limit=words.number(n_spread)
            )
        case Withheld.TOO_FEW:
            limit = n_means if theme.theme.scale.has_mean else n_spread
            return words.gettext(
                "Too few answers: this theme is shown only from %(limit)s answers.", limit=words.number(limit)
            )
        case None:
            return ""


def title_of(content: ReportContent) -> str:
    """The title of the document."""
    gettext = content.texts.gettext
    title = gettext("Employee survey: %(unit)s", unit=content.unit)
    return f"{gettext('Rehearsal')}. {title}" if content.report.set.is_rehearsal else title


def front_notes(content: ReportContent) -> tuple[str, ...]:
    """What the front page says under the figures."""
    gettext, limits = content.texts.gettext, content.report.set.limits
    notes = [
        gettext(
            "%(included)s of %(all)s answers are included when skipped statements are disregarded.",
            included=content.n_included,
            all=content.n_answers,
        )
    ]
    if content.n_included != content.n_answers:
        notes[0] += " " + gettext("Some are left out to protect those who gave them.")
    notes[0] += " " + gettext("Each theme says how many answers it rests on.")
    notes.append(
        gettext(
            "No figure rests on fewer than %(limit)s answers, and no figures of this and other reports can be combined "
            "to show what a smaller group has answered.",
            limit=content.texts.number(limits.k_means),
        )
    )
    return tuple(notes)


def trend_notes(content: ReportContent) -> tuple[str, ...]:
    """How to read the earlier figures; () when the set is compared with no earlier survey."""
    gettext, period = content.texts.gettext, content.report.set.earlier_period
    if period is None:
        return ()
    notes = [
        gettext(
            "An earlier survey was answered %(period)s. Its printed mean stands beside this one's where it had a mean "
            "of the same theme, in the same words, about a unit with the same name in the same place.",
            period=content.texts.period(*period),
        ),
        gettext(
            "Nothing more exact than the printed figures is compared. Other people may have answered then, and the "
            "unit may have changed: do not make much of small changes."
        ),
    ]
    if not any(theme.earlier for theme in content.themes):
        notes.append(gettext("Nothing in this report can be compared with that survey."))
    return tuple(notes)


def earlier_label(words: Texts) -> str:
    return words.gettext("Earlier survey")


def earlier_words(words: Texts, n_earlier: str, change: str) -> str:
    """What stands beside an earlier mean."""
    return words.gettext("%(number)s answers then; change %(change)s", number=n_earlier, change=change)


def rehearsal_words(content: ReportContent) -> str | None:
    """What the front page says first when the answers are invented; None in a real report."""
    if not content.report.set.is_rehearsal:
        return None
    return content.texts.gettext("This is a rehearsal on invented answers. The figures are not from a real survey.")


def _theme(report: Report, result: ThemeResult, words: Texts) -> ThemeContent:
    theme, language = result.theme, words.language
    other = None if report.is_organisation else report.organisation_results.result(theme.id)
    mean = _mean(result.mean, words)
    reference = _mean(other.mean, words) if other and mean else None
    return ThemeContent(
        theme=theme,
        id=theme.id,
        name=theme.name[language],
        about=theme.about[language],
        introduction=theme.introduction[language] if theme.introduction else None,
        talk=tuple(text[language] for text in theme.talk),
        categories=tuple(text[language] for text in theme.scale.categories),
        n_mean=_number(result.n_mean, words),
        n_distribution=_number(result.n_distribution, words),
        mean=mean,
        reference=reference,
        difference=words.difference(mean.value - reference.value) if mean and reference else None,
        verdict=verdict(theme, mean.value, reference.value) if mean and reference else None,
        items=_items(result, other, words),
        prevalence=tuple(_prevalence(theme, group, words) for group in result.prevalence),
        withheld=_withheld(report, result),
        earlier=_mean(result.earlier.mean, words) if result.earlier else None,
        n_earlier=_number(result.earlier.n, words) if result.earlier else None,
        change=None if result.change is None else words.difference(result.change),
    )


def _items(result: ThemeResult, other: ThemeResult | None, words: Texts) -> tuple[ItemContent, ...]:
    if not result.items:
        return ()
    reference = other.items if other and other.items else ((),) * len(result.items)
    return tuple(
        ItemContent(
            item.id,
            item.text[words.language],
            item.is_reversed,
            tuple(PrintedShare.of(share, words) for share in shares),
            tuple(PrintedShare.of(share, words) for share in compared),
        )
        for item, shares, compared in zip(result.theme.items, result.items, reference, strict=True)
    )


def _prevalence(theme: Theme, group: PrevalenceGroup, words: Texts) -> Prevalence:
    names = [text[words.language] for text in theme.scale.categories]
    if group.first == group.last:
        label = names[group.first]
    elif (group.first, group.last) == (1, len(names) - 1):
        label = words.gettext("Yes, all taken together")
    elif group.last == len(names) - 1:
        label = words.gettext("%(first)s or more often", first=names[group.first])
    else:
        first, last = names[group.first], names[group.last]
        start, comma, rest = last.partition(", ")
        if comma and first.startswith(start + comma):  # "Yes, seldom to now and then"
            last = rest
        label = words.gettext("%(first)s to %(last)s", first=first, last=last)
    return Prevalence(group.first, label, PrintedShare.of(group.share, words))


def _withheld(report: Report, result: ThemeResult) -> Withheld | None:
    if not result.is_published:
        if result.theme.sensitivity is not Sensitivity.MOST_SENSITIVE:
            return Withheld.TOO_FEW
        return Withheld.BELOW_PREVALENCE if report.is_organisation else Withheld.ORGANISATION_ONLY
    if result.items or result.prevalence or not report.results.has_distributions:
        return None
    return Withheld.NO_SPREAD


def _heat_map(report: Report, themes: Iterable[ThemeContent], words: Texts) -> HeatMap | None:
    """None where there is nothing to compare: no unit with a report, or no mean."""
    columns = tuple(theme for theme in themes if theme.mean)
    units = [results for results in report.units if results.unit.parent is not None]
    if not units or not columns:
        return None
    top = _heat_row(report.results, report.set.organisation, columns, words)
    return HeatMap(columns, (top, *(_heat_row(results, results.unit.name, columns, words) for results in units)))


def _heat_row(results: ReportResults, name: str, columns: tuple[ThemeContent, ...], words: Texts) -> HeatRow:
    found = {result.theme.id: result.mean for result in results.themes}
    means = tuple(_mean(found.get(theme.id), words) for theme in columns)
    verdicts = tuple(
        verdict(theme.theme, mean.value, theme.mean.value)
        if mean and theme.mean and results.unit.parent is not None
        else None
        for theme, mean in zip(columns, means, strict=True)
    )
    return HeatRow(name, results.unit.level, words.number(results.n_included), means, verdicts)


def _mean(value: Decimal | None, words: Texts) -> PrintedMean | None:
    return None if value is None else PrintedMean(words.mean(value), value)


def _number(value: int | None, words: Texts) -> str | None:
    return None if value is None else words.number(value)


def _chapter_words(direction: Direction, words: Texts) -> tuple[str, str]:
    match direction:
        case Direction.RISK:
            return words.gettext("Risk factors"), words.gettext("Strains at work. Here a low mean is favourable.")
        case Direction.PROTECTIVE:
            return words.gettext("Protective factors"), words.gettext(
                "What supports people at work. Here a high mean is favourable."
            )
        case Direction.OUTCOME:
            return words.gettext("Outcomes"), words.gettext(
                "How people feel about their work and the organisation. Each theme says which end is favourable."
            )
        case Direction.INCIDENT:
            return words.gettext("Incidents"), words.gettext(
                "What nobody should meet at work. These themes have no mean."
            )
