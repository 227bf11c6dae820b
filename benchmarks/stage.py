"""Where a run takes place: a folder for large files, the server's process, and the variables that contenders see."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import data
from .environments import ROOT

SHARED_MEMORY = Path("/dev/shm")
# Large files, twice, and what the contenders need while they run.
ROOM_BYTES = 6 * 1024**3
# What a line of a request or an answer has beside its text.
REQUEST_OVERHEAD = 380
ANSWER_OVERHEAD = 560


@dataclass(frozen=True)
class Stage:
    """A folder, the origins of the server over it, and the certificate of its authority."""

    folder: Path
    origins: dict[str, str]
    authority: Path

    @property
    def files(self) -> str:
        """What kind of place the large files are in."""
        return "in memory (/dev/shm)" if self.folder.is_relative_to(SHARED_MEMORY) else "in the temporary folder"

    def variables(self, *, tls: bool) -> dict[str, str]:
        """The environment of a contender: nothing of the machine's settings, and trust in the server where it asks."""
        own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), "TMPDIR": str(self.folder)}
        trust = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        return own | (dict.fromkeys(trust, str(self.authority)) if tls else {})

    def large_file(self, size: int) -> Path:
        """A file of `size` bytes."""
        path = self.folder / f"bytes-{size}.jsonl"
        if not path.exists():
            data.write_bytes(path, size)
        return path

    def requests(self, count: int, line: int) -> Path:
        """A request file of `count` lines of about `line` bytes."""
        path = self.folder / f"requests-{count}-{line}.jsonl"
        if not path.exists():
            data.write_requests(path, count, line - REQUEST_OVERHEAD)
        return path

    def answers(self, count: int, line: int) -> Path:
        """The answers to it, shuffled."""
        path = self.folder / f"answers-{count}-{line}.jsonl"
        if not path.exists():
            data.write_answers(path, count, line - ANSWER_OVERHEAD)
        return path

    def clear(self) -> None:
        """Removes the files that were made, so that no area needs room for those of another."""
        for pattern in ("bytes-*", "requests-*", "answers-*", "output-*"):
            for path in self.folder.glob(pattern):
                path.unlink()


@contextmanager
def opened() -> Iterator[Stage]:
    """A stage that is gone afterwards, whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="benchmarks-", dir=_roomy()))
    try:
        authority, certificate = folder / "authority.pem", folder / "certificate.pem"
        _make_certificates(authority, certificate)
        command = [sys.executable, "-m", "benchmarks.server", folder, certificate]
        server = subprocess.Popen([*map(str, command)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert server.stdout is not None
            yield Stage(folder, json.loads(server.stdout.readline()), authority)
        finally:
            server.kill()
            server.communicate()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _roomy() -> Path | None:
    """The place for large files: memory when there is plenty, so that no disk is measured; else the usual one."""
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(lines["MemAvailable"].split()[0]) * 1024
        room = shutil.disk_usage(SHARED_MEMORY).free
    except (OSError, KeyError, ValueError):
        return None
    return SHARED_MEMORY if min(room, available / 2) > ROOM_BYTES else None


def _make_certificates(authority: Path, certificate: Path) -> None:
    import certifi
    import trustme

    issuer = trustme.CA()
    # Behind the usual authorities: a file with one alone would be faster to load than what users have.
    authority.write_bytes(Path(certifi.where()).read_bytes() + issuer.cert_pem.bytes())
    issuer.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
