"""WCAG 2.2 AA as far as a machine can tell, on every main page; nothing scrolls sideways at 320 pixels."""

from __future__ import annotations

import gzip

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

from tests.browser.conftest import Site, Visitor, begin, log_in

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
}
KIB = 1024


def check(page: Page, what: str) -> None:
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{what} scrolls sideways"


@pytest.mark.parametrize(
    ("locale", "scheme", "width"),
    [("nb-NO", "light", 320), ("en-GB", "dark", 320), ("en-GB", "light", 1280), ("nb-NO", "dark", 1280)],
)
def test_no_barrier_on_any_page(visit: Visitor, site: Site, locale: str, scheme: str, width: int) -> None:
    page = visit(locale=locale, color_scheme=scheme, width=width, reduced_motion="reduce")
    for path in ("", f"/s/{site.code}", f"/s/{site.code}/nix", f"/s/{site.code}/login", f"/s/{site.code}/preview"):
        page.goto(f"{site.address}{path}")
        check(page, path)
    log_in(page, site)
    check(page, "consent")
    page.click("button[value=yes]")
    page.select_option("#level_1", label="Avdeling C")
    page.wait_for_selector("#level_2")
    page.fill("#search", "seksjon")
    page.wait_for_selector(".hit")
    check(page, "unit")
    page.select_option("#level_2", label="Seksjon C3")
    page.click("#unit .steps button")
    page.wait_for_url("**/page/1")
    page.check("input[name=workload_1][value='3']")
    page.check("input[name=workload_2][value='0']")
    page.wait_for_selector(".saved")
    check(page, "page 1")
    for step in ("page/3", "page/5", "preview/page/5", "preview/unit", "review", "delete", "your-data"):
        page.goto(f"{site.survey}/{step}")
        if page.locator("summary").count():
            page.click("summary")
        check(page, step)
    page.goto(f"{site.survey}/review")
    page.click("form.steps button")
    check(page, "receipt")
    page.goto(site.survey)
    check(page, "answered")


@pytest.mark.parametrize("width", [320, 360])
def test_targets_of_an_item_are_large_enough_for_a_thumb(visit: Visitor, site: Site, width: int) -> None:
    page = visit(width=width)
    begin(page, site)
    heights = page.eval_on_selector_all(
        "label.category, .steps .button, .language", "all => all.map(one => one.getBoundingClientRect().height)"
    )
    assert len(heights) > 40
    assert min(heights) >= 44


def test_forced_colours_and_print_keep_what_was_chosen_visible(visit: Visitor, site: Site) -> None:
    page = visit(forced_colors="active")
    begin(page, site)
    page.check("input[name=workload_1][value='3']")
    style = page.locator("input[name=workload_1][value='3']").evaluate("one => getComputedStyle(one).appearance")
    assert style == "auto"
    page.emulate_media(media="print")
    assert page.locator("legend >> nth=0").is_visible()
    assert not page.locator(".steps").is_visible()


def test_first_page_is_light(visit: Visitor, site: Site) -> None:
    page = visit()
    bodies: list[bytes] = []
    page.on("response", lambda response: bodies.append(response.body()))
    page.goto(site.survey, wait_until="networkidle")
    assert len(bodies) >= 5
    assert sum(len(gzip.compress(body)) + 500 for body in bodies) <= 30 * KIB
