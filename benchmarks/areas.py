"""What is measured: areas, their cases, who takes part in each, and at what size."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

GIB = 1024**3
MIB = 1024**2
GIVEN = dict[str, str | int]


@dataclass(frozen=True)
class Metric:
    """A figure of a sample: its key there, its name and unit in the tables."""

    key: str
    title: str
    unit: str
    better: Literal["less", "more"] = "less"
    digits: int = 0


MS = Metric("ms", "time", "ms", digits=1)
CPU_MS = Metric("cpu_ms", "CPU time", "ms", digits=1)
CPU_US = Metric("cpu_us", "CPU time a call", "µs")
US = Metric("us", "time a call", "µs")
PER_SECOND = Metric("per_second", "rate", "calls/s", "more")
SECONDS = Metric("seconds", "time", "s", digits=3)
CPU_SECONDS = Metric("cpu_seconds", "CPU time", "s", digits=3)
MB_PER_SECOND = Metric("mb_per_second", "rate", "MB/s", "more")
ABOVE_MB = Metric("above_mb", "memory above the start", "MB", digits=1)
PEAK_MB = Metric("peak_mb", "peak memory", "MB", digits=1)
US_A_ROW = Metric("us", "time a row", "µs", digits=2)


@dataclass(frozen=True)
class Entry:
    """A contender in a case; `label` tells two of one contender apart."""

    contender: str
    label: str = ""
    task: str = ""
    given: GIVEN = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.label or self.contender


@dataclass(frozen=True)
class Case:
    """One thing done by several. `quick` is what differs in a quick run, None where the case is left out of it."""

    name: str
    task: str
    entries: tuple[Entry, ...]
    given: GIVEN = field(default_factory=dict)
    quick: GIVEN | None = field(default_factory=dict)
    front: Literal["", "calls", "bytes", "bytes, TLS"] = ""
    knobs: str = ""


@dataclass(frozen=True)
class Area:
    """Cases that are told of together: the first metric is drawn."""

    name: str
    title: str
    says: tuple[str, ...]
    metrics: tuple[Metric, ...]
    cases: tuple[Case, ...]


def _entries(*names: str | Entry) -> tuple[Entry, ...]:
    return tuple(name if isinstance(name, Entry) else Entry(name) for name in names)


PEERS = ("together-1", "together-3", "openai-3")
_CALLERS = _entries("ours", "httpx", *PEERS, "http.client", "socket")
_PROTOCOL = Entry("socket", "asyncio alone", "crowd-asyncio")
_CROWD = _entries("ours", "httpx", "aiohttp", *PEERS, _PROTOCOL, "socket")
# What is so fast needs more calls to be measured.
_CROWD_AT_ONCE = tuple(
    replace(entry, given={"count": 6400}) if entry.contender == "socket" else entry for entry in _CROWD
)
_LISTERS = _entries("ours", "together-1", "together-3", "httpx")
_CHECKSUM = Entry("ours", "ours, checksum", given={"checksum": 1})
_SENDERS = _entries("ours", _CHECKSUM, "together-1", "together-3", "httpx", "curl", "socket")
_STREAM = Entry("together-3", "together-3, streaming", "stream")
_TAKERS = _entries("ours", "together-1", _STREAM, "httpx", "http.client", "curl", "socket")
_ALL_TAKERS = (*_TAKERS, Entry("together-3"))
_OFFSETS = Entry("orjson", "orjson, offsets", "join-offsets")
_DICTS = (Entry("json", "json, dict"), Entry("orjson", "orjson, dict"))

AREAS = (
    Area(
        "import",
        "Import",
        (
            "A fresh process imports the client and ends; the time is that of the whole process.",
            "The names are loaded when they are first used, so the second case makes a client too.",
        ),
        (MS, CPU_MS),
        (
            Case("import", "import", _entries("ours", "python", "httpx", *PEERS)),
            Case("import, and make a client", "client", _entries("ours", "httpx", *PEERS)),
        ),
    ),
    Area(
        "start",
        "Start to first answer",
        (
            "From the start of a process to the answer of its first `create_batch`.",
            "Over TLS the usual authorities are loaded too, which httpx does for a plain address as well.",
        ),
        (MS, CPU_MS),
        (
            Case("first create_batch", "start", _entries("ours", "httpx", *PEERS, "http.client"), front="calls"),
            Case("first create_batch, TLS", "start", _entries("ours", "httpx", *PEERS), front="bytes, TLS"),
        ),
    ),
    Area(
        "calls",
        "Calls, one after another",
        (
            "Blocking calls on one kept connection: CPU time of the client's process, user and system, a call.",
            "What is bare is `httpx.Client.request` and `json.loads`.",
        ),
        (CPU_US, US),
        (
            Case("create_batch", "create", _CALLERS, {"count": 1000}, {"count": 200}, "calls"),
            Case("get_batch", "get", _CALLERS, {"count": 1000}, {"count": 200}, "calls"),
        ),
    ),
    Area(
        "async",
        "Calls, 64 in flight",
        (
            "64 tasks call `get_batch` without a pause, over asyncio; the socket needs neither.",
            "Where each answer takes 20 ms, no client can make more than 3,200 calls a second.",
        ),
        (PER_SECOND, CPU_US),
        (
            Case(
                "answers after 20 ms",
                "crowd",
                _CROWD,
                {"count": 960, "in_flight": 64},
                {"count": 192},
                "calls",
                "/delay-20",
            ),
            Case("answers at once", "crowd", _CROWD_AT_ONCE, {"count": 640, "in_flight": 64}, None, "calls"),
        ),
    ),
    Area(
        "list",
        "List of jobs",
        (
            "`list_batches`, from the request to the values; httpx makes dicts of it and no more.",
            "The list of openai-3 comes in pages and cannot be compared.",
        ),
        (SECONDS, CPU_SECONDS, ABOVE_MB, PEAK_MB),
        (
            Case("10,000 jobs", "list", _LISTERS, {"count": 10_000}, {}, "bytes", "/jobs-10000"),
            Case("100,000 jobs", "list", _LISTERS, {"count": 100_000}, None, "bytes", "/jobs-100000"),
        ),
    ),
    Area(
        "upload",
        "Upload",
        (
            "`files.upload` of a file of 1 GiB, without the check of its lines: ask, PUT, confirm.",
            "together-3 hashes the file first, as ours does with `checksum=True`; curl and the socket only PUT.",
            "openai-3 sends a form of many parts, as its service wants it.",
        ),
        (MB_PER_SECOND, CPU_SECONDS, ABOVE_MB, PEAK_MB),
        (
            Case("plain", "upload", _SENDERS + _entries("openai-3"), {"size": GIB}, {"size": 64 * MIB}, "bytes"),
            Case("TLS", "upload", _SENDERS, {"size": GIB}, {"size": 64 * MIB}, "bytes, TLS"),
        ),
    ),
    Area(
        "download",
        "Download",
        (
            "`files.retrieve_content(id, output=path)` of a file of 1 GiB; ours verifies its size, then renames it.",
            "The socket forgets what it receives; together-3 without streaming holds all of it in memory.",
        ),
        (MB_PER_SECOND, CPU_SECONDS, ABOVE_MB, PEAK_MB),
        (
            Case("plain", "download", _ALL_TAKERS, {"size": GIB}, {"size": 64 * MIB}, "bytes"),
            Case("TLS", "download", _TAKERS, {"size": GIB}, {"size": 64 * MIB}, "bytes, TLS"),
        ),
    ),
    Area(
        "check",
        "Check of a request file",
        (
            "`check_requests` of a file of 50,000 lines and 100 MB: every rule, duplicates included.",
            "orjson and msgspec run a bare loop with the same rules; the `check_file` of the peers has fewer.",
        ),
        (SECONDS, CPU_SECONDS, ABOVE_MB, PEAK_MB),
        (
            Case(
                "50,000 lines",
                "check",
                _entries("ours", "together-1", "together-3", "orjson", "msgspec"),
                {"count": 50_000, "line": 2000},
                {"count": 10_000},
            ),
            Case(
                "200,000 lines, ours alone",
                "check",
                _entries("ours"),
                {"count": 200_000, "line": 2000, "large": 1},
                None,
            ),
        ),
    ),
    Area(
        "build",
        "Building requests",
        ("50,000 requests, made already, written to a file as lines.",),
        (SECONDS, CPU_SECONDS, ABOVE_MB),
        (
            Case(
                "50,000 requests",
                "build",
                _entries("ours", "json", "orjson", "msgspec"),
                {"count": 50_000},
                {"count": 10_000},
            ),
        ),
    ),
    Area(
        "join",
        "Joining answers to requests",
        (
            "50,000 shuffled answers of 2 kB beside their requests, in the order of these, written to a file.",
            "`collect` is the whole call, with the download of the answers; the other cases are the join alone.",
        ),
        (SECONDS, US_A_ROW, CPU_SECONDS, ABOVE_MB, PEAK_MB),
        (
            Case(
                "50,000 answers",
                "join",
                _entries("ours", *_DICTS, _OFFSETS),
                {"count": 50_000, "line": 2000},
                {"count": 10_000},
            ),
            Case(
                "collect of 50,000 answers", "collect", _entries("ours"), {"count": 50_000, "line": 2000}, None, "bytes"
            ),
            *(
                Case(f"{count:,} small answers", "join", _entries("ours"), {"count": count, "line": 700}, None)
                for count in (50_000, 200_000, 1_000_000)
            ),
        ),
    ),
)
