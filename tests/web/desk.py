"""The organisation's side and staff in tests: who may do what, and an order at every stage."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask

from app.domain.disclosure import Limits
from app.domain.fiction import CONTACT, LEADER, PEOPLE, STAFF
from app.domain.order import OrderContent
from app.domain.rights import Representation, Right
from app.domain.survey import Audience, State, oslo_day
from app.domain.unit_list import UnitList
from app.domain.units import UnitTree
from app.domain.working_days import working_day_from
from app.extensions import key_ring, session, settings
from app.services.approval import approve_order
from app.services.audit import Actor
from app.services.mailing import agreement_facts, agreement_text
from app.services.notices import notices_about
from app.services.orders import attach_unit_list, reject_order, save_draft, send_order, sign_order, start_order
from app.services.organisations import import_organisations
from app.services.staff import add_staff
from tests.people import TREE
from tests.web.client import Browser

OURS, THEIRS = "310000000", "310000019"
NAMES = {OURS: "Prøvetilsynet", THEIRS: "Tilsynet for tåke"}
BOTH = frozenset({Right.ORDER, Right.SIGN})


class Rights:
    """Who may act for whom; a person who is not named may do nothing."""

    def __init__(self) -> None:
        self.of = {
            PEOPLE[CONTACT][1]: {OURS: frozenset({Right.ORDER})},
            PEOPLE[LEADER][1]: {OURS: frozenset({Right.SIGN})},
            PEOPLE[0][1]: {THEIRS: BOTH},
        }

    def rights_of(self, identity_number: str, now: datetime) -> tuple[Representation, ...]:
        held = self.of.get(identity_number, {})
        return tuple(Representation(number, NAMES[number], rights) for number, rights in held.items())


def furnish(app: Flask) -> Rights:
    """Two organisations, one of the staff, and the rights of the fictional people. Needs an application context."""
    rights = Rights()
    app.extensions["rights"] = rights
    import_organisations(session(), NAMES.items())
    name, number = PEOPLE[STAFF]
    add_staff(session(), settings().installation_key, number, name)
    session().commit()
    return rights


def place_order(stage: State, now: datetime, number: str = OURS, tree: UnitTree = TREE) -> str:
    """The id of an order that has come as far as `stage`: draft, submitted, rejected, signed or open."""
    contact, leader = Actor(Audience.CONTACT, PEOPLE[CONTACT][0]), Actor(Audience.LEADER, PEOPLE[LEADER][0])
    staff = Actor(Audience.STAFF, PEOPLE[STAFF][0])
    order = start_order(session(), number, "nb", contact, now)
    first_on = working_day_from(oslo_day(now) + timedelta(days=7))
    content = OrderContent(
        contact.name, "contact@example.org", leader.name, "leader@example.org", 40, first_on, first_on + timedelta(13)
    )
    save_draft(session(), order, content, contact, now)
    attach_unit_list(session(), order, "units.xlsx", b"", UnitList(tree, ()), contact, now)
    session().commit()
    notices = notices_about(session(), order, settings(), now)
    if stage is not State.DRAFT:
        send_order(session(), order, contact, now)
        notices.sent()
    if stage is State.REJECTED:
        reject_order(session(), order, "Enhetslisten mangler en divisjon.", staff, now)
        notices.rejected()
    if stage in (State.SIGNED, State.OPEN):
        sign_order(session(), order, agreement_text(), agreement_facts(order, "STAMI"), "Direktør", leader, now)
        notices.signed()
    session().commit()
    if stage is State.OPEN:
        for _ in approve_order(session(), key_ring(), order, Limits(), settings(), staff, now):
            session().commit()
    session().commit()
    order_id: str = order.id
    return order_id


def log_in(browser: Browser, area: str, person: int) -> None:
    browser.get(f"/{area}/login")
    browser.send(person=str(person))
