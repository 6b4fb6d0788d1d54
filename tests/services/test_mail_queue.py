"""Mail waits, is sent once, tried again, given up; `flask mail` over a real SMTP server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default as modern

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask, current_app
from sqlalchemy import delete

from app.adapters.smtp import MailDelayed, Message, Security, Smtp, SmtpSettings
from app.cli import mail as mail_command
from app.db.orders import Mail, Order
from app.db.surveys import Survey
from app.domain.survey import State, oslo_day
from app.extensions import session, settings
from app.reports.texts import texts
from app.services import mail_queue
from app.services.mail_queue import CLAIM_LASTS, KEPT_FOR, WAITS
from tests.adapters.test_smtp import free_port
from tests.web.desk import furnish, place_order

NOW = datetime(2026, 9, 20, 9, tzinfo=UTC)


class Inbox:
    """A mail server's handler: keeps what it accepts, and refuses what it is told to."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.answers: list[str] = []
        self._lock = threading.Lock()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        with self._lock:
            answer = self.answers.pop(0) if self.answers else "250 OK"
            if answer.startswith("250"):
                self.mails.append(bytes(envelope.content or b""))
            return answer


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, Smtp]]:
    handler = Inbox()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        server = SmtpSettings("127.0.0.1", controller.port, Security.NONE, "MUST <must@example.org>", timeout=30)
        yield handler, Smtp(server)
    finally:
        controller.stop()


class Time:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(mail_command, "now", clock)
    return clock


@pytest.fixture
def order_id(any_app: Flask) -> str:
    furnish(any_app)
    return place_order(State.SUBMITTED, NOW)


def waiting() -> list[Mail]:
    return [mail for mail in mail_queue.list_mails(session()) if mail.sent_at is None]


def test_what_is_due_is_sent_once_in_the_language_of_the_order(
    order_id: str, inbox: tuple[Inbox, Smtp], time: Time
) -> None:
    handler, smtp = inbox
    assert mail_command.send_due(smtp) == {"sent": 1, "delayed": 0, "given up": 0, "too late": 0}
    assert mail_command.send_due(smtp)["sent"] == 0
    [content] = handler.mails
    mail = message_from_bytes(content, policy=modern)
    assert mail["To"] == "leader@example.org"
    assert "signatur" in mail["Subject"]
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert f"{settings().public_url}/organisation/orders/{order_id}/agreement" in text
    assert len(waiting()) == 2, "the reminders are not due"


def test_signed_copy_comes_with_the_agreement(any_app: Flask, inbox: tuple[Inbox, Smtp], time: Time) -> None:
    furnish(any_app)
    place_order(State.SIGNED, NOW)
    handler, smtp = inbox
    assert mail_command.send_due(smtp)["sent"] == 3  # leader, contact person, staff
    mails = [message_from_bytes(content, policy=modern) for content in handler.mails]
    attached = {mail["To"]: [part.get_content() for part in mail.iter_attachments()] for mail in mails}
    assert all(
        [content[:5] for content in attached[to]] == [b"%PDF-"] for to in ("leader@example.org", "contact@example.org")
    )
    assert attached[settings().contact_email] == []


def test_busy_server_is_tried_again_later_and_nothing_is_lost(
    order_id: str, inbox: tuple[Inbox, Smtp], time: Time
) -> None:
    handler, smtp = inbox
    handler.answers = ["451 try later", "451 try later"]
    for wait in WAITS[:2]:
        assert mail_command.send_due(smtp)["delayed"] == 1
        assert mail_command.send_due(smtp) == {"sent": 0, "delayed": 0, "given up": 0, "too late": 0}
        time.now += timedelta(minutes=wait)
    assert mail_command.send_due(smtp)["sent"] == 1
    assert len(handler.mails) == 1


def test_mail_is_given_up_after_the_last_wait_and_can_be_tried_again(
    order_id: str, inbox: tuple[Inbox, Smtp], time: Time
) -> None:
    handler, smtp = inbox
    handler.answers = ["451 try later"] * (len(WAITS) + 1)
    outcomes = []
    for wait in (*WAITS, 0):
        outcomes.append(mail_command.send_due(smtp))
        time.now += timedelta(minutes=wait)
    assert [outcome["delayed"] for outcome in outcomes] == [1] * len(WAITS) + [0]
    assert outcomes[-1]["given up"] == 1
    assert "1 mails are queued" in current_app.test_cli_runner().invoke(args=["mail", "retry"]).output
    assert mail_command.send_due(smtp)["sent"] == 1


