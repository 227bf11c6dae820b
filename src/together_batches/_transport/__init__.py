"""How a request gets to a server and its answer back: over connections of our own, or over an httpx client.

Ours are direct HTTP/1.1 connections that are kept and used again, blocking (`_sockets`) and for asyncio (`_asyncio`),
over one reading of the protocol without I/O (`_http1`).
An httpx client (`_httpx`) carries what they do not: proxies, other async libraries, and a user's own settings.
All speak `Request`, `Answer` and `TransportError`, so that nothing above knows which it is.
"""
