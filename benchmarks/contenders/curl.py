"""curl: the time by its own clock, without its start; the CPU time with it."""

from __future__ import annotations

import resource
import shutil
import subprocess

from measure import KEY, left_out, main


def run(given, *words):
    if not (curl := shutil.which("curl")):
        left_out("no curl on PATH")
    command = [curl, "-sS", "--fail", "-H", f"Authorization: Bearer {KEY}", "-w", "%{stderr}%{time_total}", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = float(done.stderr)
    return {
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "mb_per_second": given.size / seconds / 1e6,
    }


def upload(given):
    """The PUT alone."""
    return run(given, "-H", "Expect:", "-T", given.path, "-o", "/dev/null", f"{given.api}/storage/curl")


def download(given):
    return run(given, "-o", given.output, f"{given.api}/files/{given.file}/content")


if __name__ == "__main__":
    main({"upload": upload, "download": download})
