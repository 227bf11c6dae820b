"""The talk on one connection: request by request, each with the fault that is scripted for it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Protocol

from attrs import evolve

from faults import service, storage
from faults.fault import End, Exchange, FaultValue, Hold, Reads
from faults.faults import Fault
from faults.message import Framing, Reply, Request, header, serialise
from faults.wire import Gone, Wire
from faults.world import World

HEALTHY = Fault.healthy()


class House(Protocol):
    """What a conversation needs of the server."""

    world: World
    origins: Mapping[str, str]

    def next_fault(self, *routes: str) -> FaultValue | None: ...
    def arrived(self, request: Request) -> None: ...
    def expects(self, number: int) -> None: ...
    def idle(self, number: int) -> None: ...
    def busy(self, number: int) -> None: ...
    def holding(self, number: int, hold: Hold) -> None: ...
    def forget(self, number: int, then: Callable[[], None]) -> None: ...


class Conversation:
    """One connection from its opening to its end."""

    def __init__(self, house: House, wire: Wire, origin: str, number: int, context: ssl.SSLContext | None) -> None:
        self._house, self._wire, self._origin, self._number, self._context = house, wire, origin, number, context

    def run(self) -> None:
        try:
            if self._open():
                while self._exchange():
                    pass
        except Gone:
            pass
        finally:
            self._house.forget(self._number, self._wire.close)

    def _open(self) -> bool:
        fault = self._house.next_fault(f"connect:{self._origin}")
        if fault is None:
            if self._context is not None:
                self._wire.handshake(self._context)
            return True
        if fault.raw:
            self._wire.send_plain(fault.raw)
        if fault.end is End.RESET:
            # Once the client has sent something: sooner, its connect sometimes fails and sometimes does not.
            self._wire.readable()
        return self._end(fault.end)

    def _exchange(self) -> bool:
        """Serve one request; whether another may follow."""
        self._house.expects(self._number)
        self._wire.readable()
        self._house.busy(self._number)  # before anything is read: `settle` sees either what is unread or this
        head = self._wire.head()
        if head is None:
            # The client ended it. Ending in order answers a half-closed client, and costs nothing otherwise.
            return self._end(End.CLOSE)
        method, target, headers = head
        request = Request(self._origin, method, target, headers, self._number)
        routed = (service if self._origin == "api" else storage).route(method, request.path)
        request.route, request.arguments = routed if self._origin != "foreign" else ("foreign", routed[1])
        generic = request.route.partition(":")[0]
        fault = self._house.next_fault(*dict.fromkeys((request.route, generic, "*"))) or HEALTHY
        request.fault = fault.name
        # A wait must be ready before the request is seen to have come: what ends it may come at once.
        if fault.hold is not Hold.NO:
            self._house.holding(self._number, fault.hold)
        self._house.arrived(request)
        if not self._read(request, fault):
            return False
        reply = self._process(request, fault)
        if fault.hold is not Hold.NO:
            self._wire.wait()
        return self._answer(request, fault, reply)

    def _read(self, request: Request, fault: FaultValue) -> bool:
        """Read as much of the body as the fault lets; whether the exchange goes on."""
        limit: int | None = None
        if fault.reads is Reads.HEAD:
            limit = 0
        elif fault.reads is Reads.SOME:
            announced = int(header(request.headers, "Content-Length") or 0)
            limit = announced // 2 if fault.read_bytes is None else fault.read_bytes
        body = bytearray()
        complete = self._wire.body(request.headers, body, limit)
        with self._house.world.lock:
            request.body, request.complete = bytes(body), complete
        return complete or limit is not None

    def _process(self, request: Request, fault: FaultValue) -> Reply:
        world, origins = self._house.world, self._house.origins
        if fault.before is not None:
            fault.before()
        with world.lock:
            reply = Reply()
            if fault.processes:
                kept = tuple(pair for pair in request.headers if pair[0].lower() not in fault.ignores)
                heard = evolve(request, headers=kept)
                api = self._origin == "api"
                reply = service.answer(world, heard, origins) if api else storage.answer(world, heard)
            if fault.revokes:
                world.revoked.add(request.target)
            if fault.edit is not None:
                reply = fault.edit(Exchange(request, reply, world.time(), origins))
            return reply

    def _answer(self, request: Request, fault: FaultValue, reply: Reply) -> bool:
        if fault.raw is not None:
            if fault.raw:
                self._wire.send(fault.raw)
            return self._end(fault.end)
        with self._house.world.lock:
            request.status = reply.status
            unix = self._house.world.time()
        framing = fault.framing
        if framing is Framing.LENGTH and request.route == "content" and not self._house.world.behaviour.content_length:
            framing = Framing.CHUNKED
        closing = (request.header("Connection") or "").lower() == "close" or fault.end is End.CLOSE
        # A cut may not announce itself: only an answer that is sent whole says that it is the last.
        is_whole = fault.stop.where == "end"
        head, body = serialise(reply, framing=framing, wrong_by=fault.wrong_by, unix=unix, closing=closing and is_whole)
        wire = fault.interim + head + body
        wire = wire[: fault.stop.resolve(len(fault.interim) + len(head), len(body))]
        for piece in (wire[i : i + 1] for i in range(len(wire))) if fault.fragmented else (wire,):
            self._wire.send(piece)
        if fault.end is End.KEEP:
            return True if not closing and framing is not Framing.UNFRAMED else self._end(End.CLOSE)
        return self._end(fault.end)

    def _end(self, end: End) -> bool:
        if end is End.STALL:
            self._house.holding(self._number, Hold.CLIENT)
            self._wire.wait()
            end = End.CLOSE
        if end is End.RESET:
            self._wire.reset()
        else:
            self._wire.finish(orderly=end is not End.FIN)
            self._house.idle(self._number)  # what follows is the client's to end
            self._wire.readable()
            self._house.busy(self._number)
            self._wire.drain()
        return False
