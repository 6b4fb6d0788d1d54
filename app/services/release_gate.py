"""The gate before anything is delivered (disclosure.md 4): the figures as the renderer receives them, certified.

Each `ReportResults` says which pools stand behind a figure; here pools become people again, so that the certificate
can judge without knowing what a pool, a unit or the plan is. And each figure is counted once more from the sums of
just these pools: what is printed is what was judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.domain.certificate import Certificate, Figure, Violation, certify
from app.domain.disclosure import Limits
from app.domain.errors import DomainError
from app.domain.instrument import Sensitivity
from app.domain.recount import is_right_front, wrong_figures
from app.domain.results import Frozen, ReportResults, ThemeResult
from app.services.report_basis import Basis, Pools, members_of

Members = Mapping[tuple[str, int, int], NDArray[np.intp]]
PATH_SEPARATOR = " / "


def check_release(reports: Sequence[ReportResults], basis: Basis, limits: Limits) -> Certificate:
    """The certificate of a release; DomainError ``gate.no_members`` when nobody can tell any more who is behind.

    Sensitive themes are held to their own limits, and the most sensitive to the organisation's report (spec 7).
    """
    if basis.pools is None:
        raise DomainError("gate.no_members")
    themes = {result.theme.id: result.theme for report in reports for result in report.themes}
    stricter = {theme.id: limits.of(theme.sensitivity)[0] for theme in themes.values()}
    certificate = certify(
        figures_of(reports, basis.pools), k_mean=limits.k_means, k_dist=limits.k_distributions, stricter=stricter
    )
    others = (
        violation
        for report in reports
        for violation in (*_misplaced(report), *_miscounted(report, basis.frozen, limits))
    )
    return replace(certificate, violations=(*certificate.violations, *others))


def _misplaced(report: ReportResults) -> Iterator[Violation]:
    """Figures of the most sensitive themes in a unit's report."""
    for result in report.themes:
        is_sensitive = result.theme.sensitivity is Sensitivity.MOST_SENSITIVE
        if is_sensitive and result.is_published and report.unit.parent is not None:
            n = result.n_distribution or result.n_mean or 0
            yield Violation(result.theme.id, "place", n, 0, (_name(report, result.theme.id),), ())


def _miscounted(report: ReportResults, frozen: Frozen, limits: Limits) -> Iterator[Violation]:
    """Figures that are not those of the pools behind them, and a front page that is not its unit's."""
    if not is_right_front(report, frozen) or report.n_included < limits.k_means:
        yield Violation("", "value", report.n_included, limits.k_means, (_name(report, "front"),), ())
    for result, kind in wrong_figures(report, frozen):
        n = (result.n_mean if kind == "mean" else result.n_distribution) or 0
        yield Violation(result.theme.id, "value", n, 0, (_name(report, result.theme.id, kind),), ())


def _name(report: ReportResults, *parts: str) -> str:
    return "|".join((PATH_SEPARATOR.join(report.unit.path), *parts))


def figures_of(reports: Iterable[ReportResults], pools: Pools) -> Iterator[Figure]:
    """Every figure of `reports`. Figures over the same people share one array."""
    members = members_of(pools)
    items: dict[str, tuple[str, ...]] = {}
    for report in reports:
        path = PATH_SEPARATOR.join(report.unit.path)
        for result in report.themes:
            theme = result.theme
            asked = items.setdefault(theme.id, ()) or tuple(item.id for item in theme.items)
            items[theme.id] = asked
            yield from _figures(path, result, asked, members)


def _figures(report: str, result: ThemeResult, items: tuple[str, ...], members: Members) -> Iterator[Figure]:
    theme_id = result.theme.id
    if result.n_mean is not None:
        behind = _union(theme_id, 1, result.mean_pools, members)
        yield Figure(f"{report}|{theme_id}|mean", report, "mean", theme_id, items, behind, result.n_mean)
    if result.n_distribution is not None:
        behind = _union(theme_id, 2, result.distribution_pools, members)
        yield Figure(f"{report}|{theme_id}|dist", report, "dist", theme_id, items, behind, result.n_distribution)


def _union(theme_id: str, tier: int, units: tuple[int, ...], members: Members) -> NDArray[np.intp]:
    if len(units) == 1:
        return members[theme_id, tier, units[0]]
    return np.concatenate([members[theme_id, tier, unit] for unit in units])
