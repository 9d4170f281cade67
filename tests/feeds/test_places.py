"""Requests to one host: few at once, in their order, and none waits for long because others hang."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from alertd.feeds.places import Places

HOST = "wire.example"


class Requests:
    """Requests that hang until they are let go."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.begun: list[int] = []
        self.go = asyncio.Event()

    async def make(self, number: int, host: str = HOST) -> None:
        async with self.places.at(host):
            self.begun.append(number)
            await self.go.wait()


@asynccontextmanager
async def hanging(places: Places, count: int) -> AsyncIterator[Requests]:
    requests = Requests(places)
    tasks = [asyncio.create_task(requests.make(number)) for number in range(count)]
    await asyncio.sleep(0)
    yield requests
    requests.go.set()
    await asyncio.gather(*tasks)
    assert sorted(requests.begun) == list(range(count))


async def begun(requests: Requests, count: int) -> None:
    async with asyncio.timeout(20):
        while len(requests.begun) < count:  # noqa: ASYNC110 - each of them may be the last
            await asyncio.sleep(0.005)


async def test_few_at_once_and_in_their_order() -> None:
    async with hanging(Places(at_once=2, slow=1e6), 6) as requests:
        await begun(requests, 2)
        await asyncio.sleep(0.05)
        assert requests.begun == [0, 1]
    assert requests.begun == [0, 1, 2, 3, 4, 5]


async def test_those_that_hang_make_room_up_to_a_bound() -> None:
    async with hanging(Places(at_once=2, slow=0.02, most=5), 9) as requests:
        await begun(requests, 5)
        await asyncio.sleep(0.1)
        assert requests.begun == [0, 1, 2, 3, 4]


async def test_one_host_does_not_wait_for_another() -> None:
    places = Places(at_once=1, slow=1e6, most=1)
    async with hanging(places, 3) as requests, asyncio.timeout(20), places.at("post.example"):
        assert requests.begun == [0]


async def test_a_request_that_fails_gives_its_place_back() -> None:
    places = Places(at_once=1, slow=1e6)
    for _ in range(3):
        with pytest.raises(ValueError, match="no"):
            async with asyncio.timeout(20), places.at(HOST):
                raise ValueError("no")
