"""Orders from the first draft to the open survey, their audit trail and their mails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from app.db.orders import AuditLine, Order, UploadedList
from app.db.surveys import Survey
from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.fiction import CONTACT, LEADER, PEOPLE, STAFF
from app.domain.rights import Entity
from app.domain.survey import OSLO, Audience, State, oslo_day
from app.domain.texts import load_document
from app.domain.unit_list import read_unit_list
from app.domain.working_days import working_day_from
from app.extensions import key_ring, session, settings
from app.services.approval import approve_order
from app.services.audit import Actor, Event, is_recorded, list_trail
from app.services.mail_queue import list_mails
from app.services.notices import notices_about
from app.services.order_facts import remarks_about
from app.services.orders import (
    attach_unit_list,
    discard_order,
    find_order,
    find_uploaded,
    findings_of,
    get_order,
    list_orders,
    problems_of,
    reject_order,
    save_draft,
    send_order,
    sign_order,
    start_order,
    state_of,
    tree_of,
)
from app.services.orders import content_of as content_of_order
from app.services.organisations import import_organisations
from tests.web.desk import OURS, THEIRS, furnish, place_order

NOW = datetime(2026, 9, 20, 9, tzinfo=UTC)
WHO = Actor(Audience.CONTACT, PEOPLE[CONTACT][0])
FACTS = {"organisation": "Prøvetilsynet"}
LEADING = Actor(Audience.LEADER, PEOPLE[LEADER][0])
STAFFING = Actor(Audience.STAFF, PEOPLE[STAFF][0])


@pytest.fixture(autouse=True)
def furnished(any_app: Flask) -> None:
    furnish(any_app)


def placed(stage: State, number: str = OURS) -> Order:
    return session().get_one(Order, place_order(stage, NOW, number))


def events(order_id: str) -> list[tuple[str, str]]:
    return [(line.audience, line.event) for line in list_trail(session(), order_id)]


def test_whole_way_leaves_a_line_for_every_step() -> None:
    order = placed(State.OPEN)
    assert state_of(session(), order) is State.OPEN
    assert events(order.id) == [
        ("contact", "created"),
        ("contact", "list_uploaded"),
        ("contact", "sent"),
        ("leader", "signed"),
        ("staff", "approved"),
    ]
    survey = session().get_one(Survey, order.id)
    assert survey.access_at == NOW
    assert survey.n_invited == order.n_invited == 40
    assert find_uploaded(session(), order) is None, "the workbook is not needed any more"


def test_draft_keeps_what_it_was_given() -> None:
    order = placed(State.DRAFT)
    content = content_of_order(order)
    assert (content.contact_email, content.n_invited, content.first_on) == (
        "contact@example.org",
        40,
        working_day_from(oslo_day(NOW) + timedelta(days=7)),
    )
    tree = tree_of(order)
    assert tree is not None
    assert [unit.path for unit in tree.units if len(unit.path) == 1] == [("A",), ("B",)]
    assert problems_of(order, NOW) == []


def test_organisation_outside_the_area_cannot_order() -> None:
    import_organisations(session(), [(OURS, "Prøvetilsynet")])
    with pytest.raises(DomainError, match=r"organisation\.not_in_area"):
        start_order(session(), THEIRS, "nb", WHO, NOW)


def test_list_with_errors_keeps_its_findings_and_cannot_be_sent() -> None:
    order = placed(State.DRAFT)
    rows = [["Nivå1", "Nivå2"], ["A", "A1"], [None, "A2"]]
    unit_list = read_unit_list(rows, sheet="Ark1")
    attach_unit_list(session(), order, "liste.xlsx", b"PK", unit_list, WHO, NOW)
    session().commit()
    session().expire_all()
    uploaded = find_uploaded(session(), order)
    assert uploaded is not None
    assert findings_of(uploaded) == list(unit_list.findings)
    assert tree_of(order) is None
    with pytest.raises(DomainError) as refusal:
        send_order(session(), order, WHO, NOW)
    assert [problem.field for problem in refusal.value.values["problems"]] == ["unit_list"]  # type: ignore[attr-defined]
    assert state_of(session(), order) is State.DRAFT


def test_only_the_newest_upload_is_kept() -> None:
    order = placed(State.DRAFT)
    for name in ("one.xlsx", "two.xlsx"):
        attach_unit_list(session(), order, name, b"PK", read_unit_list([["Nivå1"], ["A"]], sheet="x"), WHO, NOW)
        session().commit()
    assert [row.file_name for row in session().query(UploadedList)] == ["two.xlsx"]


def test_changing_a_rejected_order_makes_it_a_draft_that_has_to_be_signed_anew() -> None:
    order = placed(State.SIGNED)
    reject_order(session(), order, "Feil periode.", STAFFING, NOW)
    assert (state_of(session(), order), order.reason) == (State.REJECTED, "Feil periode.")
    save_draft(session(), order, content_of_order(order), WHO, NOW)
    assert state_of(session(), order) is State.DRAFT
    assert order.reason == "Feil periode.", "it stays visible until the order is sent again"
    send_order(session(), order, WHO, NOW)
    assert (order.signed_at, order.signed_by, order.reason) == (None, "", "")
    assert [event for _, event in events(order.id)][-3:] == ["rejected", "reopened", "sent"]


@pytest.mark.parametrize("stage", [State.SUBMITTED, State.SIGNED, State.OPEN])
def test_what_was_sent_cannot_be_changed_or_discarded(stage: State) -> None:
    order = placed(stage)
    for step in (
        lambda: save_draft(session(), order, content_of_order(order), WHO, NOW),
        lambda: discard_order(session(), order, WHO, NOW),
        lambda: send_order(session(), order, WHO, NOW),
    ):
        with pytest.raises(DomainError, match=r"survey\.illegal_step"):
            step()


def test_discarded_draft_is_gone_but_its_trail_is_not() -> None:
    order = placed(State.DRAFT)
    order_id = order.id
    discard_order(session(), order, WHO, NOW)
    session().commit()
    assert find_order(session(), order_id) is None
    assert events(order_id)[-1] == ("contact", "discarded")


def test_signature_names_text_and_hash() -> None:
    order = placed(State.SUBMITTED)
    agreement = load_document("agreement")
    sign_order(session(), order, agreement, FACTS, "Direktør", LEADING, NOW)
    assert (order.signed_by, order.signed_role, order.signed_at) == (LEADING.name, "Direktør", NOW)
    assert (order.agreement_version, order.agreement_hash) == (agreement.version, agreement.digest)
    with pytest.raises(DomainError, match=r"survey\.illegal_step"):
        sign_order(session(), order, agreement, FACTS, "Direktør", LEADING, NOW)


def test_nobody_does_what_is_somebody_elses() -> None:
    order = placed(State.SUBMITTED)
    with pytest.raises(DomainError, match=r"survey\.not_yours"):
        sign_order(session(), order, load_document("agreement"), FACTS, "x", WHO, NOW)
    with pytest.raises(DomainError, match=r"survey\.not_yours"):
        reject_order(session(), order, "x", LEADING, NOW)


def test_interrupted_approval_goes_on_where_it_was_and_cannot_be_rejected() -> None:
    order = placed(State.SIGNED)
    steps = approve_order(session(), key_ring(), order, Limits(), settings(), STAFFING, NOW)
    for _ in range(2):
        next(steps)
        session().commit()
    code = session().get_one(Survey, order.id).code
    with pytest.raises(DomainError, match=r"order\.being_opened"):
        reject_order(session(), order, "x", STAFFING, NOW)
    session().rollback()
    for _ in approve_order(session(), key_ring(), order, Limits(), settings(), STAFFING, NOW):
        session().commit()
    survey = session().get_one(Survey, order.id)
    assert (survey.state, survey.code) == ("open", code)
    with pytest.raises(DomainError, match=r"survey\.illegal_step"):
        next(approve_order(session(), key_ring(), order, Limits(), settings(), STAFFING, NOW))


def test_orders_are_found_by_the_beginning_of_their_id_and_listed_newest_first() -> None:
    first, second = placed(State.DRAFT), session().get_one(Order, place_order(State.DRAFT, NOW + timedelta(1)))
    other = placed(State.DRAFT, THEIRS)
    assert get_order(session(), first.id[:10]).id == first.id
    for unknown in ("", "zzz", "%"):
        with pytest.raises(DomainError, match=r"order\.unknown"):
            get_order(session(), unknown)
    assert [order.id for order in list_orders(session(), [OURS])] == [second.id, first.id]
    assert {order.id for order in list_orders(session())} == {first.id, second.id, other.id}


# ------------------------------------------------------------------------------------------------------- audit trail


def test_audit_trail_only_grows() -> None:
    order_id = placed(State.SUBMITTED).id
    before = events(order_id)
    for change in (update(AuditLine).values(name="x"), delete(AuditLine)):
        with pytest.raises(DBAPIError, match="append-only"):
            session().execute(change)
        session().rollback()
    assert events(order_id) == before
    assert is_recorded(session(), order_id, Event.SENT)
    assert not is_recorded(session(), order_id, Event.SIGNED)


# -------------------------------------------------------------------------------------------------------------- mails


def mails(order_id: str) -> list[tuple[str, str, str]]:
    return [
        (mail.kind, mail.recipient.split("@")[0], f"{mail.due_at:%Y-%m-%d}") for mail in list_mails(session(), order_id)
    ]


def test_leader_is_told_and_reminded_after_two_and_five_days_until_signed() -> None:
    order = placed(State.SUBMITTED)
    assert mails(order.id) == [
        ("signature_waits", "leader", "2026-09-20"),
        ("signature_reminder", "leader", "2026-09-22"),
        ("signature_reminder", "leader", "2026-09-25"),
    ]
    reminder = list_mails(session(), order.id)[1]
    assert reminder.due_at.hour == 6, "eight in the morning in Oslo"
    sign_order(session(), order, load_document("agreement"), FACTS, "Direktør", LEADING, NOW)
    notices_about(session(), order, settings(), NOW).signed()
    assert sorted(kind for kind, _, _ in mails(order.id)) == ["order_received", "signed_copy", "signed_copy"]


@pytest.mark.parametrize(
    ("sent", "reminders"),
    [
        ("2026-10-23T21:59", ["2026-10-25", "2026-10-28"]),  # the clock goes back on 25 October
        ("2026-10-23T22:01", ["2026-10-26", "2026-10-29"]),  # in Oslo it is the next day
        ("2027-03-26T12:00", ["2027-03-28", "2027-03-31"]),  # and forward on 28 March
        ("2028-02-27T12:00", ["2028-02-29", "2028-03-03"]),  # a leap day
    ],
)
def test_reminders_come_at_eight_in_oslo_on_their_day(sent: str, reminders: list[str]) -> None:
    moment = datetime.fromisoformat(sent).replace(tzinfo=UTC)
    order_id = place_order(State.SUBMITTED, moment)
    due = [mail.due_at.astimezone(OSLO) for mail in list_mails(session(), order_id)][1:]
    assert [day.date().isoformat() for day in due] == reminders
    assert [day.hour for day in due] == [8, 8]


def test_contact_person_is_warned_14_7_and_1_days_before_the_survey_closes_by_itself() -> None:
    order = placed(State.OPEN)
    warnings = [due for kind, _, due in mails(order.id) if kind == "closing_warning"]
    assert warnings == ["2026-10-17", "2026-10-24", "2026-10-30"]  # the last day is 31 October
    survey = session().get_one(Survey, order.id)
    survey.state, survey.closed_at = "closed", NOW
    notices_about(session(), order, settings(), NOW).closed(survey)
    kinds = [kind for kind, _, _ in mails(order.id)]
    assert "closing_warning" not in kinds
    assert kinds.count("survey_closed") == 1


def test_order_that_is_sent_again_gets_its_mails_again_and_the_same_step_twice_does_not() -> None:
    order = placed(State.SUBMITTED)
    notices_about(session(), order, settings(), NOW).sent()
    assert len(mails(order.id)) == 3
    reject_order(session(), order, "Feil.", STAFFING, NOW)
    notices_about(session(), order, settings(), NOW).rejected()
    assert [kind for kind, _, _ in mails(order.id)] == ["order_rejected"]
    save_draft(session(), order, content_of_order(order), WHO, NOW)
    later = NOW + timedelta(hours=1)
    send_order(session(), order, WHO, later)
    notices_about(session(), order, settings(), later).sent()
    assert [kind for kind, _, _ in mails(order.id)].count("signature_waits") == 1


# ------------------------------------------------------------------------------------------------------------- remarks


def test_register_that_is_out_of_reach_is_said_and_stops_nothing() -> None:
    def unreachable(number: str, now: datetime) -> Entity | None:
        raise DomainError("entity_register.unavailable")

    order = placed(State.SIGNED)
    remarks = remarks_about(session(), order, Limits(), unreachable, NOW)
    assert [(remark.code, remark.stops) for remark in remarks] == [("register.unavailable", False)]
    found = remarks_about(session(), order, Limits(), lambda number, now: Entity(number, "x"), NOW)
    assert found == ()


def test_order_without_units_has_no_remarks() -> None:
    order = start_order(session(), OURS, "nb", WHO, NOW)
    assert remarks_about(session(), order, Limits(), lambda number, now: None, NOW) == ()
