"""How often: limits per person and per link, since a whole agency may come from one address.

Who is logged in has a count of one's own. Everybody else counts for the link that they are at; that limit is high, and
only keeps one link from taking the whole server. Who is at no link, such as on the way back from ID-porten, counts for
the address they come from, with the same high limit: so one who hammers there shuts out nobody else. What is counted
under is a keyed hash, which is forgotten after a minute and stands in no log.
"""

from __future__ import annotations

import hashlib
import json
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, abort, request
from flask import session as cookie
from flask_limiter import ApplicationLimit, Limiter

from app.adapters.minute_counts import MinuteCounts
from app.adapters.sealing import keyed_hash
from app.config import Settings
from app.web import visitors

HEAVY = frozenset({"ordering.upload", "ordering.rehearse", "portal.poster", "agreement.pdf"})
"""Seconds of work each."""
N_HEAVY = 20
"""Of those in a minute for one person."""
ENDED_ELSEWHERE = "login.end_login"
N_ENDED_BY_ONE, N_ENDED_BY_ALL = 300, 3_000
"""Of those in a minute: anybody can send one, and each is kept for hours. Who sends too many uses up their own share,
not that of all."""
_ONE_CUSTOMER = 64
"""Bits of an IPv6 address that one customer cannot change."""
_PATIENCE: dict[str, Any] = {"socket_connect_timeout": 1, "socket_timeout": 1}
"""Seconds for Redis to answer; after that each process counts for itself, until Redis is back."""
_UNCOUNTED = ("static", "health.")


def init_app(app: Flask, settings: Settings) -> None:
    if settings.is_production:
        _hold_to_one_host(app, settings.public_url)
    own = settings.operation

    def often() -> str:
        return f"{(own.limit_per_person if _person() else own.limit_per_link) or 10**9}/minute"

    def who() -> str:
        return keyed_hash(settings.secret_key, (_person() or _place()).encode()).hex()

    limiter = Limiter(
        who,
        app=app,
        application_limits=[
            ApplicationLimit(often),
            ApplicationLimit(f"{N_HEAVY}/minute", scope="heavy", exempt_when=lambda: request.endpoint not in HEAVY),
            ApplicationLimit(f"{N_ENDED_BY_ONE}/minute", scope="ended", exempt_when=_is_no_ending),
            ApplicationLimit(  # the last: who is stopped before does not count here
                f"{N_ENDED_BY_ALL}/minute", lambda: "all", scope="ended by all", exempt_when=_is_no_ending
            ),
        ],
        storage_uri=own.limits_url.replace("memory://", f"{MinuteCounts.STORAGE_SCHEME[0]}://"),
        storage_options={} if own.limits_url.startswith("memory:") else _PATIENCE,
        in_memory_fallback_enabled=True,
        swallow_errors=True,
    )
    limiter.request_filter(_is_uncounted)


def _hold_to_one_host(app: Flask, public_url: str) -> None:
    """A request that names another host than ours is refused; what watches the installation may name any."""
    host = urlsplit(public_url).netloc.lower()

    @app.before_request
    def check_host() -> None:
        if request.host.lower() != host and not _is_uncounted():
            abort(400)


def _is_uncounted() -> bool:
    return (request.endpoint or "").startswith(_UNCOUNTED)


def _is_no_ending() -> bool:
    return request.endpoint != ENDED_ELSEWHERE


def _person() -> str:
    """Who is logged in, under a name that says nothing; empty for nobody."""
    login: dict[str, Any] | None = cookie.get("employee")
    if login is not None:
        return f"employee:{login['secrets'][1]}"
    visitor = visitors.find_visitor()
    if visitor is None:
        return ""
    return "visitor:" + hashlib.sha256(json.dumps([visitor.name, *visitor.rights]).encode()).hexdigest()


def _place() -> str:
    """The link that somebody is at without being logged in, or else where they come from."""
    code = (request.view_args or {}).get("code")
    return f"link:{code}" if code else f"source:{_source(request.remote_addr or '')}"


def _source(address: str) -> str:
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return address if known.version == 4 else str(ip_network((known, _ONE_CUSTOMER), strict=False))
