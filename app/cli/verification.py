"""`flask verify-reports`: for whoever has a report set and trusts nobody. Needs no database and no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from flask import Flask
from tqdm import tqdm

from app.adapters.storage import Storage
from app.cli.common import FAILED, REFUSED, Command, fail
from app.domain.errors import DomainError

if TYPE_CHECKING:
    from app.services.verification import Finding, Verification


def init_app(app: Flask) -> None:
    app.cli.add_command(verify_reports)


@click.command("verify-reports", cls=Command)
@click.argument("place", metavar="DIR")
def verify_reports(place: str) -> None:
    """Check a delivered report set from its folder alone: files, figures, and that no difference reveals a person.

    DIR is a folder, or an address such as s3://bucket/folder. Exit codes: 0 all good, 1 findings, 2 DIR is no report
    set.
    """
    from app.services.verification import verify_set  # the readers take a moment to load; no other command needs them

    try:
        with tqdm(unit="report", disable=None) as bar:
            verification = verify_set(Storage(place), bar.update)
    except DomainError as error:
        if error.code != "set.none":
            raise
        fail(f"{place} is no report set: it holds no manifest.json.", REFUSED)
    for finding in verification.findings:
        click.echo(f"{finding.file}: {_sentence(finding)}")
    click.echo(_summary(verification))
    if verification.findings:
        fail(f"Findings: {len(verification.findings)}.", FAILED)
    click.echo("All good.")


def _sentence(finding: Finding) -> str:
    if finding.code == "figure.differs":
        return _difference(finding)
    values = {name: value or "answers included" if name == "theme" else value for name, value in finding.values.items()}
    return _SENTENCES[finding.code].format(**values)


def _difference(finding: Finding) -> str:
    values = finding.values
    where = ", ".join(str(values[name]) for name in ("unit", "theme") if values[name])
    shown, expected = (values[name] or "nothing" for name in ("shown", "expected"))
    return f"{where}: {_KINDS[str(values['kind'])]} no. {values['number']} is {shown}, in the audit file {expected}."


def _summary(verification: Verification) -> str:
    smallest = [n or "none" for n in (verification.smallest_mean, verification.smallest_dist)]
    return (
        f"{verification.n_files} files, {verification.n_reports} reports, {verification.n_figures} figures compared. "
        f"Smallest group that differences of printed numbers leave: {smallest[0]} (means), {smallest[1]} "
        "(distributions). Only the organisation can say whether the figures are those of the answers."
    )


_KINDS = {
    "stands_out": "point that stands out",
    "n_included": "number of answers included",
    "n_answers": "number of answers",
    "response_rate": "response rate",
    "note": "sentence on answers included",
    "overview": "figure in the overview",
    "heat_map": "figure in the table of units",
    "n_mean": "number of answers behind the mean",
    "mean": "mean",
    "reference": "the organisation's mean",
    "earlier": "the earlier mean",
    "n_earlier": "number of answers behind the earlier mean",
    "change": "change since the earlier survey",
    "difference": "difference from the organisation",
    "n_distribution": "number of answers behind the percentages",
    "share": "percentage",
    "reference_share": "the organisation's percentage",
    "prevalence": "prevalence",
}
_SENTENCES = {
    "set.unreadable": "cannot be used: {problem}.",
    "file.missing": "the manifest names it, but it is not there.",
    "file.changed": "it is not the delivered file: its checksum differs from the manifest's.",
    "file.unknown": "the manifest does not name it.",
    "file.not_in_manifest": "it belongs to a report, but the manifest gives no checksum for it.",
    "file.of_no_report": "the manifest names it, but it belongs to no report.",
    "file.unreadable": "its figures cannot be read: {problem}.",
    "archive.differs": "{name} is missing in it, there twice, or not the file that the manifest names.",
    "archive.unknown": "{name} is in it, and the manifest does not name it.",
    "guarantee.difference": "{theme} ({kind}): the number of answers here less those of the units below leaves {n} "
    "people; at least {limit} must remain, or nobody.",
    "guarantee.report": "it counts {n} of {all} answers; a report needs at least {limit}.",
    "guarantee.catch_all": "a catch-all never gets a report.",
    "guarantee.limit": "{theme}: a {kind} over {n} of {all} answers; it needs at least {limit}.",
    "guarantee.tiers": "{theme}: mean and distribution differ by {n} people; at least {limit} must remain, or nobody.",
    "guarantee.most_sensitive": "{theme}: so sensitive that only the organisation may show it, and never as a mean.",
    "guarantee.no_mean": "{theme}: has a mean although its scale has none.",
    "trend.alone": "{theme}: an earlier mean without one of this survey.",
    "trend.limit": "{theme}: an earlier mean over {n} answers; it needs at least {limit}.",
    "display.mean": "{theme}: a mean of {shown} cannot be printed about {n} people.",
    "display.shares": "{theme}, {item}: these percentages cannot be printed about {n} people.",
    "display.prevalence": "{theme}: these percentages cannot be printed about {n} people; one to four must be merged.",
}
