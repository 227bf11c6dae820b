"""This client."""

from __future__ import annotations

import asyncio
from contextlib import closing

from measure import ENDPOINT, KEY, chunks, crowded, left_out, main, once, repeated

import together_batches
from together_batches import AsyncTogether, Together, check_requests


def create(given):
    with Together(KEY, given.api) as client:
        return repeated(lambda: client.batches.create_batch("file-1", ENDPOINT), given.count)


def get(given):
    with Together(KEY, given.api) as client:
        return repeated(lambda: client.batches.get_batch("job-1"), given.count)


def crowd(given):
    async def run():
        async with AsyncTogether(KEY, given.api) as client:
            return await crowded(lambda: client.batches.get_batch("job-1"), given.count, given.in_flight)

    return asyncio.run(run())


def listed(given):
    with Together(KEY, given.api) as client:
        client.batches.get_batch("job-1")
        return once(client.batches.list_batches, count=given.count)


def upload(given):
    with Together(KEY, given.api) as client:
        client.batches.get_batch("job-1")
        checksum = bool(given.get("checksum"))
        send = lambda: client.files.upload(given.path, purpose="fine-tune", check=False, checksum=checksum)  # noqa: E731
        return once(send, size=given.size)


def download(given):
    with Together(KEY, given.api) as client:
        client.batches.get_batch("job-1")
        return once(lambda: client.files.retrieve_content(given.file, output=given.output), size=given.size)


def check(given):
    def act():
        report = check_requests(given.path)
        # Of a file that is larger than the service takes it says that, after all of its lines.
        assert report.requests == given.count
        assert report.ok or given.get("large"), report

    return once(act, count=given.count, size=given.size)


def build(given):
    from rows import pairs

    if not hasattr(together_batches, "write_requests"):
        left_out("this version has no write_requests")
    write_requests = together_batches.write_requests
    made = list(pairs(given.count))
    return once(lambda: write_requests(given.output, iter(made)), count=given.count)


def collect(given):
    with Together(KEY, given.api) as client:
        client.batches.get_batch("job-1")

        def act():
            summary = client.batches.collect(given.file, output=given.output, requests=given.path)
            assert (summary.answered, summary.missing, summary.unmatched) == (given.count, 0, 0), summary

        return once(act, count=given.count)


def join(given):
    """The join alone, without the download."""
    try:
        from together_batches._join import Tally, joined
        from together_batches._sink import Spool, Target
        from together_batches._source import open_source
    except ImportError:
        left_out("the join of this version is not where this looks for it; see collect")

    spool = Spool()
    for chunk in chunks(given.answers):  # as a download fills it
        spool.write(chunk)

    def act():
        tally = Tally()
        with open_source(given.path) as source, closing(Target(given.output)) as target:
            target.write_all(joined(source, [spool], tally))
            target.commit()
        assert (tally.answered, tally.missing, tally.unmatched) == (given.count, 0, 0), tally

    return once(act, count=given.count)


if __name__ == "__main__":
    main(
        {
            "create": create,
            "get": get,
            "crowd": crowd,
            "list": listed,
            "upload": upload,
            "download": download,
            "check": check,
            "build": build,
            "collect": collect,
            "join": join,
        }
    )
