"""Behind proxies: what they say is believed as far as the settings say that there are any, and no further."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import create_app
from app.config import read_settings
from tests.test_config import PRODUCTION

OURS, EVIL, INSIDE = "must.example.org", "evil.example.com", "10.0.0.3:8000"


@pytest.mark.parametrize(
    ("n_proxies", "served", "refused"),
    [
        (0, [(OURS, ""), (OURS, EVIL)], [(INSIDE, OURS)]),
        (1, [(INSIDE, OURS), (INSIDE, f"{EVIL}, {OURS}")], [(INSIDE, EVIL), (OURS, f"{OURS}, {EVIL}")]),
        (2, [(INSIDE, f"{EVIL}, {OURS}, 10.0.0.2")], [(INSIDE, f"{OURS}, {EVIL}, 10.0.0.2")]),
    ],
)
def test_address_is_the_one_that_the_outermost_known_proxy_saw(
    tmp_path: Path, n_proxies: int, served: list[tuple[str, str]], refused: list[tuple[str, str]]
) -> None:
    settings = PRODUCTION | {"MUST_PUBLIC_URL": f"https://{OURS}", "MUST_PROXIES": str(n_proxies)}
    client = create_app(read_settings(settings, tmp_path)).test_client()
    for cases, status in ((served, 404), (refused, 400)):
        for host, forwarded in cases:
            answer = client.get("/nowhere", headers={"Host": host, "X-Forwarded-Host": forwarded})
            assert answer.status_code == status, (host, forwarded)
