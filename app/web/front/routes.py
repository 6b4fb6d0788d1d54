"""The first page: who finds what where."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response

from app.domain.texts import load_document
from app.extensions import settings
from app.web import access, login_end, privacy
from app.web.fragments import respond

bp = Blueprint("front", __name__)


@bp.get("/")
def start() -> Response:
    return respond("front/start.html")


@bp.get("/privacy")
def privacy_text() -> Response:
    return respond("front/privacy.html", document=privacy.document(), facts=privacy.facts(settings().grace))


@bp.get("/accessibility")
def accessibility() -> Response:
    minute = timedelta(minutes=1)
    return respond(
        "front/accessibility.html",
        document=load_document("accessibility"),
        facts={
            "operator": settings().operator,
            "contact_email": settings().contact_email,
            "n_minutes_idle": access.IDLE // minute,
            "n_minutes_absolute": access.ABSOLUTE // minute,
            "n_minutes_warning": login_end.WARNING // minute,
        },
    )


@bp.get("/protection")
def protection() -> Response:
    facts = privacy.facts(settings().grace)
    return respond("front/protection.html", document=load_document("protection"), facts=facts)
