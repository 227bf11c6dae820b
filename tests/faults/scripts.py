"""Which fault comes next: a script for each route, consumed attempt by attempt."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from attrs import define, field

from faults.fault import FaultValue
from faults.service import ROUTES

ORIGINS = ("api", "storage", "foreign")
CONNECTS = tuple(f"connect:{origin}" for origin in ORIGINS)


@define(eq=False)
class Scripts:
    """The faults that are still to come, under the server's lock."""

    _lock: threading.Condition
    _queues: dict[str, deque[FaultValue]] = field(factory=dict, init=False)
    _lasting: dict[str, FaultValue] = field(factory=dict, init=False)

    def add(self, route: str, faults: Iterable[FaultValue]) -> None:
        faults = [_checked(route, fault) for fault in faults]
        with self._lock:
            self._queues.setdefault(route, deque()).extend(faults)

    def add_lasting(self, route: str, fault: FaultValue) -> None:
        with self._lock:
            self._lasting[route] = _checked(route, fault)

    def clear(self) -> None:
        with self._lock:
            self._queues.clear()
            self._lasting.clear()

    def take(self, *routes: str) -> FaultValue | None:
        """The next fault of the first of these routes that has any; what lasts comes after every script."""
        with self._lock:
            for route in routes:
                if queue := self._queues.get(route):
                    return queue.popleft()
            return next((self._lasting[route] for route in routes if route in self._lasting), None)

    def unused(self) -> dict[str, list[str]]:
        with self._lock:
            return {route: [fault.name for fault in queue] for route, queue in self._queues.items() if queue}

    def refusing(self) -> set[str]:
        """The origins that refuse connections now."""
        with self._lock:
            return {origin for origin in ORIGINS if (f := self._next(f"connect:{origin}")) is not None and f.refuses}

    def moved(self) -> None:
        """The tests' clock moved: a refused attempt, which no server can see, is over."""
        with self._lock:
            for route in CONNECTS:
                queue = self._queues.get(route)
                if queue and queue[0].refuses:
                    queue.popleft()

    def _next(self, route: str) -> FaultValue | None:
        queue = self._queues.get(route)
        return queue[0] if queue else self._lasting.get(route)


def _checked(route: str, fault: FaultValue) -> FaultValue:
    connects = route in CONNECTS
    if not connects and route != "*" and route.partition(":")[0] not in ROUTES:
        raise ValueError(f"no such route: {route}")
    if fault.connects != connects:
        raise ValueError(f"{fault.name!r} cannot be a fault of {route}")
    return fault
