"""The contact person's side for tests: organisations, who may act for them, and a browser that fills in forms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from io import BytesIO

from bs4 import BeautifulSoup, Tag
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from app.db.base import begin_writing
from app.db.orders import Order
from app.db.surveys import Survey
from app.domain.disclosure import Limits
from app.domain.fiction import PEOPLE
from app.domain.rights import Representation, Right
from app.domain.survey import Audience, State
from app.domain.texts import load_document
from app.domain.units import UnitTree
from app.extensions import key_ring, session, settings
from app.services import orders
from app.services.approval import approve_order
from app.services.audit import Actor
from app.services.organisations import import_organisations
from tests.people import ACCESS
from tests.web.client import Browser

OWN, OTHER, UNLISTED = "310000000", "974760673", "889640782"
NAMES = {OWN: "Prøvetilsynet", OTHER: "Det andre direktoratet"}
CONTACT, STRANGER, LEADER, NOBODY = 0, 1, 2, 3
"""Places in the list of people of the demo login."""
BOTH_RIGHTS = frozenset(Right)
TREE = UnitTree.from_rows([(("A", "A1"), 20), (("A", "A2"), 30), (("A", "ingen"), 3), (("B",), 40)])
FILLED = {
    "contact_name": "Kari Fjellvik",
    "contact_email": "kari@example.no",
    "leader_name": "Ola Strandnes",
    "leader_email": "ola@example.no",
    "n_invited": "93",
    "first_on": "2026-10-12",
    "last_on": "2026-10-25",
}


class Rights:
    """Who may act for whom, by place in the list of people."""

    def __init__(self) -> None:
        self.of = {
            CONTACT: {OWN: frozenset({Right.ORDER})},
            STRANGER: {OTHER: BOTH_RIGHTS},
            LEADER: {OWN: frozenset({Right.SIGN})},
        }

    def rights_of(self, identity_number: str, now: datetime) -> tuple[Representation, ...]:
        place = next(place for place, (_, number) in enumerate(PEOPLE) if number == identity_number)
        held = self.of.get(place, {})
        return tuple(Representation(number, NAMES.get(number, "?"), rights) for number, rights in held.items())


def furnish(app: Flask) -> Rights:
    """Two organisations, and who may act for them."""
    rights = Rights()
    app.extensions["rights"] = rights
    with app.app_context():
        import_organisations(session(), list(NAMES.items()))
        session().commit()
    return rights


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


def order_in(state: State, *, reason: str = "Listen mangler en avdeling.", tree: UnitTree = TREE) -> str:
    """The id of an order of OWN in a state, as the services bring it there."""
    contact, staff = Actor(Audience.CONTACT, "Kari Fjellvik"), Actor(Audience.STAFF, "Stab")
    session().rollback()
    begin_writing(session(), Order)
    order = orders.start_order(session(), OWN, "en", contact, ACCESS)
    fill(order, tree)
    if state is not State.DRAFT:
        orders.send_order(session(), order, contact, ACCESS)
    if state not in (State.DRAFT, State.SUBMITTED, State.REJECTED):
        leader = Actor(Audience.LEADER, "Ola Strandnes")
        orders.sign_order(session(), order, load_document("agreement"), "direktør", leader, ACCESS)
    if state is State.REJECTED:
        orders.reject_order(session(), order, reason, staff, ACCESS)
    session().commit()
    order_id = order.id
    if state in (State.OPEN, State.CLOSED, State.REPORTED, State.DELETED):
        _approve(order, staff)
        _move(order_id, state)
    session().expunge_all()
    return order_id


def fill(order: Order, tree: UnitTree = TREE) -> None:
    for name, value in FILLED.items():
        setattr(order, name, value)
    order.n_invited = 93
    order.first_on, order.last_on = date(2026, 10, 12), date(2026, 10, 25)
    order.units = [[list(path), n_people] for path, n_people in tree.to_rows()]


def _approve(order: Order, staff: Actor) -> None:
    for _ in approve_order(session(), key_ring(), order, Limits(), settings(), staff, ACCESS):
        session().commit()


def _move(order_id: str, state: State) -> None:
    session().get_one(Survey, order_id).state = state.value
    session().commit()
