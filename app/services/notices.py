"""Which mail follows which step of an order or survey (spec 2, 9); each is queued once, however often that is tried."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.orm import Session

from app.db.orders import Order
from app.db.surveys import Survey
from app.domain.survey import morning_of, oslo_day
from app.reports.texts import texts
from app.services.mail_queue import cancel_mails, queue_mail
from app.services.surveys import opened

REMIND_LEADER_AFTER = (2, 5)
"""Days after the order was sent."""
WARN_BEFORE_CLOSING = (14, 7, 1)
"""Days before the survey closes by itself."""
AGREEMENT, CERTIFICATE = "agreement", "certificate"
"""What is attached: made when the mail is sent (services.mailing)."""


class Addresses(Protocol):
    """What the settings know of addresses."""

    @property
    def public_url(self) -> str: ...

    @property
    def contact_email(self) -> str: ...


class Notices:
    """Queues mails about one order. `public_url` is where links begin; `staff_email` is told what waits for staff."""

    def __init__(self, session: Session, order: Order, public_url: str, staff_email: str, now: datetime) -> None:
        self._session = session
        self._order = order
        self._public_url = public_url
        self._staff_email = staff_email
        self._now = now

    def sent(self) -> None:
        """The leader is told that a signature waits, and reminded."""
        values = {"contact_name": self._order.contact_name, "submitted_on": self._day(oslo_day(self._now))}
        self._to_leader("signature_waits", self._now, **values)
        for days in REMIND_LEADER_AFTER:
            day = oslo_day(self._now) + timedelta(days=days)
            self._to_leader("signature_reminder", morning_of(day), which=days, **values)

    def signed(self) -> None:
        """Both get the signed text, and staff an order to look at."""
        self._cancel_reminders()
        values = {"signer_name": self._order.signed_by, "signed_on": self._day(oslo_day(self._now))}
        self._to_leader("signed_copy", self._now, attachment=AGREEMENT, **values)
        self._to_contact("signed_copy", self._now, attachment=AGREEMENT, **values)
        self._queue("order_received", self._staff_email, self._now, link=f"/staff/orders/{self._order.id}")

    def rejected(self) -> None:
        self._cancel_reminders()
        self._to_contact("order_rejected", self._now, reason=self._order.reason)

    def approved(self, survey: Survey) -> None:
        """Access, and warnings before the survey closes by itself."""
        self._to_contact("order_approved", self._now, **self._dates(survey))
        for days in WARN_BEFORE_CLOSING:
            due_at = morning_of(opened(survey).clock.last_open_on - timedelta(days=days))
            self._to_contact("closing_warning", due_at, which=days, **self._dates(survey))

    def closed(self, survey: Survey) -> None:
        """By the button, or by itself when the six weeks have run out."""
        cancel_mails(self._session, self._order.id, "closing_warning")
        by_itself = survey.closed_at is None
        self._to_contact("survey_closed_by_itself" if by_itself else "survey_closed", self._now, **self._dates(survey))

    def published(self, survey: Survey, n_reports: int) -> None:
        self._to_contact("reports_ready" if n_reports else "no_report", self._now, **self._dates(survey))

    def deleted(self, survey: Survey) -> None:
        """The contact person and staff get the certificate."""
        dates = self._dates(survey) | {"deleted_on": self._day(oslo_day(self._now))}
        self._to_contact("deleted", self._now, attachment=CERTIFICATE, **dates)
        link = f"/staff/orders/{self._order.id}"
        self._queue("deleted", self._staff_email, self._now, attachment=CERTIFICATE, link=link, **dates)

    def _dates(self, survey: Survey) -> dict[str, str]:
        clock = opened(survey).clock
        return {"last_open_on": self._day(clock.last_open_on), "deleted_on": self._day(clock.deleted_on)}

    def _cancel_reminders(self) -> None:
        cancel_mails(self._session, self._order.id, "signature_waits", "signature_reminder")

    def _to_leader(
        self, kind: str, due_at: datetime, *, which: object = "", attachment: str = "", **content: Any
    ) -> None:
        link = f"/organisation/orders/{self._order.id}/agreement"
        self._queue(kind, self._order.leader_email, due_at, which=which, attachment=attachment, link=link, **content)

    def _to_contact(
        self, kind: str, due_at: datetime, *, which: object = "", attachment: str = "", **content: Any
    ) -> None:
        link = f"/organisation/orders/{self._order.id}"
        self._queue(kind, self._order.contact_email, due_at, which=which, attachment=attachment, link=link, **content)

    def _queue(
        self,
        kind: str,
        recipient: str,
        due_at: datetime,
        *,
        link: str,
        which: object = "",
        attachment: str = "",
        **content: Any,
    ) -> None:
        """The topic names the round of the order: who is rejected and sends again gets every mail again."""
        order = self._order
        round_ = f"{order.sent_at:%Y%m%dT%H%M%S}" if order.sent_at else ""
        queue_mail(
            self._session,
            f"{order.id}:{round_}:{kind}:{which}:{recipient}",
            order.id,
            kind,
            order.language,
            recipient,
            {"organisation": order.organisation.name, "link": self._public_url + link, **content},
            due_at,
            attachment,
        )

    def _day(self, day: date) -> str:
        return texts(self._order.language).day(day)


def notices_about(session: Session, order: Order, settings: Addresses, now: datetime) -> Notices:
    return Notices(session, order, settings.public_url, settings.contact_email, now)
