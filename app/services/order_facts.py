"""Gathers what the rules about an order look at; the register of entities is asked, and may be out of reach."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db.orders import Order
from app.db.surveys import Survey
from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.order_review import OrderFacts, Remark, review_order
from app.domain.rights import Entity
from app.domain.survey import State, oslo_day
from app.services.orders import content_of, find_uploaded, tree_of

FindEntity = Callable[[str, datetime], Entity | None]


def remarks_about(
    session: Session, order: Order, limits: Limits, find_entity: FindEntity, now: datetime
) -> tuple[Remark, ...]:
    """Nothing for an order without units: it cannot have been sent."""
    tree = tree_of(order)
    if tree is None:
        return ()
    entity, faults = _ask(find_entity, order.organisation_number, now)
    uploaded = find_uploaded(session, order)
    facts = OrderFacts(
        content_of(order),
        tree,
        limits,
        oslo_day(now),
        order.organisation.is_in_area,
        entity,
        0 if uploaded is None else len(uploaded.findings),
        _count_open(session, order),
    )
    found = review_order(facts)
    return (*(remark for remark in found if not (faults and remark.code == "register.unknown")), *faults)


def asked_until_silent(find: FindEntity) -> FindEntity:
    """`find` for many orders: once the register is out of reach it is not waited for again."""
    faults: list[DomainError] = []

    def find_once(number: str, now: datetime) -> Entity | None:
        if faults:
            raise faults[0]
        try:
            return find(number, now)
        except DomainError as error:
            faults.append(error)
            raise

    return find_once


def _ask(find_entity: FindEntity, number: str, now: datetime) -> tuple[Entity | None, tuple[Remark, ...]]:
    try:
        return find_entity(number, now), ()
    except DomainError:
        return None, (Remark("register.unavailable"),)


def _count_open(session: Session, order: Order) -> int:
    query = select(func.count()).where(
        Survey.organisation_number == order.organisation_number,
        Survey.state == State.OPEN.value,
        Survey.id != order.id,
    )
    return session.scalar(query) or 0
