from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from limits import parse
from limits.strategies import FixedWindowRateLimiter

from app.adapters.minute_counts import MinuteCounts

THREE = parse("3/minute")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "time", made.time)
    return made


def test_limit_holds_for_a_minute_and_for_each_by_itself(clock: Clock) -> None:
    limiter = FixedWindowRateLimiter(MinuteCounts())
    assert [limiter.hit(THREE, "a") for _ in range(4)] == [True, True, True, False]
    assert limiter.hit(THREE, "b")
    assert limiter.get_window_stats(THREE, "a") == (1_060.0, 0)
    clock.now += 59
    assert not limiter.test(THREE, "a")
    clock.now += 1
    assert limiter.hit(THREE, "a")


def test_what_has_ended_is_thrown_away(clock: Clock) -> None:
    counts = MinuteCounts()
    for number in range(1_000):
        counts.incr(str(number), 60)
    clock.now += 61
    counts.incr("late", 60)
    assert counts.get("0") == 0
    assert counts.reset() == 1
    assert counts.get("late") == 0


def test_count_can_be_cleared(clock: Clock) -> None:
    counts = MinuteCounts()
    counts.incr("a", 60, 2)
    assert counts.get_expiry("a") == 1_060.0
    counts.clear("a")
    assert (counts.get("a"), counts.get_expiry("a")) == (0, 1_000.0)
    assert counts.check()
    assert counts.base_exceptions is ValueError


def test_nothing_is_miscounted_by_many_at_once() -> None:
    counts = MinuteCounts()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: counts.incr("a", 60), range(8_000)))
    assert counts.get("a") == 8_000
