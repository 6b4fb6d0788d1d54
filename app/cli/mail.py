"""`flask mail`: send what is queued, and see what could not be sent."""

from __future__ import annotations

import sys

import click
from flask import Flask

from app.adapters.smtp import MailDelayed, Mailer, MailRefused
from app.cli.common import FAILED, Group, go_on_writing, now
from app.db.base import begin_writing
from app.db.orders import Mail
from app.domain.errors import DomainError
from app.extensions import mailer, session, settings
from app.services import mail_queue
from app.services.mailing import is_too_late, write_message

group = Group("mail", help="Send what is queued.")


def init_app(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
def send() -> None:
    """Send every mail that is due. Exit code 1 when one had to be given up. Run it every minute."""
    counts = send_due(mailer())
    click.echo(", ".join(f"{n} {outcome}" for outcome, n in counts.items()))
    if counts["given up"]:
        sys.exit(FAILED)


@group.command("list")
@click.option("--all", "shows_all", is_flag=True, help="Also what was sent.")
def list_(*, shows_all: bool) -> None:
    """One line per mail that waits or was given up: id, due, state, kind, and why it was not sent."""
    for mail in mail_queue.list_mails(session()):
        if shows_all or mail.sent_at is None:
            click.echo(
                f"{mail.id[:8]}  {mail.due_at:%Y-%m-%d %H:%M} UTC  {_state(mail):8}  {mail.kind}  {mail.problem}"
            )


@group.command()
def retry() -> None:
    """Try again what was given up, once its cause is mended."""
    session().rollback()
    begin_writing(session(), Mail)
    given_up = [mail for mail in mail_queue.list_mails(session()) if mail.failed_at is not None and mail.recipient]
    for mail in given_up:
        mail_queue.try_again(mail, now())
    session().commit()
    click.echo(f"{len(given_up)} mails are queued again.")


def send_due(by: Mailer) -> dict[str, int]:
    """How many were sent, will be tried again, were given up, or are not worth sending any more."""
    counts = {"sent": 0, "delayed": 0, "given up": 0, "too late": 0}
    while (mail := _claim()) is not None:
        counts[_try(mail, by)] += 1
        session().commit()
    return counts


def _claim() -> Mail | None:
    session().rollback()
    begin_writing(session(), Mail)
    mail = mail_queue.claim_mail(session(), now())
    session().commit()
    return mail


def _try(mail: Mail, by: Mailer) -> str:
    too_late = is_too_late(mail, now())
    fault = None if too_late else _send(mail, by)
    go_on_writing()
    if too_late:
        mail_queue.note_refused(mail, now(), "too late")
        return "too late"
    if fault is None:
        mail_queue.note_sent(mail, now())
        return "sent"
    if isinstance(fault, MailDelayed):
        mail_queue.note_delayed(mail, now(), str(fault))
        return "delayed" if mail.failed_at is None else "given up"
    mail_queue.note_refused(mail, now(), str(fault))
    return "given up"


def _send(mail: Mail, by: Mailer) -> Exception | None:
    """No transaction is open while the mail server is talked to."""
    own = settings()
    try:
        message = write_message(session(), mail, own.operator, own.contact_email, own.instance / "certificates", now())
        session().commit()
        by.send(message)
    except (MailDelayed, MailRefused, DomainError) as error:
        return error
    return None


def _state(mail: Mail) -> str:
    if mail.sent_at is not None:
        return "sent"
    return "waits" if mail.failed_at is None else "given up"
