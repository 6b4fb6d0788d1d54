"""What staff should look at before they approve an order: found by rules, decided by people (spec 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from app.domain.disclosure import Limits
from app.domain.forecast import Outlook, has_head_counts, make_forecasts
from app.domain.order import OrderContent
from app.domain.rights import Entity
from app.domain.survey import N_WEEKS_OPEN, last_open_day
from app.domain.units import UnitTree
from app.domain.working_days import day_off

MOST_HEADS_APART = 0.1
"""Share by which the invited number and the head counts may differ without a word."""
_RATE = 70


@dataclass(frozen=True, slots=True)
class Remark:
    """`stops`: staff should not approve before this is settled; the sentences are in `app.adapters.remark_texts`."""

    code: str
    stops: bool = False
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """All that the rules look at."""

    content: OrderContent
    tree: UnitTree
    limits: Limits
    today: date
    is_in_area: bool
    entity: Entity | None
    """As the register of entities has it; None when it is not known there."""
    n_list_findings: int
    n_open_surveys: int
    """Of the same organisation."""


def review_order(facts: OrderFacts) -> tuple[Remark, ...]:
    """Everything to be said, what stops first."""
    remarks = [remark for rule in _RULES for remark in rule(facts)]
    return tuple(sorted(remarks, key=lambda remark: not remark.stops))


def count_findings(remarks: Iterable[Remark]) -> tuple[int, int]:
    """How many stop the order, and how many others there are; the forecast is no finding."""
    stops = [remark.stops for remark in remarks if remark.code != "forecast"]
    return sum(stops), len(stops) - sum(stops)


def _organisation(facts: OrderFacts) -> Iterator[Remark]:
    if not facts.is_in_area:
        yield Remark("area.left", stops=True)
    if facts.entity is None:
        yield Remark("register.unknown")
    elif facts.entity.is_deleted:
        yield Remark("register.deleted", stops=True)
    if facts.n_open_surveys:
        yield Remark("survey.another_open", values={"n": facts.n_open_surveys})


def _people(facts: OrderFacts) -> Iterator[Remark]:
    content = facts.content
    if content.contact_email.casefold() == content.leader_email.casefold():
        yield Remark("leader.is_contact")


def _days(facts: OrderFacts) -> Iterator[Remark]:
    """An approval today decides when the survey closes by itself (spec 2)."""
    first_on, last_on = facts.content.first_on, facts.content.last_on
    if first_on is None or last_on is None:
        return
    if last_on < facts.today:
        yield Remark("period.over", stops=True, values={"last_on": last_on})
    elif last_open_day(facts.today) < last_on:
        yield Remark("period.too_early", stops=True, values={"last_on": last_on, "n_weeks": N_WEEKS_OPEN})
    elif first_on < facts.today:
        yield Remark("period.begun", values={"first_on": first_on})
    elif off := day_off(first_on):
        yield Remark(f"period.{off.value}", values={"first_on": first_on})


def _units(facts: OrderFacts) -> Iterator[Remark]:
    if facts.n_list_findings:
        yield Remark("list.findings", values={"n": facts.n_list_findings})
    if not has_head_counts(facts.tree):
        return
    total = sum(unit.n_people or 0 for unit in facts.tree.units)
    n_invited = facts.content.n_invited or 0
    if abs(total - n_invited) > MOST_HEADS_APART * max(n_invited, 1):
        yield Remark("heads.differ", values={"total": total, "n_invited": n_invited})
    [forecast] = make_forecasts(facts.tree, facts.limits, (_RATE,))
    n_reports = len(forecast.units_with(Outlook.MEANS)) + len(forecast.units_with(Outlook.DISTRIBUTIONS))
    yield Remark("forecast", values={"n": n_reports, "rate": _RATE, "n_units": len(facts.tree.units) - 1})


_RULES: tuple[Callable[[OrderFacts], Iterator[Remark]], ...] = (_organisation, _people, _days, _units)
