"""Published report sets in their storage: each under a name of its own, and one small file that says which counts.

Whoever reads sees the earlier set or the later one, each whole; nobody sees half of one (spec 7.4).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.adapters.storage import Storage
from app.domain.errors import DomainError
from app.domain.units import UnitPath
from app.reports.names import sort_key
from app.services.public_audit import ARCHIVE, MANIFEST

POINTER = "published.json"
_N_TRIES = 3


@dataclass(frozen=True, slots=True)
class PublishedReport:
    """One unit's report: its files by language, without ending."""

    unit: UnitPath
    n_answers: int
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class PublishedSet:
    place: str
    """The folder of its files in the storage."""
    reports: tuple[PublishedReport, ...]
    """Alphabetically by path in Norwegian order, the organisation's first."""
    sha256: dict[str, str]
    names: frozenset[str]
    """Every file that may be handed out; nothing else in the folder is."""


def upload_set(storage: Storage, survey_id: str, folder: Path, names: Sequence[str]) -> str:
    """Copy the files of a finished set into the storage, where nobody sees them yet; returns their place there."""
    place = f"{survey_id}/{_name_of(folder, names)}"
    there = storage.sizes(place)
    missing = [name for name in names if there.get(name) != (folder / name).stat().st_size]
    if missing:
        storage.put(folder, missing, place)
    return place


def publish_set(storage: Storage, survey_id: str, place: str, folder: Path, names: Sequence[str]) -> None:
    """From now on the uploaded set counts; every other of the survey is deleted. Hold the survey's row meanwhile.

    DomainError ``reports.in_progress`` when another publication has taken some of its files away.
    """
    if storage.sizes(place) != {name: (folder / name).stat().st_size for name in names}:
        raise DomainError("reports.in_progress", folder=place)
    own = place.removeprefix(f"{survey_id}/")
    storage.write(f"{survey_id}/{POINTER}", json.dumps({"set": own}).encode())
    for other in {found.partition("/")[0] for found in storage.sizes(survey_id)} - {own, POINTER}:
        storage.delete(f"{survey_id}/{other}")


def delete_sets(storage: Storage, survey_id: str) -> None:
    """First nobody sees them, then they are gone."""
    storage.delete(f"{survey_id}/{POINTER}")
    storage.delete(survey_id)


def find_published(storage: Storage, survey_id: str) -> PublishedSet | None:
    """The set that counts, or None when nothing is published."""
    for _ in range(_N_TRIES):
        try:
            place = f"{survey_id}/{json.loads(storage.read(f'{survey_id}/{POINTER}'))['set']}"
        except FileNotFoundError:
            return None
        try:
            return _published(place, storage.read(f"{place}/{MANIFEST}"))
        except FileNotFoundError:
            continue  # a later one took its place in this moment
    return None


def _published(place: str, content: bytes) -> PublishedSet:
    manifest = json.loads(content)
    reports = [
        PublishedReport(tuple(entry["unit"]), entry["n_included"], entry["files"]) for entry in manifest["reports"]
    ]
    reports.sort(key=lambda report: [sort_key(name) for name in report.unit])
    return PublishedSet(place, tuple(reports), manifest["sha256"], frozenset(manifest["sha256"]) | {MANIFEST, ARCHIVE})


def _name_of(folder: Path, names: Sequence[str]) -> str:
    """The same for the same bytes: publishing again after an interruption goes on with what is there."""
    found = hashlib.sha256()
    for name in sorted(names):
        found.update(f"{name}\0".encode() + hashlib.sha256((folder / name).read_bytes()).digest())
    return found.hexdigest()[:16]
