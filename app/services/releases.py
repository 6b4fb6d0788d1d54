"""What may be published of a survey: frozen, and certified before anybody sees it (disclosure.md 3, 4)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain.certificate import Certificate
from app.domain.errors import DomainError
from app.domain.results import FigureTable, ReportResults
from app.domain.survey import oslo_day
from app.reports.model import ReportSet
from app.services.release_gate import PATH_SEPARATOR, check_release
from app.services.report_basis import Basis, compute_basis, find_basis, load_submitted, store_basis
from app.services.survey_keys import KeyRing
from app.services.surveys import OpenedSurvey


@dataclass(frozen=True, slots=True)
class Release:
    """Everything that may be published of a survey, and the proof that it may."""

    report_set: ReportSet
    basis: Basis
    reports: tuple[ReportResults, ...]
    """The organisation's first; empty when fewer than the limit answered."""
    certificate: Certificate


def prepare_release(session: Session, keys: KeyRing, survey: OpenedSurvey) -> Release:
    """The figures of the survey, frozen at the first call. DomainError ``gate.refused`` with the certificate."""
    setup = survey.setup
    basis = find_basis(session, keys, setup)
    if basis is None:
        _, basis = compute_basis(setup, load_submitted(session, keys, setup))
        store_basis(session, keys, setup, basis)
    reports = tuple(FigureTable(basis.frozen, setup.instrument).reports(setup.n_invited))
    certificate = check_release(reports, basis.pools, setup.limits)
    if not certificate.is_valid:
        raise DomainError("gate.refused", certificate=certificate)
    return Release(_report_set(survey), basis, reports, certificate)


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
