"""Pictures of the main pages and of representative report pages, into this folder. Run: make gallery.

The main pages need what `make demo SERVE=0` leaves behind: an open survey.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import flask_migrate
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from app import create_app
from app.config import read_settings
from app.domain.fiction import CONTACT, LEADER, STAFF
from app.domain.identifiers import synthetic_identity_number
from app.domain.survey import State
from app.domain.units import UnitPath
from app.extensions import db, session
from app.reports.pdf import render_pdf
from app.reports.reading import Document, read
from app.services.surveys import list_surveys
from tests.browser.conftest import ARGUMENTS, chromium
from tests.reports.factory import FULL, Survey
from tests.web.desk import furnish, place_order

HERE = Path(__file__).parent
WIDTHS = (360, 1280)
SMALL: UnitPath = ("Stab", "Sekretariatet")


@contextmanager
def demo_site() -> Iterator[str]:
    app = create_app()
    with app.app_context():
        code = next(survey.code for survey in list_surveys(session()) if survey.state == "open")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/s/{code}"
    server.shutdown()


def visit(page: Page, address: str, width: int) -> None:
    """One visit through the main pages, a picture of each."""

    def picture(name: str, *, whole: bool = False) -> None:
        page.screenshot(path=HERE / f"{name}-{width}.png", full_page=whole)

    page.goto(address)
    picture("letter")
    page.goto(f"{address}/login")
    page.get_by_role("textbox").fill(synthetic_identity_number(90_000 + width))
    page.locator("form:has(input[name=number]) button").last.click()
    page.goto(f"{address}/consent")
    picture("consent")
    page.goto(f"{address}/unit")
    page.get_by_role("combobox").first.select_option(index=1)
    page.wait_for_load_state("networkidle")
    picture("unit")
    page.goto(f"{address}/page/1")
    for item, value in (("workload_1", 4), ("workload_2", 3)):
        page.locator(f"input[name={item}][value='{value}']").check(force=True)
    picture("questionnaire")
    page.goto(f"{address}/review")
    picture("review")


@contextmanager
def desk_site() -> Iterator[tuple[str, dict[State, str]]]:
    """An installation of its own with an order at every stage."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(read_settings({"MUST_ENV": "test"}, Path(folder)))
        with app.app_context():
            flask_migrate.upgrade()
            furnish(app)
            now = datetime.now(UTC)
            orders = {
                stage: place_order(stage, now) for stage in (State.DRAFT, State.SUBMITTED, State.SIGNED, State.OPEN)
            }
            db.session.remove()
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", orders
        server.shutdown()


def desk_pages(engine: Browser, width: int) -> None:
    """What contact person, leader and staff work with."""
    with desk_site() as (address, orders):
        of = {stage: f"/organisation/orders/{order_id}" for stage, order_id in orders.items()}
        visits = (
            (CONTACT, "organisation", {
                "order": of[State.DRAFT],
                "unit-list": f"{of[State.DRAFT]}/unit-list",
                "portal": f"{of[State.OPEN]}/survey",
                "invitations": f"{of[State.OPEN]}/survey/invitations",
            }),
            (LEADER, "organisation", {"agreement": f"{of[State.SUBMITTED]}/agreement"}),
            (STAFF, "staff", {"staff-queue": "/staff/", "staff-order": f"/staff/orders/{orders[State.SIGNED]}"}),
        )  # fmt: skip
        for person, area, pages in visits:
            page = engine.new_page(viewport={"width": width, "height": 900}, locale="nb-NO")
            page.goto(f"{address}/{area}/login")
            page.click(f"button[name=person][value='{person}']")
            for name, path in pages.items():
                page.goto(address + path)
                page.screenshot(path=HERE / f"{name}-{width}.png", full_page=width > WIDTHS[0])


def report_pages() -> None:
    """Six pages of made-up reports: front page with a known rate and with the field, heat map, both designs."""
    sizes: dict[UnitPath, int] = {(f"Avdeling {a}", f"Seksjon {a}{n}"): 5 + 7 * n for a in "ABCD" for n in range(1, 5)}
    known, unknown = Survey(sizes, themes=FULL, n_invited=480), Survey(sizes | {SMALL: 7}, themes=FULL)
    large = ("Avdeling B", "Seksjon B4")
    chosen = (
        ("report-front", known, (), None),
        ("report-front-field", unknown, large, None),
        ("report-heatmap", known, (), "Enhetene side om side"),
        ("report-overview", unknown, large, "Oversikt"),
        ("report-theme", unknown, large, "Arbeidsmengde og tempo"),
        ("report-small", unknown, SMALL, "Arbeidsmengde og tempo"),
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.pdf"
        for name, survey, path, heading in chosen:
            data = render_pdf(survey.report(*path), "nb")
            file.write_bytes(data)
            number = 1 if heading is None else page_of(read(data), heading)
            arguments = ["-r", "60", "-png", "-singlefile", "-f", str(number), "-l", str(number)]
            subprocess.run(["pdftoppm", *arguments, str(file), str(HERE / name)], check=True)


def page_of(document: Document, heading: str) -> int:
    return (
        min(next(node.pages for node in document.root.kids if node.role in ("H1", "H2") and node.text == heading)) + 1
    )


def main() -> None:
    with sync_playwright() as playwright, demo_site() as address:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for width in WIDTHS:
            context = browser.new_context(viewport={"width": width, "height": 800}, locale="nb-NO")
            visit(context.new_page(), address, width)
            context.close()
            desk_pages(browser, width)
        browser.close()
    report_pages()
    sys.stdout.write("".join(f"{picture.name}\n" for picture in sorted(HERE.glob("*.png"))))


if __name__ == "__main__":
    main()
