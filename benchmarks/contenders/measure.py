"""What every contender shares: `contender.py TASK key=value…` measures one task and prints one line of JSON.

Only the standard library, and little of it: it is loaded into what is measured.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time

ENDPOINT = "/v1/chat/completions"
KEY = "key-of-nobody"
WARM_CALLS = 30
# What a contender ends with that has no such task, after saying why.
LEFT_OUT = 3


class Given(dict):
    """The arguments of a task, as attributes; a number stays one."""

    def __getattr__(self, name):
        return self[name]

    @property
    def api(self):
        """The base URL with its version, as most clients want it."""
        return self["url"] + "/v1"


def left_out(why):
    """Ends the process, saying why there is nothing to measure."""
    print(json.dumps({"left_out": why}))
    sys.exit(LEFT_OUT)


def main(tasks):
    """Runs the task that the command line names."""
    name, *words = sys.argv[1:]
    if name not in tasks:
        left_out("has no such task")
    given = Given()
    for word in words:
        key, _, value = word.partition("=")
        given[key] = int(value) if value.isdigit() else value
    print(json.dumps(tasks[name](given)))


class Watch:
    """Time, CPU time of this process and its memory, from `start` to `stop`."""

    def start(self):
        self._resident = _memory_mb("VmRSS")
        try:  # the peak begins anew here, where the system can do that
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
        except OSError:
            pass
        self._cpu = _cpu_seconds()
        self._begun = time.perf_counter()
        return self

    def stop(self, *, count=1, size=0):
        """What `count` acts, over `size` bytes, took."""
        seconds = time.perf_counter() - self._begun
        cpu = _cpu_seconds() - self._cpu
        peak = _memory_mb("VmHWM")
        return {
            "seconds": seconds,
            "cpu_seconds": cpu,
            "us": seconds / count * 1e6,
            "cpu_us": cpu / count * 1e6,
            "per_second": count / seconds,
            "mb_per_second": size / seconds / 1e6,
            "peak_mb": peak,
            "above_mb": max(0.0, peak - self._resident),
        }


def repeated(call, count, warm=WARM_CALLS):
    """What one call takes, after some to warm up."""
    for _ in range(warm):
        call()
    watch = Watch().start()
    for _ in range(count):
        call()
    return watch.stop(count=count)


def once(act, *, count=1, size=0):
    """What one act takes."""
    watch = Watch().start()
    kept = act()
    took = watch.stop(count=count, size=size)
    del kept
    return took


async def crowded(call, count, in_flight):
    """What calls take of which `in_flight` are always on their way."""
    await _crowd(call, in_flight, in_flight)
    watch = Watch().start()
    await _crowd(call, count, in_flight)
    return watch.stop(count=count)


async def _crowd(call, count, in_flight):
    numbers = iter(range(count))

    async def one():
        for _ in numbers:
            await call()

    await asyncio.gather(*(one() for _ in range(in_flight)))


def chunks(path, size=512 * 1024):
    """The bytes of a file, as a bare client would send them."""
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(size):
            yield chunk


def _cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _memory_mb(field):
    """Resident memory, of now or its peak; not ru_maxrss, which begins with that of the process that started this."""
    try:
        with open("/proc/self/status") as file:
            for line in file:
                if line.startswith(field):
                    return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def parts_of(url):
    """The host, the port and the path of a URL."""
    host, _, path = url.partition("://")[2].partition("/")
    name, _, port = host.partition(":")
    return name, int(port), f"/{path}"


def cafile():
    """The certificate of the server's authority, where it speaks TLS."""
    return os.environ.get("SSL_CERT_FILE")
