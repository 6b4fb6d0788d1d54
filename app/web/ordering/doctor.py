"""The unit list as its page shows it: what was found, and the tree that came of it (spec 4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from flask_babel import format_decimal, format_percent, gettext

from app.adapters.finding_texts import describe, how_to_mend
from app.adapters.forecast_texts import outlook_name
from app.domain.forecast import Forecast, Outlook, UnitForecast
from app.domain.unit_list import Finding, Severity
from app.domain.units import Unit, UnitTree

MAX_SHOWN = 100
"""Findings on the page; the repaired copy has all of them."""
MAX_ALIKE = 3
"""Findings of one kind that are shown at once."""
MAX_CHILDREN = 25
"""Units of the tree below one unit, and ..."""
MAX_BRANCHES = 600
"""... in all."""
MAX_ROWS = 300
"""Units in the table of the forecast."""
_GRAVITY = (Severity.ERROR, Severity.WARNING, Severity.REPAIRED)


@dataclass(frozen=True, slots=True)
class Remark:
    """One finding in words."""

    place: str
    """Sheet and cell, or empty when it is about the whole file."""
    text: str
    mend: str


@dataclass(frozen=True, slots=True)
class Kind:
    """Findings of one kind: the first, and the rest for who wants to see them."""

    first: tuple[Remark, ...]
    more: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one severity; of many only the first are shown."""

    severity: str
    n: int
    kinds: tuple[Kind, ...]


@dataclass(slots=True)
class Branch:
    """A unit with those of the units below it that are shown."""

    name: str
    n_people: str
    n_below: str
    """How many units there are below it on all levels; empty for none."""
    children: list[Branch] = field(default_factory=list)
    n_more: int = 0


@dataclass(frozen=True, slots=True)
class Doctor:
    """What there is to say about a list."""

    groups: tuple[Group, ...]
    n_hidden: int
    n_units: int
    n_levels: int
    branches: Branch | None
    """The organisation; None when the list cannot be used."""

    @property
    def n_findings(self) -> int:
        return sum(group.n for group in self.groups)


def examine(findings: Sequence[Finding], tree: UnitTree | None) -> Doctor:
    groups = tuple(_groups(findings))
    n_hidden = max(len(findings) - MAX_SHOWN, 0)
    if tree is None:
        return Doctor(groups, n_hidden, 0, 0, None)
    return Doctor(groups, n_hidden, len(tree.units) - 1, tree.n_levels, _branches(tree))


def _groups(findings: Sequence[Finding]) -> Iterator[Group]:
    """The gravest first, each with the findings of one kind together."""
    first = {code: place for place, code in reversed(list(enumerate(finding.code for finding in findings)))}
    ordered = sorted(findings, key=lambda finding: (_GRAVITY.index(finding.severity), first[finding.code]))
    counts = Counter(finding.severity for finding in findings)
    for severity, members in groupby(ordered[:MAX_SHOWN], key=lambda finding: finding.severity):
        kinds = tuple(_kind(list(alike)) for _, alike in groupby(members, key=lambda finding: finding.code))
        yield Group(severity.value, counts[severity], kinds)


def _kind(findings: Sequence[Finding]) -> Kind:
    """One more than the first is no reason to hide it."""
    remarks = tuple(map(_remark, findings))
    n_first = len(remarks) if len(remarks) <= MAX_ALIKE + 1 else MAX_ALIKE
    return Kind(remarks[:n_first], remarks[n_first:])


def remarks_of(findings: Sequence[Finding]) -> list[Remark]:
    return list(map(_remark, findings))


def _remark(finding: Finding) -> Remark:
    place = " ".join(filter(None, (finding.sheet if finding.cell else "", finding.cell)))
    return Remark(place, describe(finding, gettext), how_to_mend(finding, gettext))


def _branches(tree: UnitTree) -> Branch:
    """From the top, level by level, as long as there is room."""
    n_below = _counts_below(tree)
    root = _branch(tree.root, n_below)
    room = MAX_BRANCHES
    waiting = [(tree.root, root)]
    for unit, branch in waiting:
        children = tree.children(unit)
        shown = children[: min(MAX_CHILDREN, room)]
        room -= len(shown)
        branch.children += [_branch(child, n_below) for child in shown]
        waiting += zip(shown, branch.children, strict=True)
        branch.n_more = len(children) - len(shown)
    return root


def _counts_below(tree: UnitTree) -> list[int]:
    n_below = [0] * len(tree.units)
    for unit in reversed(tree.units):
        if unit.parent is not None:
            n_below[unit.parent] += n_below[unit.index] + 1
    return n_below


def _branch(unit: Unit, n_below: Sequence[int]) -> Branch:
    n = n_below[unit.index]
    people = "" if unit.n_people is None else format_decimal(unit.n_people)
    return Branch(unit.name, people, format_decimal(n) if n else "")


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """A unit and its outlook at each response rate: the word for it, and its code."""

    path: tuple[str, ...]
    n_people: str
    outlooks: tuple[tuple[str, str], ...]


SHOWN_OUTLOOKS = (Outlook.DISTRIBUTIONS, Outlook.MEANS, Outlook.UNCERTAIN, Outlook.NONE, Outlook.UNKNOWN)


def worded_shares(rates: Iterable[int]) -> list[str]:
    """Response rates, 0 to 100, as the language writes them."""
    return [format_percent(rate / 100) for rate in rates]


def forecast_sums(forecasts: Sequence[Forecast]) -> list[tuple[str, str, list[str]]]:
    """Per outlook that occurs its code, the word for it, and how many units there are at each response rate."""
    sums = []
    for outlook in SHOWN_OUTLOOKS:
        counts = [len(forecast.units_with(outlook)) for forecast in forecasts]
        if any(counts):
            sums.append((outlook.value, outlook_name(outlook, gettext), [format_decimal(n) for n in counts]))
    return sums


def forecast_rows(forecasts: Sequence[Forecast]) -> list[ForecastRow]:
    """At most `MAX_ROWS`, in the order of the tree."""
    by_unit = zip(*(forecast.units for forecast in forecasts), strict=True)
    shown = [own for own in by_unit if not own[0].unit.is_catch_all][:MAX_ROWS]
    return [
        ForecastRow(
            own[0].unit.path,
            "" if own[0].n_people is None else format_decimal(own[0].n_people),
            tuple((each.outlook.value, _outlook(each)) for each in own),
        )
        for own in shown
    ]


def _outlook(forecast: UnitForecast) -> str:
    name = outlook_name(forecast.outlook, gettext)
    return f"{name} ({forecast.n_left_out})" if forecast.n_left_out else name
