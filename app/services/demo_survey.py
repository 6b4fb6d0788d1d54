"""A survey to try things with: a fictional organisation that has ordered and signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.db.orders import Order
from app.db.surveys import Organisation
from app.domain.fiction import ANOTHER_NAME, ANOTHER_NUMBER, CONTACT, FICTIONAL_NUMBER, LEADER, PEOPLE, STAFF
from app.domain.order import OrderContent
from app.domain.survey import N_WEEKS_OPEN, Audience, oslo_day
from app.domain.unit_list import UnitList
from app.domain.units import UnitTree
from app.services.audit import Actor
from app.services.mailing import agreement_facts, agreement_text
from app.services.orders import attach_unit_list, save_draft, send_order, sign_order, start_order
from app.services.staff import add_staff

LANGUAGE = "nb"


@dataclass(frozen=True, slots=True)
class DemoOrder:
    organisation: str
    tree: UnitTree
    operator: str
    extra_themes: Sequence[str] = ()
    n_invited: int | None = None


def add_demo_people(session: Session, installation_key: bytes, organisation: str) -> None:
    """The fictional organisations may order, and one of the fictional people is staff."""
    for number, name in ((FICTIONAL_NUMBER, organisation), (ANOTHER_NUMBER, ANOTHER_NAME)):
        session.merge(Organisation(number=number, name=name, is_in_area=True))
    name, number = PEOPLE[STAFF]
    add_staff(session, installation_key, number, name)


def place_demo_order(session: Session, demo: DemoOrder, now: datetime) -> Order:
    """An order that is sent and signed; staff can approve it."""
    contact, leader = Actor(Audience.CONTACT, PEOPLE[CONTACT][0]), Actor(Audience.LEADER, PEOPLE[LEADER][0])
    order = start_order(session, FICTIONAL_NUMBER, LANGUAGE, contact, now)
    today = oslo_day(now)
    content = OrderContent(
        contact.name,
        "contact@example.org",
        leader.name,
        "leader@example.org",
        demo.n_invited,
        today,
        today + timedelta(weeks=N_WEEKS_OPEN, days=-1),
        tuple(demo.extra_themes),
    )
    save_draft(session, order, content, contact, now)
    attach_unit_list(session, order, "units.xlsx", b"", UnitList(demo.tree, ()), contact, now)
    send_order(session, order, contact, now)
    sign_order(session, order, agreement_text(), agreement_facts(order, demo.operator), "Director", leader, now)
    return order
