"""Certificates for one run of the tests: the server's side, and a client's that trusts it."""

from __future__ import annotations

import ssl
from functools import cache

import trustme


@cache
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The TLS settings of the server and of a client that trusts it and nobody else."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client
