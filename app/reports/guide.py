"""The prose that surrounds the figures, in one language: from the versioned guide and the instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.domain.disclosure import Limits
from app.domain.results import SMALL_N
from app.domain.texts import Section, Text, load_document
from app.reports.content import (
    NOTICEABLE,
    ReportContent,
    ThemeContent,
    Verdict,
    front_notes,
    title_of,
    trend_notes,
    verdict_words,
    withheld_words,
)
from app.reports.texts import Texts

GUIDE, STANDS_OUT_VERSION = "report_guide", "2026-1"
MOST_NAMED = 5
"""So many differences are named at most."""


@dataclass(frozen=True, slots=True)
class GuideSection:
    id: str
    heading: str
    paragraphs: tuple[str, ...]
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the contents: a chapter, or a theme below it."""

    anchor: str
    title: str
    is_chapter: bool


@dataclass(frozen=True, slots=True)
class HelpPlace:
    heading: str
    text: str
    phone: str | None
    url: str | None


def guide_of(content: ReportContent) -> Mapping[str, GuideSection]:
    """The sections of the guide by id, limits filled in."""
    limits, words = content.report.set.limits, content.texts
    return {section.id: filled_section(section, limits, words) for section in load_document(GUIDE).sections}


def filled_section(section: Section, limits: Limits, words: Texts) -> GuideSection:
    """A section of a text that may name the limits, in one language."""
    values = {
        "k_means": words.number(limits.k_means),
        "k_distributions": words.number(limits.k_distributions),
        "k_prevalence": words.number(limits.k_prevalence),
    }

    def filled(texts: tuple[Text, ...]) -> tuple[str, ...]:
        return tuple(text[words.language].format(**values) for text in texts)

    return GuideSection(section.id, section.heading[words.language], filled(section.paragraphs), filled(section.points))


@dataclass(frozen=True, slots=True)
class StandsOut:
    """What differs most from the organisation; without points where nothing does."""

    heading: str
    introduction: str
    points: tuple[str, ...]
    caution: str | None
    themes: tuple[ThemeContent, ...]
    """What the points are about, one each."""


def stands_out_of(content: ReportContent) -> StandsOut | None:
    """The largest noticeable differences of printed means; None in the organisation's own report."""
    compared = [theme for theme in content.themes if theme.verdict is not None]
    if content.is_organisation or not compared:
        return None
    words, document = content.texts, load_document("stands_out", STANDS_OUT_VERSION)
    language = words.language
    found = [theme for theme in compared if theme.verdict is not Verdict.SAME]
    found.sort(key=_distance, reverse=True)  # equal ones stay in the order of the instrument
    named = tuple(found[:MOST_NAMED])
    section = document.section("differences" if found else "none")
    caution = document.section("few").paragraphs[0][language]
    return StandsOut(
        section.heading[language],
        section.paragraphs[0][language].format(noticeable=words.mean(NOTICEABLE)),
        tuple(_difference_words(section.points[0][language], theme, words) for theme in named),
        caution if found and content.report.results.n_included < SMALL_N else None,
        named,
    )


def _distance(theme: ThemeContent) -> Decimal:
    return abs(theme.mean.value - theme.reference.value) if theme.mean and theme.reference else Decimal(0)


def _difference_words(pattern: str, theme: ThemeContent, words: Texts) -> str:
    if theme.mean is None or theme.reference is None or theme.verdict is None:
        raise ValueError(f"{theme.id} is not compared")
    return pattern.format(
        theme=theme.name,
        own=theme.mean.text,
        other=theme.reference.text,
        difference=theme.difference,
        verdict=verdict_words(theme.verdict, words),
    )


def definitions_of(content: ReportContent) -> tuple[str, ...]:
    """The definitions that stood beside the questions: the organisation's own, else the instrument's."""
    language, report_set = content.texts.language, content.report.set
    used = {name for theme in content.themes for name in theme.theme.uses}
    return tuple(
        report_set.definitions.get(name, {}).get(language) or text[language]
        for name, text in report_set.instrument.definitions.items()
        if name in used
    )


def help_of(content: ReportContent) -> tuple[HelpPlace, ...]:
    """Where to get help, when a theme asks for it."""
    if not any(theme.theme.shows_help for theme in content.themes):
        return ()
    language = content.texts.language
    return tuple(
        HelpPlace(
            entry.heading[language],
            entry.text[language],
            entry.phone[language] if entry.phone else None,
            entry.url[language] if entry.url else None,
        )
        for entry in content.report.set.instrument.help
    )


def entries_of(content: ReportContent) -> tuple[Entry, ...]:
    """The lines of the contents: every heading of the report that has an id."""
    gettext, guide = content.texts.gettext, guide_of(content)
    entries = [("how-to-read", guide["how_to_read"].heading, True)]
    if any(part.has_means for part in content.chapters):
        entries.append(("overview", gettext("Overview"), True))
    if content.heat_map:
        entries.append(("units", gettext("Units side by side"), True))
    for part in content.chapters:
        entries.append((part.id, part.title, True))
        entries += [(theme.id, theme.name, False) for theme in part.themes]
    entries += [
        ("follow-up", guide["follow_up"].heading, True),
        ("method", guide["method"].heading, True),
        ("withheld", guide["withheld"].heading, True),
    ]
    if help_of(content):
        entries.append(("help", gettext("Where to get help"), True))
    return tuple(Entry(*entry) for entry in entries)


def prose_of(content: ReportContent) -> dict[str, object]:
    """What the templates of PDF and HTML share."""
    return {
        "content": content,
        "title": title_of(content),
        "notes": front_notes(content),
        "entries": entries_of(content),
        "guide": guide_of(content),
        "stands_out": stands_out_of(content),
        "definitions": definitions_of(content),
        "help": help_of(content),
        "limit_distributions": content.texts.number(content.report.set.limits.k_distributions),
        "trend_notes": trend_notes(content),
        "withheld_points": [
            f"{theme.name}: {withheld_words(content, theme)}" for theme in content.themes if theme.withheld
        ],
        "withheld_words": lambda theme: withheld_words(content, theme),
    }
