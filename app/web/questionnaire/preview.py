"""The questionnaire for looking at: no login, nothing saved, and every page says so (spec 5.1)."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from app.domain.units import Unit
from app.services.surveys import Setup
from app.web import access, language
from app.web import unit_choice as units
from app.web.questionnaire.forms import UnitForm
from app.web.questionnaire.reach import reach_of
from app.web.questionnaire.view import document, path_of, show, show_unit, theme_page
from app.web.questionnaire.visit import pages_of

bp = Blueprint("preview", __name__, url_prefix="/s/<code>/preview")


@bp.get("")
def start(code: str) -> Response:
    survey = access.opened_survey(code)
    letter = document(survey, "information")
    return show(survey, "start", is_preview=True, answers=None, clock=survey.clock, setup=survey.setup, **letter)


@bp.get("/consent")
def consent(code: str) -> Response:
    survey = access.opened_survey(code)
    return show(survey, "consent", is_preview=True, current=None, **document(survey, "consent"))


@bp.route("/unit", methods=["GET", "POST"])
def unit(code: str) -> Response:
    """A form only because a unit is not to stand in an address: what is sent changes the page and nothing else."""
    survey = access.opened_survey(code)
    form = UnitForm.sent()
    language.switch(form.language)
    choice = units.walk(survey.setup.tree, request.form)
    return show_unit(survey, choice, form.search, is_preview=True, own=(), is_refused=False)


@bp.get("/page/<int:number>")
def page(code: str, number: int) -> Response:
    survey = access.opened_survey(code)
    pages = pages_of(survey.setup.instrument.version, survey.setup.extra_themes)
    if not 1 <= number <= len(pages):
        abort(404)
    return show(survey, "page", is_preview=True, **theme_page(survey.setup, pages[number - 1], {}))


@bp.get("/review")
def review(code: str) -> Response:
    """With the first unit of the list as an example of where an answer goes."""
    survey = access.opened_survey(code)
    setup = survey.setup
    example = _example(setup)
    return show(
        survey,
        "review",
        is_preview=True,
        pages=pages_of(setup.instrument.version, setup.extra_themes),
        chosen={},
        no_answer=setup.instrument.no_answer,
        path=path_of(setup, example),
        reach=reach_of(setup, example),
        limits=setup.limits,
        is_submitted=False,
        clock=survey.clock,
    )


def _example(setup: Setup) -> Unit:
    return next((unit for unit in setup.tree.units[1:] if unit.may_stop), setup.tree.root)
