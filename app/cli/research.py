"""`flask export-research`: hands over what was consented to."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext

from app.adapters.sealing import KEY_BYTES
from app.cli.common import REFUSED, Command, Place, fail, find_survey, now, sweep
from app.extensions import key_ring, session
from app.services.surveys import opened


def init_app(app: Flask) -> None:
    app.cli.add_command(export)


@click.command("export-research", cls=Command)
@with_appcontext
@click.argument("survey_id", metavar="SURVEY")
@click.option("--out", required=True, type=Place(path_type=Path), help="A folder that does not exist yet.")
@click.option(
    "--research-key",
    "key_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The research private key, 32 bytes. Keep it off every machine that serves the web.",
)
def export(survey_id: str, out: Path, key_file: Path) -> None:
    """Write the responses of who consents at this moment, with a codebook; the sealed identities lie apart."""
    try:
        from app.services.research_export import export_research
    except ModuleNotFoundError:
        fail("Parquet needs pyarrow: pip install '.[research]'", REFUSED)
    key = key_file.read_bytes()
    if len(key) != KEY_BYTES:
        fail(f"{key_file} is not a key of {KEY_BYTES} bytes.", REFUSED)
    if out.exists():
        fail(f"{out} exists already.", REFUSED)
    survey = find_survey(survey_id)
    sweep(survey)
    setup = opened(survey).setup
    exported = export_research(session(), key_ring(), setup, key, setup.instrument.languages, out)
    survey = find_survey(survey_id, for_writing=True)
    survey.exported_at = now()
    session().commit()
    click.echo(f"{exported.n_responses} responses of {exported.n_consents} who consented: {out}")
