"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.domain.disclosure import Limits
from app.domain.instrument import Instrument
from app.domain.results import ReportResults


@dataclass(frozen=True, slots=True)
class ReportSet:
    """What all reports of a survey share."""

    organisation: str
    period: tuple[date, date]
    instrument: Instrument
    limits: Limits
    definitions: Mapping[str, Mapping[str, str]]
    """The organisation's own wording of "nearest_leader" and "unit", per language; may lack both."""
    earlier_period: tuple[date, date] | None = None
    """When the earlier survey was answered that the reports compare with, if they do."""
    is_rehearsal: bool = False
    """Marks every page: figures that are not from a real survey."""


@dataclass(frozen=True, slots=True)
class Report:
    """One unit's report. The printed figures of `organisation_results` are what the unit is compared with."""

    set: ReportSet
    results: ReportResults
    organisation_results: ReportResults
    units: tuple[ReportResults, ...] = ()
    """Only for the organisation's report: every reporting unit, for the heat map."""

    @property
    def is_organisation(self) -> bool:
        return self.results.unit.parent is None
