"""The judge itself: a client that lies, leaks or litters does not pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve

from faults import acts
from faults.__main__ import table
from faults.case import Act, Case, Raises, Verdict, judge
from faults.faults import Fault
from faults.server import FaultServer
from faults.stage import ENDPOINT, Stage
from together_batches import APIConnectionError, NotFoundError, TogetherError

LOST = Fault.reset_after_processing()


def _judged(server: FaultServer, tmp_path: Path, act: Act, **more: Any) -> Verdict:
    return judge(server, Case(act=act, name="case", **more), "blocking", tmp_path / "stage")


def _with(act: Act, call: Callable[[Any, Stage], Any]) -> Act:
    return evolve(act, call=call)


def _creates_twice(client: Any, stage: Stage) -> Any:
    """A client that repeats what was lost, as the others do."""
    headers = {"Authorization": f"Bearer {stage.server.key}"}
    with httpx.Client(base_url=stage.server.base_url, headers=headers, trust_env=False) as http:
        body = {"input_file_id": stage.file_id, "endpoint": ENDPOINT}
        try:
            http.post("/batches", json=body)
        except httpx.HTTPError:
            return client.batches.get_batch(http.post("/batches", json=body).json()["job"]["id"])


def _raises(error: Exception, first: Callable[[Any, Stage], Any] | None = None) -> Callable[[Any, Stage], Any]:
    def call(client: Any, stage: Stage) -> Any:
        if first is not None:
            first(client, stage)
        raise error

    return call


def test_a_second_job_is_seen(server: FaultServer, tmp_path: Path) -> None:
    """Two jobs are one too many, whatever the client returns."""
    verdict = _judged(server, tmp_path, _with(acts.CREATE, _creates_twice), script={"create_batch": [LOST]})
    assert (1, ("2 jobs in place of 1",)) == (verdict.second_jobs, verdict.problems)


def test_a_concealed_job_is_seen(server: FaultServer, tmp_path: Path) -> None:
    """An error that does not say that there is a job, though there is."""
    act = _with(acts.CREATE, _raises(APIConnectionError("no"), acts.CREATE.call))
    verdict = _judged(server, tmp_path, act, raises=Raises(APIConnectionError), jobs=1)
    assert (True, True) == (verdict.job_despite_error, verdict.job_concealed)


@pytest.mark.parametrize("value", [b"", b"other", None])
def test_wrong_data_is_seen(value: object, server: FaultServer, tmp_path: Path) -> None:
    """A value that is not what the world holds."""
    verdict = _judged(server, tmp_path, _with(acts.READ, lambda client, stage: value))
    assert verdict.wrong_data
    assert verdict.problems


def test_a_foreign_error_is_seen(server: FaultServer, tmp_path: Path) -> None:
    """Another library's exception is not the right one, even in a case that must fail."""
    act = _with(acts.GET, _raises(httpx.ReadError("cut")))
    verdict = _judged(server, tmp_path, act, raises=Raises(APIConnectionError))
    assert verdict.foreign
    assert verdict.problems


@pytest.mark.parametrize(
    "raises", [Raises(TogetherError), Raises(NotFoundError, "words"), Raises(NotFoundError, having={"status_code": 1})]
)
def test_a_wrong_error_is_seen(raises: Raises, server: FaultServer, tmp_path: Path) -> None:
    """Of another class, in other words, with other attributes."""
    act = _with(acts.GET, _raises(NotFoundError("no", status_code=404)))
    assert _judged(server, tmp_path, act, raises=raises).problems


def test_a_key_in_an_error_is_seen(server: FaultServer, tmp_path: Path) -> None:
    """An error that shows a canary is not right."""
    act = _with(acts.GET, _raises(NotFoundError(f"no {server.key}")))
    assert "shows" in _judged(server, tmp_path, act, raises=Raises(NotFoundError)).problems[0]


def test_litter_and_loss_are_seen(server: FaultServer, tmp_path: Path) -> None:
    """A file beside the target, one in the temporary folder, and an old file that is gone."""

    def call(client: Any, stage: Stage) -> None:
        (stage.folder / ".answers.part").touch()
        (stage.temporary / "tmp1").touch()
        stage.target.unlink()
        raise APIConnectionError("no")

    verdict = _judged(server, tmp_path, _with(acts.DOWNLOAD, call), raises=Raises(APIConnectionError))
    assert (".answers.part", "tmp1") == verdict.leftovers
    assert "the file at the path is not what it was" in verdict.problems


def test_a_fault_that_was_not_met_is_seen(server: FaultServer, tmp_path: Path) -> None:
    """A case whose fault never happened proves nothing."""
    verdict = _judged(server, tmp_path, acts.GET, script={"list_batches": [LOST]})
    assert ("faults that were not met: {'list_batches': ['reset after processing']}",) == verdict.problems


def test_too_many_requests_and_waits_are_seen(server: FaultServer, tmp_path: Path) -> None:
    """Counts and times are held to what the case says."""
    verdict = _judged(server, tmp_path, acts.GET, requests={"get_batch": 2, "*": 2}, slept=(1, 2))
    assert 3 == len(verdict.problems)


def test_the_table_counts(server: FaultServer, tmp_path: Path) -> None:
    """A line for the group and one for all, with what could succeed and did."""
    good = _judged(server, tmp_path / "1", acts.GET)
    bad = _judged(server, tmp_path / "2", _with(acts.GET, _raises(KeyError("id"))))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table([good, bad]).splitlines()]
    assert ["get", "2", "1 of 2", "0", "0", "0", "0", "1", "0", "0"] == rows[2][:10]
    assert ["all", "2", "1 of 2"] == rows[3][:3]
