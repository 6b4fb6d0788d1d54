"""A browser on the organisation's side that fills in the order form, and orders in every state."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

from bs4 import BeautifulSoup, Tag
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from app.db.orders import Order
from app.db.surveys import Survey
from app.domain.fiction import CONTACT
from app.domain.survey import State
from app.extensions import session
from tests.people import ACCESS
from tests.web import desk
from tests.web.client import Browser
from tests.web.desk import Rights, place_order

STRANGER = 0
"""Acts for another organisation."""
FILLED = {
    "contact_name": "Jonas Elvebakk",
    "contact_email": "jonas@example.no",
    "leader_name": "Ingrid Sætervik",
    "leader_email": "ingrid@example.no",
    "n_invited": "93",
    "first_on": "2026-10-12",
    "last_on": "2026-10-25",
}


def furnish(app: Flask) -> Rights:
    with app.app_context():
        return desk.furnish(app)


class Desk(Browser):
    """A browser on the organisation's side."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app.test_client(), "")
        self.order_id = ""

    @staticmethod
    def standing_in(form: Tag) -> dict[str, str | list[str]]:  # type: ignore[override]
        """Also text areas, and of check boxes only those that are set."""
        data: dict[str, str | list[str]] = {}
        for field in form.find_all(["input", "select", "textarea"]):
            name, kind = str(field.get("name", "")), field.get("type")
            if (
                not name
                or kind in ("file", "submit")
                or (kind in ("checkbox", "radio") and not field.has_attr("checked"))
            ):
                continue
            if field.name == "textarea":
                value = field.get_text().removeprefix("\n")
            elif field.name == "select":
                option = field.select_one("option[selected]") or field.select_one("option")
                value = str(option["value"]) if option else ""
            else:
                value = str(field.get("value", ""))
            known = data.get(name)
            data[name] = value if known is None else [*(known if isinstance(known, list) else [known]), value]
        return data

    def enter(self, person: int = CONTACT) -> Desk:
        self.get("/organisation/login")
        self.send(person=str(person))
        return self

    def begin_order(self, **fields: str) -> str:
        """A new order with `fields`; its id."""
        self.get("/organisation/")
        self.send("main form")
        self.order_id = self.path.rsplit("/", 1)[1]
        if fields:
            self.send("#order", button={"go": "draft"}, **fields)
        return self.order_id

    def at(self, step: str = "") -> str:
        return f"/organisation/orders/{self.order_id}/{step}".rstrip("/")

    def upload(self, content: bytes, name: str = "units.xlsx", *, is_partial: bool = False) -> BeautifulSoup:
        """Choose a file at the page of the unit list, and send it."""
        if self.path != self.at("unit-list"):
            self.get(self.at("unit-list"))
        headers = {"Accept-Language": "en"}
        if is_partial:
            headers |= {"HX-Request": "true", "HX-Request-Type": "partial"}
        answer = self.post_file(self.at("unit-list"), content, name, headers)
        if is_partial:
            self.status = answer.status_code
            return BeautifulSoup(answer.text, "html.parser")
        return self._arrive(answer, "en")

    def post_file(
        self, path: str, content: bytes, name: str = "x.xlsx", headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        """With the token of the last page."""
        data = {"csrf_token": self.token, "workbook": FileStorage(BytesIO(content), name)}
        boundary, body = encode_multipart(data)
        kind = f'multipart/form-data; boundary="{boundary}"'
        return self.client.post(path, data=body, content_type=kind, headers=dict(headers or {}))

    def fetch(self, step: str) -> TestResponse:
        return self.client.get(self.at(step), headers={"Accept-Language": "en"})


def order_in(state: State, *, reason: str = "") -> str:
    """The id of an order of the contact person's organisation."""
    after_opening = state in (State.CLOSED, State.REPORTED, State.DELETED)
    order_id = place_order(State.OPEN if after_opening else state, ACCESS)
    if after_opening:
        session().get_one(Survey, order_id).state = state.value
    if reason:
        session().get_one(Order, order_id).reason = reason
    session().commit()
    session().expunge_all()
    return order_id
