"""What the closed sets of the product are called on pages."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask
from flask_babel import lazy_gettext

from app.domain.mails import MailKind
from app.domain.survey import State

STATES: Mapping[State, object] = {
    State.DRAFT: lazy_gettext("Draft"),
    State.SUBMITTED: lazy_gettext("Sent, waits for the leader's signature"),
    State.REJECTED: lazy_gettext("Sent back"),
    State.SIGNED: lazy_gettext("Signed, waits for approval"),
    State.OPEN: lazy_gettext("Open"),
    State.CLOSED: lazy_gettext("Closed"),
    State.REPORTED: lazy_gettext("The reports are ready"),
    State.DELETED: lazy_gettext("Deleted"),
}
MAILS: Mapping[MailKind, object] = {
    MailKind.SIGNATURE_WAITS: lazy_gettext("A signature waits"),
    MailKind.SIGNATURE_REMINDER: lazy_gettext("Reminder of the signature"),
    MailKind.SIGNED_COPY: lazy_gettext("Copy of the signed agreement"),
    MailKind.ORDER_APPROVED: lazy_gettext("The survey is open"),
    MailKind.ORDER_REJECTED: lazy_gettext("The order was sent back"),
    MailKind.CLOSING_WARNING: lazy_gettext("Warning before the survey closes"),
    MailKind.SURVEY_CLOSED: lazy_gettext("The survey is closed"),
    MailKind.SURVEY_CLOSED_BY_ITSELF: lazy_gettext("The survey closed by itself"),
    MailKind.REPORTS_READY: lazy_gettext("The reports are ready"),
    MailKind.NO_REPORT: lazy_gettext("There is no report"),
    MailKind.DELETED: lazy_gettext("Everything is deleted"),
    MailKind.ORDER_RECEIVED: lazy_gettext("An order waits for approval"),
}


def init_app(app: Flask) -> None:
    app.add_template_filter(state_name)
    app.add_template_filter(mail_name)


def state_name(state: State) -> str:
    return str(STATES[state])


def mail_name(kind: str) -> str:
    return str(MAILS[MailKind(kind)])
