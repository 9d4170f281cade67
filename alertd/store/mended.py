"""What redis-py's connections do wrong for a daemon that cancels, waits and sends large batches, done right."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import hiredis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError
from redis.exceptions import TimeoutError as RedisTimeoutError


class _Mended:
    """What a connection does otherwise than redis-py's; each method says why."""

    leads_to = ""
    """The server that it was connected to the last time, where somebody asked; "" before."""

    async def on_connect_check_health(self, *_: object, **__: object) -> None:
        """Log in and choose the database.

        A new connection is not asked whether it lives before it is ready: while the server is silent that asks itself
        again, one call within the other without end, instead of failing.
        """
        await cast(Any, super()).on_connect_check_health(check_health=False)

    async def send_packed_command(self, command: str | bytes | Iterable[bytes], check_health: bool = True) -> None:
        """Send a command, in the task that asks for it.

        redis-py waits with `asyncio.wait_for`, which up to Python 3.11 drops a cancellation that comes as its task
        ends: whoever was to end would go on for ever.

        Raises:
            ConnectionError, TimeoutError: the server cannot be reached, or does not take it in time.
        """
        connection = cast(Any, self)
        if not connection.is_connected:
            await connection.connect_check_health(check_health=False)
        if check_health:
            await connection.check_health()
        text = command.encode() if isinstance(command, str) else command
        try:
            async with asyncio.timeout(connection.socket_timeout or None):
                await connection._send_packed_command([text] if isinstance(text, bytes) else text)
        except TimeoutError:
            await connection.disconnect(nowait=True)
            raise RedisTimeoutError("the server does not take what is sent") from None
        except OSError as error:
            await connection.disconnect(nowait=True)
            raise RedisConnectionError(f"what is sent does not reach the server: {error}") from error
        except BaseException:
            # a part of it may be sent
            await connection.disconnect(nowait=True)
            raise

    def pack_command(self, *args: Any) -> list[bytes]:
        """The command as it is sent, written by hiredis as redis-py's blocking client has it.

        Its other one writes commands in Python, argument by argument, which takes milliseconds for a batch of articles.

        Raises:
            DataError: an argument is neither text, bytes nor a number.
        """
        name = args[0] if isinstance(args[0], bytes) else args[0].encode()
        try:
            # a command's name may hold its first argument, as in "CONFIG GET"
            return [hiredis.pack_command((*name.split(), *args[1:]))]
        except TypeError as error:
            raise DataError(f"{name.decode()}: {error}") from error


def mended(connection: type[Any]) -> type[Any]:
    """The class of redis-py's connections that is given, with its faults mended."""
    return type(f"Mended{connection.__name__}", (_Mended, connection), {})
