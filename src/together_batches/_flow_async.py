"""The driver of flows for async programs, on asyncio or trio: the twin of `Blocking`, awaited."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from ._effects import (
    Call,
    Effect,
    Failure,
    Fetch,
    Fetched,
    Flow,
    Notify,
    Now,
    Parallel,
    Put,
    Reply,
    Sleep,
    Work,
)
from ._flow import UNWANTED_BYTES, Api, Clock, Limit, close_all, failure, note, pause_seconds, reply
from ._logs import quiet
from ._transport._message import AsyncAnswer, AsyncTransport, Request, TransportError

T = TypeVar("T")


class Async:
    """Carries out flows in a task."""

    def __init__(self, transport: AsyncTransport, api: Api, clock: Clock) -> None:
        self.transport = transport
        self.api = api
        self.clock = clock

    async def run(self, flow: Flow[T]) -> T:
        """Drives a flow to its result; cancelling the task closes the flow."""
        outcome: object = None
        error: BaseException | None = None
        try:
            while True:
                effect = flow.send(outcome) if error is None else flow.throw(error)
                outcome = error = None
                try:
                    outcome = await self._perform(effect)
                except Exception as raised:
                    error = raised
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            flow.close()

    async def _perform(self, effect: Effect) -> object:
        match effect:
            case Call() | Put():
                return await self._exchange(effect)
            case Fetch():
                return await self._fetch(effect)
            case Sleep():
                await self.clock.asleep(pause_seconds(self.clock, effect))
                return None
            case Now():
                return self.clock.now()
            case Notify():
                answer = effect.callback(effect.value)
                return await answer if inspect.isawaitable(answer) else answer
            case Work():
                return await anyio.to_thread.run_sync(effect.function)
            case Parallel():
                return await self._parallel(effect)

    async def _exchange(self, effect: Call | Put) -> Reply | Failure:
        try:
            request = self.api.request(effect)
            with quiet():
                async with self._answer(request) as answer:
                    note(request, answer)
                    limit = Limit(self.clock, effect.timeout)
                    async for chunk in answer.chunks():
                        limit.take(chunk)
                    return reply(answer, limit.body())
        except TransportError as error:
            return failure(error)

    async def _fetch(self, effect: Fetch) -> Fetched | Failure:
        head: Reply | None = None
        try:
            request = self.api.request(effect)
            with quiet():
                async with self._answer(request) as answer:
                    note(request, answer)
                    head = reply(answer)
                    if not effect.begin(head):
                        return Fetched(reply(answer, await _first(answer.chunks())))
                    async for chunk in answer.chunks():
                        effect.sink.write(chunk)
                    return Fetched(head)
        except TransportError as error:
            return failure(error) if head is None else Fetched(head, failure(error))

    @asynccontextmanager
    async def _answer(self, request: Request) -> AsyncGenerator[AsyncAnswer]:
        answer = await self.transport.send(request)
        try:
            yield answer
        finally:
            await answer.close()

    async def _parallel(self, effect: Parallel) -> list[Any]:
        results: list[Any] = [None] * len(effect.flows)
        errors: list[Exception] = []
        limit = anyio.CapacityLimiter(effect.limit)

        async def one(index: int, flow: Flow[Any]) -> None:
            async with limit:
                try:
                    results[index] = await self.run(flow)
                except Exception as error:
                    # Kept aside, so that no exception group reaches the caller.
                    errors.append(error)
                    tasks.cancel_scope.cancel()

        try:
            async with anyio.create_task_group() as tasks:
                for index, flow in enumerate(effect.flows):
                    tasks.start_soon(one, index, flow)
        finally:
            close_all(effect)
        if errors:
            raise errors[0]
        return results


async def _first(chunks: AsyncIterator[bytes]) -> bytes:
    kept = b""
    async for chunk in chunks:
        kept += chunk
        if len(kept) >= UNWANTED_BYTES:
            break
    return kept[:UNWANTED_BYTES]
