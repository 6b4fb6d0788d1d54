"""Mail waits in the database until it is sent: never lost, and never sent by two senders (spec 2, 9).

A mail is claimed before it is sent. Who dies between the mail server's yes and our note of it leaves a claim behind;
after `CLAIM_LASTS` it is sent again under the same Message-ID, by which mail programs know it for the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.db.orders import Mail

CLAIM_LASTS = timedelta(minutes=30)
WAITS = (1, 5, 15, 60, 240, 720)
"""Minutes to wait after each failed attempt; after the last one a mail is given up, and staff see it."""
KEPT_FOR = timedelta(days=30)


def queue_mail(
    session: Session,
    topic: str,
    survey_id: str,
    kind: str,
    language: str,
    recipient: str,
    content: Mapping[str, object],
    due_at: datetime,
    attachment: str = "",
) -> None:
    """Nothing happens when there is a mail of this `topic` already."""
    if session.scalar(select(Mail.id).where(Mail.topic == topic)) is not None:
        return
    mail = Mail(
        id=secrets.token_hex(16),
        topic=topic,
        survey_id=survey_id,
        kind=kind,
        language=language,
        recipient=recipient,
        content=dict(content),
        attachment=attachment,
        due_at=due_at,
    )
    session.add(mail)
    session.flush()


def claim_mail(session: Session, now: datetime) -> Mail | None:
    """The next mail that is due, claimed for this sender; commit before sending it."""
    query = (
        select(Mail)
        .where(
            Mail.sent_at.is_(None),
            Mail.failed_at.is_(None),
            Mail.due_at <= now,
            or_(Mail.claimed_at.is_(None), Mail.claimed_at <= now - CLAIM_LASTS),
        )
        .order_by(Mail.due_at, Mail.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    mail = session.scalar(query)
    if mail is not None:
        mail.claimed_at = now
        mail.n_attempts += 1
    return mail


def note_sent(mail: Mail, now: datetime) -> None:
    mail.sent_at = now
    mail.problem = ""


def note_delayed(mail: Mail, now: datetime, problem: str) -> None:
    """Try again later, or give up after the last wait."""
    mail.claimed_at = None
    mail.problem = problem
    if mail.n_attempts > len(WAITS):
        mail.failed_at = now
    else:
        mail.due_at = now + timedelta(minutes=WAITS[mail.n_attempts - 1])


def note_refused(mail: Mail, now: datetime, problem: str) -> None:
    """The address or the mail is not accepted, and never will be."""
    mail.failed_at = now
    mail.problem = problem


def try_again(mail: Mail, now: datetime) -> None:
    """Staff have mended what was wrong."""
    mail.failed_at = mail.claimed_at = None
    mail.n_attempts = 0
    mail.due_at = now


def list_mails(session: Session, survey_id: str | None = None) -> list[Mail]:
    """By when they are due."""
    query = select(Mail).order_by(Mail.due_at, Mail.id)
    return list(session.scalars(query if survey_id is None else query.where(Mail.survey_id == survey_id)))


def cancel_mails(session: Session, survey_id: str, *kinds: str) -> None:
    """Forget what has not been sent yet and no longer applies."""
    for mail in list_mails(session, survey_id):
        if mail.kind in kinds and mail.sent_at is None:
            session.delete(mail)


def forget_addresses(session: Session, now: datetime) -> None:
    """Of what was sent or given up 30 days ago only the topic stays, so that it is not queued again."""
    for mail in list_mails(session):
        ended_at = mail.sent_at or mail.failed_at
        if ended_at is not None and now - ended_at >= KEPT_FOR:
            mail.recipient, mail.content = "", {}
