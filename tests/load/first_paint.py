"""First contentful paint of an employee's pages on a slow phone net, with an empty cache.

Slow 4G as Lighthouse simulates it: 150 ms there and back, 1.6 Mbit/s down, 750 kbit/s up, a processor a quarter as
fast. Then once more with every request delayed by 562.5 ms and 1.44 Mbit/s, as its throttled runs do.
"""

from __future__ import annotations

import logging
import statistics
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from tests.browser.conftest import ARGUMENTS, chromium, new_survey
from tests.conftest import make_app

N_RUNS = 5
MBIT = 1_000_000 / 8
NETS = {
    "slow 4G, simulated": (150, 1.6 * MBIT, 0.75 * MBIT),
    "slow 4G, throttled": (562.5, 1.44 * MBIT, 0.675 * MBIT),
}
PAINT = """() => new Promise((done) => new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (entry.name === "first-contentful-paint") done(entry.startTime);
}).observe({ type: "paint", buffered: true }))"""


def first_paint(browser: Browser, address: str, net: tuple[float, float, float]) -> float:
    """Milliseconds."""
    context = browser.new_context(locale="nb-NO", viewport={"width": 360, "height": 800}, device_scale_factor=3)
    page = context.new_page()
    wire = context.new_cdp_session(page)
    latency, down, up = net
    conditions = {"offline": False, "latency": latency, "downloadThroughput": down, "uploadThroughput": up}
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", conditions)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(address)
    paint = float(page.evaluate(PAINT))
    context.close()
    return paint


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app = make_app(Path(folder))
        with app.app_context():
            code = new_survey()
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        print(f"First contentful paint in ms, median and worst of {N_RUNS}, empty cache, CPU slowed four times")
        for name, net in NETS.items():
            for step in ("", "/login", "/preview/page/1"):
                address = f"http://127.0.0.1:{server.server_port}/s/{code}{step}"
                first_paint(browser, address, net)  # the server's own first time
                paints = [first_paint(browser, address, net) for _ in range(N_RUNS)]
                print(f"{name:20} /s/…{step:18} {statistics.median(paints):6.0f} {max(paints):6.0f}")
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
