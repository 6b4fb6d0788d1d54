"""The guide for whoever presents a report: two pages that lie in every set, the same for all units."""

from __future__ import annotations

from app.domain.texts import load_document
from app.reports.guide import GuideSection, filled_section
from app.reports.model import ReportSet
from app.reports.pdf import _build
from app.reports.tagging import install
from app.reports.templating import environment
from app.reports.texts import texts

VERSION = "2026-1"


def presenter_file(language: str) -> str:
    """The name of its files inside the set, without their endings."""
    return f"{language}/{_title(language)} ({language})"


def render_presenter_pdf(report_set: ReportSet, language: str) -> bytes:
    install()
    source = environment(language).get_template("presenter.xml").render(_values(report_set, language))
    return _build(source, [], _title(language), report_set.organisation)


def render_presenter_html(report_set: ReportSet, language: str) -> bytes:
    return environment(language).get_template("presenter.html").render(_values(report_set, language)).encode()


def _title(language: str) -> str:
    return load_document("presenter", VERSION).title[language]


def _values(report_set: ReportSet, language: str) -> dict[str, object]:
    sections: list[GuideSection] = [
        filled_section(section, report_set.limits, texts(language))
        for section in load_document("presenter", VERSION).sections
    ]
    period = texts(language).gettext("Employee survey, %(period)s", period=texts(language).period(*report_set.period))
    return {
        "language": language,
        "title": _title(language),
        "survey": f"{report_set.organisation}. {period}",
        "sections": sections,
    }
