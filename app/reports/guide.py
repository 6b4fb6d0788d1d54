"""The prose that surrounds the figures, in one language: from the versioned guide and the instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.disclosure import Limits
from app.domain.texts import Section, Text, load_document
from app.reports.content import ReportContent, front_notes, title_of, trend_notes, withheld_words
from app.reports.stands_out import stands_out_of
from app.reports.texts import Texts

GUIDE = "report_guide"


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


def legend_of(content: ReportContent) -> str:
    """What the tables of the overview show."""
    gettext, scale = content.texts.gettext, content.texts.gettext("The scale goes from 1 to 5.")
    if content.is_organisation:
        return scale
    return gettext("The upright line and the column “All” are the whole organisation.") + " " + scale


def prose_of(content: ReportContent) -> dict[str, object]:
    """What the templates of PDF and HTML share."""
    return {
        "content": content,
        "title": title_of(content),
        "notes": front_notes(content),
        "entries": entries_of(content),
        "guide": guide_of(content),
        "stands_out": stands_out_of(content),
        "legend": legend_of(content),
        "definitions": definitions_of(content),
        "help": help_of(content),
        "limit_distributions": content.texts.number(content.report.set.limits.k_distributions),
        "trend_notes": trend_notes(content),
        "withheld_points": [
            f"{theme.name}: {withheld_words(content, theme)}" for theme in content.themes if theme.withheld
        ],
        "withheld_words": lambda theme: withheld_words(content, theme),
    }
