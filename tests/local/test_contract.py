"""The server keeps the contract: whatever is sent to it, it answers as openapi.yaml says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig as Config

from together_batches import local

ROOT = Path(__file__).parent.parent.parent

# The contract cannot say all that is wrong: an empty name is of the right type, and yet a bad request.
config = Config()
accepted = config.projects.default.checks.positive_data_acceptance
accepted.expected_statuses = [*accepted.expected_statuses, "400"]
schema = schemathesis.openapi.from_path(ROOT / "openapi.yaml", config=config)


@pytest.fixture(scope="module")
def guarded() -> Iterator[local.Server]:
    """A server that accepts one key only."""
    with local.serve(api_key="right") as server:
        yield server


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_operation(case: schemathesis.Case, guarded: local.Server) -> None:
    """No request makes it fail, and each answer has a status, a type and a body that the contract knows."""
    case.call_and_validate(base_url=guarded.base_url, headers={"Authorization": f"Bearer {guarded.api_key}"})
