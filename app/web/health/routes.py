"""For who watches the installation: whether it lives, whether it can serve, and how it fares. Says nothing else."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, abort, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST

from app.extensions import MIGRATIONS, db, settings
from app.services.schema import is_current
from app.web.health.metrics import Metrics

bp = Blueprint("health", __name__, url_prefix="/health")


@bp.get("/live")
def live() -> Response:
    """The process answers."""
    return _say("live")


@bp.get("/ready")
def ready() -> Response:
    """All three databases can be reached and have the tables that this version needs; 503 otherwise."""
    is_ready = all(is_current(engine, MIGRATIONS) for engine in db.engines.values())
    return _say("ready") if is_ready else _say("not ready", status=503)


@bp.get("/metrics")
def metrics() -> Response:
    """For Prometheus, with the token in the settings; without one the address does not exist."""
    token = settings().operation.metrics_token
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(shown.encode(), token.encode()):
        abort(404)
    found: Metrics = current_app.extensions["metrics"]
    return Response(found.as_text(), content_type=CONTENT_TYPE_LATEST)


def _say(word: str, status: int = 200) -> Response:
    return Response(word + "\n", status, content_type="text/plain; charset=utf-8")
