"""Faults that end a connection somewhere on the way of a request and its answer."""

from __future__ import annotations

from faults.fault import End, FaultValue, Reads, Stop

GARBAGE = b"\x16\x03\x01\x02\x00 220 mail.example ESMTP\r\n\x00\xff\xfe"


def _at(offset: int | None) -> str:
    return "" if offset is None else f" at {offset}"


class Endings:
    """Faults that end a connection, or leave it silent."""

    # At the opening of a connection: for the routes `connect:api`, `connect:storage` and `connect:foreign`.

    @staticmethod
    def refuse() -> FaultValue:
        """Nothing listens, until the tests' clock has moved once; connections that wait for a request are closed."""
        return FaultValue("refuse", refuses=True)

    @staticmethod
    def reset_on_connect() -> FaultValue:
        """RST to the first bytes that the client sends, none of which are read."""
        return FaultValue("reset on connect", reads=Reads.NOTHING, processes=False, raw=b"", end=End.RESET)

    @staticmethod
    def fin_on_connect() -> FaultValue:
        return FaultValue("fin on connect", reads=Reads.NOTHING, processes=False, raw=b"", end=End.FIN)

    @staticmethod
    def stall_on_connect() -> FaultValue:
        return FaultValue("stall on connect", reads=Reads.NOTHING, processes=False, raw=b"", end=End.STALL)

    @staticmethod
    def garbage_on_connect(data: bytes = GARBAGE) -> FaultValue:
        """Bytes that are no HTTP, and under TLS no TLS."""
        return FaultValue("garbage on connect", reads=Reads.NOTHING, processes=False, raw=data, end=End.FIN)

    # While the request is read: it takes no effect.

    @staticmethod
    def before_reading(end: End) -> FaultValue:
        """The head is read, and nothing of the body."""
        return FaultValue(f"{end.value} before reading", reads=Reads.HEAD, processes=False, raw=b"", end=end)

    @staticmethod
    def in_request(end: End, at: int | None = None) -> FaultValue:
        """In the request's body: after `at` bytes, or its half."""
        name = f"{end.value} in the request{_at(at)}"
        return FaultValue(name, reads=Reads.SOME, read_bytes=at, processes=False, raw=b"", end=end)

    # After the request is read: `before_processing` it takes no effect, `after_processing` it does.

    @staticmethod
    def before_processing(end: End) -> FaultValue:
        return FaultValue(f"{end.value} before processing", processes=False, raw=b"", end=end)

    @staticmethod
    def no_answer(end: End) -> FaultValue:
        """The request takes effect, and nothing is answered: the fault that makes second jobs."""
        return FaultValue(f"{end.value} after processing", raw=b"", end=end)

    @staticmethod
    def reset_before_reading() -> FaultValue:
        return Endings.before_reading(End.RESET)

    @staticmethod
    def reset_in_request(at: int | None = None) -> FaultValue:
        return Endings.in_request(End.RESET, at)

    @staticmethod
    def reset_before_processing() -> FaultValue:
        return Endings.before_processing(End.RESET)

    @staticmethod
    def reset_after_processing() -> FaultValue:
        return Endings.no_answer(End.RESET)

    @staticmethod
    def stall_headers() -> FaultValue:
        """The request takes effect, and then silence."""
        return Endings.no_answer(End.STALL)

    # In the answer: the request has taken effect.

    @staticmethod
    def in_head(end: End, at: int | None = None) -> FaultValue:
        return FaultValue(f"{end.value} in the headers{_at(at)}", stop=Stop("head", at), end=end)

    @staticmethod
    def in_body(end: End, at: int | None = None) -> FaultValue:
        """After `at` bytes of the body as framed, or its half; `.chunked()` and `.unframed()` apply."""
        return FaultValue(f"{end.value} in the body{_at(at)}", stop=Stop("body", at), end=end)

    @staticmethod
    def at_byte(end: End, at: int) -> FaultValue:
        """After any byte of the whole answer, head and body."""
        return FaultValue(f"{end.value} at byte {at}", stop=Stop("wire", at), end=end)

    @staticmethod
    def cut_body(at: int | None = None) -> FaultValue:
        """A body cut in order, as by a proxy: under TLS with close_notify."""
        return Endings.in_body(End.CLOSE, at)

    @staticmethod
    def cut_chunked(at: int | None = None) -> FaultValue:
        """A chunked body cut; `-5` leaves out its last chunk alone."""
        return Endings.in_body(End.CLOSE, at).chunked()

    @staticmethod
    def cut_unframed(at: int | None = None) -> FaultValue:
        """A body without a length, cut: on the wire just like a shorter file."""
        return Endings.in_body(End.CLOSE, at).unframed()

    @staticmethod
    def stall_body(at: int | None = None) -> FaultValue:
        return Endings.in_body(End.STALL, at)

    @staticmethod
    def wrong_length(by: int) -> FaultValue:
        """A Content-Length that is off: below zero the client sees a whole, shorter body."""
        return FaultValue(f"length off by {by:+d}", wrong_by=by, end=End.CLOSE)

    @staticmethod
    def drop_kept() -> FaultValue:
        """A whole answer that promises to keep the connection, which then ends."""
        return FaultValue("whole answer, then fin", end=End.DROP_KEPT)

    @staticmethod
    def reset_kept() -> FaultValue:
        return FaultValue("whole answer, then reset", end=End.RESET)

    @staticmethod
    def garbage(data: bytes = GARBAGE) -> FaultValue:
        return FaultValue("garbage", processes=False, raw=data, end=End.CLOSE)
