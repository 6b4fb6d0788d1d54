"""The attacker's tools: join two heaps of rows by any value, order or position that they show.

What counts is a share of right guesses. Pairing n rows with n rows blindly gives on average one right pair, whatever
n is, and the number of right pairs is close to Poisson(1): nine or more happen once in 900,000 tries. An order that
leaks only in part shows as rank correlation: for independent orders rho * sqrt(n - 1) is close to standard normal,
and five or more in size happens once in 1.7 million tries. Each suite makes a few hundred such tries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import sqrt

TOO_MANY_RIGHT = 9
TOO_CORRELATED = 5.0
SHORTEST_SHARED = 8
"""Bytes that two rows must have in common to be joined by content; keys and hashes are longer."""

Row = Mapping[str, object]
Truth = Mapping[int, int]
"""Number of an identity row -> number of the response row of the same person."""


@dataclass(frozen=True, slots=True)
class Join:
    """The best that one way of joining did."""

    way: str
    n_right: int
    correlation: float

    @property
    def is_better_than_guessing(self) -> bool:
        return self.n_right >= TOO_MANY_RIGHT or abs(self.correlation) >= TOO_CORRELATED


def all_joins(identities: Sequence[Row], responses: Sequence[Row], truth: Truth) -> list[Join]:
    """Every way to join, tried on what both sides show."""
    joins = [_by_content(identities, responses, truth)]
    for mine, other in product(_orders(identities), _orders(responses)):
        joins += _by_rank(mine, other, identities, responses, truth)
    return joins


def better_than_guessing(identities: Sequence[Row], responses: Sequence[Row], truth: Truth) -> list[Join]:
    return [join for join in all_joins(identities, responses, truth) if join.is_better_than_guessing]


def _orders(rows: Sequence[Row]) -> list[str]:
    """The features by which rows can be put in order."""
    names = {name for row in rows for name in row}
    return sorted(name for name in names if all(isinstance(row.get(name), int | float | str | bytes) for row in rows))


def _ranked(rows: Sequence[Row], name: str) -> list[int]:
    """Numbers of the rows in the order of feature `name`."""
    return sorted(range(len(rows)), key=lambda number: row_key(rows[number][name]))


def row_key(value: object) -> tuple[int, object]:
    return (0, value) if isinstance(value, int | float) else (1, str(value))


def _by_rank(mine: str, other: str, identities: Sequence[Row], responses: Sequence[Row], truth: Truth) -> list[Join]:
    left = [number for number in _ranked(identities, mine) if number in truth]
    known = set(truth.values())
    right = [number for number in _ranked(responses, other) if number in known]
    place = {number: rank for rank, number in enumerate(right)}
    ranks = [place[truth[number]] for number in left]
    correlation = _normalised_correlation(ranks)
    forward = sum(rank == i for i, rank in enumerate(ranks))
    backward = sum(rank == len(ranks) - 1 - i for i, rank in enumerate(ranks))
    way = f"{mine} ~ {other}"
    return [Join(way, forward, correlation), Join(f"{way} reversed", backward, -correlation)]


def _normalised_correlation(ranks: Sequence[int]) -> float:
    """Spearman's rho of 0..n-1 with `ranks`, times sqrt(n - 1)."""
    n = len(ranks)
    distance = sum((i - rank) ** 2 for i, rank in enumerate(ranks))
    return (1 - 6 * distance / (n * (n * n - 1))) * sqrt(n - 1)


def _by_content(identities: Sequence[Row], responses: Sequence[Row], truth: Truth) -> Join:
    """Pairs that share a value, or one value inside another, that no other pair shares."""
    owners: dict[bytes, set[int]] = {}
    for number, row in enumerate(responses):
        for piece in _pieces(row):
            owners.setdefault(piece, set()).add(number)
    n_right = 0
    for number, row in enumerate(identities):
        candidates = [owners[piece] for piece in _pieces(row) if piece in owners]
        smallest = min(candidates, key=len, default=set())
        n_right += len(smallest) == 1 and truth.get(number) in smallest
    return Join("shared content", n_right, 0.0)


def _pieces(row: Row) -> set[bytes]:
    """All runs of SHORTEST_SHARED bytes in the row's texts and bytes, and numbers as they are."""
    pieces = set()
    for value in row.values():
        content = value.encode() if isinstance(value, str) else value
        if isinstance(content, bytes):
            pieces |= {content[i : i + SHORTEST_SHARED] for i in range(len(content) - SHORTEST_SHARED + 1)}
    return pieces
