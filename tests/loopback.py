"""A guard around the functions of the socket module that lead off this machine."""

from __future__ import annotations

import ipaddress
import os
from typing import Any


def guarded(real: Any, position: int, departed: list[str]) -> Any:
    """`real`, but an address, its argument at `position`, that is elsewhere is noted in `departed` and refused."""

    def guard(*args: Any, **kwargs: Any) -> Any:
        if not is_local(args[position]):
            departed.append(f"{os.environ.get('PYTEST_CURRENT_TEST')}: {args[position]!r}")
            raise OSError(f"a test may not leave this machine: {args[position]!r}")
        return real(*args, **kwargs)

    return guard


def is_local(address: object) -> bool:
    """Whether an address of the socket module, or a host alone, is on this machine: loopback or a UNIX socket."""
    address = address.decode() if isinstance(address, bytes) else address
    host = address[0] if isinstance(address, tuple) else address
    if host in {None, "", "localhost"} or (host == address and str(host).startswith("/")):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False
