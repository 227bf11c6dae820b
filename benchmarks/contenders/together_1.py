"""Together's own client before its rewrite, `together` 1.x."""

from __future__ import annotations

import asyncio

from measure import ENDPOINT, KEY, crowded, main, once, repeated
from together import AsyncTogether, Together


def client(given):
    return Together(api_key=KEY, base_url=given.api)


def create(given):
    batches = client(given).batches
    return repeated(lambda: batches.create_batch("file-1", ENDPOINT), given.count)


def get(given):
    batches = client(given).batches
    return repeated(lambda: batches.get_batch("job-1"), given.count)


def crowd(given):
    async def run():
        batches = AsyncTogether(api_key=KEY, base_url=given.api).batches
        return await crowded(lambda: batches.get_batch("job-1"), given.count, given.in_flight)

    return asyncio.run(run())


def listed(given):
    batches = client(given).batches
    batches.get_batch("job-1")
    return once(batches.list_batches, count=given.count)


def upload(given):
    made = client(given)
    made.batches.get_batch("job-1")
    return once(lambda: made.files.upload(given.path, purpose="fine-tune", check=False), size=given.size)


def download(given):
    made = client(given)
    made.batches.get_batch("job-1")
    return once(lambda: made.files.retrieve_content(given.file, output=given.output), size=given.size)


def check(given):
    """With the purpose `eval`, the only one whose rules let request lines pass: batch files it does not know."""
    from together.types import FilePurpose
    from together.utils import check_file

    def act():
        report = check_file(given.path, purpose=FilePurpose.Eval)
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
            "check": check,
        }
    )
