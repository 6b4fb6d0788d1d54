"""The templates of the reports, one environment per language."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.reports.texts import texts

TEMPLATES = Path(__file__).parents[2] / "templates" / "reports"


@cache
def environment(language: str) -> Environment:
    """Escapes everything and refuses what is not defined."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.install_gettext_translations(texts(language).translations, newstyle=True)  # type: ignore[attr-defined]
    return found
