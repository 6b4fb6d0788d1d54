"""Orders: drafted, sent, signed, approved or rejected (spec 2, 3). Every step leaves a line in the audit trail."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.db.orders import Order, UploadedList
from app.db.surveys import Survey
from app.domain.errors import DomainError
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.order import OrderContent, Problem, find_problems
from app.domain.survey import Action, State, oslo_day, state_after
from app.domain.texts import Document
from app.domain.unit_list import SEVERITIES, Finding, Severity, UnitList
from app.domain.units import UnitTree
from app.services.audit import Actor, Event, record
from app.services.organisations import get_organisation

LONGEST_FILE_NAME = 200


def start_order(session: Session, organisation_number: str, language: str, actor: Actor, now: datetime) -> Order:
    """An empty draft. DomainError ``organisation.not_in_area``."""
    organisation = get_organisation(session, organisation_number)
    order = Order(
        id=secrets.token_hex(16),
        organisation=organisation,
        state=State.DRAFT.value,
        language=language,
        contact_name=actor.name,
        extra_themes=[],
        definitions={},
        invitation={},
        agreement_facts={},
        created_at=now,
    )
    session.add(order)
    session.flush()
    record(session, order.id, actor, Event.CREATED, now)
    return order


def find_order(session: Session, order_id: str) -> Order | None:
    return session.get(Order, order_id)


def get_order(session: Session, order_id: str) -> Order:
    """By id, or the beginning of one that only one order has; DomainError ``order.unknown``."""
    found = session.scalars(select(Order).where(Order.id.startswith(order_id, autoescape=True)).limit(2)).all()
    if len(found) != 1 or not order_id:
        raise DomainError("order.unknown", order=order_id)
    return found[0]


def list_orders(session: Session, organisation_numbers: Iterable[str] | None = None) -> list[Order]:
    """The newest first; those of these organisations, or all."""
    query = select(Order).order_by(Order.created_at.desc(), Order.id)
    if organisation_numbers is not None:
        query = query.where(Order.organisation_number.in_(list(organisation_numbers)))
    return list(session.scalars(query))


def state_of(session: Session, order: Order) -> State:
    """Where it stands: the survey's state as soon as there is one."""
    state = session.scalar(select(Survey.state).where(Survey.id == order.id))
    return State(state or order.state)


def content_of(order: Order) -> OrderContent:
    return OrderContent(
        order.contact_name,
        order.contact_email,
        order.leader_name,
        order.leader_email,
        order.n_invited,
        order.first_on,
        order.last_on,
        tuple(order.extra_themes),
        order.definitions,
        order.invitation,
    )


def tree_of(order: Order) -> UnitTree | None:
    """The units of an uploaded list without errors."""
    if order.units is None:
        return None
    return UnitTree.from_rows([(tuple(path), n_people) for path, n_people in order.units])


def save_draft(session: Session, order: Order, content: OrderContent, actor: Actor, now: datetime) -> None:
    """Whatever is filled in so far; a rejected order becomes a draft again."""
    _reopen(session, order, actor, now)
    values = asdict(content)
    values["extra_themes"] = list(content.extra_themes)
    for name, value in values.items():
        setattr(order, name, value)


def attach_unit_list(
    session: Session, order: Order, file_name: str, content: bytes, unit_list: UnitList, actor: Actor, now: datetime
) -> None:
    """Keep the workbook with its findings; the units are taken over when there is no error."""
    _reopen(session, order, actor, now)
    tree = unit_list.tree
    order.units = None if tree is None else [[list(path), n_people] for path, n_people in tree.to_rows()]
    findings = [
        [finding.code, finding.sheet, finding.cell, finding.value, dict(finding.values)]
        for finding in unit_list.findings
    ]
    name = file_name[-LONGEST_FILE_NAME:]
    session.merge(UploadedList(order_id=order.id, file_name=name, content=content, findings=findings))
    n_units = 0 if tree is None else len(tree.units) - 1
    record(session, order.id, actor, Event.LIST_UPLOADED, now, n_units=n_units, has_errors=tree is None)


def remove_unit_list(session: Session, order: Order, actor: Actor, now: datetime) -> None:
    _reopen(session, order, actor, now)
    order.units = None
    session.execute(delete(UploadedList).where(UploadedList.order_id == order.id))


def find_uploaded(session: Session, order: Order) -> UploadedList | None:
    return session.get(UploadedList, order.id)


def findings_of(uploaded: UploadedList) -> list[Finding]:
    """In reading order, as they were found when the list was uploaded."""
    return [
        Finding(code, SEVERITIES.get(code, Severity.ERROR), sheet, cell, value, values)
        for code, sheet, cell, value, values in uploaded.findings
    ]


def problems_of(order: Order, now: datetime) -> list[Problem]:
    return find_problems(content_of(order), tree_of(order), load_instrument(CURRENT_VERSION), oslo_day(now))


def send_order(session: Session, order: Order, actor: Actor, now: datetime) -> None:
    """DomainError ``order.incomplete`` with everything that is missing or wrong."""
    after = state_after(actor.audience, Action.SEND, state_of(session, order))
    problems = problems_of(order, now)
    if problems:
        raise DomainError("order.incomplete", problems=problems)
    order.state, order.sent_at, order.reason = after.value, now, ""
    order.signed_at, order.signed_by, order.signed_role = None, "", ""
    record(session, order.id, actor, Event.SENT, now)


def discard_order(session: Session, order: Order, actor: Actor, now: datetime) -> None:
    state_after(actor.audience, Action.DISCARD, state_of(session, order))
    session.execute(delete(UploadedList).where(UploadedList.order_id == order.id))
    record(session, order.id, actor, Event.DISCARDED, now)
    session.delete(order)


def sign_order(
    session: Session,
    order: Order,
    agreement: Document,
    facts: Mapping[str, object],
    role: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Keep who signed, in which role, when, and exactly which text, with `facts` in its placeholders (spec 2)."""
    order.state = state_after(actor.audience, Action.SIGN, state_of(session, order)).value
    order.signed_at, order.signed_by, order.signed_role = now, actor.name, role
    order.agreement_version, order.agreement_hash = agreement.version, agreement.digest
    order.agreement_facts = dict(facts)
    record(session, order.id, actor, Event.SIGNED, now, role=role, version=agreement.version, hash=agreement.digest)


def reject_order(session: Session, order: Order, reason: str, actor: Actor, now: datetime) -> None:
    """DomainError ``order.being_opened`` when an approval was interrupted: approve it again instead."""
    after = state_after(actor.audience, Action.REJECT, state_of(session, order))
    if session.get(Survey, order.id) is not None:
        raise DomainError("order.being_opened")
    order.state, order.reason = after.value, reason
    record(session, order.id, actor, Event.REJECTED, now, reason=reason)


def _reopen(session: Session, order: Order, actor: Actor, now: datetime) -> None:
    before = state_of(session, order)
    after = state_after(actor.audience, Action.EDIT, before)
    if before is not after:
        order.state = after.value
        record(session, order.id, actor, Event.REOPENED, now)
