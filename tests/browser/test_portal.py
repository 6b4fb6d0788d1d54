"""The contact person's and the leader's pages in a real browser: no barrier, and what JavaScript adds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page

from app.db.orders import Order
from app.db.surveys import Survey
from app.domain.fiction import CONTACT, LEADER
from app.domain.survey import State
from app.extensions import session
from tests.browser.barriers import IN_LANGUAGES, LOOKS, Walk, press
from tests.browser.conftest import Site, Visitor
from tests.web.ordering import Desk, furnish, order_in
from tests.web.test_portal import publish


@pytest.fixture
def orders(site: Site) -> Iterator[dict[State, str]]:
    before = site.app.extensions["rights"]
    furnish(site.app)
    found = {}
    with site.app.app_context():
        for state in (State.SUBMITTED, State.OPEN, State.CLOSED, State.REPORTED, State.DELETED):
            found[state] = order_in(state)
        _around_today(found)
    desk = Desk(site.app)
    desk.order_id = found[State.REPORTED]
    units = tuple((f"Avdeling {number}", f"Seksjon for {name}") for number in range(1, 5) for name in ("flo", "fjære"))
    folder = publish(site.app, desk, (*units, *((f"Avdeling {number}",) for number in range(1, 5))))
    yield found
    shutil.rmtree(folder)
    site.app.extensions["rights"] = before


def _around_today(found: dict[State, str]) -> None:
    """So that what is open is open on the day of the test."""
    today = date.today()  # noqa: DTZ011 - near enough
    for order_id in found.values():
        order = session().get_one(Order, order_id)
        order.first_on, order.last_on = today - timedelta(days=2), today + timedelta(days=9)
        survey = session().get(Survey, order_id)
        if survey is not None and survey.access_at is not None:
            survey.access_at += timedelta(days=(today - survey.access_at.date()).days - 4)
            survey.first_on, survey.last_on = order.first_on, order.last_on
    session().commit()


def enter(page: Page, site: Site, person: int) -> None:
    page.goto(f"{site.address}/organisation/login")
    page.click(f".people button[value='{person}']")


@pytest.mark.parametrize("locale", IN_LANGUAGES)
def test_no_barrier_on_any_page(visit: Visitor, site: Site, orders: dict[State, str], locale: str) -> None:
    page = visit(locale=locale)
    at = f"{site.address}/organisation/orders"
    walk = Walk(page, IN_LANGUAGES[locale])
    enter(page, site, CONTACT)
    for state, steps in (
        (State.OPEN, ("survey", "survey/invitations", "survey/close")),
        (State.CLOSED, ("survey", "survey/close")),
        (State.REPORTED, ("survey", "reports")),
        (State.DELETED, ("survey",)),
    ):
        for step in steps:
            walk.go(f"{at}/{orders[state]}/{step}", f"{state.value}: {step}")
    page.goto(f"{at}/{orders[State.OPEN]}/survey/close")
    page.fill("#confirm", "something else")
    page.click("main form button")
    walk.look("close, refused")
    walk.print(f"Portal, {locale}")
    page = visit(locale=locale)
    walk = Walk(page, IN_LANGUAGES[locale])
    enter(page, site, LEADER)
    walk.go(f"{site.address}/organisation/", "start")
    walk.go(f"{at}/{orders[State.OPEN]}/agreement", "nothing to sign")
    walk.go(f"{at}/{orders[State.SUBMITTED]}/agreement", "agreement")
    page.click("main form button[type=submit]")
    walk.look("agreement, refused")
    page.fill("#role", "Direktør")
    page.check("#is_read")
    page.click("main form button[type=submit]")
    page.wait_for_selector("text=Direktør")
    walk.look("agreement, signed")
    walk.print(f"Agreement, {locale}")


def test_no_barrier_without_javascript(visit: Visitor, site: Site, orders: dict[State, str]) -> None:
    page = visit(locale="nb-NO", java_script_enabled=False)
    walk = Walk(visit(locale="nb-NO"), (LOOKS[0], LOOKS[-1]))
    enter(page, site, CONTACT)
    walk.show(page, "start")
    at = f"{site.address}/organisation/orders"
    for step in ("survey", "survey/invitations", "survey/close"):
        page.goto(f"{at}/{orders[State.OPEN]}/{step}")
        walk.show(page, step)
    page.goto(f"{at}/{orders[State.REPORTED]}/reports")
    page.fill("#search", "fjære 3")
    press(page, "form[role=search] button")
    walk.show(page, "reports, searched")
    walk.print("Portal without JavaScript, nb-NO")


def test_link_is_copied_with_and_without_permission(visit: Visitor, site: Site, orders: dict[State, str]) -> None:
    address = f"{site.address}/organisation/orders/{orders[State.OPEN]}/survey"
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    enter(page, site, CONTACT)
    page.goto(address)
    page.get_by_role("button", name="Copy: The same link").click()
    page.wait_for_selector(".copied:has-text('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == page.input_value("#link")
    page = visit()
    enter(page, site, CONTACT)
    page.goto(address)
    page.evaluate("delete Navigator.prototype.clipboard; document.execCommand = () => false")
    page.get_by_role("button", name="Copy: The same link").click()
    page.wait_for_selector(".copied:has-text('Press Ctrl and C')")
    assert page.evaluate("document.getSelection().toString()") in ("", page.input_value("#link"))
    assert page.evaluate("document.activeElement.selectionEnd") == len(page.input_value("#link"))


def test_count_and_search_change_the_page_in_place(visit: Visitor, site: Site, orders: dict[State, str]) -> None:
    page = visit()
    page.clock.install()
    enter(page, site, CONTACT)
    page.goto(f"{site.address}/organisation/orders/{orders[State.OPEN]}/survey")
    page.eval_on_selector(".count-figure strong", "one => { one.textContent = 'old' }")
    with page.expect_response(lambda response: response.request.headers.get("hx-request-type") == "partial"):
        page.clock.fast_forward("01:05")
    page.wait_for_selector(".count-figure strong:has-text('fewer than 5')")
    page.clock.resume()
    page.goto(f"{site.address}/organisation/orders/{orders[State.REPORTED]}/reports")
    page.fill("#search", "fjære 3")
    page.wait_for_selector("text=1 unit found")
    assert page.locator("#found .report-name").count() == 1
