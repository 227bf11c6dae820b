"""Downloads that are whole: measured against every size that is known, resumed where the service can.

Rule 1: bytes count only when the head of their reply says that they are the file's, at the place where they go.
Rule 2: a download is whole when the transfer ended as its framing says, and the size is that of Content-Length and
that of the service's record of the file, as far as there are any; where there is neither, it cannot be known.
"""

from __future__ import annotations

import re

from ._effects import Failure, Fetch, Fetched, Flow, Instant, Now, Reply
from ._errors import APIResponseValidationError, DownloadError
from ._flow import same_origin
from ._json import as_object, loads
from ._operation import URL_REFUSED, perform, retrying
from ._reading import contract_error, is_html, looks_like_html, one_line, said, status_error, storage_error
from ._retry import Repeat, pause
from ._settings import Settings
from ._sink import Spool
from ._source import Meter, Progress
from ._wire import files as wire
from ._wire.checks import checked_url

MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


def download(file_id: str, sink: Spool, on_progress: Progress | None, settings: Settings) -> Flow[None]:
    """Fills `sink` with the content of a file, all of it. Raises DownloadError, or as any call does."""
    described = yield from perform(wire.get_file(file_id), settings)
    transfer = _Transfer(file_id, sink, described.bytes or None)
    sink.meter = Meter(described.bytes or 0, on_progress)
    started: Instant = yield Now()
    tries = 0
    while True:
        before = sink.size
        outcome = yield from _one_try(transfer, settings)
        now: Instant = yield Now()
        if isinstance(outcome, Reply) and transfer.ended_well(outcome):
            transfer.check_content(outcome, settings)
            return
        trouble = transfer.trouble(outcome)
        # Each step forward is worth as many tries again: what is there already is not asked for twice.
        if sink.size > before:
            tries, started = 0, now
        wait = pause(settings.policy, Repeat.SAFE, tries, trouble, now.monotonic - started.monotonic, now.unix)
        if wait is None:
            raise transfer.error(outcome, trouble, settings, now.unix)
        tries += 1
        yield from retrying(transfer.doing, trouble, tries, wait)


def _one_try(transfer: _Transfer, settings: Settings) -> Flow[Reply | Fetched | Failure]:
    """A reply when a body came to its end or none was wanted, Fetched when one was cut, Failure when none came."""
    target = transfer.path
    transfer.is_elsewhere = False
    for _ in range(MAX_REDIRECTS + 1):
        outcome: Fetched | Failure = yield Fetch(
            target, transfer.sink, transfer.begin, settings.timeout, transfer.headers()
        )
        if isinstance(outcome, Failure) or outcome.failure is not None:
            return outcome
        location = outcome.head.headers.get("location")
        if outcome.head.status not in _REDIRECTS or not location:
            return outcome.head
        base = target if "://" in target else settings.base_url + target
        target = checked_url(location, base, transfer.doing)
        transfer.is_elsewhere = not same_origin(target, settings.base_url)
    raise DownloadError(f"{transfer.doing}: more than {MAX_REDIRECTS} redirects; try again later")


