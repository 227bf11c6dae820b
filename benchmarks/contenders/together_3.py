"""Together's own client, `together` 3.x."""

from __future__ import annotations

import asyncio

from measure import ENDPOINT, KEY, crowded, main, once, repeated
from together import AsyncTogether, Together


def client(given):
    # Its paths begin with /v1.
    return Together(api_key=KEY, base_url=given.url)


def create(given):
    batches = client(given).batches
    return repeated(lambda: batches.create(input_file_id="file-1", endpoint=ENDPOINT), given.count)


def get(given):
    batches = client(given).batches
    return repeated(lambda: batches.retrieve("job-1"), given.count)


def crowd(given):
    async def run():
        batches = AsyncTogether(api_key=KEY, base_url=given.url).batches
        return await crowded(lambda: batches.retrieve("job-1"), given.count, given.in_flight)

    return asyncio.run(run())


def listed(given):
    batches = client(given).batches
    batches.retrieve("job-1")
    return once(batches.list, count=given.count)


def upload(given):
    made = client(given)
    made.batches.retrieve("job-1")
    return once(lambda: made.files.upload(given.path, purpose="fine-tune", check=False), size=given.size)


def download(given):
    """As its documentation has it: all of it in memory, then to the disk."""
    made = client(given)
    made.batches.retrieve("job-1")
    return once(lambda: made.files.content(given.file).write_to_file(given.output), size=given.size)


def stream(given):
    made = client(given)
    made.batches.retrieve("job-1")

    def act():
        with made.files.with_streaming_response.content(given.file) as response:
            response.stream_to_file(given.output)

    return once(act, size=given.size)


def check(given):
    from together.lib import check_file

    def act():
        report = check_file(given.path, purpose="batch-api")
        assert report["is_check_passed"], report

    return once(act, count=given.count, size=given.size)


if __name__ == "__main__":
    main(
        {
            "create": create,
            "get": get,
            "crowd": crowd,
            "list": listed,
            "upload": upload,
            "download": download,
            "stream": stream,
            "check": check,
        }
    )
