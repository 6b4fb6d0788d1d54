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
from tests.web.test_staff import lay_naive_basis


@pytest.fixture
def orders(site: Site) -> Iterator[dict[State, str]]:
    """State -> an order; the closed one has nine answers, and the gate stops what stands for a reported one."""
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
        found[State.REPORTED] = place_order(State.OPEN, now)
        lay_naive_basis(found[State.REPORTED], now)
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
    walk.go(f"{at[State.REPORTED]}/withdrawals", "stopped at the gate")
    walk.print(f"Staff, {locale}")


def test_rows_are_cards_on_a_phone_and_still_a_table_to_a_screen_reader(
    visit: Visitor, site: Site, orders: dict[State, str]
) -> None:
    page = visit(width=320)
    page.goto(f"{site.address}/staff/login")
    page.click(f"button[name=person][value='{STAFF}']")
    page.wait_for_url("**/staff/")
    table = page.get_by_role("table", name="Waiting for approval")
    cell = table.get_by_role("cell").first
    assert cell.evaluate("one => getComputedStyle(one).display") == "block"
    assert "Signed" in cell.evaluate("one => getComputedStyle(one, '::before').content")
    assert not page.eval_on_selector_all(
        "main :not(thead, thead *, .unseen)",
        "all => all.filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth).map(String)",
    )
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    names = {
        role: [node["name"]["value"] for node in tree if not node["ignored"] and node["role"]["value"] == role]
        for role in ("columnheader", "rowheader", "cell")
    }
    assert names["columnheader"][:5] == ["Organisation", "Signed", "Answering period", "Invited", "What the rules say"]
    assert names["rowheader"][0] == "Prøvetilsynet"
    assert "40" in names["cell"], "and no name of a column before it"
