"""What the contact person sees of a survey while it runs, and the published reports (spec 8, 9)."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.db.orders import ShownCount
from app.domain.units import UnitPath
from app.reports.names import sort_key
from app.services.answering import count_submitted
from app.services.public_audit import ARCHIVE, MANIFEST, STAFF_FOLDER

STEP = 5
COUNTED_EVERY = timedelta(hours=1)


def shown_count(session: Session, survey_id: str, now: datetime) -> int:
    """The number of answers in steps of five, counted once an hour: nobody can see one colleague's answer tick in.

    Commit afterwards: the count of this hour is kept, so that asking more often shows nothing more.
    """
    shown = session.get(ShownCount, survey_id)
    if shown is not None and now - shown.counted_at < COUNTED_EVERY:
        return shown.n
    n = count_submitted(session, survey_id) // STEP * STEP
    hour = now.replace(minute=0, second=0, microsecond=0)
    with suppress(IntegrityError), session.begin_nested():  # two who look for the first time in the same moment
        session.merge(ShownCount(survey_id=survey_id, n=n, counted_at=hour))
    return n


@dataclass(frozen=True, slots=True)
class PublishedReport:
    """One unit's report: its files by language, without ending."""

    unit: UnitPath
    n_answers: int
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class PublishedSet:
    folder: Path
    reports: tuple[PublishedReport, ...]
    """Alphabetically by path in Norwegian order, the organisation's first."""
    names: frozenset[str]
    """Every file that may be handed out; nothing else in the folder is."""


def find_published(folder: Path) -> PublishedSet | None:
    """The set in `folder`, or None when nothing is published."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    reports = [
        PublishedReport(tuple(entry["unit"]), entry["n_included"], entry["files"]) for entry in manifest["reports"]
    ]
    reports.sort(key=lambda report: [sort_key(name) for name in report.unit])
    names = {name for name in manifest["sha256"] if not name.startswith(f"{STAFF_FOLDER}/")}
    return PublishedSet(folder, tuple(reports), frozenset(names | {MANIFEST, ARCHIVE}))
