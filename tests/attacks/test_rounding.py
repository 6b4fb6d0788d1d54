"""Rounded figures against an attacker with an integer solver (the model is in tests/attacks/rounding.py).

For simulated organisations the whole set is built, the figures are read out of its PDFs (`verify_set` compares them
with the public audit file), and for every theme, pool and item the solver is asked: may its members have answered
differently; what may one member have chosen; between which sums may the answers of a group below its limit lie? No
individual answer may be forced, and no sum of a group below its limit: under 5 people for theme scores, under 10 for
a single item.

Exchangeability makes this complete. A forced sum of a group that holds a part of a pool would force the whole pool to
have answered alike, which `may_differ` rules out pool by pool and item by item; what remains are groups of whole
pools, and below 10 those are single pools of 5 to 9. Groups drawn at random check the argument.

What is not promised, and not asked: that the common opinion of a group is secret (disclosure.md 5). Where the true
answers of at least ten people to an item are all alike, the figures may tell so; such items are left out and counted.
And where a pool of 5 to 9 is opposed to all others in its distribution (it has the lowest answers to every item), its
own theme mean may leave only one share of the single items for it. Both have an example at the end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from app.adapters.storage import Storage
from app.domain.disclosure import Limits, make_plan, pools_of
from app.domain.instrument import CURRENT_VERSION, Theme, load_instrument
from app.domain.results import printed_mean, printed_shares
from app.domain.scoring import columns_of, complete_cases
from app.domain.units import UnitPath, UnitTree
from app.services.public_audit import audit_of
from app.services.report_basis import Submitted
from app.services.verification import verify_set
from tests.attacks.rounding import Attack, Known, counts_of, totals_of
from tests.services.published import instrument_of, release_of, setup_of, write_set

N_ORGANISATIONS = int(os.environ.get("MUST_ORGANISATIONS", "8"))
"""`make exhaustive` takes 30."""
CHOICES = (("role_clarity",), ("social_climate",), ("unnecessary_tasks",), ("emotional_demands", "belonging"))
"""One or two themes of two or three items, with and without a reversed item."""
Truth = dict[UnitPath, NDArray[np.int64]]
"""Per tier 1 pool the true counts, items by categories."""
Case = tuple[Attack, Truth]
MOST_IN_SMALL_GROUP, MOST_IN_ITEM_GROUP = 4, 9


def random_organisation(random: Random) -> tuple[UnitTree, list[UnitPath]]:
    """Up to six units in up to three levels with 5 to 30 people each, and a few people above them; their places."""
    paths: list[UnitPath] = []
    for number in range(random.randint(2, 6)):
        above = random.choice([(), *(path for path in paths if len(path) < 3)])
        paths.append((*above, f"u{number}"))
    tree = UnitTree.from_rows([(path, None) for path in paths])
    places: list[UnitPath] = [()] * random.randint(0, 6)
    for path in paths:
        places += [path] * random.randint(5, 30 if tree.children(tree.get(path)) == () else 12)
    return tree, places


def random_answers(random: Random, themes: tuple[Theme, ...], places: list[UnitPath]) -> NDArray[np.uint8]:
    """Each unit leans its own way on each item, from hardly to nearly unanimous; few skip an item."""
    leans = {
        (path, item.id): (random.uniform(1, 5), random.choice((0.5, 1.0, 1.5)))
        for path in sorted(set(places))
        for theme in themes
        for item in theme.items
    }
    rows = []
    for path in places:
        row = []
        for theme in themes:
            for item in theme.items:
                middle, spread = leans[path, item.id]
                row.append(min(max(round(random.gauss(middle, spread)), 1), 5) if random.random() > 0.02 else 0)
        rows.append(row)
    return np.array(rows, dtype=np.uint8)


def attacks_on(seed: int, folder: Path) -> Iterator[Case]:
    """Per theme of one organisation the attack on its published set, and the truth it is after."""
    random = Random(seed)
    tree, places = random_organisation(random)
    instrument = instrument_of(CHOICES[seed % len(CHOICES)])
    answers = random_answers(random, instrument.themes, places)
    placements = np.array([tree.get(path).index for path in places], dtype=np.intp)
    ids = tuple(number.to_bytes(32, "big") for number in range(len(places)))
    release = release_of(setup_of(tree, instrument), Submitted(ids, placements, answers))
    write_set(release, folder, ["en"])
    assert verify_set(Storage(str(folder))).findings == ()
    audit = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    complete = complete_cases(instrument, instrument.themes, answers)
    sensitivities = tuple(theme.sensitivity for theme in instrument.themes)
    plan = make_plan(tree, placements, complete, sensitivities, Limits())
    first, second = pools_of(plan, placements, complete)
    for number, theme in enumerate(instrument.themes):
        printed = {tuple(report["unit"]): report["themes"][theme.id] for report in audit["reports"]}
        yield _attack(
            tree, theme, first[:, number], second[:, number], printed, answers[:, columns_of(instrument)[theme.id]]
        )


def _attack(
    tree: UnitTree,
    theme: Theme,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    printed: dict[UnitPath, dict[str, object]],
    answers: NDArray[np.uint8],
) -> Case:
    sizes, into, truth = {}, {}, {}
    for unit in sorted({int(own) for own in first if own >= 0}):
        pool, members = tree.units[unit].path, first == unit
        sizes[pool] = int(members.sum())
        ended = int(second[members][0])
        if ended >= 0:
            into[pool] = tree.units[ended].path
        n_categories = len(theme.scale.categories)
        truth[pool] = np.array([np.bincount(column, minlength=n_categories + 1)[1:] for column in answers[members].T])
    return Attack(Known(theme, sizes, into, printed)), truth


def common_opinions(attack: Attack, truth: Truth) -> set[tuple[UnitPath, int]]:
    """The pools and items about which at least ten people, all that some pool of distributions has, agree."""
    found = set()
    for ended in set(attack.known.second.values()):
        members = [pool for pool, own in attack.known.second.items() if own == ended]
        for item in range(attack.n_items):
            counts = sum(truth[pool][item] for pool in members)
            if np.count_nonzero(counts) == 1:
                found |= {(pool, item) for pool in members}
    return found


def is_opposed(attack: Attack, truth: Truth, pool: UnitPath) -> bool:
    """Whether the pool has the lowest, or the highest, answers of all in its distribution to every item of the theme.

    Then its theme mean is as extreme as the distribution allows, and no other share of the answers gives that mean.
    """
    ended = attack.known.second[pool]
    together = [own for own, other in attack.known.second.items() if other == ended]
    n, found = attack.known.first[pool], []
    for item in range(attack.n_items):
        counts = sum(truth[own][item] for own in together)
        values = [attack.value(item, category) for category in range(attack.n_categories)]
        everybody = sorted(np.repeat(values, counts).tolist())
        own_sum = int(np.dot(values, truth[pool][item]))
        found.append((own_sum == sum(everybody[:n]), own_sum == sum(everybody[-n:])))
    return all(low for low, _ in found) or all(high for _, high in found)


@pytest.mark.parametrize("seed", range(N_ORGANISATIONS))
def test_no_answer_and_no_sum_of_a_small_group_is_forced(
    seed: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    random = Random(seed)
    for attack, truth in attacks_on(seed, tmp_path / "set"):
        assert attack.is_consistent(truth)
        common = common_opinions(attack, truth)
        for pool in attack.pools:
            for item in range(attack.n_items):
                assert attack.may_differ(pool, item) or (pool, item) in common, (pool, item)
        record_property("common_opinions", len(common))
        record_property("opposed_pools", _check_whole_pools(attack, truth))
        _check_people(attack, common, random)
        _check_groups(attack, common, random)


def _check_whole_pools(attack: Attack, truth: Truth) -> int:
    """Of a pool of 5 to 9 only the theme mean may be known; the number of pools where more is, being opposed."""
    n_opposed = 0
    for pool, n in attack.known.first.items():
        if n <= MOST_IN_ITEM_GROUP and pool in attack.known.second:
            ranges = [attack.range_of_group({pool: n}, [item]) for item in range(attack.n_items)]
            if any(lowest == highest for lowest, highest in ranges):
                assert is_opposed(attack, truth, pool), pool
                n_opposed += 1
    return n_opposed


def _check_people(attack: Attack, common: set[tuple[UnitPath, int]], random: Random) -> None:
    """One person asked for by name: at least two values for every item."""
    pool = random.choice(attack.pools)
    for item in range(attack.n_items):
        if (pool, item) not in common:
            assert len(attack.values_of_person(pool, item)) >= 2


def _check_groups(attack: Attack, common: set[tuple[UnitPath, int]], random: Random) -> None:
    """Groups of up to 4 by their theme score, of up to 9 by one item, across pools and inside them."""
    open_items = [item for item in range(attack.n_items) if not any(own == item for _, own in common)]
    if not open_items:
        return
    for _ in range(4):
        for most, items in ((MOST_IN_SMALL_GROUP, [*range(attack.n_items)]), (MOST_IN_ITEM_GROUP, open_items[:1])):
            group = _random_group(attack, most, random)
            if any(n < attack.known.first[pool] for pool, n in group.items()):
                lowest, highest = attack.range_of_group(group, items)
                assert lowest < highest, (group, items)


def _random_group(attack: Attack, most: int, random: Random) -> dict[UnitPath, int]:
    people = [pool for pool, n in attack.known.first.items() for _ in range(n)]
    chosen = random.sample(people, random.randint(1, min(most, len(people))))
    return {pool: chosen.count(pool) for pool in sorted(set(chosen))}


# ------------------------------------------------------------------------------------------ the attacker is a good one


def small_case(
    sizes: dict[UnitPath, int], printed: dict[UnitPath, dict[str, object]], theme_id: str = "role_clarity"
) -> Attack:
    """Pools of which those of ten and more are in distributions."""
    theme = load_instrument(CURRENT_VERSION).theme(theme_id)
    return Attack(Known(theme, sizes, {pool: pool for pool, n in sizes.items() if n >= 10}, printed))


def test_attacker_finds_a_forced_answer_where_unanimity_is_printed() -> None:
    shares = [[0, 0, 100, 0, 0], [20, 20, 20, 20, 20]]
    attack = small_case({(): 20}, {(): {"n_mean": 20, "mean": "3.0", "n_distribution": 20, "items": shares}})
    assert not attack.may_differ((), 0)
    assert attack.values_of_person((), 0) == {2}
    assert attack.range_of_group({(): 3}, [0]) == (9, 9)
    assert attack.may_differ((), 1)
    assert attack.values_of_person((), 1) == {0, 1, 2, 3, 4}


def test_attacker_finds_one_person_between_two_published_sets() -> None:
    """Naive limits: the unit's 12 and the division's 13, whose leader is the difference."""
    own = {"n_mean": 12, "mean": "3.0", "n_distribution": 12, "items": [[17, 17, 33, 17, 17], [17, 17, 33, 17, 17]]}
    all_13 = {"n_mean": 13, "mean": "3.2", "n_distribution": 13, "items": [[15, 15, 31, 15, 23], [15, 15, 31, 15, 23]]}
    theme = load_instrument(CURRENT_VERSION).theme("role_clarity")
    known = Known(theme, {("A",): 12, (): 1}, {("A",): ("A",), (): ()}, {("A",): own, (): all_13})
    assert not Attack(known).may_differ((), 0)
    assert Attack(known).values_of_person((), 0) == {4}


def test_constraints_are_exactly_the_answers_that_print_the_figure() -> None:
    for n in (5, 9, 10, 19, 20, 26):
        printed = {total: printed_mean(total, n, 2) for total in range(2 * n, 10 * n + 1)}
        for mean in set(printed.values()):
            lowest, highest = totals_of(mean, n, 2)
            assert [total for total in printed if printed[total] == mean] == list(range(lowest, highest + 1))
        for count in range(n + 1):
            (share, *_) = printed_shares([count, n - count])
            assert n < 10 or share.bound.value != "exact" or counts_of(share.percent, n) == (count, count)
    assert counts_of(">=90", 12) == (11, 12)
    assert counts_of("<=10", 12) == (0, 1)
    assert totals_of(Decimal("1.2"), 5, 1) == (5, 6)


# ------------------------------------------------------------------------------------------------- what is not promised


def published(sizes: dict[UnitPath, int], answers: list[list[int]]) -> Case:
    """The attack on people who answered role clarity like this, unit by unit."""
    tree = UnitTree.from_rows([(path, None) for path in sizes if path])
    instrument = instrument_of(("role_clarity",))
    placements = np.repeat([tree.get(path).index for path in sizes], list(sizes.values())).astype(np.intp)
    matrix = np.array(answers, dtype=np.uint8)
    ids = tuple(number.to_bytes(32, "big") for number in range(len(answers)))
    release = release_of(setup_of(tree, instrument), Submitted(ids, placements, matrix))
    audit = audit_of(release.report_set.limits, release.reports)
    complete = complete_cases(instrument, instrument.themes, matrix)
    plan = make_plan(tree, placements, complete, (instrument.themes[0].sensitivity,), Limits())
    first, second = pools_of(plan, placements, complete)
    printed = {tuple(report["unit"]): report["themes"]["role_clarity"] for report in audit["reports"]}
    return _attack(tree, instrument.themes[0], first[:, 0], second[:, 0], printed, matrix)


def test_common_opinion_of_twelve_can_be_worked_out_though_their_own_report_prints_a_bound() -> None:
    """The unit prints "at least 90 %"; the organisation and the other unit print exact shares, and subtraction does it.

    It rests on twelve people, as promised; that their common opinion is secret is not.
    """
    answers = [[5, 1 + number % 5] for number in range(12)] + [[1 + number % 5, 3] for number in range(14)]
    attack, truth = published({("A",): 12, ("B",): 14}, answers)
    assert attack.known.printed["A",]["items"][0] == ["<=10"] * 4 + [">=90"]
    assert not attack.may_differ(("A",), 0)
    assert common_opinions(attack, truth) >= {(("A",), 0)}


def test_five_opposed_to_the_six_beside_them_show_their_answers_to_single_items_as_a_group() -> None:
    """Five with the lowest answers to every item, six with the highest: their printed mean leaves no other share.

    No single person's answer is forced, except where the five agree; sums over the five are.
    """
    sizes: dict[UnitPath, int] = {("A",): 6, ("A", "B"): 5, ("A", "B", "C"): 20}
    low, high = [[1, 2], [2, 1], [2, 1], [2, 2], [1, 1]], [[5, 4], [4, 5], [5, 5], [5, 4], [4, 5], [5, 5]]
    rest = [[2, 2], *([1 + number % 5, 1 + number // 4 % 5] for number in range(1, 20))]
    attack, truth = published(sizes, [*high, *low, *rest])
    assert attack.range_of_group({("A", "B"): 5}, [0]) == (8, 8)
    assert is_opposed(attack, truth, ("A", "B"))
    assert all(attack.may_differ(pool, item) for pool in attack.pools for item in range(2))
    lowest, highest = attack.range_of_group({("A", "B"): 4}, [0, 1])
    assert lowest < highest
