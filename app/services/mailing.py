"""From a queued mail to the message that goes out: worded in its language, its attachment made on the spot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from app.adapters.smtp import Attachment, Message
from app.db.orders import Mail, Order
from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.mails import MailKind, render_mail
from app.domain.survey import N_WEEKS_OPEN, N_WEEKS_UNTIL_DELETION
from app.domain.texts import Document, load_document
from app.services.notices import AGREEMENT, CERTIFICATE

TOO_LATE = {MailKind.SIGNATURE_REMINDER: timedelta(days=2), MailKind.CLOSING_WARNING: timedelta(days=1)}
"""A reminder that could not be sent in time would only confuse."""


def write_message(
    session: Session, mail: Mail, operator: str, contact_email: str, certificates: Path, now: datetime
) -> Message:
    """DomainError ``mail.attachment_missing``, or that of a wording without its value."""
    kind = MailKind(mail.kind)
    values: Mapping[str, object] = {"operator": operator, "contact_email": contact_email, **mail.content}
    text = render_mail(kind, mail.language, values)
    return Message(
        mail.recipient,
        text.subject,
        text.text,
        text.html,
        mail.language,
        message_id=f"<{mail.id}@must.invalid>",
        written_at=now,
        attachments=_attachments(session, mail, certificates),
    )


def is_too_late(mail: Mail, now: datetime) -> bool:
    allowed = TOO_LATE.get(MailKind(mail.kind))
    return allowed is not None and now - mail.due_at > allowed


def signed_agreement(order: Order, language: str) -> bytes:
    """The PDF of the text that was signed, with who signed it. DomainError ``order.not_signed``."""
    from app.reports.agreement_pdf import Signature, render_agreement  # loads the renderer, half a second

    if order.signed_at is None:
        raise DomainError("order.not_signed")
    document = load_document("agreement", order.agreement_version)
    signature = Signature(
        order.signed_by, order.signed_role, order.signed_at, order.agreement_version, order.agreement_hash
    )
    return render_agreement(document, language, order.agreement_facts, signature)


def agreement_facts(order: Order, operator: str) -> dict[str, object]:
    """The values of the placeholders of the agreement."""
    limits = Limits()
    return {
        "organisation": order.organisation.name,
        "operator": operator,
        "n_weeks_open": N_WEEKS_OPEN,
        "n_weeks_deleted": N_WEEKS_UNTIL_DELETION,
        "k_means": limits.k_means,
        "k_distributions": limits.k_distributions,
    }


def agreement_text() -> Document:
    """The version that is signed now."""
    return load_document("agreement")


def _attachments(session: Session, mail: Mail, certificates: Path) -> tuple[Attachment, ...]:
    if mail.attachment == AGREEMENT:
        order = session.get_one(Order, mail.survey_id)
        content = signed_agreement(order, mail.language)
        return (Attachment("must-agreement.pdf", "application/pdf", content),)
    if mail.attachment == CERTIFICATE:
        file = certificates / f"deletion-{mail.survey_id}.json"
        if not file.exists():
            raise DomainError("mail.attachment_missing")
        return (Attachment(file.name, "application/json", file.read_bytes()),)
    return ()
