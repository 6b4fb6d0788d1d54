"""The disclosure protocol: for staff, what was withheld where and why (disclosure.md 5). Never delivered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.domain.disclosure import INCOMPLETE, NOWHERE, Limits
from app.domain.results import ReportResults
from app.services.release_gate import PATH_SEPARATOR
from app.services.report_basis import Basis

Protocol = dict[str, object]


def protocol_of(basis: Basis, reports: Sequence[ReportResults], limits: Limits) -> Protocol:
    """Per unit its answers and what became of them; per report and theme how many count in each tier."""
    tree, frozen = basis.frozen.tree, basis.frozen
    return {
        "limits": {"means": limits.k_means, "distributions": limits.k_distributions, "prevalence": limits.k_prevalence},
        "units": [
            {
                "unit": PATH_SEPARATOR.join(unit.path),
                "n_answers": frozen.n_answers[unit.index],
                "n_included": frozen.n_included[unit.index],
                "has_report": not unit.is_catch_all and frozen.n_included[unit.index] > 0,
            }
            for unit in tree.units
        ],
        "reports": [_report_lines(report) for report in reports],
        "in_no_report": _in_no_report(basis),
    }


def _report_lines(report: ReportResults) -> dict[str, object]:
    return {
        "unit": PATH_SEPARATOR.join(report.unit.path),
        "n_answers": report.n_answers,
        "n_withdrawn": report.n_answers - report.n_included,
        "themes": {
            result.theme.id: {"n_mean": result.n_mean, "n_distribution": result.n_distribution}
            for result in report.themes
        },
    }


def _in_no_report(basis: Basis) -> dict[str, dict[str, int]]:
    """Per theme how many responses skipped an item, and how many complete ones count in no mean, no distribution."""
    if basis.pools is None:
        return {}
    first, second = basis.pools.first, basis.pools.second
    return {
        theme_id: {
            "skipped": int(np.sum(first[:, column] == INCOMPLETE)),
            "means": int(np.sum(first[:, column] == NOWHERE)),
            "distributions": int(np.sum(second[:, column] == NOWHERE)),
        }
        for column, theme_id in enumerate(basis.pools.theme_ids)
    }
