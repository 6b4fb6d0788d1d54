"""What an employee sees (spec 5). Every form works without JavaScript; these are the addresses and field names.

========================= ==========================================================================================
POST /s/<code>/login      ``person`` 0-7 (a synthetic person), or ``number`` (any synthetic identity number)
POST /s/<code>/consent    ``consent`` yes | no; ``version`` of the text that was read (optional)
POST /s/<code>/unit       ``level_1``, ``level_2``, …: the index of a unit in the tree, or once more that of the unit
                          above for "directly there" (0: directly under the organisation); or ``unit``: one such index.
                          ``go`` next: 200 with the next level when it was not sent, 422 when it was sent empty;
                          show: save nothing, answer 200 with the next level, or with the units that a ``search`` finds
POST /s/<code>/page/<n>   one field per item, named by its id: 1-5, or 0 for "I do not wish to answer";
                          ``go`` next | back; ``save`` 1: answer with the fragment that says "Saved";
                          ``before``: what the page showed (optional: without it every field counts as changed)
POST /s/<code>/review     submits
POST /s/<code>/delete     deletes the response
POST /s/<code>/logout
========================= ==========================================================================================

Every form also has ``csrf_token``. ``language`` nb | en in a form switches after saving (at the unit: without saving),
in an address before showing. Success answers 303, something to mend 422, too late 410.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _
from sqlalchemy import select

from app.db.answers import ResponseRow
from app.db.base import begin_writing
from app.db.surveys import Survey
from app.domain.errors import DomainError
from app.domain.instrument import Page
from app.domain.responses import Response as Answers
from app.domain.survey import State
from app.domain.texts import CURRENT
from app.extensions import consent_source, key_ring, session, settings
from app.services import answering
from app.services.register import Consent
from app.services.surveys import OpenedSurvey, Setup
from app.web import access, language
from app.web import unit_choice as units
from app.web.errors import CLOSED_CODES, domain_error
from app.web.fragments import go_to
from app.web.questionnaire import preview
from app.web.questionnaire.forms import AnswersForm, ConsentForm, UnitForm
from app.web.questionnaire.reach import reach_of
from app.web.questionnaire.view import document, path_of, show, show_unit, shown, theme_page
from app.web.questionnaire.visit import Visit, answers_of, enter, log_in_first, pages_of, unit_of

bp = Blueprint("questionnaire", __name__)
bp.register_blueprint(preview.bp)

_WRITERS = {f"questionnaire.{name}" for name in ("choose_unit", "save_page", "submit")}


@bp.before_request
def lock_before_reading() -> None:
    """Take the write lock before the first read, so that reading, changing and writing are one step."""
    if request.method == "POST" and request.endpoint in _WRITERS and request.form.get("go") != "show":
        begin_writing(session(), ResponseRow)


@bp.errorhandler(DomainError)
def refuse(error: DomainError) -> Response:
    if error.code not in CLOSED_CODES:
        return domain_error(error)
    session().rollback()
    access.forget_survey()
    return _closed(access.opened_survey((request.view_args or {})["code"]), status=410)


@bp.get("/s/<code>", strict_slashes=False)
def start(code: str) -> Response:
    survey = access.opened_survey(code)
    visit, answers = _own(survey)
    if not survey.is_open(access.now()):
        return _closed(survey)
    return show(
        survey,
        "start",
        visit=visit,
        answers=answers,
        clock=survey.clock,
        setup=survey.setup,
        **document(survey, "information"),
    )


@bp.get("/s/<code>/continue")
def go_on(code: str) -> Response:
    """To the first thing that is left to do."""
    visit = enter(code)
    answers = visit.response()
    if answering.get_consent(session(), key_ring(), visit.setup, visit.respondent) is None:
        return go_to(".consent", code=code)
    return _next_step(visit, answers)


@bp.route("/s/<code>/consent", methods=["GET", "POST"])
def consent(code: str) -> Response:
    visit = enter(code)
    answers = visit.response()
    form = ConsentForm()
    elsewhere = consent_source().address_for(visit.setup.id, language.current())
    if elsewhere is None and form.validate_on_submit():
        given = Consent(form.is_given, form.version.data)
        for _step in answering.give_consent(session(), key_ring(), visit.setup, visit.respondent, given):
            session().commit()
        return _next_step(visit, answers)
    current = answering.get_consent(session(), key_ring(), visit.setup, visit.respondent)
    status = 422 if form.is_submitted() else 200
    facts = document(visit.survey, "consent")
    return show(visit.survey, "consent", visit=visit, status=status, current=current, elsewhere=elsewhere, **facts)


@bp.route("/s/<code>/withdraw", methods=["GET", "POST"])
def withdraw(code: str) -> Response:
    """Taking back the consent once the survey has closed; until deletion whoever said yes is still known."""
    survey = access.opened_survey(code)
    if survey.clock.may_finish(access.now()):
        return go_to(".consent", code=code)
    respondent = access.respondent_of(survey) or abort(log_in_first(code))
    if request.method == "POST":
        for _step in answering.give_consent(session(), key_ring(), survey.setup, respondent, _withdrawn()):
            session().commit()
        flash(_withdrawn_words(_is_exported(survey)))
        return go_to(".withdraw", code=code)
    consent = answering.get_consent(session(), key_ring(), survey.setup, respondent)
    has_consented = consent is not None and consent.is_given
    return show(
        survey,
        "withdraw",
        visit=Visit(survey, respondent),
        has_consented=has_consented,
        is_exported=_is_exported(survey),
        contact_email=settings().contact_email,
    )


def _is_exported(survey: OpenedSurvey) -> bool:
    """Whether research already has a copy, which nothing done here reaches."""
    return session().scalar(select(Survey.exported_at).where(Survey.id == survey.setup.id)) is not None


def _withdrawn_words(is_exported: bool) -> str:
    if not is_exported:
        return str(_("Your consent is withdrawn. Your identity is deleted, and research does not get your answers."))
    return str(
        _(
            "Your consent is withdrawn, and your identity is deleted here. Research already has a copy. To have it "
            "deleted, write to %(email)s.",
            email=settings().contact_email,
        )
    )


def _withdrawn() -> Consent:
    return Consent(is_given=False, text_version=CURRENT["consent"])


@bp.get("/s/<code>/unit")
def unit(code: str) -> Response:
    visit = enter(code)
    return _show_unit(visit, UnitForm.sent())


@bp.post("/s/<code>/unit")
def choose_unit(code: str) -> Response:
    visit = enter(code)
    form = UnitForm.sent()
    if language.switch(form.language) or form.go == "show":
        return _show_unit(visit, form)
    tree = visit.setup.tree
    choice = units.walk(tree, request.form)
    wanted = units.find_stop(tree, form.unit) if form.unit else choice.unit
    if wanted is None:
        was_asked = form.unit or choice.levels[-1].name in request.form  # else a script that shows levels has failed
        return _show_unit(visit, form, status=422 if was_asked else 200)
    answers = answering.choose_unit(session(), key_ring(), visit.survey, visit.respondent, wanted.path, access.now())
    session().commit()
    return _next_step(visit, answers)


@bp.get("/s/<code>/page/<int:number>")
def page(code: str, number: int) -> Response:
    visit = enter(code)
    page = _page(visit.setup, number)
    chosen = answers_of(visit.response(), visit.setup, page.items)
    return show(visit.survey, "page", visit=visit, **theme_page(visit.setup, page, chosen))


@bp.post("/s/<code>/page/<int:number>")
def save_page(code: str, number: int) -> Response:
    survey = access.opened_survey(code)
    page = _page(survey.setup, number)
    form = AnswersForm.sent()
    changes = form.changes(page.items)
    respondent = access.respondent_of(survey)
    if respondent is None and survey.clock.may_finish(access.now()):
        access.keep_pending(survey, changes)
        if form.save:
            return show(survey, "logged_out", "_logged_out", status=401, number=number)
    visit = enter(code, respondent)
    answers = _save(visit, changes)
    if form.save:
        before = shown(page.items, answers_of(answers, visit.setup, page.items))
        return show(visit.survey, "_saved", "_saved", before=before)
    return _after_page(visit, page, form)


@bp.get("/s/<code>/review")
def review(code: str) -> Response:
    visit = enter(code)
    return _show_review(visit, visit.response())


@bp.post("/s/<code>/review")
def submit(code: str) -> Response:
    visit = enter(code)
    try:
        answering.submit_response(session(), key_ring(), visit.survey, visit.respondent, access.now())
    except DomainError as error:
        if error.code != "unit.missing":
            raise
        session().rollback()
        return _show_review(visit, visit.response(), status=422)
    session().commit()
    return go_to(".receipt", code=code)


@bp.get("/s/<code>/receipt")
def receipt(code: str) -> Response:
    visit = enter(code)
    answers = visit.response()
    if answers is None or not answers.is_submitted:
        return go_to(".review", code=code)
    return show(visit.survey, "receipt", visit=visit, clock=visit.survey.clock)


@bp.get("/s/<code>/delete")
def delete(code: str) -> Response:
    visit = enter(code)
    if visit.response() is None:
        return go_to(".start", code=code)
    return show(visit.survey, "delete", visit=visit)


@bp.post("/s/<code>/delete")
def delete_response(code: str) -> Response:
    visit = enter(code)
    for _step in answering.delete_response(session(), key_ring(), visit.survey, visit.respondent, access.now()):
        session().commit()
    flash(_("All your answers have been deleted."))
    return go_to(".start", code=code)


@bp.get("/s/<code>/your-data")
def your_data(code: str) -> Response:
    visit = enter(code)
    answers = visit.response()
    setup = visit.setup
    return show(
        visit.survey,
        "your_data",
        visit=visit,
        consent=answering.get_consent(session(), key_ring(), setup, visit.respondent),
        answers=answers,
        path=path_of(setup, unit_of(answers, setup)),
        n_answered=len(answers_of(answers, setup, (item for theme in setup.themes for item in theme.items))),
        clock=visit.survey.clock,
    )


def _own(survey: OpenedSurvey) -> tuple[Visit | None, Answers | None]:
    """Who is logged in, if anybody, and what was answered so far; nothing of it once keys are destroyed."""
    respondent = access.respondent_of(survey)
    if respondent is None:
        return None, None
    try:
        answers = answering.find_response(session(), key_ring(), survey.setup, respondent)
    except DomainError:
        answers = None
    return Visit(survey, respondent), answers


def _closed(survey: OpenedSurvey, status: int = 200) -> Response:
    """What happened to one's answers, and what happens next."""
    visit, answers = _own(survey)
    may_finish = survey.clock.may_finish(access.now())
    return show(
        survey,
        "closed",
        "_closed",
        visit=visit,
        status=status,
        answers=answers,
        may_finish=may_finish,
        is_reported=survey.state is State.REPORTED,
        is_deleted=survey.state is State.DELETED or access.now() >= survey.clock.deletes_at,
        clock=survey.clock,
    )


