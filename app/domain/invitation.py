"""What an organisation sends to its employees itself: invitation, reminders, intranet notice, and drafts of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from enum import Enum

from app.domain.filling import Filling, Values
from app.domain.mails import Mail, compose, html_of
from app.domain.texts import load_document


class InvitationKind(Enum):
    INVITATION = "invitation"
    REMINDER = "reminder"
    LAST_REMINDER = "last_reminder"
    INTRANET = "intranet"


_AFTER: Mapping[InvitationKind, tuple[str, ...]] = {
    InvitationKind.INVITATION: ("login", "results", "research", "questions"),
    InvitationKind.REMINDER: ("questions",),
    InvitationKind.LAST_REMINDER: ("questions",),
    InvitationKind.INTRANET: ("login", "results", "research", "questions"),
}
_WITH_SUPPLEMENT = (InvitationKind.INVITATION, InvitationKind.INTRANET)


def render_invitation(kind: InvitationKind, language: str, values: Values, supplement: str = "") -> Mail:
    """The text with everything in place; the organisation's own `supplement` stands before the link.

    Needs `organisation`, `link`, `first_on`, `last_on`, `period`, `n_minutes`, `k_means`, `contact_name` and
    `contact_person_email`; DomainError as `render_mail`.
    """
    own = [line for line in supplement.splitlines() if line.strip()] if kind in _WITH_SUPPLEMENT else []
    return compose(load_document("invitation"), kind.value, _AFTER[kind], Filling(language, values), own)


def write_draft(mails: Sequence[Mail]) -> bytes:
    """The same text in several languages as an .eml file, which mail programs open ready to be addressed and sent.

    The same bytes for the same texts.
    """
    draft = EmailMessage(policy=SMTP)
    draft["Subject"] = " / ".join(mail.subject for mail in mails)
    draft["X-Unsent"] = "1"
    text = f"\n{'-' * 40}\n\n".join(mail.text for mail in mails)
    draft.set_content(text)
    draft.add_alternative(html_of(mails), subtype="html")
    draft.set_boundary(f"=_{hashlib.sha256(text.encode()).hexdigest()[:32]}")
    return draft.as_bytes()
