"""Which transport a client gets: ours where the road is direct, httpx where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme

from faults.server import FaultServer
from together_batches import AsyncTogether, ConfigurationError, Together
from together_batches._transport._asyncio import AsyncioConnections
from together_batches._transport._httpx import AsyncHttpx, Httpx
from together_batches._transport._sockets import Sockets

PROXIES = [f"{scheme}_proxy" for scheme in ("http", "https", "all", "no")]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_is_for_httpx(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It knows them all, and what goes without."""
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Together("k") as client:
        assert isinstance(client._transport, Httpx)
    made = AsyncTogether("k")
    assert isinstance(made._transport, AsyncHttpx)
    anyio.run(made.close)


def test_a_direct_road_is_for_ours() -> None:
    """Also where it is said what would go without a proxy."""
    with Together("k", "http://127.0.0.1:9") as client:
        assert isinstance(client._transport, Sockets)


@pytest.mark.parametrize(
    ("library", "options", "kind"),
    [
        ("asyncio", {}, AsyncioConnections),
        ("asyncio", {"use_uvloop": True}, AsyncioConnections),
        ("trio", {}, AsyncHttpx),
    ],
    ids=["asyncio", "uvloop", "trio"],
)
def test_the_library_is_that_of_the_first_call(
    library: str, options: dict[str, Any], kind: type, server: FaultServer
) -> None:
    """Ours is for asyncio, whoever makes the loop; all answer, and all end."""
    file_id = server.world.add_file(b"{}").id

    async def main() -> Any:
        async with AsyncTogether(server.key, server.base_url) as client:
            file = await client.files.retrieve(file_id)
            content = await client.files.retrieve_content(file_id)
            return file.id, content, type(client._transport._transport)

    assert (file_id, b"{}", kind) == anyio.run(main, backend=library, backend_options=options)
    assert 0 == server.settle()


@pytest.mark.anyio
async def test_a_client_that_was_never_used_can_be_closed() -> None:
    """And says so when it is used."""
    client = AsyncTogether("k", "http://127.0.0.1:9")
    await client.close()
    with pytest.raises(ConfigurationError, match="this client is closed"):
        await client.batches.list_batches()


def test_a_wrong_setting_for_certificates_is_told_where_the_client_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where it matters; a plain address needs none."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    for client in (Together, AsyncTogether):
        with pytest.raises(ConfigurationError, match=r"cannot set up HTTP: .*SSL_CERT_FILE"):
            client("k", "https://127.0.0.1:9")
    Together("k", "http://127.0.0.1:9").close()


def test_whom_to_trust_is_said_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file before a folder, and without either the authorities of certifi."""
    authority = tmp_path / "authority.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    with Together("k") as client:
        assert len(client._transport._tls().get_ca_certs()) > 50
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with Together("k") as client:
        assert [] == client._transport._tls().get_ca_certs()  # read when one of them is met
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with Together("k") as client:
        assert 1 == len(client._transport._tls().get_ca_certs())
