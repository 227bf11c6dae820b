"""The server's process: `python -m benchmarks.server FOLDER [CERTIFICATE]` prints where it is and serves to the end.

The end is that of its standard input, so that it never outlives who started it.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import sys
from pathlib import Path

from . import bulk, crowd
from .service import Service


def bound(scheme: str) -> tuple[socket.socket, str]:
    """A socket on a free port of loopback, and its origin as a URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"


async def serve(folder: Path, certificate: Path | None) -> None:
    """Opens the fronts, says where they are, and serves until standard input ends."""
    service = Service(folder)
    origins = {}
    listener, origins["calls"] = bound("http")
    await crowd.listen(service, listener, origins["calls"])
    listener, origins["bytes"] = bound("http")
    bulk.listen(service, listener, origins["bytes"])
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.minimum_version = ssl.TLSVersion.TLSv1_3
        tls.load_cert_chain(certificate)
        listener, origins["bytes, TLS"] = bound("https")
        bulk.listen(service, listener, origins["bytes, TLS"], tls)
    print(json.dumps(origins), flush=True)
    await asyncio.to_thread(sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
