"""What the page of a survey says: the number of answers, what to do next, dates, what was ordered and done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import format_decimal, format_percent, lazy_gettext
from flask_babel import gettext as _

from app.adapters.qr_codes import qr_svg
from app.db.base import begin_writing
from app.db.surveys import Survey
from app.domain.survey import oslo_day
from app.domain.timetable import Milestone, propose_timetable
from app.extensions import session
from app.services.audit import Event, list_trail
from app.services.portal import STEP, shown_count
from app.web import access
from app.web.portal.blueprint import OwnSurvey, Phase
from app.web.timetable import Date, worded_dates
from app.web.trail import worded_trail

_BEFORE_ACCESS = (Milestone.UNIT_LIST, Milestone.SIGNATURE)
_FOR_STAFF = (Event.WITHHELD,)
"""What a report lacks stands in the report; why staff decided so is theirs."""
DEFINITIONS: Mapping[str, object] = {
    "nearest_leader": lazy_gettext("“Nearest leader”"),
    "unit": lazy_gettext("“Unit”"),
}
"""Names of the organisation's own wordings."""


def count_context(own: OwnSurvey) -> dict[str, Any]:
    """The number of answers in steps, kept for an hour: commits."""
    if own.phase is Phase.DELETED:
        return {"n_answers": "", "rate": ""}
    session().rollback()
    begin_writing(session(), Survey)
    n = shown_count(session(), own.survey.setup.id, access.now())
    session().commit()
    n_invited = own.survey.setup.n_invited
    rate = format_percent(round(n / n_invited, 2)) if n and n_invited else ""
    return {"n_answers": format_decimal(n) if n else "", "rate": rate, "step": STEP}


def survey_context(own: OwnSurvey) -> dict[str, Any]:
    setup = own.survey.setup
    today = oslo_day(access.now())
    dates = dates_of(own)
    published = own.published()
    return {
        "link": own.link,
        "qr": qr_svg(own.link, _("QR code that opens the survey")),
        "has_reports": published is not None,
        "is_without_report": published is not None and not published.reports,
        "k_means": setup.limits.k_means,
        "moment": _moment(own, today),
        "dates": dates,
        "next_key": next((each.key for each in dates if each.day >= today), ""),
        "extra": [theme for theme in setup.themes if theme.id in setup.extra_themes],
        "n_minutes": setup.instrument.minutes(setup.extra_themes),
        "n_units": format_decimal(len(setup.tree.units) - 1),
        "n_invited": "" if setup.n_invited is None else format_decimal(setup.n_invited),
        "own_definitions": _own_definitions(own),
        "definition_names": DEFINITIONS,
        "trail": worded_trail(
            line for line in list_trail(session(), own.order.id) if Event(line.event) not in _FOR_STAFF
        ),
    }


def dates_of(own: OwnSurvey) -> list[Date]:
    """What is still to come when access has been given."""
    setup = own.survey.setup
    entries = propose_timetable(setup.first_on, setup.last_on, own.survey.clock)
    return list(worded_dates(entry for entry in entries if entry.milestone not in _BEFORE_ACCESS))


def _moment(own: OwnSurvey, today: date) -> str:
    """Where an open survey stands between its days."""
    setup = own.survey.setup
    if today < setup.first_on:
        return "before"
    return "during" if today <= setup.last_on else "after"


def _own_definitions(own: OwnSurvey) -> dict[str, Mapping[str, str]]:
    defaults = own.survey.setup.instrument.definitions
    return {name: text for name, text in own.survey.setup.definitions.items() if text != defaults.get(name)}
