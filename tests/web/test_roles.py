"""A whole survey on PostgreSQL with the least rights, its pages served by two machines in turn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from app.db.surveys import Survey
from app.domain.fiction import CONTACT, LEADER, STAFF
from app.domain.identifiers import synthetic_identity_number
from app.domain.survey import State
from app.extensions import session
from tests.roles import Installation
from tests.unit_lists.writers import by_openpyxl
from tests.web.client import Browser
from tests.web.desk import furnish, place_order
from tests.web.ordering import Desk

ROWS = [["Nivå1", "Nivå2"], ["Divisjon A", "Seksjon 1"], ["Divisjon A", "Seksjon 2"], ["Divisjon B", ""]]


class InTurn:
    """A test client whose requests go to one machine and then to the other; cookies are the browser's."""

    def __init__(self, *apps: Flask) -> None:
        clients = [app.test_client() for app in apps]
        for client in clients:
            client._cookies = clients[0]._cookies
        self._clients = cycle(clients)

    def get(self, *args: object, **options: object) -> TestResponse:
        return next(self._clients).get(*args, **options)  # type: ignore[arg-type]

    def post(self, *args: object, **options: object) -> TestResponse:
        return next(self._clients).post(*args, **options)  # type: ignore[arg-type]


class Office:
    """An installation, who visits it, and who runs commands on it."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.apps = (installation.web, installation.other_web)
        with installation.commands.app_context():
            rights = furnish(installation.commands)
        for app in self.apps:
            app.config["PROPAGATE_EXCEPTIONS"] = False
            app.extensions["rights"] = rights

    def desk(self, person: int) -> Desk:
        desk = Desk(self.installation.web)
        desk.client = InTurn(*self.apps)  # type: ignore[assignment]
        return desk.enter(person)

    def staff(self) -> Browser:
        browser = Browser(InTurn(*self.apps), "")  # type: ignore[arg-type]
        browser.get("/staff/login")
        browser.send(person=str(STAFF))
        return browser

    def employee(self, code: str, serial: int) -> Browser:
        browser = Browser(InTurn(*self.apps), code)  # type: ignore[arg-type]
        browser.go("login")
        browser.send("main form:last-of-type", number=synthetic_identity_number(serial))
        return browser

    def let_pass(self, survey_id: str, since: str, span: timedelta) -> None:
        """As if it had happened so long ago."""
        with self.installation.owner.app_context():
            setattr(session().get_one(Survey, survey_id), since, datetime.now(UTC) - span)
            session().commit()
            session().close()

    def run(self, *command: str) -> str:
        result = self.installation.commands.test_cli_runner().invoke(args=list(command))
        assert result.exit_code == 0, (command, result.output, result.exception)
        return str(result.output)


@pytest.fixture
def office(tmp_path: Path, postgres: sa.Engine) -> Iterator[Office]:
    installation = Installation(tmp_path, postgres)
    yield Office(installation)
    installation.dispose()


def order(office: Office) -> Desk:
    contact = office.desk(CONTACT)
    contact.begin_order()
    contact.get(contact.at("discard"))
    contact.send("main form")
    first_on = datetime.now(UTC).date() + timedelta(days=7)
    contact.begin_order(
        contact_email="jonas@example.org",
        leader_name="Ingrid Sætervik",
        leader_email="ingrid@example.org",
        n_invited="600",
        first_on=first_on.isoformat(),
        last_on=(first_on + timedelta(days=13)).isoformat(),
    )
    for _ in range(2):  # the second takes the place of the first
        contact.upload(by_openpyxl(ROWS))
    assert "Divisjon B" in contact.text
    contact.get(contact.at())
    contact.send("#order", button={"go": "check"})
    contact.send("main form")
    assert contact.heading == "The order waits for signature"
    return contact


def answer(employee: Browser, consent: str) -> None:
    employee.send(button={"consent": consent})
    place = next(str(option["value"]) for option in employee.page.select("#level_1 option") if "B" in option.text)
    employee.send("#unit", button={"go": "next"}, level_1=place)
    employee.send("#answers", button={"go": "next"}, workload_1="4")
    employee.go("review")
    employee.send("main form.steps")
    assert employee.heading == "Thank you, your answers are submitted"


def test_from_order_to_deletion_with_the_least_rights(office: Office, tmp_path: Path) -> None:
    contact = order(office)
    leader = office.desk(LEADER)
    leader.get(contact.at("agreement"))
    leader.send(role="Direktør", is_read="1")
    assert leader.heading == "The agreement is signed"

    staff = office.staff()
    staff.get(f"/staff/orders/{contact.order_id}")
    staff.send("main form[action$=approve]", despite_remarks="1")
    assert "Open" in staff.text

    contact.get(contact.at("survey"))
    link = contact.page.select_one("#link")
    assert link is not None
    code = str(link["value"]).rsplit("/", 1)[1]
    for serial in range(700, 709):
        answer(office.employee(code, serial), "yes" if serial % 2 else "no")
    second = office.employee(code, 701)
    second.go("consent")
    assert "You have said yes." in second.text
    second.send(button={"consent": "no"})
    gone = office.employee(code, 720)
    answer(gone, "yes")
    gone.go("delete")
    gone.send()
    assert "All your answers have been deleted." in gone.text

    contact.get(contact.at("survey/close"))
    contact.send(confirm="Prøvetilsynet")
    assert contact.heading == "The survey is closed"
    office.let_pass(contact.order_id, "closed_at", timedelta(hours=1))
    assert "closed and swept" in office.run("maintenance", "run")
    office.run("mail", "send")
    late = office.employee(code, 703)
    late.go("withdraw")
    late.send()
    assert "Your consent is withdrawn" in late.text

    staff.get(f"/staff/orders/{contact.order_id}/withdrawals")
    assert "Divisjon B" in staff.text
    place = next(str(option["value"]) for option in staff.page.select("#unit option") if "B" in option.text)
    staff.send("main form", unit=place, theme="workload", reason="Agreed.")
    assert staff.status == 200
    assert "6 reports" not in office.run("build-reports", contact.order_id, "--workers", "1", "--lang", "nb")
    contact.get(contact.at("reports"))
    assert "Divisjon B" in contact.text
    assert contact.fetch("reports/reports.zip").data.startswith(b"PK")

    key = Path(office.installation.owner.instance_path, "keys", "research-private-key")
    exported = office.run("export-research", contact.order_id, "--out", str(tmp_path / "r"), "--research-key", str(key))
    assert exported.startswith("2 responses of 3 who consented")  # two took it back, one deleted the answers
    office.run("audit-reports", contact.order_id, "--json", str(tmp_path / "audit.json"))

    office.let_pass(contact.order_id, "access_at", timedelta(weeks=10, days=1))
    assert "deleted" in office.run("maintenance", "run")
    certificate = json.loads(
        Path(office.installation.owner.instance_path, "certificates", f"deletion-{contact.order_id}.json").read_text()
    )
    assert certificate["n_responses"] == 9
    contact.get(contact.at("survey"))
    assert "all answers and identities were deleted" in contact.text


def test_what_staff_do_on_the_shell_needs_no_more(office: Office, tmp_path: Path) -> None:
    with office.installation.owner.app_context():
        approved, rejected = (place_order(State.SIGNED, datetime.now(UTC)) for _ in range(2))
        session().close()
    office.run("orders", "approve", approved, "--despite-remarks")
    office.run("orders", "reject", rejected, "--reason", "Divisjon C mangler.")
    assert "open" in office.run("surveys", "show", approved)
    office.run("staff", "add", "Ny Ansatt", "--number", synthetic_identity_number(900))
    office.run("staff", "remove", "Ny Ansatt")
    organisations = tmp_path / "organisations.csv"
    organisations.write_text("Organisasjonsnummer;Navn\n310000000;Prøvetilsynet\n310000035;Et nytt tilsyn\n")
    office.run("organisations", "import", str(organisations))
    office.run("backup", "create", "--out", str(tmp_path / "backup"))
    office.run("doctor", "--offline")
