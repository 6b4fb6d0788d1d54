"""What reports are made from: planned once at the first build, stored, and never computed again (disclosure.md 3)."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.sealing import HASH_BYTES, seal, unseal
from app.db.answers import PoolSum, ReportBasis, ResponseRow
from app.domain.disclosure import INCOMPLETE, Plan, make_plan, pools_of
from app.domain.errors import DomainError
from app.domain.responses import Response, answer_matrix
from app.domain.results import Frozen
from app.domain.scoring import (
    Answers,
    Histogram,
    MeanSum,
    ThemeSums,
    columns_of,
    complete_cases,
    theme_sums,
)
from app.services.survey_keys import KeyRing, Purpose
from app.services.surveys import Setup


@dataclass(frozen=True, slots=True)
class Submitted:
    """All submitted responses of a closed survey, in the order of their random ids."""

    ids: tuple[bytes, ...]
    placements: NDArray[np.intp]
    answers: Answers


@dataclass(frozen=True, slots=True)
class Pools:
    """Which response is in which pool: per response and theme the accepting unit, negative for none."""

    ids: tuple[bytes, ...]
    theme_ids: tuple[str, ...]
    placements: NDArray[np.intp]
    first: NDArray[np.intp]
    second: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Basis:
    """The frozen sums, and who is behind them as long as the answers exist."""

    frozen: Frozen
    pools: Pools | None


def load_responses(session: Session, keys: KeyRing, setup: Setup) -> list[Response]:
    """All submitted responses of a closed survey, by their random ids; DomainError ``key.destroyed`` after deletion."""
    return [response for _, response in _opened_rows(session, keys, setup)]


def load_submitted(session: Session, keys: KeyRing, setup: Setup) -> Submitted:
    """The same as arrays."""
    rows = _opened_rows(session, keys, setup)
    n_items = sum(len(theme.items) for theme in setup.instrument.themes)
    return Submitted(
        tuple(own for own, _ in rows),
        np.array([response.unit or 0 for _, response in rows], dtype=np.intp),
        answer_matrix([response for _, response in rows], n_items),
    )


def _opened_rows(session: Session, keys: KeyRing, setup: Setup) -> list[tuple[bytes, Response]]:
    key = keys.get(session, setup.id, Purpose.CLOSED_DATA)
    query = select(ResponseRow.id, ResponseRow.sealed).where(ResponseRow.survey_id == setup.id)
    rows = session.execute(query.where(ResponseRow.is_submitted).order_by(ResponseRow.id))
    return [(own, Response.from_bytes(unseal(key, sealed, own))) for own, sealed in rows]


def compute_basis(setup: Setup, submitted: Submitted) -> tuple[Plan, Basis]:
    """The plan of disclosure control and the sums it allows."""
    themes = setup.themes
    complete = complete_cases(setup.instrument, themes, submitted.answers)
    sensitivities = tuple(theme.sensitivity for theme in themes)
    plan = make_plan(setup.tree, submitted.placements, complete, sensitivities, setup.limits)
    first, second = pools_of(plan, submitted.placements, complete)
    columns = columns_of(setup.instrument)
    sums = {
        theme.id: theme_sums(
            theme, submitted.answers[:, columns[theme.id]], first[:, i], second[:, i], len(setup.tree.units)
        )
        for i, theme in enumerate(themes)
    }
    frozen = Frozen(setup.tree, tuple(plan.n_answers.tolist()), tuple(plan.responses.included[:, 0].tolist()), sums)
    return plan, Basis(frozen, Pools(submitted.ids, tuple(sums), submitted.placements, first, second))


def find_basis(session: Session, keys: KeyRing, setup: Setup) -> Basis | None:
    """What the first build stored, or None; DomainError ``basis.changed`` when it stood on other ground."""
    row = session.get(ReportBasis, setup.id)
    if row is None:
        return None
    if row.fingerprint != fingerprint(setup):
        raise DomainError("basis.changed")
    stored: dict[str, list[PoolSum]] = {theme.id: [] for theme in setup.themes}
    for pool in session.scalars(select(PoolSum).where(PoolSum.survey_id == setup.id)):
        stored[pool.theme_id].append(pool)
    sums = {theme_id: _sums_of(theme_id, own) for theme_id, own in stored.items()}
    frozen = Frozen(setup.tree, tuple(row.n_answers), tuple(row.n_included), sums)
    return Basis(frozen, _unpacked(session, keys, setup, row.sealed_pools) if row.sealed_pools else None)


def store_basis(session: Session, keys: KeyRing, setup: Setup, basis: Basis) -> None:
    frozen, pools = basis.frozen, basis.pools
    sealed_pools = None
    if pools is not None:
        key = keys.get(session, setup.id, Purpose.CLOSED_DATA)
        sealed_pools = seal(key, _packed(pools), _label(setup))
    session.add(
        ReportBasis(
            survey_id=setup.id,
            fingerprint=fingerprint(setup),
            n_answers=list(frozen.n_answers),
            n_included=list(frozen.n_included),
            sealed_pools=sealed_pools,
        )
    )
    session.flush()
    session.add_all(row for sums in frozen.sums.values() for row in _rows_of(setup.id, sums))


def fingerprint(setup: Setup) -> str:
    """What a plan stands on: the tree, the limits, the themes and the instrument."""
    limits = setup.limits
    ground = {
        "instrument": setup.instrument.version,
        "themes": [theme.id for theme in setup.themes],
        "limits": [limits.k_means, limits.k_distributions, limits.k_prevalence],
        "units": [[unit.path, unit.parent] for unit in setup.tree.units],
    }
    return hashlib.sha256(json.dumps(ground, ensure_ascii=False).encode()).hexdigest()


def _rows_of(survey_id: str, sums: ThemeSums) -> list[PoolSum]:
    means = [
        PoolSum(survey_id=survey_id, theme_id=sums.theme_id, tier=1, unit=unit, n=pool.n, sums={"total": pool.total})
        for unit, pool in sums.means.items()
    ]
    histograms = [
        PoolSum(survey_id=survey_id, theme_id=sums.theme_id, tier=2, unit=unit, n=pool.n, sums={"counts": pool.counts})
        for unit, pool in sums.histograms.items()
    ]
    return means + histograms


def _sums_of(theme_id: str, own: Sequence[PoolSum]) -> ThemeSums:
    means = {row.unit: MeanSum(row.n, row.sums["total"]) for row in own if row.tier == 1}
    histograms = {
        row.unit: Histogram(row.n, tuple(tuple(item) for item in row.sums["counts"])) for row in own if row.tier == 2
    }
    return ThemeSums(theme_id, means, histograms)


def _label(setup: Setup) -> bytes:
    return f"pools:{setup.id}".encode()


def _packed(pools: Pools) -> bytes:
    arrays = (array.astype("<i4").tobytes() for array in (pools.placements, pools.first, pools.second))
    return zlib.compress(len(pools.ids).to_bytes(4, "big") + b"".join((*pools.ids, *arrays)))


def _unpacked(session: Session, keys: KeyRing, setup: Setup, sealed: bytes) -> Pools | None:
    """None once the key is destroyed."""
    try:
        key = keys.get(session, setup.id, Purpose.CLOSED_DATA)
    except DomainError:
        return None
    data = zlib.decompress(unseal(key, sealed, _label(setup)))
    n, start = int.from_bytes(data[:4], "big"), 4
    ids = tuple(data[start + i * HASH_BYTES : start + (i + 1) * HASH_BYTES] for i in range(n))
    theme_ids = tuple(theme.id for theme in setup.themes)
    numbers = np.frombuffer(data[start + n * HASH_BYTES :], dtype="<i4").astype(np.intp)
    first, second = numbers[n:].reshape(2, n, len(theme_ids))
    return Pools(ids, theme_ids, numbers[:n], first, second)


def complete_by_unit(pools: Pools, n_units: int) -> NDArray[np.int64]:
    """Per unit and theme the complete cases placed directly there."""
    counts = np.zeros((n_units, len(pools.theme_ids)), dtype=np.int64)
    np.add.at(counts, pools.placements, pools.first != INCOMPLETE)
    return counts


def members_of(pools: Pools) -> dict[tuple[str, int, int], NDArray[np.intp]]:
    """Per theme id, tier and accepting unit the numbers of the pool's responses, ascending.

    A pool with the same people in both tiers is one array: who goes through it need do so only once.
    """
    members: dict[tuple[str, int, int], NDArray[np.intp]] = {}
    for column, theme_id in enumerate(pools.theme_ids):
        first = _by_unit(pools.first[:, column])
        members.update({(theme_id, 1, unit): numbers for unit, numbers in first.items()})
        for unit, numbers in _by_unit(pools.second[:, column]).items():
            same = first.get(unit)
            is_same = same is not None and np.array_equal(same, numbers)
            members[theme_id, 2, unit] = same if is_same else numbers  # type: ignore[assignment]
    return members


def _by_unit(assigned: NDArray[np.intp]) -> dict[int, NDArray[np.intp]]:
    order = np.argsort(assigned, kind="stable")
    units, starts = np.unique(assigned[order], return_index=True)
    ends = [*starts[1:].tolist(), len(order)]
    pieces = zip(units.tolist(), starts.tolist(), ends, strict=True)
    return {unit: order[start:end] for unit, start, end in pieces if unit >= 0}
