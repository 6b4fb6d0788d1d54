"""The accessible, self-contained HTML twin of a report: same figures, no script, nothing fetched from anywhere."""

from __future__ import annotations

from app.reports.content import (
    ThemeContent,
    content_of,
    parts_of_bar,
    rehearsal_words,
    verdict_key,
    verdict_words,
)
from app.reports.guide import prose_of
from app.reports.model import Report
from app.reports.style import CATEGORIES, MARKS, category_colors
from app.reports.templating import environment


def render_html(report: Report, language: str) -> bytes:
    """The same bytes for the same report and language."""
    content = content_of(report, language)
    gettext = content.texts.gettext
    page = environment(language).get_template("twin.html").render(
        **prose_of(content),
        rehearsal=rehearsal_words(content),
        own_label=gettext("Whole organisation") if report.is_organisation else gettext("This unit"),
        marks=MARKS,
        verdict_key=verdict_key(content.texts),
        verdict_words=lambda verdict: verdict_words(verdict, content.texts),
        parts_of_bar=parts_of_bar,
        colors_of=_colors_of,
    )  # fmt: skip
    return page.encode()


def _colors_of(theme: ThemeContent) -> tuple[int, ...]:
    """Per category the number of its colour in the stylesheet."""
    return tuple(CATEGORIES.index(fill) for fill, _ in category_colors(len(theme.categories)))
