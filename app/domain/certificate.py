"""The independent check of what is about to be published (disclosure.md section 4).

It knows nothing of pools, units or the plan: only which respondents stand behind each figure. Two respondents are
alike for a theme when exactly the same of its figures contain them; the classes are the theme's *atoms*.

What an atom proves
-------------------
Every linear combination of figures has one coefficient per atom, so its support is a union of atoms. A permutation
of answers inside an atom leaves every figure as it is, so nothing non-linear goes deeper. If all atoms have at
least k_mean members, then whatever can be computed rests on at least k_mean respondents.
For distributions take the atoms made by the distribution figures alone: a combination that is no multiple of the
theme score has a part that is constant on such an atom and not zero on it, hence rests on all of its members; so
those atoms must have at least k_dist members.

The condition is also necessary for the wording of the guarantee: members of a smaller atom would not be in a group
of k inside which answers could be permuted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Figure:
    """What is published over the same `respondents`: the mean of a theme, or the distribution of each of `items`."""

    id: str
    report: str
    kind: Literal["mean", "dist"]
    theme: str
    items: tuple[str, ...]
    respondents: NDArray[np.intp]
    """Numbers of the respondents, each once."""
    n: int
    """The number of respondents that the report prints."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A group that some combination of figures isolates although it is smaller than `limit`, or a figure that is wrong.

    Wrong are "n" (not the number of people behind it), "repeated" (a person counted twice) and, where others check
    more than the certificate can, "place" (not allowed in this report) and "value" (not that of the people behind it).
    """

    theme: str
    kind: Literal["mean", "dist", "n", "repeated", "place", "value"]
    n: int
    limit: int
    contained_in: tuple[str, ...]
    """The figures that count the group."""
    told_apart_by: tuple[str, ...]
    """Figures that count others of the smallest figure above but not the group: their difference isolates it."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the check found. `smallest_mean` and `smallest_dist` are None when nothing of the kind is published."""

    n_figures: int
    smallest_mean: int | None
    smallest_dist: int | None
    violations: tuple[Violation, ...]

    @property
    def is_valid(self) -> bool:
        return not self.violations


def certify(
    figures: Iterable[Figure], *, k_mean: int, k_dist: int, stricter: Mapping[str, int] | None = None
) -> Certificate:
    """The smallest groups that any combination of `figures` isolates, and every group below its limit.

    `stricter`: per theme id a higher limit for everything about it.
    """
    limits = stricter or {}
    by_theme: dict[str, list[Figure]] = {}
    violations: list[Violation] = []
    n_figures = 0
    for figure in figures:
        n_figures += 1 if figure.kind == "mean" else len(figure.items)
        by_theme.setdefault(figure.theme, []).append(figure)
        if figure.n != len(figure.respondents):
            violations.append(_misprint(figure, "n"))
    smallest: dict[str, list[int]] = {"mean": [], "dist": []}
    for theme, published in by_theme.items():
        violations += [_misprint(figure, "repeated") for figure in _counting_twice(published)]
        distributions = [figure for figure in published if figure.kind == "dist"]
        for kind, group, limit in (("mean", published, k_mean), ("dist", distributions, k_dist)):
            if group:
                sizes, found = _small_atoms(theme, kind, group, max(limit, limits.get(theme, 0)))  # type: ignore[arg-type]
                smallest[kind] += sizes
                violations += found
    return Certificate(
        n_figures,
        min(smallest["mean"], default=None),
        min(smallest["dist"], default=None),
        tuple(violations),
    )


def _misprint(figure: Figure, kind: Literal["n", "repeated"]) -> Violation:
    """A printed n that is not the number of people behind the figure, or a person counted twice."""
    return Violation(figure.theme, kind, len(figure.respondents), figure.n, (figure.id,), ())


def _counting_twice(figures: Sequence[Figure]) -> list[Figure]:
    """The figures that count somebody twice; figures over the same array are named by the first of them."""
    distinct = list({id(figure.respondents): figure for figure in reversed(figures)}.values())
    members = np.concatenate([figure.respondents for figure in distinct])
    owners = np.repeat(np.arange(len(distinct)), [len(figure.respondents) for figure in distinct])
    pairs = np.sort(owners * (1 + members.max(initial=0)) + members)
    repeated = pairs[1:][pairs[1:] == pairs[:-1]] // (1 + members.max(initial=0))
    return [distinct[owner] for owner in np.unique(repeated)]


def _small_atoms(
    theme: str, kind: Literal["mean", "dist"], figures: Sequence[Figure], limit: int
) -> tuple[list[int], list[Violation]]:
    """The size of the smallest atom of `figures`, if they count anybody, and a violation for each below `limit`."""
    atoms = _atoms([figure.respondents for figure in figures])
    sizes = np.bincount(atoms)
    sizes[_IN_NO_FIGURE] = 0
    found = []
    for atom in np.flatnonzero((sizes > 0) & (sizes < limit)):
        member = int(np.argmax(atoms == atom))
        found.append(_violation(theme, kind, int(sizes[atom]), limit, figures, member))
    return sizes[sizes > 0].tolist(), found


_IN_NO_FIGURE = 0


def _atoms(groups: Sequence[NDArray[np.intp]]) -> NDArray[np.intp]:
    """Per respondent number the label of its atom: the set of groups that contain it.

    Partition refinement: each group in turn splits every class it cuts, in time linear in the group. Large groups
    come first, since a group inside another then mostly lies in one class.
    """
    distinct = sorted({id(group): group for group in groups if len(group)}.values(), key=len, reverse=True)
    labels = np.zeros(1 + max((int(group.max()) for group in distinct), default=0), dtype=np.intp)
    n_labels = 1
    for group in distinct:
        former = labels[group]
        if not np.count_nonzero(former != former[0]):
            labels[group] = n_labels
            n_labels += 1
        else:
            classes, parts = np.unique(former, return_inverse=True)
            labels[group] = n_labels + parts
            n_labels += len(classes)
    return labels


def _violation(
    theme: str, kind: Literal["mean", "dist"], n: int, limit: int, figures: Sequence[Figure], member: int
) -> Violation:
    inside = [figure for figure in figures if np.any(figure.respondents == member)]
    outside = [figure for figure in figures if figure not in inside]
    narrowest = min(inside, key=lambda figure: len(figure.respondents))
    apart = [figure.id for figure in outside if np.isin(figure.respondents, narrowest.respondents).any()]
    return Violation(theme, kind, n, limit, tuple(figure.id for figure in inside), tuple(apart))
