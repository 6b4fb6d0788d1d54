"""An order from the first click until it is sent, in a real browser: with JavaScript and without, and for everybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.domain.fiction import CONTACT, PEOPLE
from tests.browser.barriers import IN_LANGUAGES, LOOKS, Walk, press
from tests.browser.conftest import Site, Visitor
from tests.unit_lists.writers import by_xlsxwriter
from tests.web.desk import BOTH, OURS
from tests.web.ordering import furnish

ROWS = [
    ["Nivå1", "Nivå2", "Antall"],
    *([f"Divisjon {a}", f"Avdeling {a}{b}", 8 * b] for a in "AB" for b in range(1, 4)),
    ["Divisjon A", "ingen ", 2],
    ["Stab", "", 12],
]
GOOD = by_xlsxwriter(ROWS)
BAD = by_xlsxwriter([*ROWS, ["", "Avdeling C1", 4]])


@pytest.fixture
def office(site: Site) -> Site:
    furnish(site.app).of[PEOPLE[CONTACT][1]][OURS] = BOTH
    return site


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    contents = {"good": GOOD, "bad": BAD, "huge": b"PK" + bytes(9_000_000)}
    for name, content in contents.items():
        (tmp_path / f"{name}.xlsx").write_bytes(content)
    return {name: tmp_path / f"{name}.xlsx" for name in contents}


def arrive(page: Page, office: Site) -> None:
    page.goto(f"{office.address}/organisation/login")
    page.click(f"button[name=person][value='{CONTACT}']")
    page.click("main form[action$=orders] button")
    page.wait_for_url("**/orders/*")


def days() -> tuple[str, str]:
    first_on = datetime.now(UTC).date() + timedelta(days=14)
    return first_on.isoformat(), (first_on + timedelta(days=13)).isoformat()


def fill(page: Page) -> None:
    first_on, last_on = days()
    page.fill("#contact_email", "kari@example.no")
    page.fill("#leader_name", "Ola Strandnes")
    page.fill("#leader_email", "ola@example.no")
    page.fill("#n_invited", "110")
    page.fill("#first_on", first_on)
    page.fill("#last_on", last_on)
    page.check("#theme-leadership")


def test_order_with_javascript(visit: Visitor, office: Site, files: dict[str, Path]) -> None:
    page = visit()
    arrive(page, office)
    order = page.url
    page.click("button[value=check]")
    expect(page.locator("#problems")).to_be_focused()
    page.click("#problems a >> nth=0")
    expect(page.locator("#contact_email")).to_be_focused()
    total = page.locator("#theme-total").inner_text()
    fill(page)
    expect(page.locator("#saved")).to_contain_text("Saved")
    expect(page.locator(".timetable li").first).to_be_visible()
    expect(page.locator("#theme-total")).not_to_have_text(total)
    expect(page.locator("#problems")).to_contain_text("One thing is missing or wrong")
    expect(page.locator("#leader_name")).to_have_attribute("aria-invalid", "false")

    day = datetime.now(UTC).date() + timedelta(days=14)
    page.fill("#first_on", (day + timedelta(days=(5 - day.weekday()) % 7)).isoformat())
    expect(page.locator("#first_on-remark")).to_contain_text("at a weekend: Saturday")
    page.fill("#first_on", days()[0])
    page.fill("#n_invited", "mange")
    page.press("#n_invited", "Tab")
    expect(page.locator("#n_invited-mistake")).to_contain_text("figures alone")
    expect(page.locator("#n_invited")).to_have_attribute("aria-invalid", "true")
    page.fill("#n_invited", "110")
    page.press("#n_invited", "Tab")
    expect(page.locator("#n_invited-mistake")).to_be_empty()
    page.reload()
    expect(page.locator("#leader_name")).to_have_value("Ola Strandnes")
    expect(page.locator("#theme-leadership")).to_be_checked()

    page.click("#unit_list")
    page.wait_for_url("**/unit-list")
    for name, said in (("huge", "larger than 5 MB"), ("bad", "has to be mended"), ("good", "The list can be used")):
        page.set_input_files("#workbook", files[name])
        page.click("form[enctype] button")
        expect(page.locator("#unit-list > .notice >> nth=0")).to_contain_text(said)
        expect(page.locator("#unit-list > .notice >> nth=0")).to_be_focused()
    page.click("summary >> text=Divisjon A")
    expect(page.locator(".tree")).to_contain_text("Avdeling A1")
    page.select_option("#level_1", label="Divisjon B")
    expect(page.locator("#level_2")).to_contain_text("Avdeling B2")
    assert page.url == f"{order}/unit-list"
    with page.expect_download() as download:
        page.click("a[href$='repaired.xlsx']")
    assert download.value.suggested_filename == "unit-list-repaired.xlsx"

    page.goto(order)
    page.click("button[value=check]")
    page.wait_for_url("**/send")
    page.click("main form button")
    expect(page.locator("h1")).to_have_text("The order waits for signature")


def test_order_without_javascript(visit: Visitor, office: Site, files: dict[str, Path]) -> None:
    page = visit(width=400, java_script_enabled=False)
    arrive(page, office)
    order = page.url
    fill(page)
    page.fill("#n_invited", "mange")
    page.click("noscript button >> nth=0")
    expect(page.locator("#n_invited")).to_have_value("mange")
    expect(page.locator("#n_invited-mistake")).to_contain_text("figures alone")
    expect(page.locator("#leader_name")).to_have_value("Ola Strandnes")
    page.fill("#n_invited", "110")
    page.press("#n_invited", "Enter")
    expect(page.locator("main")).to_contain_text("The draft is saved.")
    page.click("button[value=check]")
    expect(page.locator("#problems li")).to_have_count(1)
    page.click("#unit_list")
    page.set_input_files("#workbook", files["bad"])
    page.click("form[enctype] button")
    expect(page.locator("main")).to_contain_text("The list has to be mended")
    page.set_input_files("#workbook", files["good"])
    page.click("form[enctype] button")
    expect(page.locator("main")).to_contain_text("The list is uploaded.")
    page.select_option("#level_1", label="Divisjon B")
    page.click("#try button")
    expect(page.locator("#level_2")).to_contain_text("Avdeling B2")
    page.goto(order)
    page.click("button[value=check]")
    page.wait_for_url("**/send")
    page.click("main form button")
    expect(page.locator("h1")).to_have_text("The order waits for signature")


@pytest.mark.parametrize("locale", IN_LANGUAGES)
def test_no_barrier_on_any_page_of_an_order(visit: Visitor, office: Site, files: dict[str, Path], locale: str) -> None:
    """Every page is opened anew before the next step: the checker leaves marks that a policy would refuse to copy."""
    page = visit(locale=locale)
    walk = Walk(page, IN_LANGUAGES[locale])
    walk.go(f"{office.address}/organisation/login", "login")
    arrive(page, office)
    order = page.url
    walk.go(f"{office.address}/organisation/", "start")
    walk.go(order, "empty form")
    page.goto(order)
    page.click("button[value=check]")
    page.wait_for_selector("#problems")
    walk.look("problems")
    page.goto(order)
    fill(page)
    page.click(".steps button[value=draft]")
    page.wait_for_selector(".timetable")
    walk.look("filled form")
    for name in ("bad", "good"):
        page.goto(f"{order}/unit-list")
        page.set_input_files("#workbook", files[name])
        page.click("form[enctype] button")
        page.wait_for_selector("#unit-list > .notice:focus")
        walk.look(f"{name} list")
    for step in ("unit-list/forecast", "rehearsal", "discard", "send"):
        walk.go(f"{order}/{step}", step)
    page.goto(f"{order}/send")
    page.click("main form button")
    page.wait_for_selector(".stages")
    walk.look("waiting")
    walk.print(f"Ordering, {locale}")


def test_no_barrier_in_an_order_without_javascript(visit: Visitor, office: Site, files: dict[str, Path]) -> None:
    page = visit(locale="nb-NO", java_script_enabled=False)
    walk = Walk(visit(locale="nb-NO"), (LOOKS[0], LOOKS[-1]))
    arrive(page, office)
    order = page.url
    walk.show(page, "empty form")
    press(page, "button[value=check]")
    walk.show(page, "problems")
    page.goto(f"{order}/unit-list")
    walk.show(page, "no list")
    for name in ("bad", "good"):
        page.set_input_files("#workbook", files[name])
        press(page, "form[enctype] button")
        walk.show(page, f"{name} list")
    walk.print("Ordering without JavaScript, nb-NO")
