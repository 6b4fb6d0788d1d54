"""Counts for limits in one process. The library's own store looks through everything a hundred times a second."""

from __future__ import annotations

import threading
import time

from limits.storage import Storage


class MinuteCounts(Storage):
    """Counts that end; those that have ended are thrown away once a minute."""

    STORAGE_SCHEME = ["minute-counts"]  # noqa: RUF012 - as the library declares it
    _SECONDS = 60

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **_: str) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}
        """Key -> how often, and when it ends."""
        self._look_through_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        with self._lock:
            now = time.time()
            if now >= self._look_through_at:
                self._counts = {one: count for one, count in self._counts.items() if count[1] > now}
                self._look_through_at = now + self._SECONDS
            n, ends_at = self._current(key, now) or (0, now + expiry)
            self._counts[key] = n + amount, ends_at
            return n + amount

    def get(self, key: str) -> int:
        current = self._current(key, time.time())
        return current[0] if current else 0

    def get_expiry(self, key: str) -> float:
        now = time.time()
        current = self._current(key, now)
        return current[1] if current else now

    def keys(self) -> list[str]:
        """What is counted under."""
        return list(self._counts)

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            n = len(self._counts)
            self._counts = {}
        return n

    def clear(self, key: str) -> None:
        with self._lock:
            self._counts.pop(key, None)

    def _current(self, key: str, now: float) -> tuple[int, float] | None:
        found = self._counts.get(key)
        return found if found and found[1] > now else None
