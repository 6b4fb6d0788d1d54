"""`flask demo …` and `flask simulate-answers`: trying the product on people and answers that do not exist."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from requests import RequestException
from tqdm import tqdm
from werkzeug.serving import WSGIRequestHandler, make_server

from app.adapters.local_rights import LocalPerson, write_local_rights
from app.adapters.respondents import Outcome, answer_over_http
from app.adapters.spreadsheets import check_unit_list, write_unit_list
from app.cli.common import FAILED, REFUSED, Command, Group, Words, fail, find_survey, go_on_writing, now, open_order
from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.fiction import FICTIONAL_NAME, FICTIONAL_NUMBER, PEOPLE, STAFF, fictional_tree, rights_in_fiction
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.survey import Audience, State
from app.domain.units import UnitTree
from app.extensions import key_ring, session, settings
from app.services.answer_files import read_answer_file, simulate_answers
from app.services.answering import count_submitted
from app.services.audit import Actor
from app.services.demo_survey import DemoOrder, add_demo_people, place_demo_order
from app.services.surveys import list_surveys, opened

group = Group("demo", help="Try the product with people who do not exist.")


def init_app(app: Flask) -> None:
    app.cli.add_command(group)
    app.cli.add_command(simulate)


def _refuse_in_production() -> None:
    if settings().is_production:
        fail("Refused: this installation is in production.", REFUSED)


@group.command()
@click.option("--units", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A unit list of your own.")
@click.option("--name", type=Words(), default=FICTIONAL_NAME, show_default=True, help="The organisation's name.")
@click.option("--theme", "themes", multiple=True, help="An extended or add-on theme; repeat for several.")
@click.option("--invited", type=click.IntRange(1), help="How many employees are invited.")
def create(units: Path | None, name: str, themes: tuple[str, ...], invited: int | None) -> None:
    """Open a survey for a fictional directorate of about 60 units, or for a unit list of your own."""
    _refuse_in_production()
    load_instrument(CURRENT_VERSION).chosen(themes)
    tree = _read_tree(units or _write_fictional_list(), name)
    go_on_writing()
    add_demo_people(session(), settings().installation_key, name)
    order = place_demo_order(session(), DemoOrder(name, tree, settings().operator, themes, invited), now())
    _write_rights(name)
    go_on_writing()
    survey = open_order(order, Limits(), Actor(Audience.STAFF, PEOPLE[STAFF][0]))
    click.echo(f"{survey.id}  {settings().public_url}/s/{survey.code}")


@group.command("survey")
def latest() -> None:
    """Print the id of the demo survey that was opened last."""
    surveys = [survey for survey in list_surveys(session()) if survey.access_at is not None]
    if not surveys:
        fail("There is no survey. Make one: flask demo create", REFUSED)
    click.echo(max(surveys, key=lambda survey: survey.access_at or now()).id)


@group.command()
@click.argument("survey_id", metavar="SURVEY")
@click.option("--respondents", type=click.IntRange(1, 50_000), default=400, show_default=True)
@click.option("--url", help="Address of a running server. Default: one is started for as long as it takes.")
@click.option("--seed", type=int, default=1, show_default=True)
def answer(survey_id: str, respondents: int, url: str | None, seed: int) -> None:
    """Let simulated people answer through the real pages over HTTP; some skip items, some give up."""
    _refuse_in_production()
    setup = opened(find_survey(survey_id)).setup
    session().rollback()
    outcomes = dict.fromkeys(Outcome, 0)
    random = Random(seed)  # noqa: S311 - no secret: the same seed gives the same people
    with _server(url) as address:
        people = answer_over_http(f"{address}/s/{setup.code}", setup.tree, setup.themes, respondents, random)
        try:
            for outcome in tqdm(people, total=respondents, unit="person", disable=None):
                outcomes[outcome] += 1
        except RequestException as error:
            fail(f"The server at {address} cannot be used: {type(error).__name__}.", FAILED)
    click.echo(", ".join(f"{count} {outcome.value}" for outcome, count in outcomes.items()))
    click.echo(f"{count_submitted(session(), setup.id)} responses are submitted.")


@click.command("simulate-answers", cls=Command)
@with_appcontext
@click.argument("survey_id", metavar="SURVEY")
@click.option("--from", "file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def simulate(survey_id: str, file: Path) -> None:
    """Answer with the rows of a CSV file: columns Nivå1, Nivå2, …, then item ids; an empty cell is skipped."""
    _refuse_in_production()
    survey = find_survey(survey_id)
    if survey.state != State.OPEN.value:
        raise DomainError("survey.not_open")
    current = opened(survey)
    rows = read_answer_file(file, current.setup)
    session().commit()
    for _ in simulate_answers(session(), key_ring(), settings().research_public_key, current, rows, now()):
        session().commit()
    click.echo(f"{len(rows)} responses are submitted.")


def _write_rights(organisation: str) -> None:
    """Who may act for the fictional organisations; a file that somebody keeps by hand is left as it is."""
    file = settings().outside.rights_file
    if not file.exists():
        rights = rights_in_fiction(FICTIONAL_NUMBER, organisation)
        people = (LocalPerson(PEOPLE[place][1], PEOPLE[place][0], held) for place, held in rights.items())
        write_local_rights(file, people)


def _write_fictional_list() -> Path:
    """The demo's own unit list, as a contact person would have made it."""
    file = settings().instance / "demo-unit-list.xlsx"
    file.write_bytes(write_unit_list(fictional_tree(), FICTIONAL_NAME))
    return file


def _read_tree(file: Path, organisation: str) -> UnitTree:
    unit_list = check_unit_list(file, organisation=organisation)
    if unit_list.tree is None:
        fail(f"{file} has errors. See them: flask units check {file}", REFUSED)
    return unit_list.tree


class _Quiet(WSGIRequestHandler):
    """Writes no line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def _server(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url.rstrip("/")
        return
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
