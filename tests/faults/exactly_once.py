"""Runs of create with random faults: how many jobs there are in the end, and whether each one is known."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from attrs import define, field

from faults.case import findable
from faults.fault import FaultValue
from faults.faults import End, Fault
from faults.server import FaultServer
from faults.stage import ENDPOINT, SHORT_SECONDS, DriverClock, play
from faults.world import Behaviour
from together_batches import BatchJob, CreateOutcomeUnknownError, TogetherError

LAG_SECONDS = 5.0


@define
class Account:
    """What came of the runs; `told` are errors that say that a job may exist, and find it where it does."""

    colour: str
    runs: int = 0
    returned: int = 0
    told: int = 0
    told_with_job: int = 0
    other_errors: int = 0
    duplicates: int = 0
    lost: int = 0
    wrong: int = 0
    seeds: list[int] = field(factory=list)

    @property
    def is_well(self) -> bool:
        return not self.seeds

    def __str__(self) -> str:
        return (
            f"{self.runs} creates with random faults, {self.colour}: {self.duplicates} second jobs, {self.lost} lost, "
            f"{self.wrong} wrong; {self.returned} returned, {self.told} errors that a job may exist "
            f"(in {self.told_with_job} it did, and was found), {self.other_errors} errors without a job"
            + (f"; seeds {self.seeds}" if self.seeds else "")
        )


def random_fault(chance: random.Random, *, stalls: bool) -> FaultValue:
    """Any fault of a create: before it is accepted or after, dropped, delayed, cut, or another answer."""
    end = chance.choice([End.RESET, End.FIN, End.CLOSE])
    status = chance.choice([500, 502, 503, 504, 520, 524])
    makers: list[Callable[[], FaultValue]] = [
        lambda: Fault.before_reading(end),
        lambda: Fault.in_request(end),
        lambda: Fault.before_processing(end),
        lambda: Fault.no_answer(end),
        lambda: Fault.no_answer(end),
        lambda: Fault.in_head(end, chance.randrange(1, 150)),
        lambda: Fault.in_body(end, chance.randrange(400)),
        lambda: Fault.at_byte(end, chance.randrange(500)),
        lambda: Fault.cut_chunked(chance.randrange(-60, 400)),
        lambda: Fault.cut_unframed(chance.randrange(400)),
        lambda: Fault.status(status),
        lambda: Fault.status(status).after_processing(),
        lambda: Fault.html(status).after_processing(),
        lambda: Fault.html(201).after_processing(),
        lambda: Fault.retry_after(
            chance.choice([429, 503]), chance.uniform(0, 20), chance.choice(["seconds", "date", "ms"])
        ),
        lambda: Fault.retry_after(503, chance.uniform(0, 20)).after_processing(),
        lambda: Fault.status(408).after_processing(),
        lambda: Fault.garbage(),
        lambda: Fault.healthy(),
    ]
    if stalls:
        makers = [
            lambda: Fault.no_answer(End.STALL),
            lambda: Fault.before_processing(End.STALL),
            Fault.delayed,
            Fault.stall_body,
        ]
    return chance.choice(makers)()


def random_list_fault(chance: random.Random) -> FaultValue:
    return chance.choice(
        [
            Fault.healthy(),
            Fault.status(503),
            Fault.before_processing(End.RESET),
            Fault.cut_body(),
            Fault.retry_after(429, chance.uniform(0, 5)),
        ]
    )


class JitteredClock(DriverClock):
    """The tests' time, with pauses of random lengths as in life."""

    def __init__(self, clock: Any, chance: random.Random) -> None:
        super().__init__(clock)
        self._chance = chance

    def between(self, at_least: float, at_most: float) -> float:
        return self._chance.uniform(at_least, at_most)


def play_runs(count: int, colour: str) -> Account:
    """So many runs, each of its own seed."""
    account = Account(colour)
    with FaultServer() as server:
        for seed in range(count):
            play_run(server, seed, account)
    return account


def play_run(server: FaultServer, seed: int, account: Account) -> None:
    """One create under random faults; what came of it goes to the account."""
    chance = random.Random(seed)
    server.reset(
        Behaviour(
            lag_seconds=chance.uniform(0, LAG_SECONDS) if seed % 2 else 0.0,
            skew_seconds=chance.choice([0.0, 0.0, -40.0, 40.0, 5000.0]),
            whole_seconds=chance.random() < 0.3,
        )
    )
    world = server.world
    file_id = world.add_file(b'{"custom_id":"a","body":{"model":"m"}}\n').id
    if chance.random() < 0.3:
        world.add_job(file_id, age=chance.uniform(20, 5000))
    before = set(world.jobs)
    has_stalls = chance.random() < 0.05
    faults = [random_fault(chance, stalls=has_stalls and n == 0) for n in range(chance.randrange(1, 5))]
    server.script("create_batch", *faults)
    server.script("list_batches", *(random_list_fault(chance) for _ in range(chance.randrange(3))))
    job: BatchJob | None = None
    error: Exception | None = None
    options: dict[str, Any] = {
        "clock": JitteredClock(server.clock, chance),
        "timeout": SHORT_SECONDS if has_stalls else 10.0,
    }
    try:
        job = play(account.colour, server, lambda c: c.batches.create_batch(file_id, ENDPOINT), **options)
    except Exception as raised:
        error = raised
    open_connections = server.settle()
    made = set(world.jobs) - before
    seen = (account.duplicates, account.lost, account.wrong)
    account.runs += 1
    account.duplicates += max(0, len(made) - 1)
    if job is not None:
        account.returned += 1
        account.wrong += {job.id} != made and len(made) < 2
    elif isinstance(error, CreateOutcomeUnknownError):
        account.told += 1
        account.told_with_job += bool(made)
        account.lost += not findable(server, account.colour, error, made)
    else:
        account.other_errors += 1
        account.lost += bool(made)
        account.wrong += not isinstance(error, TogetherError)
    account.wrong += bool(open_connections or world.leaks())
    if seen != (account.duplicates, account.lost, account.wrong):
        account.seeds.append(seed)
