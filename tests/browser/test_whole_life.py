"""One survey from the order to the downloaded reports, with four logins: contact person, leader, staff, employees."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.domain.fiction import CONTACT, LEADER, STAFF
from app.domain.identifiers import synthetic_identity_number
from app.extensions import session
from app.services.surveys import get_survey
from tests.browser.conftest import Site, Visitor
from tests.unit_lists.writers import by_openpyxl
from tests.web.client import Browser
from tests.web.desk import furnish

ROWS = [["Nivå1", "Nivå2"], ["Divisjon A", "Seksjon 1"], ["Divisjon A", "Seksjon 2"], ["Divisjon B", ""]]


@pytest.fixture
def office(site: Site) -> Iterator[Site]:
    before = site.app.extensions["rights"]
    with site.app.app_context():
        furnish(site.app)
    yield site
    site.app.extensions["rights"] = before


@pytest.mark.parametrize("has_javascript", [True, False], ids=["javascript", "no javascript"])
def test_from_order_to_reports(visit: Visitor, office: Site, tmp_path: Path, *, has_javascript: bool) -> None:
    def person(area: str, place: int) -> Page:
        page = visit(java_script_enabled=has_javascript, accept_downloads=True)
        page.goto(f"{office.address}/{area}/login")
        page.click(f"button[name=person][value='{place}']")
        return page

    contact = person("organisation", CONTACT)
    order_id = _order(contact, tmp_path)
    leader = person("organisation", LEADER)
    leader.goto(f"{office.address}/organisation/orders/{order_id}/agreement")
    leader.fill("input[name=role]", "Direktør")
    leader.check("input[name=is_read]")
    leader.click("main form button")
    expect(leader.locator("main")).to_contain_text("Ingrid Sætervik")

    staff = person("staff", STAFF)
    staff.goto(f"{office.address}/staff/orders/{order_id}")
    staff.click("main form[action$=approve] button")
    expect(staff.locator("main .lead")).to_have_text("Open")

    contact.goto(f"{office.address}/organisation/orders/{order_id}/survey")
    link = contact.locator("input[readonly]").first.input_value()
    code = re.sub(".*/s/", "", link)
    contact.goto(f"{office.address}/s/{code}/preview")
    expect(contact.locator(".ribbon")).to_contain_text("nothing is saved")
    for serial in range(3):
        _answer(visit(java_script_enabled=has_javascript, width=390), office, code, 700 + serial)
    _answer_over_http(office, code, range(703, 709))

    contact.goto(f"{office.address}/organisation/orders/{order_id}/survey/close")
    contact.fill("main form input:not([type=hidden])", "Prøvetilsynet")
    contact.click("main form button")
    expect(contact.locator("h1")).to_be_visible()

    _build(office, order_id)
    contact.goto(f"{office.address}/organisation/orders/{order_id}/reports")
    expect(contact.locator("main")).to_contain_text("Divisjon B")
    with contact.expect_download() as caught:
        contact.click("a[href$='reports.zip']")
    caught.value.save_as(tmp_path / "reports.zip")
    with zipfile.ZipFile(tmp_path / "reports.zip") as archive:
        names = archive.namelist()
        assert archive.read(next(name for name in names if name.endswith(".pdf"))).startswith(b"%PDF")
    assert sum(name.endswith(".pdf") and "Divisjon B" in name for name in names) >= 1
    staff.goto(f"{office.address}/staff/orders/{order_id}")
    expect(staff.locator(".trail")).to_contain_text("Downloaded")


def _order(contact: Page, folder: Path) -> str:
    """Order as a contact person does, and give the order's id."""
    file = folder / "units.xlsx"
    file.write_bytes(by_openpyxl(ROWS))
    first_on = datetime.now(UTC).date() + timedelta(days=7)
    contact.click("main form[action$=orders] button >> nth=0")
    contact.wait_for_url("**/organisation/orders/*")
    order_id = contact.url.rsplit("/", 1)[1]
    for name, value in (
        ("contact_email", "jonas@example.org"),
        ("leader_name", "Ingrid Sætervik"),
        ("leader_email", "ingrid@example.org"),
        ("n_invited", "12"),
        ("first_on", first_on.isoformat()),
        ("last_on", (first_on + timedelta(days=13)).isoformat()),
    ):
        contact.fill(f"#{name}", value)
    contact.click("button[value=unit_list]")
    contact.wait_for_url("**/unit-list")
    contact.set_input_files("input[type=file]", file)
    contact.click("main form:has(input[type=file]) button")
    expect(contact.locator("main")).to_contain_text("Divisjon B")
    contact.goto(contact.url.replace("/unit-list", ""))
    contact.click("button[value=check]")
    contact.wait_for_url("**/send")
    contact.click("main form[action$=send] button")
    expect(contact.locator("main")).to_contain_text("Ingrid Sætervik")
    return order_id


def _answer(employee: Page, office: Site, code: str, serial: int) -> None:
    employee.goto(f"{office.address}/s/{code}/login?next=go_on")
    employee.fill("#number", synthetic_identity_number(serial))
    employee.click("form:has(#number) button")
    employee.click("button[value=no]")
    employee.select_option("#level_1", label="Divisjon B")
    employee.click("#unit button[value=next]")
    employee.wait_for_url("**/page/1")
    employee.check("input[name=workload_1][value='4']")
    employee.goto(f"{office.address}/s/{code}/review")
    employee.click("form.steps button")
    expect(employee.locator("h1")).to_have_text("Thank you, your answers are submitted")


def _answer_over_http(office: Site, code: str, serials: range) -> None:
    for serial in serials:
        employee = Browser(office.app.test_client(), code)
        employee.go("login")
        employee.send("main form:last-of-type", number=synthetic_identity_number(serial))
        employee.send(button={"consent": "no"})
        place = next(str(option["value"]) for option in employee.page.select("#level_1 option") if "B" in option.text)
        employee.send("#unit", button={"go": "next"}, level_1=place)
        employee.go("review")
        employee.send("main form.steps")


def _build(office: Site, order_id: str) -> None:
    """What staff do on the shell when the survey has closed."""
    with office.app.app_context():
        runner = office.app.test_cli_runner()
        commands = (["surveys", "close", order_id, "--end-grace"], ["build-reports", order_id, "--workers", "1"])
        for command in commands:
            result = runner.invoke(args=command)
            assert result.exit_code == 0, result.output
        assert get_survey(session(), order_id).state == "reported"
        session().close()
