"""The privacy text, filled with the constants that the code itself uses, so that it cannot say anything else."""

from __future__ import annotations

from datetime import timedelta

from app.domain.disclosure import Limits
from app.domain.instrument import CURRENT_VERSION
from app.domain.survey import N_WEEKS_OPEN, N_WEEKS_SUMS, N_WEEKS_UNTIL_DELETION
from app.domain.texts import CURRENT, Document, load_document
from app.services.register import PEOPLE_PER_BUCKET
from app.web.access import ABSOLUTE, IDLE

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


def facts(grace: timedelta) -> dict[str, object]:
    """The value of every placeholder of the document `privacy`."""
    limits = Limits()
    return {
        "k_means": limits.k_means,
        "k_distributions": limits.k_distributions,
        "k_prevalence": limits.k_prevalence,
        "n_people_per_bucket": PEOPLE_PER_BUCKET,
        "n_minutes_idle": IDLE // _MINUTE,
        "n_minutes_absolute": ABSOLUTE // _MINUTE,
        "n_minutes_grace": grace // _MINUTE,
        "n_hours_ended": ABSOLUTE // _HOUR + 1,
        "n_weeks_open": N_WEEKS_OPEN,
        "n_weeks_deleted": N_WEEKS_UNTIL_DELETION,
        "n_weeks_sums": N_WEEKS_SUMS,
        "instrument": CURRENT_VERSION,
        "information": CURRENT["information"],
        "consent": CURRENT["consent"],
    }


def document() -> Document:
    return load_document("privacy")


def as_markdown(language: str, grace: timedelta) -> str:
    """The whole text for a README."""
    values = facts(grace)
    lines = []
    for section in document().sections:
        lines += [f"### {section.heading[language]}", ""]
        for paragraph in section.paragraphs:
            lines += [paragraph[language].format(**values), ""]
        lines += [f"- {point[language].format(**values)}" for point in section.points]
        lines += [""] if section.points else []
    return "\n".join(lines)
