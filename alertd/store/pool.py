"""The connections to Redis of a process: so many and no more, whatever goes on at once."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError

MOST: Final = 16
"""Connections for what answers at once: a server has one thread, and hosted ones allow a few dozen in all."""
_FREE: Final = 20.0
"""Seconds for which one is waited for: as long as it takes to give up connecting to a server that is silent."""


class Bounded(ConnectionPool):
    """A pool that lends `MOST` connections at a time and has others wait.

    redis-py's `BlockingConnectionPool` does so by what was not given back: what a cancelled task could not give back
    is lost to it for good, and there is none of it for Sentinels.

    Args:
        arguments, named: as redis-py's pool takes them.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._free = asyncio.Semaphore(min(MOST, self.max_connections))

    async def get_connection(self, *_: Any, **__: Any) -> AbstractConnection:
        """Lend a connection that is connected.

        Raises:
            ConnectionError: none was given back in time, or the server is away.
        """
        try:
            async with asyncio.timeout(_FREE):
                await self._free.acquire()
        except TimeoutError as error:
            raise RedisConnectionError(
                f"no connection to Redis was given back within {_FREE:g} seconds: it hangs, or is asked too much"
            ) from error
        connection: Any = cast(Any, self).get_available_connection()
        try:
            if connection.should_reconnect():
                await connection.disconnect()
            await self.ensure_connection(connection)
        except BaseException:
            await self.release(connection)
            raise
        return cast(AbstractConnection, connection)

    async def release(self, connection: AbstractConnection) -> None:
        """Take a connection back; waits for nothing, so that no cancelled task keeps one."""
        self._in_use_connections.remove(connection)
        self._available_connections.append(connection)
        self._free.release()

    def leave(self, server: str) -> None:
        """Have each connection that leads to another server made anew before it is lent again.

        Args:
            server: where they are to lead, as their `leads_to` says.
        """
        connection: Any
        for connection in (*self._available_connections, *self._in_use_connections):
            if connection.leads_to not in ("", server):
                connection.mark_for_reconnect()


class BoundedSentinel(Bounded, SentinelConnectionPool):
    """The same for connections to whichever server the Sentinels call the master."""
