"""The staff's pages in a real browser: no barrier in any state and language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from app.db.surveys import Survey
from app.domain.fiction import STAFF
from app.domain.survey import State
from app.extensions import session
from tests.browser.barriers import IN_LANGUAGES, Walk
from tests.browser.conftest import Site, Visitor
from tests.people import Trial
from tests.web.desk import furnish, place_order


@pytest.fixture
def orders(site: Site) -> Iterator[dict[State, str]]:
    """State -> an order; the closed one has nine answers."""
    before = site.app.extensions["rights"]
    with site.app.app_context():
        furnish(site.app)
        now = datetime.now(UTC)
        stages = (State.SUBMITTED, State.REJECTED, State.SIGNED, State.OPEN)
        found = {stage: place_order(stage, now) for stage in stages}
        found[State.CLOSED] = place_order(State.OPEN, now)
        trial = Trial(session().get_one(Survey, found[State.CLOSED]), now)
        for person in range(9):
            trial.answer(person, ("B",) if person else ("A", "A1"), {"workload_1": 2})
        trial.close()
        session().close()
    yield found
    site.app.extensions["rights"] = before


@pytest.mark.parametrize("locale", IN_LANGUAGES)
def test_no_barrier_on_any_page(visit: Visitor, site: Site, orders: dict[State, str], locale: str) -> None:
    page = visit(locale=locale)
    walk = Walk(page, IN_LANGUAGES[locale])
    walk.go(f"{site.address}/staff/login", "login")
    page.goto(f"{site.address}/staff/login")
    page.click(f"button[name=person][value='{STAFF}']")
    page.wait_for_url("**/staff/")
    walk.look("queue")
    at = {state: f"{site.address}/staff/orders/{order_id}" for state, order_id in orders.items()}
    for state, address in at.items():
        walk.go(address, f"order: {state.value}")
    for form, field, text in (("approve", "limit", "4"), ("reject", "reason", "")):
        page.goto(at[State.SIGNED])
        page.fill(f"#{field}", text)
        page.click(f"form[action$={form}] button")
        page.wait_for_selector(f"#{field}:focus")
        walk.look(f"{form}, refused")
    walk.go(f"{at[State.OPEN]}/withdrawals", "withdrawals, too early")
    walk.go(f"{at[State.CLOSED]}/withdrawals", "withdrawals")
    page.click("main form button")
    page.wait_for_selector("#unit:focus")
    walk.look("withdrawals, refused")
    walk.print(f"Staff, {locale}")
