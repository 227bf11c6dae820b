"""The tests' time: it moves when a driver sleeps, and only then."""

from __future__ import annotations

import threading
from collections.abc import Callable

START = 1_780_000_000.0  # 2026-05-28T20:26:40Z


class Clock:
    """Unix and monotonic seconds that a sleep moves on at once; `sleeps` are those that were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.watchers: list[Callable[[], None]] = []
        self.reset()

    def reset(self) -> None:
        """Back to the start."""
        self._seconds = 0.0
        self.sleeps: list[float] = []

    def unix(self) -> float:
        return START + self._seconds

    def monotonic(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        """Let so much time pass, at once."""
        with self._lock:
            self._seconds += seconds
            self.sleeps.append(seconds)
        for watcher in self.watchers:
            watcher()

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
