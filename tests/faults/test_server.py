"""The server between and around faults: scripts, refusal, waits, counts, many cases, no leftovers."""

from __future__ import annotations

import threading

import httpx
import pytest

from faults.faults import End, Fault
from faults.message import Request
from faults.raw import connect, create, drain, request
from faults.server import FaultServer
from faults.world import KEY


def test_silence_ends_with_the_server() -> None:
    """Closing the server ends what is stalled, and leaves neither threads nor listening ports."""
    before = set(threading.enumerate())
    server = FaultServer()
    server.script("list_batches", Fault.stall_headers(), Fault.delayed(), Fault.healthy().after_release())
    with connect(server) as one, connect(server) as other, connect(server) as third:
        for held, sock in enumerate((one, third), 1):
            sock.sendall(request("GET", "/v1/batches"))
            server.wait_held(held)
        other.sendall(request("GET", "/v1/nothing"))
        assert b"HTTP/1.1 404 Not Found\r\n" == other.recv(24)
        server.close()
        assert b"" == drain(one)[0]
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()
    with pytest.raises(ConnectionRefusedError):
        connect(server)


def test_refused(server: FaultServer) -> None:
    """An origin refuses until the clock has moved as often as it is told, then is there again under its port."""
    with connect(server) as kept:
        kept.sendall(request("GET", "/v1/nothing"))
        kept.recv(1)
        server.script("connect:api", Fault.refuse(), Fault.refuse())
        assert "fin" == drain(kept)[1]
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            connect(server)
        connect(server, "storage").close()
        server.clock.sleep(1.0)
    connect(server).close()
    assert {} == server.unused()
    with pytest.raises(ConnectionRefusedError):
        connect(server, "dead")


def test_a_route_of_its_own_before_a_wider_one(server: FaultServer) -> None:
    """A part's own script goes before that of all parts, and that before any route's."""
    server.script("*", Fault.status(501))
    server.script("put_part", Fault.status(502))
    server.script("put_part:2", Fault.status(503))
    with httpx.Client() as client:
        url = f"{server.origins['storage']}/part/upload-1/2"
        assert [503, 502, 501, 403] == [client.put(url, content=b"x").status_code for _ in range(4)]


def test_a_fault_that_lasts(server: FaultServer) -> None:
    """A route's lasting fault comes after its script, as often as it is met, and leaves nothing unused."""
    server.script("list_batches", Fault.status(502))
    server.always("list_batches", Fault.status(503))
    with httpx.Client(base_url=server.base_url) as client:
        assert [502, 503, 503, 503] == [client.get("/batches").status_code for _ in range(4)]
    assert {} == server.unused()
    server.always("connect:api", Fault.refuse())
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            connect(server)
        server.clock.sleep(1.0)
    server.reset()
    connect(server).close()


def test_a_script_that_cannot_be(server: FaultServer) -> None:
    """A route that is none, and a fault that its route cannot have, are refused."""
    with pytest.raises(ValueError, match="no such route: creat_batch"):
        server.script("creat_batch", Fault.healthy())
    with pytest.raises(ValueError, match="'refuse' cannot be a fault of put"):
        server.script("put", Fault.refuse())
    with pytest.raises(ValueError, match="cannot be a fault of connect:api"):
        server.script("connect:api", Fault.status(500))


def test_what_the_client_leaves_open_is_counted(server: FaultServer) -> None:
    """A connection that stays open is told, until it is closed."""
    with connect(server) as sock:
        sock.sendall(request("GET", "/v1/batches"))
        sock.recv(1)
        assert 1 == server.settle()
    assert 0 == server.settle()


def test_a_cut_request_is_told(server: FaultServer) -> None:
    """A body that ends early is noted with what came, and takes no effect."""
    stored = server.world.add_file(None)
    with connect(server, "storage") as sock:
        sock.sendall(request("PUT", f"/put/{stored.id}", b"half", announce=8, keyed=False))
    assert 0 == server.settle()
    (seen,) = server.world.requests
    assert ("put", False, b"half", None) == (seen.route, seen.complete, seen.body, stored.data)


def test_leaks() -> None:
    """The key and any credentials beyond the API are told, and a signature that comes back to it."""
    server = FaultServer()
    bearer, signed = (("authorization", f"Bearer {KEY}"),), "/x?s=canary-signature-1"
    for origin, target, headers, body in (
        ("api", "/v1/batches", bearer, b""),
        ("storage", "/put/1", (), b""),
        ("storage", "/put/1", bearer, b""),
        ("foreign", "/", (("cookie", "a=b"),), b""),
        ("foreign", "/", (("referer", KEY),), b""),
        ("storage", "/put/1", (), b"..." + KEY.encode()),
        ("api", signed, bearer, b""),
    ):
        server.world.requests.append(Request(origin, "GET", target, headers, 1, body=body))
    assert [
        "credentials to storage unknown",
        "credentials to foreign unknown",
        "key in a header to foreign unknown",
        "key in the target or body to storage unknown",
        "signature to api unknown",
    ] == server.world.leaks()
    server.close()


@pytest.mark.anyio
async def test_an_async_client(server: FaultServer) -> None:
    """A client on the tests' own event loop is served and cut alike."""
    server.script("list_batches", Fault.reset_before_processing(), Fault.in_body(End.FIN, 1))
    async with httpx.AsyncClient(base_url=server.base_url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        with pytest.raises(httpx.ReadError):
            await client.get("/batches")
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/batches")
        assert [] == (await client.get("/batches")).json()
    assert 0 == server.settle()


def test_a_thousand_cases(server: FaultServer) -> None:
    """Cases leave no thread behind."""
    before = threading.active_count()
    faults = (Fault.reset_after_processing(), Fault.cut_body(), Fault.status(503), Fault.drop_kept())
    for number in range(1000):
        server.reset()
        server.script("create_batch", faults[number % len(faults)])
        with connect(server) as sock:
            sock.sendall(create().replace(b"Host", b"Connection: close\r\nHost"))
            drain(sock)
        assert 0 == server.settle()
        assert (number % 4 != 2) == bool(server.world.jobs)
    server.reset()
    assert threading.active_count() <= before + 1
