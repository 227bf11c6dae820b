"""Files: what goes up, what the service holds, what comes down."""

from __future__ import annotations

import builtins
import io
import os
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, overload

from ._check import check_source, require
from ._download import download
from ._effects import Flow, Work
from ._errors import InvalidArgumentError
from ._models import CheckReport
from ._objects import BatchEndpoint, FileDeleted, FileObject
from ._operation import perform
from ._settings import Settings
from ._sink import Spool, Target
from ._source import FileInput, Progress, Source, open_source
from ._upload import file_type_of, upload_source
from ._wire import files as wire

if TYPE_CHECKING:
    from ._flow import Blocking
    from ._flow_async import Async

BATCH_PURPOSE = "batch-api"


def upload(
    file: FileInput | Source,
    purpose: str,
    filename: str | None,
    on_progress: Progress | None,
    settings: Settings,
    check_for: str | None = BatchEndpoint.CHAT_COMPLETIONS,
    checksum: bool = False,
) -> Flow[FileObject]:
    """Checks a request file against the rules for the endpoint `check_for`, and sends it."""
    if not isinstance(purpose, str) or not purpose or not purpose.isprintable():
        raise InvalidArgumentError(f"purpose={purpose!r}: give a purpose such as {BATCH_PURPOSE!r}")
    with open_source(file, filename) as source:
        file_type_of(source.name)
        if purpose == BATCH_PURPOSE and check_for is not None:
            report: CheckReport = yield Work(partial(check_source, source, check_for))
            require(report)
        return (yield from upload_source(source, purpose, checksum, on_progress, settings))


def retrieve_content(
    file_id: str, output: str | os.PathLike[str] | None, on_progress: Progress | None, settings: Settings
) -> Flow[bytes | Path]:
    """Downloads to a path, or into memory."""
    if output is None:
        memory = io.BytesIO()
        yield from download(file_id, Spool(memory), on_progress, settings)
        return memory.getvalue()
    with closing(Target(output)) as target:
        yield from download(file_id, target, on_progress, settings)
        return target.commit()


class Files:
    """The files of an account, blocking. `timeout` (seconds of silence) and `max_retries` change one call."""

    def __init__(self, driver: Blocking, settings: Settings) -> None:
        self._driver = driver
        self._settings = settings

    def upload(
        self,
        file: FileInput,
        *,
        purpose: str = BATCH_PURPOSE,
        filename: str | None = None,
        check: bool = True,
        checksum: bool = False,
        on_progress: Progress | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> FileObject:
        """Sends a file, in constant memory, and returns the service's description of it.

        `file` is a path, or a binary file object that is sent from where it stands; its base name, or `filename`,
        is the name at the service and must end in .jsonl, .parquet or .csv.
        A request file (`purpose="batch-api"`) is checked first, as `check_requests` does, unless `check=False`.
        With `checksum=True` the file is read twice: its SHA-256 goes first, and bytes that the service has already
        are not sent again.
        `on_progress(sent, total)` is called with bytes, from whichever thread sends them.
        Raises FileCheckError or InvalidArgumentError before anything is sent, UploadError when the file changed
        while it was sent or the service holds another size.
        Source: the contract's `start_upload`, `preprocess_file`, `initiate_multipart_upload`.
        """
        check_for = BatchEndpoint.CHAT_COMPLETIONS if check else None
        settings = self._settings.but(timeout, max_retries)
        return self._driver.run(upload(file, purpose, filename, on_progress, settings, check_for, checksum))

    def list(self, *, timeout: float | None = None, max_retries: int | None = None) -> builtins.list[FileObject]:
        """All files of the account. Source: the contract's `list_files`."""
        return self._driver.run(perform(wire.list_files(), self._settings.but(timeout, max_retries)))

    def retrieve(self, id: str, *, timeout: float | None = None, max_retries: int | None = None) -> FileObject:
        """What the service says of a file. Raises NotFoundError. Source: the contract's `get_file`."""
        return self._driver.run(perform(wire.get_file(id), self._settings.but(timeout, max_retries)))

    @overload
    def retrieve_content(
        self,
        id: str,
        *,
        output: None = None,
        on_progress: Progress | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> bytes: ...

    @overload
    def retrieve_content(
        self,
        id: str,
        *,
        output: str | os.PathLike[str],
        on_progress: Progress | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> Path: ...

    def retrieve_content(
        self,
        id: str,
        *,
        output: str | os.PathLike[str] | None = None,
        on_progress: Progress | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> bytes | Path:
        """Downloads a file, verified: into memory, or to `output` in constant memory, whose path is returned.

        A file that is at `output` is replaced only by a complete one, and nothing else is left there.
        `on_progress(received, total)` is called with bytes.
        Raises DownloadError when what came is not the whole file. Source: the contract's `get_file_content`.
        """
        settings = self._settings.but(timeout, max_retries)
        return self._driver.run(retrieve_content(id, output, on_progress, settings))

    def delete(self, id: str, *, timeout: float | None = None, max_retries: int | None = None) -> FileDeleted:
        """Deletes a file for good. Raises NotFoundError. Source: the contract's `delete_file`."""
        return self._driver.run(wire.delete_file(id, self._settings.but(timeout, max_retries)))


class AsyncFiles:
    """The files of an account, awaited. `timeout` (seconds of silence) and `max_retries` change one call."""

    def __init__(self, driver: Async, settings: Settings) -> None:
        self._driver = driver
        self._settings = settings

    async def upload(
        self,
        file: FileInput,
        *,
        purpose: str = BATCH_PURPOSE,
        filename: str | None = None,
        check: bool = True,
        checksum: bool = False,
        on_progress: Progress | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> FileObject:
        """As `Files.upload`, awaited."""
        check_for = BatchEndpoint.CHAT_COMPLETIONS if check else None
        settings = self._settings.but(timeout, max_retries)
        return await self._driver.run(upload(file, purpose, filename, on_progress, settings, check_for, checksum))

    async def list(self, *, timeout: float | None = None, max_retries: int | None = None) -> builtins.list[FileObject]:
        """As `Files.list`, awaited."""
        return await self._driver.run(perform(wire.list_files(), self._settings.but(timeout, max_retries)))

    async def retrieve(self, id: str, *, timeout: float | None = None, max_retries: int | None = None) -> FileObject:
        """As `Files.retrieve`, awaited."""
        return await self._driver.run(perform(wire.get_file(id), self._settings.but(timeout, max_retries)))

    @overload
    async def retrieve_content(
        self,
        id: str,
        *,
        output: None = None,
        on_progress: Progress | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> bytes: ...

    @overload
    async def retrieve_content(
        self,
        id: str,
        *,
        output: str | os.PathLike[str],
        on_progress: Progress | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> Path: ...

    async def retrieve_content(
        self,
        id: str,
        *,
        output: str | os.PathLike[str] | None = None,
        on_progress: Progress | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> bytes | Path:
        """As `Files.retrieve_content`, awaited."""
        settings = self._settings.but(timeout, max_retries)
        return await self._driver.run(retrieve_content(id, output, on_progress, settings))

    async def delete(self, id: str, *, timeout: float | None = None, max_retries: int | None = None) -> FileDeleted:
        """As `Files.delete`, awaited."""
        return await self._driver.run(wire.delete_file(id, self._settings.but(timeout, max_retries)))
