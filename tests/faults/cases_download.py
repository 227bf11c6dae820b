"""Downloads: the file whole, or the old one kept and nothing beside it."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from typing import Any

from attrs import evolve

from faults.acts import DOWNLOAD, DOWNLOAD_NEW, READ
from faults.case import Act, Case, Raises
from faults.families import (
    LOST,
    NO_EFFECT,
    PERMANENT,
    connecting,
    harmless,
    hopeless,
    mended,
    refused,
    sized,
    stalls,
)
from faults.fault import Exchange, FaultValue, Stop
from faults.faults import HTML, End, Fault
from faults.message import Reply
from faults.stage import Stage, lines
from together_batches import (
    APIConnectionError,
    APIResponseValidationError,
    APITimeoutError,
    DownloadError,
    InternalServerError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)

ROUTE = "content"
CUT = Fault.cut_body(1000)
CUTS = (
    *(Fault.cut_body(at) for at in (1, 1000, -1)),
    *(Fault.cut_chunked(at) for at in (1, 1000, -5, -1)),
    *(Fault.cut_unframed(at) for at in (1, 1000, -1)),
    Fault.in_body(End.RESET),
    Fault.in_body(End.FIN),
    Fault.stall_body(1000),
    Fault.wrong_length(+7),
    Fault.wrong_length(-7),
)
# What must not be joined to a beginning: each makes the client start again.
WRONG_RANGES = (
    Fault.ignoring("Range"),
    Fault.headers(Content_Range="bytes 0-99/100"),
    Fault.headers(Content_Range="bytes 999-4999/5000"),
    Fault.headers(Content_Range="bytes 1001-4999/5000"),
    Fault.headers(Content_Range="bytes 1000-4999/999999"),
    Fault.headers(Content_Range="bytes */5000"),
    Fault.headers(Content_Range="items 1000-4999/5000"),
    Fault.headers(Content_Range="garbage"),
    Fault.headers(Content_Range=f"bytes {'9' * 5000}-{'9' * 5000}/{'9' * 5000}"),
    Fault.headers(Content_Range=f"bytes 1000-4999/{'9' * 5000}"),
    Fault.headers(ETag='"another"'),
    Fault.without("Content-Range"),
    Fault.status(416, b""),
    Fault.status(206, b"other bytes"),
)
# What is not content although the status says so.
NOT_CONTENT = (
    Fault.html(200),
    Fault.html(206),
    Fault.status(200, {"error": "try again later"}),
    Fault.status(200, {"error": {"message": "no", "type": "server_error"}}),
    Fault.edited("HTML as bytes", lambda e: Reply(200, HTML).having({"Content-Type": "application/octet-stream"})),
    Fault.status(202, b""),
    Fault.status(204, b""),
)


def cases() -> Iterator[Case]:
    yield from connecting(DOWNLOAD)
    yield from harmless(DOWNLOAD, ROUTE)
    yield from mended(DOWNLOAD, ROUTE, NO_EFFECT)
    yield from mended(DOWNLOAD, ROUTE, tuple(f for f in LOST if f not in CUTS))
    yield from mended(DOWNLOAD, "get_file", (*NO_EFFECT[:6], *LOST))
    yield from refused(DOWNLOAD, ROUTE, {s: PERMANENT[s] for s in (400, 401, 403, 404, 409, 410, 422)})
    yield from refused(DOWNLOAD, "get_file", {s: PERMANENT[s] for s in (401, 403, 404)})
    yield from _cuts()
    yield from _resumptions()
    yield from _not_content()
    yield from _sizes()
    yield from _redirects()
    yield from _given_up()
    yield from _paths()
    yield from _healthy_services()


def _case(name: str, *faults: FaultValue | Callable[[Stage], FaultValue], act: Act = DOWNLOAD, **more: Any) -> Case:
    known = [fault for fault in faults if isinstance(fault, FaultValue)]
    return Case(act=act, name=name, script={ROUTE: faults}, **{"options": stalls(*known), **more})


def _resumed_at(offset: int) -> Callable[[Stage], bool]:
    return lambda stage: [None, f"bytes={offset}-"] == [r.header("Range") for r in stage.server.world.seen(ROUTE)]


def _cuts() -> Iterator[Case]:
    for fault in CUTS:
        yield _case(f"{ROUTE} {fault}", fault)
    for act in (DOWNLOAD_NEW, READ):
        for fault in (*CUTS[::3], Fault.status(503), Fault.html(200)):
            yield _case(f"{ROUTE} {fault}", fault, act=act)
    yield _case("cut at 1000, and resumed there", CUT, holds=_resumed_at(1000))
    yield _case("cut, no ETags, and resumed there", CUT, behaviour={"etags": False}, holds=_resumed_at(1000))
    yield _case("cut, no ranges", CUT, behaviour={"ranges": False}, requests={ROUTE: 2})
    yield _case("cut unframed, no ETags, no ranges", Fault.cut_unframed(), behaviour={"etags": False, "ranges": False})
    yield _case("cut chunked, no lengths", Fault.cut_chunked(), behaviour={"content_length": False})
    steps = [Fault.cut_body(500) for _ in range(8)]
    yield _case("cut eight times, a step forward each", *steps, requests={ROUTE: 9})
    yield _case(
        "cut, reset, 503, cut",
        CUT,
        Fault.before_processing(End.RESET),
        Fault.status(503),
        Fault.cut_body(700),
        requests={ROUTE: 5},
    )
    yield _case("cut, then retry after", CUT, Fault.retry_after(503, 4), slept=(4, 8), requests={ROUTE: 3})
    for fault in (Fault.cut_body(1000), Fault.cut_unframed(1000), Fault.in_body(End.RESET), Fault.cut_chunked(-5)):
        yield _case(f"TLS: {fault}", fault, tls=True)


def _resumptions() -> Iterator[Case]:
    for fault in WRONG_RANGES:
        yield _case(f"cut, the rest {str(fault)[:60]}", CUT, fault)
    yield _case("cut, and the file is another, of the same size", CUT, _changed(False))
    yield _case("cut, the file is another, If-Range ignored", CUT, _changed(False), behaviour={"if_range": False})
    yield _case(
        "cut, Accept-Ranges: none",
        Fault.edited("no ranges, cut", lambda e: e.reply.having({"Accept-Ranges": "none"})).then(End.CLOSE),
    )
    for etag in ('"\xe9"', "bare", "\x80", ""):
        odd = evolve(Fault.headers(ETag=etag), stop=Stop("body", 1000), end=End.CLOSE)
        yield _case(f"an ETag of {etag!r}, cut", odd)
    weak = Fault.edited("weak ETag", lambda e: e.reply.having({"ETag": 'W/"1"'}))
    yield _case("a weak ETag", weak, requests={ROUTE: 1})


def _changed(longer: bool) -> Callable[[Stage], FaultValue]:
    def change(stage: Stage) -> None:
        stage.data = lines(100, "world")
        stage.server.world.files[stage.file_id].data = stage.data

    return lambda stage: Fault.healthy().doing("the file changes", lambda: change(stage))


def _not_content() -> Iterator[Case]:
    for fault in NOT_CONTENT:
        yield _case(f"{ROUTE} once {fault}", fault)
    for fault in NOT_CONTENT[:4]:
        kinds = Raises(APIResponseValidationError)
        yield hopeless(DOWNLOAD, ROUTE, fault, kinds)
        unsized = Fault.json("no size", lambda file: {**file, "bytes": None})
        yield Case(
            act=DOWNLOAD, name=f"no size, always {fault}", always={ROUTE: fault, "get_file": unsized}, raises=kinds,
        )  # fmt: skip
    for fault in (Fault.html(200), Fault.status(200, {"error": "busy"})):
        yield _case(f"cut, the rest {fault}", CUT, fault, requests={ROUTE: 3})


def _sizes() -> Iterator[Case]:
    unsized = {"get_file": Fault.json("no size", lambda file: {**file, "bytes": None})}
    yield _case("no size known, healthy", always=unsized, requests={ROUTE: 1})
    yield _case("no size known, chunked", always=unsized, behaviour={"content_length": False}, requests={ROUTE: 1})
    yield _case("no size known, cut", CUT, always=unsized, requests={ROUTE: 2})
    yield _case(
        "no size known, cut chunked",
        Fault.cut_chunked(),
        always=unsized,
        behaviour={"content_length": False},
        requests={ROUTE: 2},
    )
    yield _case("no size known, cut unframed", Fault.cut_unframed(), always=unsized, requests={ROUTE: 2})
    yield Case(
        act=DOWNLOAD, name="no size known, always cut unframed", always={**unsized, ROUTE: Fault.cut_unframed()},
        raises=Raises(DownloadError, "no size is known"), requests={ROUTE: 5},
    )  # fmt: skip
    for by in (-10, +10):
        wrong = sized(by)
        yield Case(
            act=DOWNLOAD,
            name=f"the record says {wrong}",
            always={"get_file": wrong},
            raises=Raises(DownloadError, "bytes"),
        )
    yield Case(
        act=DOWNLOAD,
        name="always a length too short",
        always={ROUTE: Fault.wrong_length(-7)},
        raises=Raises(DownloadError),
    )
    yield Case(
        act=DOWNLOAD, name="always a length too short, no size known", always={**unsized, ROUTE: Fault.cut_body()},
        raises=Raises(DownloadError), behaviour={"ranges": False},
    )  # fmt: skip


def _redirects() -> Iterator[Case]:
    far = {"content_redirects": True}
    yield _case("content at storage", behaviour=far, requests={ROUTE: 1, "blob": 1})
    for fault in (
        Fault.status(503),
        CUT,
        Fault.in_head(End.RESET),
        Fault.cut_unframed(),
        Fault.html(200),
        Fault.status(403, b"expired"),
    ):
        yield Case(
            act=DOWNLOAD,
            name=f"storage {fault}",
            script={"blob": [fault]},
            behaviour=far,
            requests={"blob": 2, ROUTE: 2},
        )
    yield Case(
        act=DOWNLOAD, name="storage cut, resumed", script={"blob": [CUT]}, behaviour=far, holds=_range_at_storage
    )
    yield Case(
        act=DOWNLOAD, name="storage refuses connections", script={"connect:storage": [Fault.refuse()]}, behaviour=far
    )
    yield Case(
        act=DOWNLOAD, name="storage always 403", always={"blob": Fault.status(403, b"")}, behaviour=far,
        raises=Raises(PermissionDeniedError, having={"status_code": 403}),
    )  # fmt: skip
    yield Case(
        act=DOWNLOAD,
        name="storage 404",
        always={"blob": Fault.status(404, b"")},
        behaviour=far,
        raises=Raises(NotFoundError),
    )
    for status in (301, 302, 303, 307, 308):
        yield _case(f"{status} to foreign", Fault.redirect("foreign", status), requests={"foreign": 1})
        yield _case(f"{status} within the API", Fault.redirect("api", status), requests={ROUTE: 2})
    yield _case("a relative redirect", lambda s: _to(f"/v1/files/{s.file_id}/content"), requests={ROUTE: 2})
    yield _case("to foreign, then nowhere", Fault.redirect("dead"), Fault.redirect("foreign"), requests={"foreign": 1})
    yield hopeless(DOWNLOAD, ROUTE, Fault.redirect("api"), Raises(DownloadError, "redirects"), requests={})
    yield hopeless(DOWNLOAD, ROUTE, Fault.redirect("dead"), Raises(APIConnectionError))
    for address in (
        "file:///etc/passwd",
        "ftp://a.example/b",
        "http://u:p@127.0.0.1/",
        "http://127.0.0.1:0/",
        "http://[::1",
        "data:,x",
    ):
        yield _case(
            f"to {address}",
            _to(address),
            raises=Raises(APIResponseValidationError, "unusable address"),
            requests={ROUTE: 1},
        )
    yield _case(
        "TLS: to an origin without", _to("http://127.0.0.1:9/blob"), tls=True, requests={ROUTE: 1},
        raises=Raises(APIResponseValidationError, "unusable address"),
    )  # fmt: skip
    yield hopeless(DOWNLOAD, ROUTE, Fault.status(302), Raises(_api_status(), "302"), requests={ROUTE: 1})


def _api_status() -> Any:
    from together_batches import APIStatusError

    return APIStatusError


def _to(address: str) -> FaultValue:
    return Fault.edited(f"302 to {address}", lambda exchange: Reply(302).having({"Location": address}))


def _range_at_storage(stage: Stage) -> bool:
    return [None, "bytes=1000-"] == [request.header("Range") for request in stage.server.world.seen("blob")]


def _given_up() -> Iterator[Case]:
    for act in (DOWNLOAD, DOWNLOAD_NEW, READ):
        for fault, kind in (
            (Fault.status(503), InternalServerError),
            (Fault.status(429), RateLimitError),
            (Fault.before_processing(End.RESET), APIConnectionError),
            (Fault.before_processing(End.STALL), APITimeoutError),
            (Fault.cut_body(0), DownloadError),
        ):
            yield hopeless(act, ROUTE, fault, Raises(kind))
        for fault, kind in ((CUT, DownloadError), (Fault.status(500), InternalServerError)):
            yield Case(
                act=act, name=f"{fault}, no retries", script={ROUTE: [fault]}, options={"max_retries": 0},
                raises=Raises(kind), requests={ROUTE: 1},
            )  # fmt: skip
        yield Case(
            act=act, name="cut, then always 503", script={ROUTE: [CUT]}, always={ROUTE: Fault.status(503)},
            raises=Raises(InternalServerError), requests={ROUTE: 5},
        )  # fmt: skip
    yield _case(
        "over the cap", Fault.retry_after(503, 120), raises=Raises(InternalServerError, "120 s"), requests={ROUTE: 1}
    )


def _paths() -> Iterator[Case]:
    nowhere = evolve(
        DOWNLOAD_NEW,
        name="download to nowhere",
        call=lambda c, s: c.files.retrieve_content(s.file_id, output=s.folder / "no" / "x"),
    )
    yield Case(act=nowhere, name="no such folder", raises=Raises(InvalidArgumentError), requests={"*": 0})
    folder = evolve(
        DOWNLOAD_NEW,
        name="download to a folder",
        call=lambda c, s: c.files.retrieve_content(s.file_id, output=s.folder),
    )
    yield Case(act=folder, name="a folder", raises=Raises(InvalidArgumentError, "directory"), requests={"*": 0})


def _healthy_services() -> Iterator[Case]:
    packed = Fault.edited("gzip unasked", _packed)
    yield _case(str(packed), packed, requests={ROUTE: 1})
    yield _case("gzip unasked, cut", packed.then(End.CLOSE), requests={ROUTE: 1})
    empty = Case(act=DOWNLOAD, name="an empty file", before=_empty, requests={ROUTE: 1})
    yield empty
    yield _case("chunked", behaviour={"content_length": False}, requests={ROUTE: 1})
    large: dict[str, Any] = {"act": DOWNLOAD, "before": _large}
    yield Case(name="2 MB, healthy", requests={ROUTE: 1}, **large)
    yield Case(
        name="2 MB, cut thrice",
        script={ROUTE: [Fault.cut_body(700_000), Fault.cut_body(1), Fault.cut_body(-1)]},
        requests={ROUTE: 4},
        **large,
    )


def _packed(exchange: Exchange) -> Reply:
    reply = exchange.reply
    return Reply(reply.status, gzip.compress(reply.body), reply.headers).having({"Content-Encoding": "gzip"})


def _empty(stage: Stage) -> None:
    stage.data = b""
    stage.server.world.files[stage.file_id].data = b""


def _large(stage: Stage) -> None:
    stage.data = lines(40_000)
    stage.server.world.files[stage.file_id].data = stage.data
