"""WCAG 2.2 AA as far as a machine can tell, on the HTML twin and the presenter's guide: light, dark and on paper."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from app.reports.html import render_html
from app.reports.presenter import render_presenter_html
from tests.browser.barriers import check, untranslated
from tests.browser.conftest import engine  # noqa: F401 - a fixture, used by its name
from tests.reports.factory import Survey, make_set
from tests.reports.test_pdf import LONG_PATH

SOUTH = ("Avdeling for æøå", "Seksjon sør")
THEMES = ("workload", "social_climate", "engagement", "bullying", "unequal_treatment")
"""One of each kind."""
MEDIA = [("light", "screen", 1280), ("dark", "screen", 1280), ("light", "screen", 320), ("light", "print", 720)]


@cache
def _pages() -> dict[str, bytes]:
    survey = Survey({SOUTH: 7, LONG_PATH: 43}, themes=THEMES, n_invited=90)
    return {
        "organisation": render_html(survey.report(), "nb"),
        "means only": render_html(survey.report(*SOUTH), "nb"),
        "long names": render_html(survey.report(*LONG_PATH), "en"),
        "guide": render_presenter_html(make_set(), "nb"),
    }


@pytest.mark.parametrize(("scheme", "medium", "width"), MEDIA)
def test_no_barrier_on_any_page(
    engine: Browser,  # noqa: F811
    tmp_path: Path,
    scheme: str,
    medium: str,
    width: int,
) -> None:
    context = engine.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.emulate_media(media=medium)  # type: ignore[arg-type]
    for name, data in _pages().items():
        file = tmp_path / "page.html"
        file.write_bytes(data)
        page.goto(file.as_uri())
        check(page, name)
        assert not untranslated(page), name
    context.close()
