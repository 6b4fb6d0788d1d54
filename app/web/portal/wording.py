"""What the portal says about the texts to send."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext

from app.domain.invitation import InvitationKind

INVITATIONS: Mapping[InvitationKind, tuple[object, object]] = {
    InvitationKind.INVITATION: (
        lazy_gettext("Invitation"),
        lazy_gettext("An e-mail to all employees on the first day."),
    ),
    InvitationKind.REMINDER: (
        lazy_gettext("Reminder"),
        lazy_gettext("An e-mail to all employees, two to five times, mostly in the first week."),
    ),
    InvitationKind.LAST_REMINDER: (
        lazy_gettext("Last reminder"),
        lazy_gettext("An e-mail to all employees a day or two before the deadline."),
    ),
    InvitationKind.INTRANET: (
        lazy_gettext("Notice for the intranet"),
        lazy_gettext("Also for Teams and other channels."),
    ),
}
"""Name, and when to use it."""