class _Transfer:
    """What is known of a file that is on its way, over all tries."""

    def __init__(self, file_id: str, sink: Spool, expected: int | None) -> None:
        self.doing = f"the content of file {file_id}"
        self.path = wire.content_path(file_id)
        self.sink = sink
        self.expected = expected
        self.told_etag: str | None = None
        self.etag: str | None = None
        self.total: int | None = None
        self.accepted = False
        self.resumable = False
        self.is_elsewhere = False

    def headers(self) -> dict[str, str]:
        """Asks for the rest, where there is a beginning that can be held to be of the same file."""
        if not self.sink.size:
            return {}
        if not self.resumable:
            self.sink.restart()
            return {}
        rest = {"Range": f"bytes={self.sink.size}-"}
        return {**rest, "If-Range": self.etag} if self.etag else rest

    def begin(self, head: Reply) -> bool:
        """Whether the body of this reply is (the rest of) the file; makes the sink ready for it."""
        self.accepted = self._begins(head)
        return self.accepted

    def _begins(self, head: Reply) -> bool:
        length = _number(head.headers.get("content-length"))
        if head.status == 206:
            place = _RANGE.fullmatch(head.headers.get("content-range", "").strip())
            is_other = head.headers.get("etag", self.told_etag) != self.told_etag
            if place is None or int(place[1]) != self.sink.size or is_other:
                self.resumable = False
                return False
            total = _number(place[3])
            if self.total is not None and total not in {None, self.total}:
                self.resumable = False
                return False
            self.total = total if total is not None else self.total
            return True
        if head.status != 200 or is_html(head):
            return False
        encoded = "content-encoding" in head.headers
        if _is_json(head) and self.expected is not None and length not in {None, self.expected}:
            return False
        self.sink.restart()
        self.total = None if encoded else length
        self.told_etag = head.headers.get("etag")
        # Only a strong one says that the bytes are the same, and only ASCII can be sent back.
        strong = self.told_etag or ""
        self.etag = strong if strong.isascii() and strong.startswith('"') else None
        # The rest can be joined on only where it is sure to be of the same bytes.
        known = self.etag is not None or self.expected is not None or self.total is not None
        self.resumable = not encoded and known and head.headers.get("accept-ranges", "bytes") != "none"
        return True

    def ended_well(self, head: Reply) -> bool:
        """Whether the file is whole, now that a body came to its end."""
        if not self.accepted:
            return False
        sizes = {size for size in (self.total, self.expected) if size is not None}
        if sizes:
            return sizes == {self.sink.size}
        return "transfer-encoding" in head.headers

    def trouble(self, outcome: Reply | Fetched | Failure) -> Reply | Failure:
        """What went wrong in a try, as the retry policy sees it."""
        if isinstance(outcome, Failure):
            return outcome
        if isinstance(outcome, Fetched):
            return outcome.failure or Failure("cut", sent=True)
        if self.accepted:
            # Whole by its framing, yet of a wrong size: nothing can be built on it.
            self.resumable = self.resumable and self.sink.size < (self.expected or self.total or 0)
            return Failure(self._sizes(), sent=True)
        if outcome.status == 416:
            self.resumable = False
            return Failure("the range was refused", sent=True)
        if self.is_elsewhere and outcome.status in URL_REFUSED:
            # The next try begins at the API, which gives a fresh one.
            return Failure(f"storage refused the address ({outcome.status})", sent=True)
        if 200 <= outcome.status < 300:
            return Failure("an answer that is not the file's content", sent=True)
        return outcome

    def check_content(self, head: Reply, settings: Settings) -> None:
        """Refuses an error message that came with the status and the size of a file."""
        start = self.sink.start(64 * 1024)
        if looks_like_html(start):
            raise contract_error(
                self.doing, Reply(head.status, head.headers, start), "an HTML page came in place of the file", settings
            )
        if self.expected is None and len(start) == self.sink.size:
            try:
                value = as_object(loads(start))
            except ValueError:
                return
            if value is not None and value.get("error") and "custom_id" not in value:
                raise APIResponseValidationError(
                    f"{self.doing}: an error came in place of the file: {said(value, settings)}",
                    status_code=head.status,
                    request_id=head.request_id,
                    body=one_line(start, settings),
                )

    def error(
        self, outcome: Reply | Fetched | Failure, trouble: Reply | Failure, settings: Settings, unix: float
    ) -> Exception:
        """The exception that ends the tries."""
        if isinstance(outcome, Failure):
            return outcome.error(self.doing)
        if isinstance(outcome, Reply) and not 200 <= outcome.status < 300 and outcome.status != 416:
            if self.is_elsewhere:
                return storage_error(f"{self.doing}, from storage", outcome, unix)
            return status_error(self.doing, outcome, settings, unix)
        if isinstance(outcome, Reply) and not self.accepted and 200 <= outcome.status < 300:
            what = "an HTML page" if is_html(outcome) else "something else"
            return contract_error(self.doing, outcome, f"{what} came in place of the file", settings)
        failure = trouble if isinstance(trouble, Failure) else Failure(f"status {trouble.status}", sent=True)
        error = DownloadError(f"{self.doing}: {failure.reason} after {self.sink.size:,} bytes; try again")
        error.__cause__ = failure.cause
        return error

    def _sizes(self) -> str:
        if self.total is None and self.expected is None:
            return "the end cannot be told from a cut, since no size is known"
        return (
            f"{self.sink.size:,} bytes came, the answer announced {self.total if self.total is not None else 'none'}, "
            f"the service's record of the file says {self.expected if self.expected is not None else 'nothing'}"
        )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,18}", text) else None


def _is_json(head: Reply) -> bool:
    return head.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
