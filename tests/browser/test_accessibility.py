"""WCAG 2.2 AA as far as a machine can tell: every page of employees in every state, look and language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from app.db.surveys import Survey
from app.extensions import session
from app.services.surveys import find_opened
from app.web import access
from tests.browser.barriers import IN_LANGUAGES, LOOKS, Look, Walk, press
from tests.browser.conftest import Site, Visitor, begin, log_in, new_survey

in_every_language = pytest.mark.parametrize(("locale", "looks"), IN_LANGUAGES.items(), ids=IN_LANGUAGES)
LATER = timedelta(minutes=31)


def close(site: Site, code: str) -> None:
    with site.app.app_context():
        survey = find_opened(session(), code)
        assert survey is not None
        session().get_one(Survey, survey.setup.id).closed_at = datetime.now(UTC) - timedelta(minutes=1)
        session().commit()


@in_every_language
def test_no_barrier_before_logging_in(visit: Visitor, site: Site, locale: str, looks: Sequence[Look]) -> None:
    walk = Walk(visit(locale=locale), looks)
    for path in ("", "/privacy", "/protection", "/accessibility"):
        walk.go(f"{site.address}{path}", path or "front page")
    for step in ("", "/nix", "/login"):
        walk.go(f"{site.survey}{step}", step or "letter")
    walk.page.click("form:has(#number) button")
    walk.look("login refused")
    for step in ("", "/consent", "/unit", "/page/1", "/page/5", "/review"):
        walk.go(f"{site.survey}/preview{step}", f"preview{step}")
    walk.print(f"Before logging in, {locale}")


@in_every_language
def test_no_barrier_while_answering(visit: Visitor, site: Site, locale: str, looks: Sequence[Look]) -> None:
    page = visit(locale=locale)
    walk = Walk(page, looks)
    log_in(page, site)
    walk.look("consent")
    page.eval_on_selector("form.two-ways", "form => form.submit()")
    page.wait_for_selector("[role=alert]")
    walk.look("consent refused")
    page.click("button[value=yes]")
    page.wait_for_url("**/unit")
    walk.look("unit")
    page.click("#unit .steps button")
    page.wait_for_selector("[role=alert]")
    walk.look("unit refused")
    page.goto(f"{site.survey}/unit")
    page.select_option("#level_1", label="Avdeling C")
    page.wait_for_selector("#level_2")
    page.fill("#search", "seksjon")
    page.wait_for_selector(".hit")
    walk.look("unit, searched")
    page.goto(f"{site.survey}/review")
    page.click("form.steps button")
    page.wait_for_selector("[role=alert]")
    walk.look("review refused")
    for step in ("page/1", "consent"):
        walk.go(f"{site.survey}/{step}", f"{step}, empty" if "page" in step else "consent, given")
    page.goto(f"{site.survey}/unit")
    page.select_option("#level_1", label="Stab")
    page.click("#unit .steps button")
    page.wait_for_url("**/page/1")
    page.check("input[name=workload_1][value='3']")
    page.check("input[name=workload_2][value='0']")
    page.wait_for_selector(".saved")
    walk.look("page/1, filled in")
    page.context.set_offline(True)
    page.check("input[name=workload_1][value='4']")
    page.wait_for_selector("#saved .mistake")
    walk.look("page/1, not saved")
    page.context.set_offline(False)
    page.wait_for_selector(".saved")
    for step in ("", "/page/3", "/page/5", "/review", "/delete", "/your-data"):
        walk.go(f"{site.survey}{step}", step or "begun")
    page.goto(f"{site.survey}/review")
    page.click("form.steps button")
    page.wait_for_url("**/receipt")
    walk.look("receipt")
    for step in ("", "/review", "/page/99"):
        walk.go(f"{site.survey}{step}", f"{step}, submitted" if "99" not in step else "not found")
    walk.print(f"While answering, {locale}")


@in_every_language
def test_no_barrier_when_it_is_too_late(
    visit: Visitor, site: Site, monkeypatch: pytest.MonkeyPatch, locale: str, looks: Sequence[Look]
) -> None:
    with site.app.app_context():
        own = Site(site.app, site.address, new_survey())
    page = visit(locale=locale)
    walk = Walk(page, looks)
    serial = begin(page, own)
    page.check("input[name=workload_1][value='3']")
    page.wait_for_selector(".saved")
    with monkeypatch.context() as patch:
        patch.setattr(access, "now", lambda: datetime.now(UTC) + LATER)
        page.check("input[name=workload_1][value='4']")
        page.wait_for_selector("#saved a")
        walk.look("expired within a page")
        page.click("#answers .steps button[value=next]")
        page.wait_for_url("**/login?**")
        walk.look("expired: login")
        log_in(page, own, re.sub(".*/s/[^/]*/", "", page.url), serial=serial)
        walk.look("back: kept answers are saved")
    stranger = visit(locale=locale)
    close(site, own.code)
    page.goto(own.survey)
    walk.look("closed, begun")
    page.goto(f"{own.survey}/review")
    walk.look("review, closed")
    other = Walk(stranger, looks)
    other.go(own.survey, "closed")
    with monkeypatch.context() as patch:
        patch.setattr(access, "now", lambda: datetime.now(UTC) + timedelta(minutes=50))
        stranger.goto(f"{own.survey}/withdraw")
        log_in(stranger, own, re.sub(".*/s/[^/]*/", "", stranger.url))
        other.look("withdraw")
        other.go(f"{own.survey}/page/1", "closed for good")
        patch.setattr(access, "now", lambda: datetime.now(UTC) + timedelta(weeks=11))
        other.go(own.survey, "deleted")
    walk.print(f"Too late, {locale}, begun")
    other.print(f"Too late, {locale}")


def test_no_barrier_without_javascript(visit: Visitor, site: Site) -> None:
    page = visit(locale="nb-NO", java_script_enabled=False)
    walk = Walk(visit(locale="nb-NO"), (LOOKS[0], LOOKS[-1]))
    page.goto(site.survey)
    walk.show(page, "letter")
    log_in(page, site)
    walk.show(page, "consent")
    press(page, "button[value=no]")
    walk.show(page, "unit")
    page.fill("#search", "seksjon")
    press(page, "form[role=search] button")
    walk.show(page, "unit, searched")
    page.select_option("#level_1", label="Avdeling C")
    press(page, "button[value=show]")
    walk.show(page, "unit, next level")
    press(page, "#unit button[value=next]")
    walk.show(page, "unit refused")
    page.select_option("#level_2", label="Seksjon C3")
    press(page, "#unit button[value=next]")
    walk.show(page, "page/1, empty")
    page.check("input[name=workload_1][value='3']")
    press(page, "#answers .steps button[value=next]")
    for step in ("page/1", "review", "your-data", "delete"):
        page.goto(f"{site.survey}/{step}")
        walk.show(page, step)
    page.goto(f"{site.survey}/review")
    press(page, "form.steps button")
    walk.show(page, "receipt")
    walk.print("Without JavaScript, nb-NO")


@pytest.mark.parametrize(
    "step", ["", "/preview/consent", "/preview/unit", "/preview/page/5", "/preview/review", "/login"]
)
def test_everything_to_press_is_large_enough_for_a_thumb(visit: Visitor, site: Site, step: str) -> None:
    page = visit(width=320, locale="nb-NO")
    page.goto(f"{site.survey}{step}")
    small = page.eval_on_selector_all(
        "button:not(.unseen), .button, label.category, select, input:not([type=radio], [type=hidden]), summary, "
        ".wordmark, .footer a, .actions a, .summary a",
        "all => all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)",
    )
    assert not small


def test_forced_colours_and_print_keep_what_was_chosen_visible(visit: Visitor, site: Site) -> None:
    page = visit(forced_colors="active")
    begin(page, site)
    page.check("input[name=workload_1][value='3']")
    style = page.locator("input[name=workload_1][value='3']").evaluate("one => getComputedStyle(one).appearance")
    assert style == "auto"
    page.emulate_media(media="print")
    expect(page.locator("legend >> nth=0")).to_be_visible()
    assert not page.locator(".steps").is_visible()
