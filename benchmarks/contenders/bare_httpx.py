"""httpx alone, as a careful user writes it: one client, `json.loads`, streams for what is large."""

from __future__ import annotations

import asyncio
import json
import os

import httpx
from measure import ENDPOINT, KEY, chunks, crowded, main, once, repeated

HEADERS = {"Authorization": f"Bearer {KEY}"}
BODY = {"input_file_id": "file-1", "endpoint": ENDPOINT, "completion_window": "24h"}


def create(given):
    with httpx.Client(headers=HEADERS) as client:
        url = f"{given.api}/batches"
        return repeated(lambda: json.loads(client.request("POST", url, json=BODY).content), given.count)


def get(given):
    with httpx.Client(headers=HEADERS) as client:
        url = f"{given.api}/batches/job-1"
        return repeated(lambda: json.loads(client.request("GET", url).content), given.count)


def crowd(given):
    async def run():
        async with httpx.AsyncClient(headers=HEADERS) as client:

            async def call():
                return json.loads((await client.request("GET", f"{given.api}/batches/job-1")).content)

            return await crowded(call, given.count, given.in_flight)

    return asyncio.run(run())


def listed(given):
    """To dicts, which is less than the others do."""
    with httpx.Client(headers=HEADERS) as client:
        client.get(f"{given.api}/batches/job-1")
        return once(lambda: json.loads(client.get(f"{given.api}/batches").content), count=given.count)


def upload(given):
    with httpx.Client(headers=HEADERS) as client:
        client.get(f"{given.api}/batches/job-1")

        def act():
            form = {"purpose": "fine-tune", "file_name": os.path.basename(given.path), "file_type": "jsonl"}
            ticket = client.post(f"{given.api}/files", data=form)
            length = {"Content-Length": str(given.size)}
            stored = client.put(ticket.headers["Location"], content=chunks(given.path), headers=length)
            assert stored.status_code == 200
            client.post(f"{given.api}/files/{ticket.headers['X-Together-File-Id']}/preprocess").json()

        return once(act, size=given.size)


def download(given):
    with httpx.Client(headers=HEADERS) as client:
        client.get(f"{given.api}/batches/job-1")

        def act():
            content = client.stream("GET", f"{given.api}/files/{given.file}/content")
            with content as response, open(given.output, "wb", buffering=0) as file:
                for chunk in response.iter_raw():
                    file.write(chunk)

        return once(act, size=given.size)


if __name__ == "__main__":
    main({"create": create, "get": get, "crowd": crowd, "list": listed, "upload": upload, "download": download})
