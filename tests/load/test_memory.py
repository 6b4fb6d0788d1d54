from __future__ import annotations

from pathlib import Path

from tests.load.bench_reports import CORE, MIB, made_up, measure


def test_memory_of_workers_is_low_and_does_not_grow_with_the_number_of_reports(tmp_path: Path) -> None:
    gauge = measure(made_up(40, 600, themes=CORE[:6]), tmp_path / "reports", 2, [14, 41])
    first, last = gauge.rss[14], gauge.rss[41]
    assert len(first) == len(last) == 2
    assert max(last) < 200 * MIB
    assert max(last) - max(first) < 12 * MIB