def test_refused_address_is_given_up_at_once(order_id: str, inbox: tuple[Inbox, Smtp], time: Time) -> None:
    handler, smtp = inbox
    handler.answers = ["550 5.1.1 nobody here"]
    assert mail_command.send_due(smtp)["given up"] == 1
    [mail] = [mail for mail in waiting() if mail.failed_at is not None]
    assert mail.problem == "550 5.1.1"


def test_two_senders_never_send_the_same_mail(order_id: str, time: Time) -> None:
    first = mail_queue.claim_mail(session(), NOW)
    session().commit()
    assert first is not None
    assert mail_queue.claim_mail(session(), NOW) is None


def test_sender_that_died_leaves_the_mail_to_the_next_under_the_same_message_id(order_id: str, time: Time) -> None:
    seen: list[str] = []

    class Dying:
        def send(self, message: Message) -> None:
            seen.append(message.message_id)
            if len(seen) == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mail_command.send_due(Dying())
    session().rollback()
    assert mail_command.send_due(Dying())["sent"] == 0, "it may just have been sent"
    time.now += CLAIM_LASTS
    assert mail_command.send_due(Dying())["sent"] == 1
    assert len(set(seen)) == 1


def test_reminder_that_comes_too_late_is_not_sent(order_id: str, inbox: tuple[Inbox, Smtp], time: Time) -> None:
    handler, smtp = inbox
    time.now += timedelta(days=30)
    assert mail_command.send_due(smtp) == {"sent": 1, "delayed": 0, "given up": 0, "too late": 2}
    assert len(handler.mails) == 1


def test_no_transaction_is_open_while_the_server_is_talked_to(order_id: str, time: Time) -> None:
    class Watching:
        def send(self, message: Message) -> None:
            assert not session().in_transaction()
            raise MailDelayed("x")

    assert mail_command.send_due(Watching())["delayed"] == 1


def test_addresses_are_forgotten_a_month_after_sending(order_id: str, inbox: tuple[Inbox, Smtp], time: Time) -> None:
    mail_command.send_due(inbox[1])
    [sent] = [mail for mail in mail_queue.list_mails(session()) if mail.sent_at is not None]
    mail_queue.forget_addresses(session(), NOW + KEPT_FOR - timedelta(seconds=1))
    assert sent.recipient
    mail_queue.forget_addresses(session(), NOW + KEPT_FOR)
    assert (sent.recipient, sent.content) == ("", {})
    assert session().get_one(Order, order_id).leader_email, "the order keeps its own"


def test_certificate_that_is_not_there_keeps_the_mail_for_staff(
    any_app: Flask, inbox: tuple[Inbox, Smtp], time: Time
) -> None:
    furnish(any_app)
    mail_queue.queue_mail(
        session(),
        "t",
        "0" * 32,
        "deleted",
        "nb",
        "a@example.org",
        {"organisation": "x", "link": "https://must.example.org/", "deleted_on": "i dag"},
        NOW,
        "certificate",
    )
    session().commit()
    assert mail_command.send_due(inbox[1])["given up"] == 1


def test_certificate_of_a_deletion_reaches_the_contact_person_and_staff(
    any_app: Flask, inbox: tuple[Inbox, Smtp], time: Time
) -> None:
    furnish(any_app)
    order_id = place_order(State.OPEN, NOW)
    session().get_one(Survey, order_id).access_at = NOW - timedelta(weeks=10)
    session().execute(delete(Mail))
    session().commit()
    result = any_app.test_cli_runner().invoke(args=["maintenance", "run"])
    assert result.exit_code == 0, result.output
    time.now = datetime.now(UTC)
    mail_command.send_due(inbox[1])
    mails = [message_from_bytes(content, policy=modern) for content in inbox[0].mails]
    with_it = {mail["To"]: list(mail.iter_attachments()) for mail in mails if "slettet" in mail["Subject"]}
    assert set(with_it) == {"contact@example.org", settings().contact_email}
    for [attached] in with_it.values():
        certificate = json.loads(attached.get_content())
        assert attached.get_filename() == f"deletion-{order_id}.json"
        assert (certificate["survey"], certificate["organisation"]) == (order_id, "Prøvetilsynet")
        assert certificate["opened_on"] == "2026-07-12"
        assert certificate["keys"] == ["data", "identity", "register", "response"]
        assert certificate["deleted_at"] is not None
    told = next(mail for mail in mails if mail["To"] == "contact@example.org" and "slettet" in mail["Subject"])
    on_this_day = texts("nb").day(oslo_day(datetime.now(UTC)))
    assert f"ble slettet {on_this_day}" in told.get_body(("plain",)).get_content()  # type: ignore[union-attr]
