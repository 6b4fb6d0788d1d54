"""An earlier survey of the same organisation, from the set that was delivered: what it printed, and nothing else."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

from app.domain.errors import DomainError
from app.domain.trend import Earlier
from app.services.public_audit import AUDIT, MANIFEST, read_manifest, read_published
from app.services.verification import keeps_guarantee


def read_earlier(folder: Path, organisation: str, before: date) -> Earlier:
    """The printed figures in the manifest and the audit file of `folder`; its other files may be absent.

    DomainError ``set.none``, ``set.unreadable``; ``earlier.changed`` when the audit file is not the delivered one or
    breaks the guarantee, ``earlier.other`` for a rehearsal, another organisation, or a survey not over before `before`.
    """
    if not (folder / MANIFEST).is_file() or not (folder / AUDIT).is_file():
        raise DomainError("set.none", folder=folder)
    manifest, audit = read_manifest((folder / MANIFEST).read_bytes()), (folder / AUDIT).read_bytes()
    published = read_published(manifest, audit)
    if published.sha256.get(AUDIT) != hashlib.sha256(audit).hexdigest() or not keeps_guarantee(published):
        raise DomainError("earlier.changed", folder=folder)
    found = published.report_set
    if found.is_rehearsal or found.organisation != organisation or found.period[1] >= before:
        raise DomainError("earlier.other", folder=folder, organisation=found.organisation)
    return Earlier(found.period, published.reports)
