"""Behind proxies: what they say is believed as far as the settings say that there are any, and no further."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import create_app
from app.config import read_settings
from tests.test_config import PRODUCTION

OURS, EVIL = "must.example.org", "evil.example.com"


@pytest.mark.parametrize(
    ("n_proxies", "host", "forwarded", "is_served"),
    [
        (0, OURS, None, True),
        (0, "10.0.0.3:8000", OURS, False),
        (0, OURS, EVIL, True),
        (1, "10.0.0.3:8000", OURS, True),
        (1, "10.0.0.3:8000", EVIL, False),
        (1, OURS, f"{OURS}, {EVIL}", False),
        (1, "10.0.0.3:8000", f"{EVIL}, {OURS}", True),
        (2, "10.0.0.3:8000", f"{EVIL}, {OURS}, 10.0.0.2", True),
        (2, "10.0.0.3:8000", f"{OURS}, {EVIL}, 10.0.0.2", False),
    ],
)
def test_address_is_the_one_that_the_outermost_known_proxy_saw(
    tmp_path: Path, n_proxies: int, host: str, forwarded: str | None, *, is_served: bool
) -> None:
    settings = PRODUCTION | {"MUST_PUBLIC_URL": f"https://{OURS}", "MUST_PROXIES": str(n_proxies)}
    client = create_app(read_settings(settings, tmp_path)).test_client()
    headers = {"Host": host} | ({"X-Forwarded-Host": forwarded} if forwarded else {})
    assert client.get("/nowhere", headers=headers).status_code == (404 if is_served else 400)
