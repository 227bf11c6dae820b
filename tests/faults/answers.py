"""Faults in what is answered: other statuses, other bodies, healthy answers changed."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

from attrs import evolve

from faults.fault import Edit, End, Exchange, FaultValue, Hold, Reads
from faults.message import Reply, header
from faults.storage import sign

HTML = b"<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"
XML = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'


class Answers:
    """Faults that answer something else than the healthy service."""

    # Other answers: without `.after_processing()` the request takes no effect.

    @staticmethod
    def answer_early(status: int) -> FaultValue:
        """An error before the body is read, and the end of the connection."""
        made = _replying(f"early {status}", lambda _: Reply(status, HTML, _TEXT_HTML))
        return evolve(made, reads=Reads.HEAD, end=End.CLOSE)

    @staticmethod
    def status(status: int, body: bytes | object = None, **headers: str) -> FaultValue:
        """Any status, with bytes, or a value as JSON, or the service's error for its family of routes."""
        told = "".join(f" {name.replace('_', '-')}: {value}" for name, value in headers.items())

        def edit(exchange: Exchange) -> Reply:
            if isinstance(body, bytes):
                return Reply(status, body).having(headers)
            value = error_body(exchange.request.route, status) if body is None else body
            return Reply.json(status, value).having(headers)

        shown = "" if body is None else f" {body[:24]!r}" if isinstance(body, bytes) else f" {_short(body)}"
        return _replying(f"{status}{told}{shown}", edit)

    @staticmethod
    def html(status: int = 200) -> FaultValue:
        return _replying(f"{status} with HTML", lambda _: Reply(status, HTML, _TEXT_HTML))

    @staticmethod
    def retry_after(status: int, seconds: float, form: str = "seconds") -> FaultValue:
        """A wait asked for as `seconds`, as a `date` on the service's clock, or in `ms`."""

        def edit(exchange: Exchange) -> Reply:
            told = {
                "seconds": {"Retry-After": f"{seconds:g}"},
                "date": {"Retry-After": formatdate(exchange.unix + seconds, usegmt=True)},
                "ms": {"retry-after-ms": f"{seconds * 1000:g}"},
            }[form]
            return Reply.json(status, error_body(exchange.request.route, status)).having(told)

        return _replying(f"{status} retry after {seconds:g} s as {form}", edit)

    @staticmethod
    def redirect(to: str, status: int = 302, path: str | None = None) -> FaultValue:
        """To the origin of that name (`api`, `storage`, `foreign`, `dead`), the same target unless a path is given.

        For content on another origin than the API, the target is the presigned one of the file.
        """

        def edit(exchange: Exchange) -> Reply:
            request = exchange.request
            presigned = request.route == "content" and to != "api"
            target = sign(f"/blob/{request.arguments[0]}") if presigned else request.target
            return Reply(status).having({"Location": exchange.origins[to] + (path or target)})

        return _replying(f"{status} to {to}{'' if path is None else path}", edit)

    @staticmethod
    def relocated(to: str) -> FaultValue:
        """The healthy redirect, to the origin of that name instead."""

        def edit(exchange: Exchange) -> Reply:
            target = urlsplit(header(exchange.reply.headers, "Location") or "")
            return exchange.reply.having({"Location": f"{exchange.origins[to]}{target.path}?{target.query}"})

        return FaultValue(f"relocated to {to}", edit=edit)

    @staticmethod
    def revoked_url() -> FaultValue:
        """The presigned URL is refused, now and ever after."""
        return evolve(_replying("403 URL expired", lambda _: Reply(403, XML, _APPLICATION_XML)), revokes=True)

    # Changes to the healthy answer: the request takes effect.

    @staticmethod
    def healthy() -> FaultValue:
        return FaultValue("healthy")

    @staticmethod
    def edited(name: str, edit: Edit) -> FaultValue:
        return FaultValue(name, edit=edit)

    @staticmethod
    def json(name: str, change: Callable[[Any], Any]) -> FaultValue:
        """The healthy answer's JSON, changed; a change that returns None has changed it in place."""

        def edit(exchange: Exchange) -> Reply:
            value = exchange.reply.value()
            changed = change(value)
            return evolve(exchange.reply, body=json_module.dumps(value if changed is None else changed).encode())

        return FaultValue(name, edit=edit)

    @staticmethod
    def body(body: bytes, name: str | None = None) -> FaultValue:
        """Other bytes under the healthy status and headers."""
        return FaultValue(name or f"body {body[:24]!r}", edit=lambda exchange: evolve(exchange.reply, body=body))

    @staticmethod
    def headers(**headers: str) -> FaultValue:
        told = ", ".join(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())
        return FaultValue(f"with {told}", edit=lambda exchange: exchange.reply.having(headers))

    @staticmethod
    def without(*names: str) -> FaultValue:
        return FaultValue(f"without {', '.join(names)}", edit=lambda exchange: exchange.reply.without(*names))

    @staticmethod
    def ignoring(*names: str) -> FaultValue:
        """The healthy answer to the request without these headers: `Range`, say."""
        return FaultValue(f"ignoring {', '.join(names)}", ignores=tuple(name.lower() for name in names))

    @staticmethod
    def delayed() -> FaultValue:
        """The request takes effect; the answer waits for another request to come."""
        return FaultValue("delayed to the next request", hold=Hold.NEXT_REQUEST)

    @staticmethod
    def fragmented() -> FaultValue:
        """The healthy answer, a byte a packet."""
        return FaultValue("a byte at a time", fragmented=True)

    @staticmethod
    def interim(status: int = 103) -> FaultValue:
        """The healthy answer after a 1xx."""
        return FaultValue(f"{status} first", interim=b"HTTP/1.1 %d Interim\r\n\r\n" % status)


_TEXT_HTML = (("Content-Type", "text/html; charset=utf-8"),)
_APPLICATION_XML = (("Content-Type", "application/xml"),)


def _replying(name: str, edit: Edit) -> FaultValue:
    return FaultValue(name, edit=edit, processes=False)


def _short(value: object) -> str:
    text = json_module.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def error_body(route: str, status: int) -> dict[str, object]:
    """The service's error in the shape of that route: a text for batches, an object for files."""
    if "batch" in route:
        return {"error": f"scripted {status}", "request_id": "req-scripted"}
    return {"error": {"message": f"scripted {status}", "type": "server_error", "param": None, "code": None}}
