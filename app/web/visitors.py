"""Who is logged in on the organisation's side and as staff. Each has a cookie of its own (sealed_session)."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Response, abort, current_app, request
from flask import session as cookie
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from app.db.orders import Order
from app.domain.rights import Representation, Right
from app.domain.survey import Audience
from app.extensions import session
from app.services.audit import Actor
from app.services.orders import find_order
from app.web import access
from app.web.fragments import go_to

N_REPRESENTATIONS = 150
"""As many organisations as fit into a cookie; who may act for more than that sees the first by number."""
_VISITOR = "visitor"
_TYPED = "typed"
_ROOM = 2300
"""Characters of the session; sealed, and with what a login needs on its way, they are a cookie of less than 4,096."""
_LETTERS = {Right.ORDER: "o", Right.SIGN: "s"}


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person who acts for organisations, or one of the staff (then without `rights`)."""

    name: str
    rights: Mapping[str, frozenset[Right]]
    """Organisation number -> what this person may do for it."""

    def may(self, right: Right, organisation_number: str) -> bool:
        return right in self.rights.get(organisation_number, ())

    def numbers(self, right: Right) -> list[str]:
        return [number for number, rights in self.rights.items() if right in rights]

    def as_(self, audience: Audience) -> Actor:
        return Actor(audience, self.name)


def remember_visitor(name: str, representations: Iterable[Representation] = ()) -> None:
    """Log in. Nothing of the session before is kept (no fixation), but what the same person had typed too late."""
    typed = cookie.get(_TYPED)
    cookie.clear()
    if typed is not None and typed["name"] == name:
        cookie[_TYPED] = typed
    rights = {each.organisation_number: each.rights for each in representations}
    cookie[_VISITOR] = {
        "name": name[:100],
        "rights": [_packed(number, rights[number]) for number in sorted(rights)[:N_REPRESENTATIONS]],
        "since": access.now().timestamp(),
        "seen": access.now().timestamp(),
    }


def forget_visitor() -> None:
    cookie.clear()


def find_visitor() -> Visitor | None:
    """Who is logged in here, unless the time has run out: 30 minutes after the last request, 120 in all."""
    login = _login()
    if login is None or _is_expired(login):
        return None
    login["seen"] = access.now().timestamp()
    cookie.modified = True
    return Visitor(login["name"], dict(map(_unpacked, login["rights"])))


def end_visit() -> None:
    """As if the time had run out."""
    if _VISITOR in cookie:
        cookie[_VISITOR]["since"] = 0
        cookie.modified = True


def has_expired_visit() -> bool:
    login = _login()
    return login is not None and _is_expired(login)


def visitor() -> Visitor:
    """For pages behind `ask_to_log_in`."""
    found = find_visitor()
    if found is None:
        abort(404)
    return found


def last_visit_end() -> datetime:
    """When the login of who is logged in ends, whatever is done until then."""
    return datetime.fromtimestamp(cookie[_VISITOR]["since"], UTC) + access.ABSOLUTE


def ask_to_log_in(area: str) -> Response | None:
    """For who is not logged in, the way to the login, and back to this page afterwards."""
    if find_visitor() is not None:
        return None
    is_sent = request.method != "GET"
    return go_to("login.enter", area=area, next=_page_here(), expired=1 if has_expired_visit() or is_sent else None)


def _page_here() -> str | None:
    """The address of this request, if there is a page."""
    try:
        current_app.create_url_adapter(request).match(method="GET")  # type: ignore[union-attr]
    except HTTPException:
        return None
    return request.path


def keep_typed(fields: Iterable[tuple[str, str]]) -> None:
    """Keep what was sent after the login had run out, sealed in the cookie, until the same person is back.

    Only as much as fits into a cookie: some thousand characters.
    """
    login = _login()
    if login is None:
        return
    packed = base64.b64encode(zlib.compress(json.dumps(list(fields)).encode(), 9)).decode()
    typed = {"name": login["name"], "path": request.path, "fields": packed}
    if len(json.dumps({**cookie, _TYPED: typed})) <= _ROOM:
        cookie[_TYPED] = typed


def take_typed() -> MultiDict[str, str]:
    """What was kept for the page at this address; it is kept no longer."""
    if cookie.get(_TYPED, {}).get("path") != request.path:
        return MultiDict()
    return MultiDict(json.loads(zlib.decompress(base64.b64decode(cookie.pop(_TYPED)["fields"]))))


def order_for(right: Right, order_id: str) -> Order:
    """The order, when who is logged in holds `right` for its organisation; 404 for every other order."""
    order = find_order(session(), order_id)
    if order is None or not visitor().may(right, order.organisation_number):
        abort(404)
    return order


def place_after_login(area: str) -> str | None:
    """Where somebody wanted to go: an address of this area, and of nowhere else."""
    place = request.args.get("next", "")
    is_ours = place.startswith(f"/{area}/") and "\\" not in place and "//" not in place and place.isprintable()
    return place if is_ours else None


def _login() -> dict[str, Any] | None:
    return cookie.get(_VISITOR)


def _is_expired(login: Mapping[str, Any]) -> bool:
    seen, since = (datetime.fromtimestamp(login[name], UTC) for name in ("seen", "since"))
    return access.now() - seen > access.IDLE or access.now() - since > access.ABSOLUTE


def _packed(number: str, rights: Iterable[Right]) -> str:
    return number + "".join(sorted(_LETTERS[right] for right in rights))


def _unpacked(text: str) -> tuple[str, frozenset[Right]]:
    return text[:9], frozenset(right for right, letter in _LETTERS.items() if letter in text[9:])
