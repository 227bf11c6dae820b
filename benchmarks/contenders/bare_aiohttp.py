"""aiohttp alone."""

from __future__ import annotations

import asyncio
import json

import aiohttp
from measure import KEY, crowded, main


def crowd(given):
    async def run():
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session:
            url = f"{given.api}/batches/job-1"

            async def call():
                async with session.get(url) as response:
                    return json.loads(await response.read())

            return await crowded(call, given.count, given.in_flight)

    return asyncio.run(run())


if __name__ == "__main__":
    main({"crowd": crowd})
