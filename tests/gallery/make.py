"""Pictures of every main page at two widths, and of representative report pages, into this folder. Run: make gallery.

The same pages otherwise: `make.py --folder pictures --widths 320 768 --locale nn-NO --dark --whole`.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import flask_migrate
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from app import create_app
from app.config import read_settings
from app.domain.fiction import CONTACT, LEADER, STAFF, fictional_tree
from app.domain.identifiers import synthetic_identity_number
from app.domain.survey import State
from app.domain.units import UnitPath, UnitTree
from app.extensions import db, session
from app.reports.pdf import render_pdf
from app.reports.reading import Document, read
from app.services.surveys import get_survey
from tests.browser.conftest import ARGUMENTS, chromium
from tests.reports.factory import FULL, Survey
from tests.web.desk import place_order

HERE = Path(__file__).parent
WIDTHS = (360, 1280)
TALLEST = 1600
"""Pixels of a page that a picture shows at most."""
N_COLOURS = 96
N_RESPONDENTS = 140
SMALL: UnitPath = ("Stab", "Sekretariatet")
_serial = itertools.count(90_000)


@dataclass(frozen=True)
class Site:
    """An installation with an order at every stage: where it is, the code of the open survey, stage -> order."""

    address: str
    code: str
    orders: Mapping[State, str]


@contextmanager
def running() -> Iterator[Site]:
    """An installation of its own for as long as it takes."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(read_settings({"MUST_ENV": "development"}, Path(folder)))
        with app.app_context():
            flask_migrate.upgrade()
            orders = {State.REPORTED: reported(app), State.OPEN: opened(app)}
            for stage in (State.DRAFT, State.SUBMITTED, State.SIGNED):
                orders[stage] = place_order(stage, datetime.now(UTC), tree=counted_tree())
            code = get_survey(session(), orders[State.OPEN]).code
            db.session.remove()
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(f"http://127.0.0.1:{server.server_port}", code, orders)
        server.shutdown()


def counted_tree() -> UnitTree:
    """With head counts, so that there is a forecast."""
    tree = fictional_tree()
    choices = [unit for unit in tree.units[1:] if unit.may_stop]
    return UnitTree.from_rows([(unit.path, 3 + place % 4 * 5) for place, unit in enumerate(choices)])


def opened(app: Flask) -> str:
    return run(app, "demo", "create", "--invited", "400").split()[0]


def reported(app: Flask) -> str:
    survey = run(app, "demo", "create", "--invited", "200").split()[0]
    run(app, "demo", "answer", survey, "--respondents", str(N_RESPONDENTS))
    run(app, "surveys", "close", survey, "--end-grace")
    run(app, "build-reports", survey, "--lang", "nb")
    return survey


def run(app: Flask, *arguments: str) -> str:
    result = app.test_cli_runner().invoke(args=arguments)
    if result.exit_code:
        sys.exit(f"{arguments}: {result.output}")
    return result.output


Picture = Callable[[str], None]


def main_pages(site: Site, page_of: Callable[[], Page], picture: Callable[[Page, str], None]) -> None:
    """Goes through the main pages of every audience, each with a browser of its own."""
    page = page_of()
    page.goto(site.address)
    picture(page, "front")
    employee(page, f"{site.address}/s/{site.code}", lambda name: picture(page, name))
    at = {stage: f"/organisation/orders/{order_id}" for stage, order_id in site.orders.items()}
    visits = (
        (CONTACT, "organisation", {
            "desk": "/organisation/",
            "order": at[State.DRAFT],
            "unit-list": f"{at[State.DRAFT]}/unit-list",
            "forecast": f"{at[State.DRAFT]}/unit-list/forecast",
            "send": f"{at[State.DRAFT]}/send",
            "waiting": at[State.SUBMITTED],
            "portal": f"{at[State.OPEN]}/survey",
            "invitations": f"{at[State.OPEN]}/survey/invitations",
            "close": f"{at[State.OPEN]}/survey/close",
            "reports": f"{at[State.REPORTED]}/reports",
        }),
        (LEADER, "organisation", {"agreement": f"{at[State.SUBMITTED]}/agreement"}),
        (STAFF, "staff", {
            "staff-queue": "/staff/",
            "staff-order": f"/staff/orders/{site.orders[State.SIGNED]}",
            "staff-withdrawals": f"/staff/orders/{site.orders[State.REPORTED]}/withdrawals",
        }),
    )  # fmt: skip
    for person, area, pages in visits:
        page = page_of()
        page.goto(f"{site.address}/{area}/login")
        page.click(f"button[name=person][value='{person}']")
        for name, path in pages.items():
            page.goto(site.address + path)
            picture(page, name)


