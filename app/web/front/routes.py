"""The first page: who finds what where."""

from __future__ import annotations

from flask import Blueprint, Response

from app.domain.texts import load_document
from app.extensions import settings
from app.web import privacy
from app.web.fragments import respond

bp = Blueprint("front", __name__)


@bp.get("/")
def start() -> Response:
    return respond("front/start.html")


@bp.get("/privacy")
def privacy_text() -> Response:
    return respond("front/privacy.html", document=privacy.document(), facts=privacy.facts(settings().grace))


@bp.get("/protection")
def protection() -> Response:
    facts = privacy.facts(settings().grace)
    return respond("front/protection.html", document=load_document("protection"), facts=facts)
