"""The unit list (spec 4): `reading` calls the rest in turn, `cells` is at the bottom."""

from app.domain.unit_list.cells import CellError, Formula, read_name, shown
from app.domain.unit_list.findings import MAX_FINDINGS, SEVERITIES, Finding, Severity, coordinate
from app.domain.unit_list.headings import COUNT_HEADING, LEVEL_HEADING
from app.domain.unit_list.names import is_own_staff_name, skeleton
from app.domain.unit_list.reading import UnitList, read_unit_list, refused
from app.domain.unit_list.source import DEFAULT_LIMITS, Limits

__all__ = [
    "COUNT_HEADING",
    "DEFAULT_LIMITS",
    "LEVEL_HEADING",
    "MAX_FINDINGS",
    "SEVERITIES",
    "CellError",
    "Finding",
    "Formula",
    "Limits",
    "Severity",
    "UnitList",
    "coordinate",
    "is_own_staff_name",
    "read_name",
    "read_unit_list",
    "refused",
    "shown",
    "skeleton",
]
