"""The first page: who finds what where."""

from __future__ import annotations

from flask import Blueprint, Response

from app.web.fragments import respond

bp = Blueprint("front", __name__)


@bp.get("/")
def start() -> Response:
    return respond("front/start.html")