def _page(setup: Setup, number: int) -> Page:
    pages = pages_of(setup.instrument.version, setup.extra_themes)
    if not 1 <= number <= len(pages):
        abort(404)
    return pages[number - 1]


def _save(visit: Visit, changes: dict[str, int]) -> Answers | None:
    if not changes:
        return visit.response()
    answers = answering.save_answers(session(), key_ring(), visit.survey, visit.respondent, changes, access.now())
    session().commit()
    return answers


def _after_page(visit: Visit, page: Page, form: AnswersForm) -> Response:
    code, number = visit.setup.code, page.number
    if language.switch(form.language):
        return go_to(".page", code=code, number=number)
    if form.go == "back":
        return go_to(".page", code=code, number=number - 1) if number > 1 else go_to(".unit", code=code)
    if number < len(pages_of(visit.setup.instrument.version, visit.setup.extra_themes)):
        return go_to(".page", code=code, number=number + 1)
    return go_to(".review", code=code)


def _next_step(visit: Visit, answers: Answers | None) -> Response:
    """The unit, else the first page where nothing is answered, else the review."""
    code, setup = visit.setup.code, visit.setup
    if answers is None or answers.unit is None:
        return go_to(".unit", code=code)
    for page in pages_of(setup.instrument.version, setup.extra_themes):
        if not answers_of(answers, setup, page.items) and not answers.is_submitted:
            return go_to(".page", code=code, number=page.number)
    return go_to(".review", code=code)


def _show_unit(visit: Visit, form: UnitForm, status: int = 200) -> Response:
    """With the levels as they were sent, else as they lead to the unit that is saved."""
    setup = visit.setup
    own = unit_of(visit.response(), setup)
    chosen = request.form if "level_1" in request.form else units.leading_to(setup.tree, own) if own else {}
    choice = units.walk(setup.tree, chosen)
    return show_unit(
        visit.survey,
        choice,
        form.search,
        visit=visit,
        status=status,
        own=path_of(setup, own),
        is_refused=status == 422,
    )


def _show_review(visit: Visit, answers: Answers | None, status: int = 200) -> Response:
    setup = visit.setup
    own = unit_of(answers, setup)
    return show(
        visit.survey,
        "review",
        visit=visit,
        status=status,
        pages=pages_of(setup.instrument.version, setup.extra_themes),
        chosen=answers_of(answers, setup, (item for theme in setup.themes for item in theme.items)),
        no_answer=setup.instrument.no_answer,
        path=path_of(setup, own),
        reach=reach_of(setup, own),
        limits=setup.limits,
        is_submitted=answers is not None and answers.is_submitted,
        clock=visit.survey.clock,
    )
