"""oidc-provider-mock, a provider that others wrote, in a process of its own: its libraries warn when imported."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import requests


@contextmanager
def running(*people: Mapping[str, str]) -> Iterator[str]:
    """Its issuer; `people` are claims, with a ``sub`` each."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    claims = [part for person in people for part in ("--user-claims", json.dumps(person))]
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "--port",
        str(port),
        "--require-nonce",
        "true",
    ]
    with subprocess.Popen([*command, *claims], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_for(issuer: str) -> None:
    for _ in range(200):
        try:
            requests.get(f"{issuer}/.well-known/openid-configuration", timeout=5).raise_for_status()
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(issuer)


def log_in(address: str, sub: str) -> str:
    """Press the button of one person; the address that the browser is sent back to."""
    answer = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=5)
    return answer.headers["Location"]


def deny(address: str) -> str:
    return requests.post(address, data={"action": "deny"}, allow_redirects=False, timeout=5).headers["Location"]


def log_out(address: str) -> str:
    """Confirm logging out; the address that the browser is sent back to."""
    page = requests.get(address, timeout=5)
    found = re.search(r'name="redirect_uri" value="([^"]*)"', page.text)
    assert found is not None
    action = f"{address.partition('/oauth2/')[0]}/oauth2/end_session/confirm"
    return requests.post(
        action, data={"redirect_uri": found.group(1).replace("&amp;", "&")}, allow_redirects=False, timeout=5
    ).headers["Location"]
