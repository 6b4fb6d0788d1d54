"""What may be published of a survey: frozen, and certified before anybody sees it (disclosure.md 3, 4)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.answers import WithholdingRow
from app.domain.certificate import Certificate
from app.domain.disclosure import Shape, totals
from app.domain.errors import DomainError
from app.domain.results import FigureTable, ReportResults
from app.domain.survey import oslo_day
from app.domain.trend import Earlier, with_trends
from app.domain.units import UnitPath
from app.domain.withholding import Review, Withholding, check_withholding, review, withhold
from app.reports.model import ReportSet
from app.services.release_gate import PATH_SEPARATOR, check_release
from app.services.report_basis import (
    Basis,
    complete_by_unit,
    compute_basis,
    find_basis,
    load_submitted,
    store_basis,
)
from app.services.survey_keys import KeyRing, Purpose
from app.services.surveys import OpenedSurvey, Setup
from app.services.tombstones import MARK_BYTES, add_tombstone


@dataclass(frozen=True, slots=True)
class Release:
    """Everything that may be published of a survey, and the proof that it may."""

    report_set: ReportSet
    basis: Basis
    reports: tuple[ReportResults, ...]
    """The organisation's first; empty when fewer than the limit answered."""
    certificate: Certificate


def prepare_release(session: Session, keys: KeyRing, survey: OpenedSurvey, earlier: Earlier | None = None) -> Release:
    """The figures of the survey, frozen at the first call, beside those of `earlier`.

    DomainError ``gate.refused`` with the certificate.
    """
    setup = survey.setup
    basis = find_basis(session, keys, setup)
    if basis is None:
        _, basis = compute_basis(setup, load_submitted(session, keys, setup))
        store_basis(session, keys, setup, basis)
    release = certified_release(_report_set(survey), basis, setup.n_invited, list_withholdings(session, setup.id))
    return release if earlier is None else compared_release(release, earlier)


def certified_release(
    report_set: ReportSet, basis: Basis, n_invited: int | None, withheld: Sequence[Withholding] = ()
) -> Release:
    """What the limits allow of these sums, less what is withheld; DomainError ``gate.refused`` with the certificate."""
    allowed = FigureTable(basis.frozen, report_set.instrument).reports(n_invited)
    reports = withhold(allowed, withheld)
    certificate = check_release(reports, basis, report_set.limits)
    if not certificate.is_valid:
        raise DomainError("gate.refused", certificate=certificate)
    return Release(report_set, basis, reports, certificate)


def compared_release(release: Release, earlier: Earlier) -> Release:
    """The release with the earlier figures beside its own: printed once already, so the gate has nothing to judge."""
    return replace(
        release,
        report_set=replace(release.report_set, earlier_period=earlier.period),
        reports=with_trends(release.reports, earlier.reports),
    )


def list_withholdings(session: Session, survey_id: str) -> list[Withholding]:
    rows = session.scalars(select(WithholdingRow).where(WithholdingRow.survey_id == survey_id))
    return [Withholding(row.unit, row.theme_id or None, row.reason) for row in rows]


def add_withholding(
    session: Session, keys: KeyRing, setup: Setup, path: UnitPath, theme_id: str | None, reason: str
) -> None:
    """Publish less about one unit from now on, from a restored backup, too; the survey is swept.

    DomainError when the unit or theme is unknown, or the organisation's.
    """
    decision = Withholding(setup.tree.get(path).index, theme_id, reason)
    check_withholding(setup.tree, [theme.id for theme in setup.themes], decision)
    session.merge(WithholdingRow(survey_id=setup.id, unit=decision.unit, theme_id=theme_id or "", reason=reason))
    mark = mark_of_withholding(decision.unit, theme_id or "")
    add_tombstone(session, keys, setup.id, Purpose.CLOSED_DATA, mark)


def mark_of_withholding(unit: int, theme_id: str) -> bytes:
    """What is remembered of a decision to publish less."""
    return hashlib.sha256(f"{unit}:{theme_id}".encode()).digest()[:MARK_BYTES]


def review_release(release: Release) -> list[Review]:
    """Every report with what it lacks; DomainError ``gate.no_members`` once the answers are deleted."""
    pools = release.basis.pools
    if pools is None:
        raise DomainError("gate.no_members")
    tree = release.basis.frozen.tree
    complete = totals(Shape.of(tree), complete_by_unit(pools, len(tree.units)))
    return [
        review(report, dict(zip(pools.theme_ids, complete[report.unit.index].tolist(), strict=True)))
        for report in release.reports
    ]


def select_reports(release: Release, path: tuple[str, ...] | None) -> tuple[ReportResults, ...]:
    """All reports, or the one of the unit at `path`; DomainError ``report.none`` when that unit gets none."""
    if path is None:
        return release.reports
    chosen = tuple(report for report in release.reports if report.unit.path == path)
    if not chosen:
        raise DomainError("report.none", path=PATH_SEPARATOR.join(path))
    return chosen


def _report_set(survey: OpenedSurvey) -> ReportSet:
    setup, clock = survey.setup, survey.clock
    last_on = min(oslo_day(clock.closes_at), clock.last_open_on)
    return ReportSet(
        organisation=setup.organisation,
        period=(oslo_day(clock.access_at), last_on),
        instrument=setup.instrument,
        limits=setup.limits,
        definitions=setup.definitions,
    )
