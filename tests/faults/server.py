"""The fault server: an API, a storage and a foreign origin on loopback, in threads of this process.

    with FaultServer() as server:
        server.script("create_batch", Fault.reset_after_processing(), Fault.status(503))
        ...  # a client at server.base_url, with server.key
        assert server.settle() == 0  # connections that the client left open
        assert len(server.world.jobs_of(file_id)) == 1

One server serves any number of cases: `reset()` between them.
The waits here block their thread: an async test calls them by `anyio.to_thread.run_sync`, or when its client is closed.
It never waits for time to pass; `settle` and `reset` give up after a while so that a fault of a test ends it.
"""

from __future__ import annotations

import itertools
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from faults.clock import Clock
from faults.conversation import Conversation
from faults.fault import FaultValue, Hold
from faults.listening import Acceptor
from faults.message import Request
from faults.scripts import ORIGINS, Scripts
from faults.wire import Wire
from faults.world import KEY, Behaviour, World

WATCHDOG_SECONDS = 10.0


class FaultServer:
    """The three origins and what they hold; a context manager.

    `tls` makes all of them speak TLS. `clock` is the tests' time, by which the service dates what it makes.
    """

    key = KEY

    def __init__(self, *, tls: ssl.SSLContext | None = None, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.clock.watchers.append(self._tick)
        self.now: Callable[[], float] = self.clock.unix
        self._tls = tls
        self._wires: dict[int, Wire] = {}
        self._origin_of: dict[int, str] = {}
        self._idle: set[int] = set()
        self._numbers = itertools.count(1)
        self._held: dict[int, Hold] = {}
        # One lock for the life of the server, so that no thread holds an old one.
        self._changed = threading.Condition(threading.RLock())
        self._scripts = Scripts(self._changed)
        self.world = World(lambda: self.now(), lock=self._changed)
        self._acceptor = Acceptor(ORIGINS, self._accepted)
        scheme = "http" if tls is None else "https"
        self.origins: Mapping[str, str] = {
            name: f"{scheme}://127.0.0.1:{port}" for name, port in self._acceptor.ports.items()
        }
        self.base_url = f"{self.origins['api']}/v1"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Scripts.

    def script(self, route: str, *faults: FaultValue) -> None:
        """Give the next attempts on a route these faults, one each; then it is healthy again.

        Routes are those of `service.ROUTES`; `put_part:3` for one part, `*` for any, `connect:api` for connections.
        """
        self._scripts.add(route, faults)
        self._relisten()

    def always(self, route: str, fault: FaultValue) -> None:
        """Give every attempt on a route this fault, once its script is at an end."""
        self._scripts.add_lasting(route, fault)
        self._relisten()

    def scripts(self, table: Mapping[str, Iterable[FaultValue]]) -> None:
        """`script` for each route of a table."""
        for route, faults in table.items():
            self.script(route, *faults)

    def unused(self) -> dict[str, list[str]]:
        """The names of the faults that no attempt has met, by route: a case that leaves some proves little."""
        return self._scripts.unused()

    def heal(self) -> None:
        """Drop all faults that are still to come."""
        self._scripts.clear()
        self._relisten()

    def next_fault(self, *routes: str) -> FaultValue | None:
        """Take the fault of this attempt from the first of the routes that has one."""
        fault = self._scripts.take(*routes)
        if fault is not None and fault.connects:
            self._relisten()
        return fault

    def _tick(self) -> None:
        self._scripts.moved()
        self._relisten()

    def _relisten(self) -> None:
        """Listen on each origin but those that refuse."""
        with self._changed:
            refusing = self._scripts.refusing()
            for number in self._idle:
                if self._origin_of[number] in refusing:
                    self._wires[number].interrupt()
        self._acceptor.listen(set(ORIGINS) - refusing)

    # Connections.

    def _accepted(self, origin: str, wire: Wire) -> None:
        with self._changed:
            number = next(self._numbers)
            self._wires[number], self._origin_of[number] = wire, origin
        conversation = Conversation(self, wire, origin, number, self._tls)
        threading.Thread(target=conversation.run, name=f"faults-{number}", daemon=True).start()

    def arrived(self, request: Request) -> None:
        """Note a request, which ends the waits of those before it."""
        with self._changed:
            self.world.requests.append(request)
            self._wake(Hold.NEXT_REQUEST, besides=request.connection)
            self._changed.notify_all()

    def expects(self, number: int) -> None:
        """Note that a connection waits for a request; an origin that refuses by now takes none."""
        with self._changed:
            self.idle(number)
            if self._origin_of[number] in self._scripts.refusing():
                self._wires[number].interrupt()

    def idle(self, number: int) -> None:
        """Note that it is the client's turn on a connection."""
        with self._changed:
            self._idle.add(number)
            self._changed.notify_all()

    def busy(self, number: int) -> None:
        """Note that it is the server's turn."""
        with self._changed:
            self._idle.discard(number)

    def forget(self, number: int, then: Callable[[], None]) -> None:
        """Note that a connection has ended, and close it while nobody else can touch it."""
        with self._changed:
            then()
            del self._wires[number], self._origin_of[number]
            self._idle.discard(number)
            self._held.pop(number, None)
            self._changed.notify_all()

    def holding(self, number: int, hold: Hold) -> None:
        """Note what a connection is going to wait for."""
        with self._changed:
            self._wires[number].wakeable()
            self._held[number] = hold
            self._changed.notify_all()

    def release(self) -> None:
        """Send the answers that wait for this; `wait_for` the requests first."""
        with self._changed:
            self._wake(Hold.RELEASE)

    def _wake(self, *holds: Hold, besides: int | None = None) -> None:
        for number in [n for n, hold in self._held.items() if hold in holds and n != besides]:
            del self._held[number]
            self._wires[number].wake()

    # Between tests and the server.

    def wait_for(self, route: str, count: int = 1) -> None:
        """Wait until a route has seen so many requests; their bodies may still be on the way."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.world.seen(route)) >= count, WATCHDOG_SECONDS):
                raise TimeoutError(f"{route}: {len(self.world.seen(route))} of {count} requests came")

    def wait_held(self, count: int = 1) -> None:
        """Wait until so many connections are silent: stalled, or with an answer that waits."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._held) >= count, WATCHDOG_SECONDS):
                raise TimeoutError(f"{len(self._held)} of {count} connections are held")

    def settle(self) -> int:
        """Wait until all that the client sent is dealt with; how many connections it holds open then.

        Answers that wait, and stalls, are ended. Call it when the client is done: what it still holds has leaked.
        """
        self._acceptor.flush()
        with self._changed:
            self._changed.wait_for(self._is_settled, WATCHDOG_SECONDS)
            return len(self._wires)

    def _is_settled(self) -> bool:
        self._wake(*Hold)
        return all(number in self._idle and not wire.pending() for number, wire in self._wires.items())

    def reset(self, behaviour: Behaviour | None = None) -> None:
        """Begin a new case: no connections, scripts, files or jobs, and the clock at its start."""
        self._scripts.clear()
        self._end_connections()
        self.clock.reset()
        self.now = self.clock.unix
        self.world = World(lambda: self.now(), behaviour or Behaviour(), lock=self._changed)
        self._relisten()

    def _end_connections(self) -> None:
        self._acceptor.flush()
        with self._changed:
            for wire in self._wires.values():
                wire.interrupt()
            if not self._changed.wait_for(lambda: not self._wires, WATCHDOG_SECONDS):
                raise TimeoutError(f"{len(self._wires)} connections did not end")

    def close(self) -> None:
        """End everything; no thread or socket is left."""
        if self._tick in self.clock.watchers:
            self.clock.watchers.remove(self._tick)
        self._acceptor.listen(set())
        self._end_connections()
        self._acceptor.close()
