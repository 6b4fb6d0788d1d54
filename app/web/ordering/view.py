"""What the pages of an order show around their own content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Response, request, url_for
from flask_babel import format_decimal

from app.db.orders import Order
from app.db.surveys import Survey
from app.domain.disclosure import Limits
from app.domain.forecast import RATES, Forecast, has_head_counts, make_forecasts
from app.domain.instrument import CURRENT_VERSION, SECONDS_FOR_AN_ITEM, Instrument, Theme, ThemeGroup, load_instrument
from app.domain.order import (
    LONGEST_DEFINITION,
    LONGEST_EMAIL,
    LONGEST_INVITATION,
    LONGEST_NAME,
    OrderContent,
    Problem,
    last_day_at_most,
)
from app.domain.survey import State, oslo_day
from app.domain.timetable import propose_timetable
from app.domain.unit_list import Finding
from app.domain.units import UnitTree
from app.extensions import session, settings
from app.services.orders import content_of, find_uploaded, findings_of, problems_of, state_of, tree_of
from app.services.surveys import opened
from app.web import access, visitors
from app.web import unit_choice as units
from app.web.fragments import respond
from app.web.language import period
from app.web.ordering import wording
from app.web.ordering.doctor import Doctor, examine, forecast_sums, remarks_of, worded_shares
from app.web.ordering.forms import TEXTS, Reading, marks_of, standing_in
from app.web.ordering.wording import Standing, describe_problem, describe_standing, field_of
from app.web.timetable import Date, worded_dates

MOST_UNITS_AT_ONCE = 2_000
"""A forecast for more of them takes a moment, and has a page of its own only."""


def show(page: str, fragment: str | None = None, /, *, status: int = 200, **context: object) -> Response:
    """A page of this side, or its fragment."""
    return respond(
        f"ordering/{page}.html",
        f"ordering/{fragment}.html" if fragment else None,
        status=status,
        visitor=visitors.visitor(),
        here=url_for(str(request.endpoint), **(request.view_args or {})),
        **context,
    )


def instrument() -> Instrument:
    return load_instrument(CURRENT_VERSION)


# --- How an order stands -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """An order in a list."""

    order: Order
    state: State
    standing: Standing
    link: str


def listed(order: Order) -> Listed:
    state = state_of(session(), order)
    survey = session().get(Survey, order.id)
    clock = opened(survey).clock if survey is not None and survey.access_at is not None else None
    if state is State.OPEN and clock is not None and not clock.may_start(access.now()):
        state = State.CLOSED
    standing = describe_standing(state, order.leader_name, clock, is_sent_back=bool(order.reason))
    endpoint = "ordering.order" if clock is None else "portal.show"
    return Listed(order, state, standing, url_for(endpoint, order_id=order.id))


# --- The form ------------------------------------------------------------------------------------------------------


def show_form(
    order: Order, reading: Reading | None = None, problems: Sequence[Problem] = (), *, status: int = 200
) -> Response:
    """The form with what is saved, and with what could not be; `problems` are shown at the top, too."""
    reading = reading or Reading(content_of(order))
    return show("order", status=status, order=order, **form_context(order, reading, problems))


def form_context(order: Order, reading: Reading, problems: Sequence[Problem]) -> dict[str, Any]:
    content = reading.content
    return {
        "problems": _listed_problems(problems),
        "parts": wording.standing_of_parts([*reading.mistakes, *problems_of(order, access.now())]),
        "values": {**standing_in(content), **reading.typed},
        "typed": reading.typed,
        "before": marks_of(content, reading.typed),
        "mistakes": {field_of(problem): describe_problem(problem) for problem in reversed(problems)},
        "chosen": content.extra_themes,
        "theme_groups": _theme_groups(instrument()),
        "n_minutes": instrument().minutes(content.extra_themes),
        "minutes": _minutes_of,
        "explained": explained(content.extra_themes),
        "defaults": instrument().definitions,
        "language_names": wording.LANGUAGE_NAMES,
        "fields": wording.FIELDS,
        "dates": timetable_of(content),
        "day_off": day_off_in(content),
        "today": oslo_day(access.now()),
        "limits": {
            "name": LONGEST_NAME,
            "email": LONGEST_EMAIL,
            "definition": LONGEST_DEFINITION,
            "invitation": LONGEST_INVITATION,
        },
        **list_context(order),
    }


def _listed_problems(problems: Sequence[Problem]) -> list[tuple[str, str, str]]:
    """Field, its name, and what is wrong."""
    return [(field_of(problem), str(wording.FIELDS[problem.field]), describe_problem(problem)) for problem in problems]


def merged(mistakes: Sequence[Problem], problems: Iterable[Problem], order: Order) -> list[Problem]:
    """All problems in the order of the form: what was typed wrongly is not also missing."""
    typed = {mistake.field: mistake for mistake in mistakes}
    found = []
    for problem in problems:
        if problem.field == "unit_list" and find_uploaded(session(), order) is not None:
            found.append(replace(problem, code="errors"))
        else:
            found.append(typed.pop(problem.field, problem))
    places = list(wording.FIELDS)
    return sorted([*found, *typed.values()], key=lambda problem: places.index(problem.field))


def _theme_groups(instrument: Instrument) -> list[tuple[str, list[Theme]]]:
    groups = (ThemeGroup.EXTENDED, ThemeGroup.ADD_ON)
    return [(group.value, [theme for theme in instrument.choosable if theme.group is group]) for group in groups]


def _minutes_of(theme: Theme) -> str:
    return wording.minutes(len(theme.items) * SECONDS_FOR_AN_ITEM)


def explained(extra_themes: Iterable[str]) -> dict[str, list[Theme]]:
    """The themes of this order that use each definition."""
    themes = instrument().chosen(extra_themes)
    return {name: [theme for theme in themes if name in theme.uses] for name in TEXTS if name != "invitation"}


def timetable_of(content: OrderContent) -> list[Date]:
    """Empty as long as the answering period is not one."""
    first_on, last_on = content.first_on, content.last_on
    if first_on is None or last_on is None or not first_on <= last_on <= last_day_at_most(first_on):
        return []
    return list(worded_dates(propose_timetable(first_on, last_on)))


def day_off_in(content: OrderContent) -> str:
    """What there is to say about a first day on which people are off."""
    return "" if content.first_on is None else wording.describe_day_off(content.first_on)


# --- What was ordered ----------------------------------------------------------------------------------------------


def summary_context(order: Order) -> dict[str, Any]:
    content = content_of(order)
    extra = [theme for theme in instrument().choosable if theme.id in content.extra_themes]
    return {
        "order": order,
        "content": content,
        "n_invited": "" if content.n_invited is None else format_decimal(content.n_invited),
        "period": period_of(content),
        "extra": extra,
        "n_minutes": instrument().minutes(content.extra_themes),
        "own_definitions": {name: text for name, text in content.definitions.items() if any(text.values())},
        "fields": wording.FIELDS,
        "language_names": wording.LANGUAGE_NAMES,
        "dates": timetable_of(content),
        "day_off": day_off_in(content),
        "tree": (tree := tree_of(order)),
        "n_units": 0 if tree is None else len(tree.units) - 1,
        "contact_email": settings().contact_email,
    }


def period_of(content: OrderContent) -> str:
    if content.first_on is None or content.last_on is None:
        return ""
    return period(content.first_on, content.last_on)


# --- The unit list -------------------------------------------------------------------------------------------------


def list_context(order: Order) -> dict[str, Any]:
    """What the order form says about the list."""
    uploaded = find_uploaded(session(), order)
    findings = findings_of(uploaded) if uploaded else []
    return {
        "uploaded": uploaded,
        "doctor": examine(findings, tree_of(order)) if uploaded else None,
        "max_mb": wording.MAX_MB,
    }


def show_unit_list(
    order: Order,
    *,
    status: int = 200,
    refusal: Sequence[Finding] = (),
    message: str = "",
    fragment: str = "_unit_list",
) -> Response:
    """The page of the list; `refusal` is about a file that was not taken, `message` about one that never came."""
    tree = tree_of(order)
    context = list_context(order)
    doctor: Doctor | None = context["doctor"]
    return show(
        "unit_list",
        fragment,
        status=status,
        order=order,
        organisation=order.organisation.name,
        refusal=remarks_of(refusal),
        message=message,
        choice=units.walk(tree, request.form) if tree else None,
        **_forecast_context(tree),
        **context,
        has_shape=doctor is not None and doctor.branches is not None,
    )


def _forecast_context(tree: UnitTree | None) -> dict[str, Any]:
    if tree is None or not has_head_counts(tree):
        return {"has_counts": False, "sums": (), "shares": []}
    forecasts = forecasts_of(tree) if len(tree.units) <= MOST_UNITS_AT_ONCE else ()
    return {"has_counts": True, "sums": forecast_sums(forecasts), "shares": worded_shares(RATES)}


def forecasts_of(tree: UnitTree) -> tuple[Forecast, ...]:
    return make_forecasts(tree, Limits())


def rehearsal_period(content: OrderContent) -> tuple[date, date]:
    """As ordered, or an example."""
    today = oslo_day(access.now())
    return content.first_on or today, content.last_on or content.first_on or today
