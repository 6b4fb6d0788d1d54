"""Login for trying things out: synthetic people, and any other synthetic identity number. Refused in production."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import StringField, ValidationError

from app.domain.errors import DomainError
from app.domain.fiction import PEOPLE
from app.domain.identifiers import check_identity_number
from app.services.surveys import OpenedSurvey
from app.web import access, visitors
from app.web.fragments import go_to, respond
from app.web.login import sides
from app.web.login.arrival import arrive

bp = Blueprint("login", __name__)

ANYBODY = "Synthetic Person"


class DemoLogin(FlaskForm):  # type: ignore[misc]
    """One of the people, by place in the list, or a number."""

    person = StringField()
    number = StringField()

    def validate_person(self, field: StringField) -> None:
        if field.data and field.data not in {str(place) for place in range(len(PEOPLE))}:
            raise ValidationError(lazy_gettext("Choose somebody from the list."))

    def validate_number(self, field: StringField) -> None:
        if self.person.data:
            return
        if not _is_valid(field.data or "", accept_synthetic=True):
            raise ValidationError(lazy_gettext("This is not a valid synthetic number: 11 digits with month + 80."))
        if _is_valid(field.data, accept_synthetic=False):
            raise ValidationError(lazy_gettext("This may be the number of a real person. Use a synthetic one here."))

    @property
    def who(self) -> tuple[str, str]:
        """Name and number."""
        if self.person.data:
            return PEOPLE[int(self.person.data)]
        return ANYBODY, "".join(self.number.data.split())


@bp.route("/s/<code>/login", methods=["GET", "POST"])
def log_in(code: str) -> Response:
    survey = access.opened_survey(code)
    form = DemoLogin()
    if form.validate_on_submit():
        name, number = form.who
        place, page_number = request.args.get("next"), request.args.get("number", type=int)
        return arrive(survey, number=number, name=name, place=place, page_number=page_number)
    return _show(survey, form)


@bp.post("/s/<code>/logout")
def log_out(code: str) -> Response:
    access.forget_respondent()
    return go_to("questionnaire.start", code=code)


@bp.route(f"/{sides.SIDES}/login", methods=["GET", "POST"])
def enter(area: str) -> Response:
    """For who acts for an organisation, or is staff."""
    form = DemoLogin()
    if form.validate_on_submit():
        name, number = form.who
        return sides.arrive(area, number=number, name=name, place=visitors.place_after_login(area))
    return respond("login/demo.html", status=_status(form), layout="base.html", people=PEOPLE, form=form)


@bp.post(f"/{sides.SIDES}/logout")
def leave(area: str) -> Response:
    visitors.forget_visitor()
    return go_to("front.start")


def _show(survey: OpenedSurvey, form: DemoLogin) -> Response:
    return respond(
        "login/demo.html",
        status=_status(form),
        layout="questionnaire/layout.html",
        code=survey.setup.code,
        organisation=survey.setup.organisation,
        is_logged_in=False,
        is_preview=False,
        people=PEOPLE,
        form=form,
    )


def _status(form: DemoLogin) -> int:
    return 422 if form.is_submitted() else 200


def _is_valid(number: str, *, accept_synthetic: bool) -> bool:
    try:
        check_identity_number(number, accept_synthetic=accept_synthetic)
    except DomainError:
        return False
    return True
