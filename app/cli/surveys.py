"""`flask surveys`: list, show, close."""

from __future__ import annotations

import click
from flask import Flask

from app.cli.common import SHELL, Group, find_survey, note, now, sweep
from app.db.surveys import Survey
from app.domain.survey import Audience, State
from app.extensions import session, settings
from app.services.answering import count_begun, count_submitted
from app.services.audit import Event
from app.services.surveys import close_survey, list_surveys, opened, setup_of

group = Group("surveys", help="See and close surveys.")


def init_app(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("list")
def list_() -> None:
    """One line per survey: id, link code, state, answers, organisation."""
    for survey in list_surveys(session()):
        n = count_submitted(session(), survey.id)
        click.echo(f"{survey.id[:8]}  {survey.code}  {survey.state:9}  {n:6}  {survey.organisation.name}")


@group.command()
@click.argument("survey_id", metavar="SURVEY")
def show(survey_id: str) -> None:
    """Everything about one survey except answers. SURVEY is an id, the beginning of one, or a link code."""
    survey = find_survey(survey_id)
    for name, value in _facts(survey):
        click.echo(f"{name:22} {value}")


@group.command()
@click.argument("survey_id", metavar="SURVEY")
@click.option(
    "--end-grace/--keep-grace",
    default=None,
    help="Whether employees in the middle of the form are cut off. Default: kept in production, ended elsewhere.",
)
def close(survey_id: str, *, end_grace: bool | None) -> None:
    """Close a survey for good. In the grace of 30 minutes who has begun can still finish, change and delete."""
    survey = find_survey(survey_id, for_writing=True)
    ends_grace = not settings().is_production if end_grace is None else end_grace
    if not (ends_grace and survey.state == State.CLOSED.value and survey.swept_at is None):
        close_survey(survey, now(), Audience.STAFF)
        note(survey, Event.CLOSED, SHELL)
        session().commit()
    if ends_grace:
        sweep(survey, is_forced=True)
    click.echo(f"Closed with {count_submitted(session(), survey.id)} answers.")


def _facts(survey: Survey) -> list[tuple[str, object]]:
    setup = setup_of(survey)
    facts: list[tuple[str, object]] = [
        ("id", survey.id),
        ("link", f"/s/{survey.code}"),
        ("organisation", f"{setup.organisation} ({setup.organisation_number})"),
        ("state", survey.state),
        ("instrument", setup.instrument.version),
        ("extra themes", ", ".join(setup.extra_themes) or "none"),
        ("units, levels", f"{len(setup.tree.units) - 1}, {setup.tree.n_levels}"),
        ("limits", f"means {survey.k_means}, distributions {survey.k_distributions}, prevalence {survey.k_prevalence}"),
        ("invited", survey.n_invited or "not known"),
        ("answers", count_submitted(session(), survey.id)),
        ("begun, not submitted", count_begun(session(), survey.id)),
    ]
    if survey.access_at is not None:
        clock = opened(survey).clock
        facts += [
            ("opened", f"{clock.access_at:%Y-%m-%d %H:%M} UTC"),
            ("closes", f"{clock.closes_at:%Y-%m-%d %H:%M} UTC"),
            ("deleted on", clock.deleted_on),
        ]
    return facts
