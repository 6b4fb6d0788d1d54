"""What a visit costs on a phone: bytes over the wire, headers included, with an empty cache and then a filled one."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import Page

from tests.browser.conftest import Site, Visitor, log_in_here

KIB = 1024
FIRST, FURTHER = 30 * KIB, 10 * KIB


class Scale:
    """Weighs what a page loads: the browser's own count of bytes received, compressed and with headers."""

    def __init__(self, page: Page) -> None:
        self.weights: dict[str, int] = {}
        self._addresses: dict[str, str] = {}
        self._page = page
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on("Network.responseReceived", self._note_address)
        wire.on("Network.loadingFinished", self._weigh)

    def _note_address(self, event: Mapping[str, object]) -> None:
        response = event["response"]
        assert isinstance(response, dict)
        if not response.get("fromDiskCache"):
            self._addresses[str(event["requestId"])] = str(response["url"])

    def _weigh(self, event: Mapping[str, object]) -> None:
        address = self._addresses.get(str(event["requestId"]))
        if address:
            self.weights[address] = self.weights.get(address, 0) + int(str(event["encodedDataLength"]).split(".")[0])

    def take(self) -> int:
        """The bytes since the last time."""
        self._page.wait_for_load_state("networkidle")
        total = sum(self.weights.values())
        self.weights.clear()
        return total


def test_first_page_and_every_further_page_are_light(visit: Visitor, site: Site) -> None:
    page = visit(width=390, locale="nb-NO")
    scale = Scale(page)
    page.goto(site.survey)
    first = scale.take()
    assert 3 * KIB < first <= FIRST, first

    page.goto(f"{site.survey}/login")
    weights = {"login": scale.take()}
    log_in_here(page)
    weights["consent"] = scale.take()
    page.click("button[value=no]")
    page.wait_for_url("**/unit")
    weights["unit, with htmx"] = scale.take()
    page.select_option("#level_1", label="Avdeling C")
    page.wait_for_selector("#level_2")
    weights["a level"] = scale.take()
    page.select_option("#level_2", label="Seksjon C3")
    page.click("#unit button[value=next]")
    page.wait_for_url("**/page/1")
    for number in range(1, 7):
        page.wait_for_url(f"**/page/{number}")
        weights[f"page {number}"] = scale.take()
        page.click("#answers .steps button[value=next]")
    page.wait_for_url("**/review")
    weights["review"] = scale.take()
    for step in ("delete", "your-data", "preview/page/1", "preview/unit"):
        page.goto(f"{site.survey}/{step}")
        weights[step] = scale.take()
    page.goto(f"{site.survey}/review")
    scale.take()
    page.click("form.steps button")
    page.wait_for_url("**/receipt")
    weights["receipt"] = scale.take()
    print("\n", f"first {first}", *(f"{step} {weight}" for step, weight in weights.items()), sep="\n")
    too_heavy = {step: weight for step, weight in weights.items() if weight > FURTHER}
    assert not too_heavy
