"""Create makes one job, whatever becomes of its answers, from one caller or from many."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from faults.exactly_once import Account, play_run
from faults.fault import FaultValue
from faults.faults import End, Fault
from faults.server import FaultServer
from faults.stage import COLOURS, ENDPOINT, async_client, blocking_client

CALLERS = 8
# Some lost after they were accepted, some before, some not at all.
# None is an unreadable success: whose job it is that another call of the same client found cannot be told then.
MIXED: tuple[FaultValue, ...] = (
    Fault.reset_after_processing(),
    Fault.status(502).after_processing(),
    Fault.before_processing(End.RESET),
    Fault.healthy(),
    Fault.cut_body(),
    Fault.status(429),
    Fault.status(503),
    Fault.reset_after_processing(),
)
# Those who wait for each other's answers wait so many steps of the tests' time: more than an answer takes.
PATIENT: dict[str, Any] = {"timeout": 5000.0}


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("block", range(4))
def test_no_job_is_made_twice_and_none_is_lost(colour: str, block: int, server: FaultServer) -> None:
    """Of 200 runs with random faults (all 1,000 in `scripts/faults`) none ends with a second job or an unknown one."""
    account = Account(colour)
    for seed in range(block * 25, block * 25 + 25):
        play_run(server, seed, account)
    assert (25, 0, 0, 0, []) == (account.runs, account.duplicates, account.lost, account.wrong, account.seeds)
    assert account.returned >= 20


@pytest.mark.parametrize("same", [True, False], ids=["the same file", "files of their own"])
@pytest.mark.parametrize("lists", [0, 2])
def test_threads_share_a_client(same: bool, lists: int, server: FaultServer) -> None:
    """Each of the calls has a job of its own, and there are no others."""
    file_ids = _files(server, same, lists)
    with blocking_client(server, **PATIENT) as client, ThreadPoolExecutor(CALLERS) as pool:
        jobs = list(pool.map(lambda file_id: client.batches.create_batch(file_id, ENDPOINT), file_ids))
    _each_has_its_own(server, file_ids, [(job.id, job.input_file_id) for job in jobs])


@pytest.mark.parametrize("same", [True, False], ids=["the same file", "files of their own"])
@pytest.mark.parametrize("lists", [0, 2])
def test_tasks_share_a_client(same: bool, lists: int, server: FaultServer) -> None:
    """Each of the calls has a job of its own, and there are no others."""
    file_ids = _files(server, same, lists)

    async def main() -> list[tuple[str, str | None]]:
        async with async_client(server, **PATIENT) as client, asyncio.TaskGroup() as group:
            tasks = [group.create_task(client.batches.create_batch(file_id, ENDPOINT)) for file_id in file_ids]
        return [(task.result().id, task.result().input_file_id) for task in tasks]

    _each_has_its_own(server, file_ids, asyncio.run(main()))


def _files(server: FaultServer, same: bool, lists: int) -> list[str]:
    server.world.behaviour.lag_lists = lists
    server.script("create_batch", *MIXED)
    file_ids = [server.world.add_file(b"{}").id for _ in range(CALLERS)]
    return file_ids[:1] * CALLERS if same else file_ids


def _each_has_its_own(server: FaultServer, file_ids: list[str], returned: list[tuple[str, str | None]]) -> None:
    held = sorted((job.id, job.input_file_id) for job in server.world.jobs.values())
    assert held == sorted(returned)
    assert file_ids == [file_id for _, file_id in returned]
    assert {} == server.unused()
    assert 0 == server.settle()
