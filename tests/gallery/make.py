"""Pictures of the main pages and of representative report pages, into this folder. Run: make gallery.

Needs what `make demo SERVE=0` leaves behind: an open survey and a published report set.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from app import create_app
from app.domain.identifiers import synthetic_identity_number
from app.extensions import session
from app.services.surveys import list_surveys
from tests.browser.conftest import _ARGUMENTS, chromium

HERE = Path(__file__).parent
WIDTHS = (360, 1280)
REPORT_PAGES = {"report-front": 1, "report-overview": 4, "report-heatmap": 5, "report-theme": 7}
"""Pages of the organisation's report."""


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


def report_pages(instance: Path) -> None:
    manifest = max(instance.glob("reports/*/manifest.json"), key=lambda path: path.stat().st_mtime)
    reports = json.loads(manifest.read_text(encoding="utf-8"))["reports"]
    chosen = [(name, reports[0], page) for name, page in REPORT_PAGES.items()]
    small = min(reports, key=lambda report: (report["n_included"], report["unit"]))
    chosen.append(("report-small", small, 5))
    for name, report, page in chosen:
        file = manifest.parent / f"{report['files']['nb']}.pdf"
        arguments = ["-r", "60", "-png", "-singlefile", "-f", str(page), "-l", str(page), str(file), str(HERE / name)]
        subprocess.run(["pdftoppm", *arguments], check=True)


def main() -> None:
    instance = Path(os.environ["MUST_INSTANCE"])
    with sync_playwright() as playwright, demo_site() as address:
        browser = playwright.chromium.launch(executable_path=chromium(), args=_ARGUMENTS)
        for width in WIDTHS:
            context = browser.new_context(viewport={"width": width, "height": 800}, locale="nb-NO")
            visit(context.new_page(), address, width)
            context.close()
        browser.close()
    report_pages(instance)
    sys.stdout.write("".join(f"{picture.name}\n" for picture in sorted(HERE.glob("*.png"))))


if __name__ == "__main__":
    main()
