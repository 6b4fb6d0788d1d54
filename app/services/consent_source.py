"""Where employees decide about research: on a page of our own, or at a service that keeps consents, such as Altinn's.

The seam for such a service is `ConsentSource`. It is asked at each login, since no identity number is known later; what
it says is kept in our register as if it had been said here, so that closing, research and deletion need not know it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from app.services import answering
from app.services.answering import Respondent
from app.services.register import Consent
from app.services.survey_keys import KeyRing
from app.services.surveys import Setup


class ConsentSource(Protocol):
    def decision_of(self, identity_number: str, survey_id: str, now: datetime) -> Consent | None:
        """What this person decided there; None: nothing yet, or it cannot be asked just now."""

    def address_for(self, survey_id: str, language: str) -> str | None:
        """Where the decision is made and changed; None: on our own page."""


class OwnPage:
    """The embedded source: everything is decided on our own page."""

    def decision_of(self, identity_number: str, survey_id: str, now: datetime) -> Consent | None:
        return None

    def address_for(self, survey_id: str, language: str) -> str | None:
        return None


def take_over(
    session: Session, keys: KeyRing, setup: Setup, respondent: Respondent, decision: Consent
) -> Iterator[None]:
    """Keep what was decided elsewhere, when it differs from what is kept. A yes after closing is too late.

    In steps, the first in a transaction of its own; commit after each.
    """
    session.rollback()
    kept = answering.get_consent(session, keys, setup, respondent)
    session.rollback()
    is_too_late = decision.is_given and not respondent.carried
    if kept != decision and not is_too_late:
        yield from answering.give_consent(session, keys, setup, respondent, decision)
