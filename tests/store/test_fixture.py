"""The shared fixture: a real Redis that every test finds empty."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_each_test_gets_an_empty_redis(redis: Redis, turn: str) -> None:
    assert await redis.dbsize() == 0
    assert await redis.set("turn", turn)
    assert await redis.get("turn") == turn
