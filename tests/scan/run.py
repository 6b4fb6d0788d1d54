"""An outside scanner (wapiti) against the running product, as nobody, employee, contact person and staff: `make scan`.

Everything happens on this machine: a demo of its own in a temporary folder, served on 127.0.0.1. Modules that ask
servers elsewhere are left out. Whatever is found and not explained here ends the run with 1, and so does a fault in
the server's log.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests
from bs4 import BeautifulSoup

from app.domain.fiction import CONTACT, STAFF
from tests.load.serving import ROOT, Server

MODULES = (
    "backup,brute_login_form,buster,cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,https_redirect,ldap,"
    "methods,permanentxss,redirect,shellshock,spring4shell,sql,timesql,upload,xss,xxe"
)
EXPLAINED = {
    "Secure Flag cookie": "the demo is served over http; over https cookies have it (tests/web/test_hostile.py)",
    "Unencrypted Channels": "the demo is served over http on 127.0.0.1; TLS is the proxy's",
    "Cross Site Request Forgery": "wapiti compares two requests with a doubled content type, and both are refused; "
    "tests/web/test_hostile.py sends every form without a token, with a wrong one, and with somebody else's",
    "LDAP Injection": "there is no LDAP; pages differ because they show what was typed, or refuse it",
}
"""Category -> why it is none."""
EMPLOYEE = 0


@contextmanager
def demo(folder: Path) -> Iterator[tuple[str, str, Path]]:
    """The address of a running demo, the code of its open survey, and the server's log."""
    environ = {
        "MUST_LOGIN": "demo",
        "MUST_ENV": "development",
        "MUST_LIMIT_PER_PERSON": "0",
        "MUST_LIMIT_PER_LINK": "0",
    }
    server = Server(folder, environ)
    address = f"http://127.0.0.1:{server.port}"
    flask = [str(Path(sys.executable).parent / "flask"), "--app", "wsgi"]
    own = {**os.environ, **environ, "MUST_INSTANCE": str(folder)}
    for command in (["db", "upgrade"], ["demo", "create"]):
        done = subprocess.run([*flask, *command], cwd=ROOT, env=own, check=True, text=True, stdout=subprocess.PIPE)
    server.start()
    try:
        yield address, done.stdout.strip().rpartition("/")[2], folder / "server.log"
    finally:
        server.stop()


def log_in(address: str, path: str, person: int) -> requests.Session:
    """A browser of one of the fictional people."""
    browser = requests.Session()
    send(browser, address + path, person=str(person), number="")
    return browser


def send(browser: requests.Session, url: str, **fields: str) -> requests.Response:
    """The first form of the page at `url`, with `fields`."""
    page = BeautifulSoup(browser.get(url, timeout=60).text, "html.parser")
    form = page.select_one("main form")
    assert form is not None, url
    token = form.select_one("input[name=csrf_token]")
    data = {"csrf_token": str(token["value"]) if token else "", **fields}
    base = url.split("/", 3)
    answer = browser.post(f"{base[0]}//{base[2]}{form['action']}", data=data, timeout=60)
    answer.raise_for_status()
    return answer


def sessions(address: str, code: str) -> Iterator[tuple[str, list[str], requests.Session]]:
    """Audience, where it starts, and its browser."""
    survey = f"{address}/s/{code}"
    yield "nobody", [f"{survey}", f"{survey}/preview", f"{survey}/login"], requests.Session()
    employee = log_in(address, f"/s/{code}/login", EMPLOYEE)
    send(employee, f"{survey}/consent", consent="no")
    yield "employee", [f"{survey}/{step}" for step in ("unit", "page/1", "review", "your-data", "delete")], employee
    contact = log_in(address, "/organisation/login", CONTACT)
    draft = send_begin(contact, address)
    yield "contact person", [f"{address}/organisation/", draft, f"{draft}/unit-list"], contact
    yield "staff", [f"{address}/staff/"], log_in(address, "/staff/login", STAFF)


