"""OpenAI's client 3.x, pointed at the server: another service's protocol, the nearest of its calls."""

from __future__ import annotations

import asyncio

from measure import ENDPOINT, KEY, crowded, main, once, repeated
from openai import AsyncOpenAI, OpenAI


def client(given):
    return OpenAI(api_key=KEY, base_url=given.api)


def create(given):
    batches = client(given).batches
    send = lambda: batches.create(input_file_id="file-1", endpoint=ENDPOINT, completion_window="24h")  # noqa: E731
    return repeated(send, given.count)


def get(given):
    batches = client(given).batches
    return repeated(lambda: batches.retrieve("job-1"), given.count)


def crowd(given):
    async def run():
        batches = AsyncOpenAI(api_key=KEY, base_url=given.api).batches
        return await crowded(lambda: batches.retrieve("job-1"), given.count, given.in_flight)

    return asyncio.run(run())


def upload(given):
    """A multipart form."""
    made = client(given)
    made.batches.retrieve("job-1")

    def act():
        with open(given.path, "rb") as file:
            made.files.create(file=file, purpose="batch")

    return once(act, size=given.size)


if __name__ == "__main__":
    main({"create": create, "get": get, "crowd": crowd, "upload": upload})