def employee(page: Page, survey: str, picture: Picture) -> None:
    page.goto(survey)
    picture("letter")
    page.goto(f"{survey}/login?next=go_on")
    picture("login")
    page.fill("#number", synthetic_identity_number(next(_serial)))
    page.click("form:has(#number) button")
    page.wait_for_url("**/consent")
    picture("consent")
    page.click("button[value=no]")
    page.wait_for_url("**/unit")
    page.locator("#level_1").select_option(index=1)
    page.wait_for_selector("#level_2")
    picture("unit")
    page.locator("#level_2").select_option(index=1)
    page.wait_for_selector("#level_3")
    page.locator("#level_3").select_option(index=1)
    page.click("#unit button[value=next]")
    page.wait_for_url("**/page/1")
    for item, value in (("workload_1", 4), ("workload_2", 3)):
        page.check(f"input[name={item}][value='{value}']")
    page.wait_for_selector(".saved")
    picture("questionnaire")
    page.click("#answers .steps button[value=next]")
    page.wait_for_url("**/page/2")
    page.goto(f"{survey}/review")
    picture("review")
    page.click("form.steps button")
    page.wait_for_url("**/receipt")
    picture("receipt")
    page.goto(f"{survey}/your-data")
    picture("your-data")
    page.goto(f"{survey}/delete")
    picture("delete")


def save(page: Page, file: Path, *, whole: bool) -> None:
    """What a screen shows, or as much of the page as TALLEST allows; in few colours, so that it is small."""
    page.evaluate("scrollTo(0, 0)")
    size = page.viewport_size or {"width": 0, "height": 0}
    height = min(int(page.evaluate("document.documentElement.scrollHeight")), TALLEST) if whole else size["height"]
    page.screenshot(path=file, full_page=whole, clip={"x": 0, "y": 0, "width": size["width"], "height": height})
    with Image.open(file) as image:
        image.convert("RGB").quantize(N_COLOURS).save(file, optimize=True)


def report_pages(folder: Path) -> None:
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
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "report.pdf"
        for name, survey, path, heading in chosen:
            data = render_pdf(survey.report(*path), "nb")
            file.write_bytes(data)
            number = 1 if heading is None else number_of(read(data), heading)
            arguments = ["-r", "60", "-png", "-singlefile", "-f", str(number), "-l", str(number)]
            subprocess.run(["pdftoppm", *arguments, str(file), str(folder / name)], check=True)


def number_of(document: Document, heading: str) -> int:
    """The page that a heading stands on, from 1."""
    found = (node for node in document.root.kids if node.role in ("H1", "H2") and node.text == heading)
    return min(next(found).pages) + 1


def photograph(site: Site, browser: Browser, folder: Path, width: int, locale: str, *, dark: bool, whole: bool) -> None:
    def page_of() -> Page:
        scheme = "dark" if dark else "light"
        size = {"width": width, "height": 800}
        return browser.new_page(viewport=size, locale=locale, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]

    main_pages(site, page_of, lambda page, name: save(page, folder / f"{name}-{width}.png", whole=whole))


def index() -> str:
    """A page that shows all pictures: made by this program, like the pictures."""
    names = sorted(file.stem for file in HERE.glob("*.png"))
    pages = [name.removesuffix(f"-{WIDTHS[0]}") for name in names if name.endswith(f"-{WIDTHS[0]}")]
    rows = [f"## {page}\n\n" + " ".join(f"![{page}, {n} pixels]({page}-{n}.png)" for n in WIDTHS) for page in pages]
    reports = [f"## {name}\n\n![{name}]({name}.png)" for name in names if name.startswith("report-")]
    return "\n\n".join(["# Pictures, made by `make gallery`", *rows, *reports]) + "\n"


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--folder", type=Path, default=HERE)
    options.add_argument("--widths", type=int, nargs="+", default=WIDTHS)
    options.add_argument("--locale", nargs="+", default=["nb-NO"])
    options.add_argument("--dark", action="store_true")
    options.add_argument("--whole", action="store_true", help="the whole page at narrow widths, too")
    wanted = options.parse_args()
    with sync_playwright() as playwright, running() as site:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for locale in wanted.locale:
            folder = wanted.folder if len(wanted.locale) == 1 else wanted.folder / locale
            folder.mkdir(parents=True, exist_ok=True)
            for width in wanted.widths:
                whole = wanted.whole or width >= 768
                photograph(site, browser, folder, width, locale, dark=wanted.dark, whole=whole)
        browser.close()
    if wanted.folder == HERE:
        report_pages(HERE)
        (HERE / "README.md").write_text(index(), encoding="utf-8")


if __name__ == "__main__":
    main()
