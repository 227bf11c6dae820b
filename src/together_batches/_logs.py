"""Presigned addresses kept out of errors, and out of the logs of the libraries below.

httpx logs each URL and httpcore each header, a presigned Location among them.
What they log in the course of our calls loses the queries of its URLs; what they log for others stays as it is.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_ours: ContextVar[bool] = ContextVar("together_batches_call", default=False)
_QUERY = re.compile(r"(https?://[^\s'\"?]*)\?[^\s'\"]*|\?[^\s'\"?=]*=[^\s'\"]*")
_LOGGERS = ("httpx", *(f"httpcore.{name}" for name in ("connection", "http11", "http2", "proxy", "socks")))


def without_queries(text: str) -> str:
    """`text` without the queries of the addresses in it, absolute or not."""
    return _QUERY.sub(r"\1?[redacted]", text)


class _Redaction(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if _ours.get():
            record.msg, record.args = without_queries(record.getMessage()), ()
        return True


@contextmanager
def quiet() -> Generator[None]:
    """Within it, and in this thread or task, addresses are logged without their queries."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


for _name in _LOGGERS:
    logging.getLogger(_name).addFilter(_Redaction())
