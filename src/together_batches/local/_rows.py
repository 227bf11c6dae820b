"""The rows that a running job has collected, in a file that may be cut at any moment and taken up again."""

from __future__ import annotations

import random
import time
import uuid
from pathlib import Path
from typing import IO, Any

from . import _json
from ._folder import Folder
from ._records import BATCH_OUTPUT, File, Job


class Rows:
    """A growing JSON Lines file and, in memory, where in it each custom_id is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: dict[str, tuple[int, int]] = {}
        path.touch(mode=0o600)
        # Unbuffered: what was added survives the death of the process.
        self._file: IO[bytes] = path.open("r+b", buffering=0)
        self._recover()

    def _recover(self) -> None:
        end = 0
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break  # the process died while it wrote this line
                self.places[_json.loads(line)["custom_id"]] = (end, len(line))
                end += len(line)
        self._file.truncate(end)
        self._file.seek(end)

    def add(self, row: dict[str, Any]) -> None:
        """Keeps a row."""
        line = _json.dumps(row) + b"\n"
        place = self._file.tell()
        written = 0
        while written < len(line):
            written += self._file.write(line[written:])
        self.places[row["custom_id"]] = (place, len(line))

    def close(self) -> None:
        """Ends the use of the file."""
        self._file.close()

    def publish(self, folder: Folder, job: Job, kind: str) -> File | None:
        """Makes an ordinary file of the rows, in an order that is random but always the same for a job."""
        if not self.places:
            return None
        places = [place for _, place in sorted(self.places.items())]
        random.Random(f"{job.id}/{kind}").shuffle(places)
        # Always the same id: when a job is finished twice, because the process died between, one file results.
        file_id = f"file-{uuid.uuid5(uuid.UUID(job.id), kind)}"
        with folder.incoming(folder.file(file_id)) as incoming:
            for place, size in places:
                self._file.seek(place)
                incoming.write(_exactly(self._file, size))
            arrived = incoming.arrived()
        return File(
            id=file_id,
            filename=f"batch_{job.id}_{kind}.jsonl",
            purpose=BATCH_OUTPUT,
            file_type="jsonl",
            created_at=time.time(),
            size=arrived.size,
            sha256=arrived.sha256,
            lines=arrived.lines,
            processed=True,
        )


def _exactly(file: IO[bytes], size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += file.read(size - len(data))
    return data
