"""What the contact person makes the survey known with: QR code, poster, texts, dates for the calendar."""

from __future__ import annotations

from io import BytesIO

from flask import Response, abort, send_file
from flask_babel import gettext as _

from app.adapters.calendar_files import write_calendar
from app.adapters.qr_codes import qr_modules, qr_svg
from app.domain.invitation import InvitationKind, render_invitation, write_draft
from app.domain.mails import Mail
from app.domain.order import NEEDED_LANGUAGES
from app.reports.texts import texts
from app.web import access
from app.web.language import current, languages
from app.web.portal.blueprint import OwnSurvey, bp, own_survey, running_survey, show
from app.web.portal.view import dates_of
from app.web.portal.wording import INVITATIONS
from app.web.timetable import Date, calendar_events

_KIND = f"<any({','.join(kind.value for kind in InvitationKind)}):kind>"


@bp.get("/orders/<order_id>/survey/qr.svg")
def qr(order_id: str) -> Response:
    link = running_survey(order_id).link
    return _file(str(qr_svg(link, _("QR code that opens the survey"))).encode(), "image/svg+xml", "must-qr.svg")


@bp.get("/orders/<order_id>/survey/poster.pdf")
def poster(order_id: str) -> Response:
    from app.reports.poster import render_poster  # loads the renderer, half a second

    own = running_survey(order_id)
    values = {code: _values(own, code) for code in _norwegian_and_english()}
    return _file(render_poster(values, qr_modules(own.link)), "application/pdf", "must-poster.pdf")


@bp.get("/orders/<order_id>/survey/invitations")
def invitations(order_id: str) -> Response:
    own = running_survey(order_id)
    kit = [
        (kind.value, *INVITATIONS[kind], [_text(own, kind, code) for code in _own_language_first()])
        for kind in InvitationKind
    ]
    return show(own, "invitations", kit=kit)


@bp.get(f"/orders/<order_id>/survey/invitations/<language>/{_KIND}.html")
def invitation_page(order_id: str, language: str, kind: str) -> Response:
    """As a file with its style in it: opened from the disk, copied into a mail or an intranet page."""
    own = running_survey(order_id)
    if language not in languages():
        abort(404)
    content = _text(own, InvitationKind(kind), language).html.encode()
    return _file(content, "text/html", f"must-{kind}-{language}.html")


@bp.get(f"/orders/<order_id>/survey/invitations/{_KIND}.eml")
def invitation_draft(order_id: str, kind: str) -> Response:
    own = running_survey(order_id)
    content = write_draft([_text(own, InvitationKind(kind), code) for code in _norwegian_and_english()])
    return _file(content, "message/rfc822", f"must-{kind}.eml")


@bp.get("/orders/<order_id>/survey/timetable.ics")
def timetable(order_id: str) -> Response:
    own = own_survey(order_id)
    return _calendar(own, dates_of(own), "must-timetable.ics")


@bp.get("/orders/<order_id>/survey/timetable/<key>.ics")
def single_date(order_id: str, key: str) -> Response:
    own = own_survey(order_id)
    dates = [each for each in dates_of(own) if each.key == key]
    if not dates:
        abort(404)
    return _calendar(own, dates, f"must-{dates[0].key}.ics")


def _own_language_first() -> tuple[str, ...]:
    return (current(), *(code for code in languages() if code != current()))


def _norwegian_and_english() -> tuple[str, ...]:
    """For what everybody reads at once: one written form of Norwegian, and English; the page's own first."""
    return (current(), "en") if current() != "en" else ("en", NEEDED_LANGUAGES[0])


def _text(own: OwnSurvey, kind: InvitationKind, language: str) -> Mail:
    supplement = own.order.invitation.get(language) or own.order.invitation.get(NEEDED_LANGUAGES[0], "")
    return render_invitation(kind, language, _values(own, language), supplement)


def _values(own: OwnSurvey, language: str) -> dict[str, object]:
    """What the texts need, days worded in their language."""
    setup, words = own.survey.setup, texts(language)
    return {
        "organisation": setup.organisation,
        "link": own.link,
        "first_on": words.day(setup.first_on),
        "last_on": words.day(setup.last_on),
        "period": words.period(setup.first_on, setup.last_on),
        "n_minutes": setup.instrument.minutes(setup.extra_themes),
        "k_means": setup.limits.k_means,
        "contact_name": own.order.contact_name,
        "contact_person_email": own.order.contact_email,
    }


def _calendar(own: OwnSurvey, dates: list[Date], name: str) -> Response:
    content = write_calendar(calendar_events(own.order.id, dates), current(), access.now())
    return _file(content, "text/calendar", name)


def _file(content: bytes, mimetype: str, name: str) -> Response:
    return send_file(BytesIO(content), mimetype=mimetype, as_attachment=True, download_name=name)