def send_begin(contact: requests.Session, address: str) -> str:
    """The address of a new draft."""
    start = f"{address}/organisation/"
    page = BeautifulSoup(contact.get(start, timeout=60).text, "html.parser")
    form = page.select_one("form[action$='/orders']")
    assert form is not None
    data = {str(field["name"]): str(field.get("value", "")) for field in form.select("input[name]")}
    return str(contact.post(address + str(form["action"]), data=data, timeout=60).url)


def scan(
    wapiti: Path, folder: Path, address: str, starts: list[str], browser: requests.Session, seconds: int
) -> dict[str, object]:
    """Wapiti's report. It never logs out: that would end the scan."""
    folder.mkdir()
    report = folder / "report.json"
    command = [str(wapiti), "-u", f"{address}/", "--scope", "folder", "-m", MODULES, "-f", "json", "-o", str(report)]
    command += ["--store-session", str(folder), "--flush-session", "--no-bugreport", "-v", "0", "--tasks", "4"]
    command += ["--max-scan-time", str(seconds), "--max-attack-time", str(seconds), "--skip", "csrf_token"]
    if browser.cookies:
        command += ["-c", str(write_cookies(browser, folder / "cookies.json"))]
    for start in starts:
        command += ["-s", start]
    for logout in ("/s/*/logout", "/organisation/logout", "/staff/logout"):
        command += ["-x", address + logout]
    with (folder / "wapiti.log").open("wb") as log:
        subprocess.run(command, stdout=log, stderr=log, check=True, stdin=subprocess.DEVNULL)
    found: dict[str, object] = json.loads(report.read_text())
    return found


def write_cookies(browser: requests.Session, path: Path) -> Path:
    """In the form that wapiti reads: host -> path -> name -> cookie."""
    cookies: dict[str, dict[str, dict[str, object]]] = {}
    for cookie in browser.cookies:
        kept = {"value": cookie.value, "expires": None, "secure": False, "port": None, "version": 0}
        cookies.setdefault("127.0.0.1", {}).setdefault(cookie.path, {})[cookie.name] = kept
    path.write_text(json.dumps(cookies))
    return path


def findings(report: Mapping[str, object]) -> Counter[tuple[str, str]]:
    """(category, what, or why it is nothing) -> how often."""
    found: Counter[tuple[str, str]] = Counter()
    for part in ("vulnerabilities", "anomalies"):
        for category, entries in report[part].items():  # type: ignore[attr-defined]
            infos = (re.sub(r"\s+", " ", str(entry["info"]))[:150] for entry in entries)
            found.update((category, EXPLAINED.get(category, info)) for info in infos)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wapiti", type=Path, required=True, help="the program")
    parser.add_argument("--seconds", type=int, default=300, help="at most for the crawl, and for each module")
    parser.add_argument("--only", help="one audience")
    parser.add_argument("--out", type=Path, help="keep the reports in this folder")
    own = parser.parse_args()
    is_clean = True
    with tempfile.TemporaryDirectory(prefix="must-scan-") as name:
        out = own.out or Path(name)
        with demo(Path(name)) as (address, code, log):
            for audience, starts, browser in sessions(address, code):
                if own.only not in (None, audience):
                    continue
                report = scan(own.wapiti, out / audience.replace(" ", "-"), address, starts, browser, own.seconds)
                print(f"{audience}: {report['infos']['crawled_pages_nbr']} pages", flush=True)  # type: ignore[index]
                for (category, what), n in sorted(findings(report).items()):
                    is_clean &= category in EXPLAINED
                    print(f"  {n:4} x {category}: {what}", flush=True)
            faults = [line for line in log.read_text().splitlines() if '"fault"' in line]
    print(f"faults in the server's log: {len(faults)}", *sorted(set(faults))[:10], sep="\n")
    return 0 if is_clean and not faults else 1


if __name__ == "__main__":
    sys.exit(main())
