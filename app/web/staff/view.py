"""Orders, surveys and withdrawals as the staff's pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from flask_babel import format_decimal

from app.db.orders import Order
from app.db.surveys import Survey
from app.domain.order_review import Remark, count_findings
from app.domain.survey import Clock, State
from app.domain.texts import Text
from app.domain.withholding import Review, Withholding
from app.services.releases import Release
from app.services.surveys import Setup, opened


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order in the queue."""

    id: str
    organisation: str
    state: State
    first_on: date | None
    last_on: date | None
    n_invited: str
    since: datetime | None = None
    """Since when it waits."""
    n_stops: int = 0
    n_notes: int = 0

    @classmethod
    def of(cls, order: Order, state: State) -> OrderLine:
        since = {State.SUBMITTED: order.sent_at, State.SIGNED: order.signed_at}.get(state)
        n_invited = "" if order.n_invited is None else format_decimal(order.n_invited)
        return cls(order.id, order.organisation.name, state, order.first_on, order.last_on, n_invited, since)

    def with_remarks(self, remarks: Iterable[Remark]) -> OrderLine:
        """And how much there is to say about it."""
        n_stops, n_notes = count_findings(remarks)
        return replace(self, n_stops=n_stops, n_notes=n_notes)


@dataclass(frozen=True, slots=True)
class OrderCard:
    """One order, and its survey when there is one."""

    order: Order
    state: State
    clock: Clock | None
    code: str | None


def card_of(order: Order, state: State, survey: Survey | None) -> OrderCard:
    is_opened = survey is not None and survey.access_at is not None
    clock = opened(survey).clock if survey is not None and is_opened else None
    return OrderCard(order, state, clock, survey.code if survey is not None and is_opened else None)


@dataclass(frozen=True, slots=True)
class Withheld:
    unit: str
    theme: Text | None
    reason: str


@dataclass(frozen=True, slots=True)
class Withdrawals:
    organisation: str
    lines: Sequence[tuple[str, Review]]
    decisions: Sequence[Withheld]
    release: Release
    n_withdrawn: int


def withdrawals_of(
    setup: Setup, release: Release, reviews: Sequence[Review], decisions: Sequence[Withholding]
) -> Withdrawals:
    """Every report by its path, the organisation's first."""
    names = {theme.id: theme.name for theme in setup.themes}
    units = setup.tree.units

    def name(path: tuple[str, ...]) -> str:
        return " › ".join(path) or setup.organisation

    lines = [(name(review.report.unit.path), review) for review in reviews]
    withheld = [
        Withheld(name(units[each.unit].path), names.get(each.theme_id or ""), each.reason) for each in decisions
    ]
    return Withdrawals(setup.organisation, lines, withheld, release, reviews[0].n_withdrawn if reviews else 0)
