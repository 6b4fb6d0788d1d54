""" "See your reports before the survey": a few reports on invented answers, made on the spot and kept nowhere."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from flask import Response, request
from flask_babel import gettext as _

from app.db.orders import Order
from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.units import UnitTree
from app.extensions import session
from app.services.orders import content_of, tree_of
from app.services.public_audit import ARCHIVE
from app.web import language
from app.web.fragments import go_to
from app.web.ordering.blueprint import bp, own_order
from app.web.ordering.view import rehearsal_period, show

N_REPORTS = 12
_N_WORKERS = 2
"""Processes of their own, so that this one goes on answering."""
_log = logging.getLogger(__name__)
_busy = Lock()


@bp.get("/orders/<order_id>/rehearsal")
def rehearsal(order_id: str) -> Response:
    order = own_order(order_id)
    return go_to(".unit_list", order_id=order_id) if tree_of(order) is None else _show(order)


@bp.post("/orders/<order_id>/rehearsal")
def rehearse(order_id: str) -> Response:
    """The ZIP; one is made at a time."""
    order = own_order(order_id)
    tree = tree_of(order)
    if tree is None:
        return go_to(".unit_list", order_id=order_id)
    if not _busy.acquire(blocking=False):
        return _show(order, _("Somebody else's reports are being made just now. Please try again in a minute."), 503)
    try:
        archive = _made(order, tree)
    except DomainError as error:
        if error.code != "rehearsal.no_report":
            raise
        return _show(order, _("No unit would get a report: the head counts in the list are too small."), 422)
    finally:
        _busy.release()
    if archive is None:
        return _show(order, _("The reports could not be made. The fault is ours."), 500)
    name = _("rehearsal")
    headers = {"Content-Disposition": f'attachment; filename="must-{name}.zip"'}
    return Response(archive, mimetype="application/zip", headers=headers)


def _made(order: Order, tree: UnitTree) -> bytes | None:
    """None when something failed."""
    from app.services.rehearsal import rehearse as make  # loads the renderer

    content, organisation = content_of(order), order.organisation.name
    chosen = request.form.get("report_language", "")
    session().rollback()  # no transaction waits for the reports
    with TemporaryDirectory(prefix="must-rehearsal-") as folder:
        made = make(
            organisation,
            tree,
            Path(folder) / "set",
            period=rehearsal_period(content),
            limits=Limits(),
            extra_themes=content.extra_themes,
            languages=(chosen if chosen in language.languages() else language.current(),),
            definitions={name: text for name, text in content.definitions.items() if any(text.values())},
            n_reports_at_most=N_REPORTS,
            n_workers=_N_WORKERS,
        )
        for name, failure in made.built.failures:
            _log.error("rehearsal: %s: %s", Path(name).suffix, failure.partition(":")[0])
        return None if made.built.failures else (Path(folder) / "set" / ARCHIVE).read_bytes()


def _show(order: Order, message: str = "", status: int = 200) -> Response:
    return show("rehearsal", status=status, order=order, message=message, n_reports=N_REPORTS)
