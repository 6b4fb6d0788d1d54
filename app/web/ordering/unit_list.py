"""The unit list of an order: uploading it, what is found in it, and how it will look to employees (spec 4)."""

from __future__ import annotations

from pathlib import PurePosixPath

from flask import Response, flash, request
from flask_babel import gettext
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from app.adapters.forecast_texts import BASIS, LEFT_OUT, describe_hint, describe_needed
from app.adapters.list_reader import check_apart, repair_apart
from app.adapters.spreadsheets import write_template
from app.domain.errors import DomainError
from app.domain.forecast import has_head_counts
from app.domain.unit_list import DEFAULT_LIMITS, UnitList, refused
from app.extensions import session
from app.services import orders
from app.services.orders import find_uploaded, tree_of
from app.web import access, language
from app.web.errors import domain_error
from app.web.fragments import go_to, is_partial
from app.web.ordering.blueprint import actor, bp, own_draft, start_writing
from app.web.ordering.doctor import MAX_ROWS, forecast_rows, forecast_sums, worded_shares
from app.web.ordering.view import forecasts_of, show, show_unit_list

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/orders/<order_id>/unit-list")
def unit_list(order_id: str) -> Response:
    return show_unit_list(own_draft(order_id))


@bp.post("/orders/<order_id>/unit-list")
def upload(order_id: str) -> Response:
    """A workbook; or a choice of units to try, which changes nothing."""
    order = own_draft(order_id)
    if request.form.get("go") == "show":
        return show_unit_list(order, fragment="_try")
    file = request.files.get("workbook")
    if file is None or not file.filename:
        return show_unit_list(order, status=422, message=_("Choose a file first."))
    content = file.read(DEFAULT_LIMITS.n_bytes + 1)
    organisation = order.organisation.name
    session().rollback()  # no transaction waits for the reader
    return _take(order_id, _name_of(file), content, _read(content, organisation))


def _read(content: bytes, organisation: str) -> UnitList:
    """What is too large is not even handed on."""
    if len(content) > DEFAULT_LIMITS.n_bytes:
        return refused(_too_large())
    return check_apart(content, organisation)


def _too_large() -> DomainError:
    return DomainError("file.too_large", limit_mb=DEFAULT_LIMITS.n_bytes / 1_000_000)


def _name_of(file: FileStorage) -> str:
    """The last part of the name, to be shown and for nothing else."""
    name = PurePosixPath((file.filename or "").replace("\\", "/")).name
    return "".join(c for c in name if c.isprintable())


def _take(order_id: str, name: str, content: bytes, found: UnitList) -> Response:
    """Keep a list that could be read, with its findings; a file that was refused leaves the list as it was."""
    start_writing()
    order = own_draft(order_id)
    if not found.sheet:
        session().rollback()
        return show_unit_list(order, status=422, refusal=found.findings)
    orders.attach_unit_list(session(), order, name, content, found, actor(), access.now())
    session().commit()
    if found.has_errors:
        return show_unit_list(order, status=422)
    if is_partial():
        return show_unit_list(order)
    flash(_("The list is uploaded."))
    return go_to(".unit_list", order_id=order_id)


@bp.errorhandler(RequestEntityTooLarge)
def tell_that_it_is_too_large(error: RequestEntityTooLarge) -> Response | RequestEntityTooLarge:
    """In the words of the other findings, and on the page where another file can be chosen."""
    if request.endpoint != "ordering.upload":
        return error
    order = own_draft((request.view_args or {})["order_id"])
    return show_unit_list(order, status=413, refusal=refused(_too_large()).findings)


@bp.errorhandler(DomainError)
def refuse(error: DomainError) -> Response:
    """Too many lists at once, or one that the reader gave up on."""
    if error.code not in ("list.busy", "list.unreadable"):
        return domain_error(error)
    session().rollback()
    order = own_draft((request.view_args or {})["order_id"])
    return show_unit_list(
        order, status=503, message=_("We cannot read the list just now. Please try again in a minute.")
    )


@bp.post("/orders/<order_id>/unit-list/remove")
def remove_list(order_id: str) -> Response:
    start_writing()
    orders.remove_unit_list(session(), own_draft(order_id), actor(), access.now())
    session().commit()
    flash(_("The list is removed."))
    return go_to(".unit_list", order_id=order_id)


@bp.get("/orders/<order_id>/unit-list/repaired.xlsx")
def repaired(order_id: str) -> Response:
    order = own_draft(order_id)
    uploaded = find_uploaded(session(), order)
    if uploaded is None:
        return go_to(".unit_list", order_id=order_id)
    content, organisation = uploaded.content, order.organisation.name
    session().rollback()
    return _workbook(repair_apart(content, organisation, language.current()), _("unit-list-repaired"))


@bp.get("/orders/<order_id>/unit-list/template.xlsx")
def template(order_id: str) -> Response:
    own_draft(order_id)
    return _workbook(write_template(gettext), _("unit-list"))


def _workbook(content: bytes, name: str) -> Response:
    """`name` is ours, never that of an uploaded file."""
    return Response(content, mimetype=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"'})


@bp.get("/orders/<order_id>/unit-list/forecast")
def forecast(order_id: str) -> Response:
    order = own_draft(order_id)
    tree = tree_of(order)
    if tree is None or not has_head_counts(tree):
        return go_to(".unit_list", order_id=order_id)
    session().rollback()
    forecasts = forecasts_of(tree)
    rows = forecast_rows(forecasts)
    middle = forecasts[len(forecasts) // 2]
    return show(
        "forecast",
        order=order,
        organisation=order.organisation.name,
        shares=worded_shares(forecast.rate for forecast in forecasts),
        sums=forecast_sums(forecasts),
        rows=rows,
        is_cut=len(rows) == MAX_ROWS,
        needed=[describe_needed(forecast, gettext) for forecast in forecasts],
        hints=[describe_hint(hint, order.organisation.name, gettext) for hint in middle.hints],
        hints_rate=middle.rate,
        remarks=[gettext(BASIS), gettext(LEFT_OUT)],
    )
