"""The way to Redis: connections that suit what they do, scripts by name, and the checks on what is stored there."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final, Self, cast

from redis.asyncio import ConnectionPool, Redis, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

import alertd
from alertd import sentinels
from alertd.errors import StoreError
from alertd.store import keys
from alertd.store.mended import mended
from alertd.store.pool import MOST, Bounded, BoundedSentinel

SCHEMA = 2
"""Version of what the keys hold; a newer one is refused, an older one is migrated, see `alertd.migration`."""
BLOCK_MS = 500
"""Longest wait of one blocking read: short, so that a stop is heard; far below every socket timeout, for a read that
times out may own messages."""
TROUBLE = (RedisError, OSError)
"""What a Redis that is not there, does not answer, or cannot take anything (memory, disk) raises."""

_ANSWER = 5.0
_BLOCKED = 10.0
_ASKED = 1.0
_RETRIES = 3
_TOLD = 1_000
_INFO: Final = re.compile(r"^(\w+):(\w+)", re.MULTILINE)
_LUA = resources.files("alertd.store") / "lua"


class Store:
    """Redis as alertd uses it; make it with `open_store`.

    Args:
        redis: for everything that answers at once.
        blocking: for reads that wait; its sockets wait longer than `BLOCK_MS`.
        exclusive: no other process uses this Redis, so that what a dead one left behind can be taken over at once.
        where: the server in words, without secrets, for errors.
        asked: the Sentinels that say which server it is; None where it is always the same.
    """

    def __init__(
        self, redis: Redis, blocking: Redis, *, exclusive: bool, where: str, asked: Sentinel | None = None
    ) -> None:
        self.redis = redis
        self.blocking = blocking
        self.exclusive = exclusive
        self.where = where
        self._asked = asked
        self.servers = 0
        """How often a new connection led to another server than the one before, which may lack what that one knew."""
        self._scripts: dict[str, AsyncScript] = {}
        self.server = ""
        """Where the latest new connection led, see `run_id`; "" before the first."""
        self._telling = asyncio.Semaphore(MOST // 2)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give all connections back."""
        await self.redis.aclose()
        await self.blocking.aclose()
        if self._asked is not None:
            await self._asked.aclose()

    async def run(self, name: str, key_names: Sequence[str], arguments: Sequence[str | int | float | bytes]) -> Any:
        """Run the script `lua/NAME.lua`, loaded when the server does not know it.

        Every script that commits finds its own earlier commit, so that it may be sent again when an answer was lost.
        """
        return await self._script(name)(keys=list(key_names), args=list(arguments))

    def _script(self, name: str) -> AsyncScript:
        script = self._scripts.get(name)
        if script is None:
            text = (_LUA / f"{name}.lua").read_text(encoding="utf-8")
            script = self._scripts[name] = self.redis.register_script(text)
        return script

    async def run_safe(
        self, name: str, key_names: Sequence[str], arguments: Sequence[str | int | float | bytes]
    ) -> tuple[Any, bool]:
        """Run a script, and wait until its writes, and all before them, would outlive the server.

        Behind Sentinels a replica takes over when the server is lost, and lacks what had not reached it. Elsewhere
        nobody takes over, and a server that stands alone has nobody to tell.

        Returns:
            Its answer, and whether a replica took note within `_TOLD` milliseconds, or there is none.
        """
        if self._asked is None:
            return await self.run(name, key_names, arguments), True
        script = self._script(name)
        # one connection: a server waits for what came by the connection that asks it to; not all of them at a time, for
        # others have something to ask meanwhile
        async with self._telling, cast(Any, self.redis).pipeline(transaction=False) as pipe:
            pipe.evalsha(script.sha, len(key_names), *key_names, *arguments)
            pipe.wait(1, _TOLD)
            answer, told = await pipe.execute(raise_on_error=False)
        if isinstance(answer, NoScriptError):
            await cast(Any, self.redis).script_load(script.script)
            return await self.run_safe(name, key_names, arguments)
        for found in (answer, told):
            if isinstance(found, Exception):
                raise found
        return answer, bool(told) or not await self._replicas()

    async def _replicas(self) -> int:
        info = await cast(Any, self.redis.info("replication"))
        return int(info.get("connected_slaves", 0))

    async def run_many(
        self, name: str, calls: Sequence[tuple[Sequence[str], Sequence[str | int | float]]]
    ) -> list[Any]:
        """Run a script several times in one round trip; what a call answers, or the error that it raised, in order.

        Raises:
            RedisError: the server could not be reached.
        """
        if len(calls) == 1:
            return [await self.run(name, *calls[0])]
        script = self._script(name)
        async with cast(Any, self.redis).pipeline(transaction=False) as pipe:
            for key_names, arguments in calls:
                pipe.evalsha(script.sha, len(key_names), *key_names, *arguments)
            answers: list[Any] = await pipe.execute(raise_on_error=False)
        for number, answer in enumerate(answers):
            if isinstance(answer, NoScriptError):
                answers[number] = await self.run(name, *calls[number])
        return answers

    async def time(self) -> float:
        """The server's clock, Unix seconds: one clock for all processes."""
        seconds, micros = await cast(Any, self.redis.time())
        return int(seconds) + int(micros) / 1e6

    async def run_id(self) -> str:
        """Tells servers apart, and whose data they have; changes when another one answers, or this one starts anew."""
        if not self.server:
            await cast(Any, self.redis).ping()
        return self.server

    async def memory(self, allowed: float = math.inf) -> tuple[float, float]:
        """Memory that the data takes, and that it may take, in megabytes.

        What connections and the buffer of the file take for a moment does not count.

        Args:
            allowed: what we allow ourselves; the server may allow less.
        """
        info = await cast(Any, self.redis.info("memory"))
        passing = int(info.get("mem_clients_normal", 0)) + int(info.get("mem_aof_buffer", 0))
        # a server without a limit says 0
        return (int(info["used_memory"]) - passing) / 1e6, min(allowed, int(info.get("maxmemory", 0)) / 1e6 or math.inf)

    async def used_mb(self) -> float:
        """Memory that the data takes, in megabytes, see `memory`."""
        return (await self.memory())[0]

    async def prepare(self, migrate: Callable[[Store, int], Awaitable[None]] | None = None) -> None:
        """Check whose state this is, mark it as ours, and make the streams' consumer groups.

        Args:
            migrate: brings what an older alertd wrote, in the schema given, into the form of today.

        Raises:
            StoreError: a newer alertd wrote it, or an older one and nothing migrates it, or the server cannot keep it.
        """
        meta = await cast(Any, self.redis.hgetall(keys.META))
        schema = int(meta.get("schema", SCHEMA))
        if schema < SCHEMA:
            if migrate is None:
                raise StoreError(
                    f"the state was written by alertd {meta.get('alertd', '?')}, in the older schema {schema}",
                    where=self.where, hint="`alertd run` migrates it",
                )  # fmt: skip
            await migrate(self, schema)
        if schema > SCHEMA:
            raise StoreError(
                f"the state was written by alertd {meta.get('alertd', '?')}, in schema {meta['schema']}; "
                f"this is {alertd.__version__}, which reads up to {SCHEMA}",
                where=self.where,
                hint="install that version again, or start with an empty store",
            )
        await cast(Any, self.redis.hset(keys.META, mapping={"schema": SCHEMA, "alertd": alertd.__version__}))
        for stream, group in keys.GROUPS.items():
            try:
                await self.redis.xgroup_create(stream, group, id="0", mkstream=True)
            except RedisError as error:
                if "BUSYGROUP" not in str(error):
                    raise
        policy = await self._setting("maxmemory-policy")
        limit = await self._setting("maxmemory")
        if limit not in ("", "0") and policy != "noeviction":
            raise StoreError(
                f"this Redis evicts keys ({policy}) when it is full: articles would be lost",
                where=self.where,
                hint="set maxmemory-policy noeviction",
            )

    async def _setting(self, name: str) -> str:
        try:
            found = await cast(Any, self.redis.config_get(name))
        except RedisError as error:
            if isinstance(error, RedisConnectionError | RedisTimeoutError):
                raise
            return ""  # hosted servers forbid CONFIG; what cannot be asked is not checked
        return str(found.get(name, ""))


def open_store(url: str = "", *, socket: str | Path = "", exclusive: bool = False) -> Store:
    """Make the connections; nothing is sent yet.

    Args:
        url: redis://, rediss://, unix:// or redis+sentinel:// address, may hold a password; or
        socket: path of a unix socket.
        exclusive: see `Store`.

    Raises:
        ValueError: the address cannot be read.
    """
    # its own retries are safe: no command here means another thing the second time, commits are scripts
    retry = Retry(ExponentialBackoff(cap=0.5, base=0.05), _RETRIES)
    common: dict[str, Any] = {
        "decode_responses": True,
        "retry": retry,
        "retry_on_error": [RedisConnectionError, RedisTimeoutError],
        "socket_connect_timeout": _ANSWER,
        "health_check_interval": 30,
        "client_name": f"alertd-{int(time.time())}",
        "protocol": 2,
    }
    asked = None
    if url.startswith(sentinels.SCHEMES):
        asked, made = _behind_sentinels(sentinels.read(url), common)
    else:
        made = [
            Redis.from_pool(_pool(url, str(socket), {"socket_timeout": _ANSWER, **common}, Bounded)),
            Redis.from_pool(_pool(url, str(socket), {"socket_timeout": _BLOCKED, **common}, ConnectionPool)),
        ]
    where = f"redis at {socket}" if socket else "redis.url"
    store = Store(made[0], made[1], exclusive=exclusive, where=where, asked=asked)

    pool = made[0].connection_pool
    pool.connection_kwargs["redis_connect_func"] = _meeting(store, cast(Bounded, pool))
    for redis in (*made, *(asked.sentinels if asked else ())):
        redis.connection_pool.connection_class = mended(redis.connection_pool.connection_class)
    return store


def _meeting(store: Store, pool: Bounded) -> Callable[[Any], Awaitable[None]]:
    """What a new connection does first, and then asks whom it leads to."""

    async def connected(connection: Any) -> None:
        await connection.on_connect()
        await connection.send_command("INFO", check_health=False)
        try:
            told = str(await connection.read_response())
        except ResponseError:
            told = ""  # it may be forbidden, or a script keeps the server busy
        info = dict(_INFO.findall(told))
        known = "run_id" in info
        # one that went over to another's data keeps its run id; who cannot be told apart is another one each time
        found = f"{info['run_id']} {info.get('master_replid', '')}" if known else f"unknown {store.servers + 1}"
        # one that stayed with the server before is the last to hear of the new one
        before, connection.leads_to = connection.leads_to or found, found
        if found == store.server == before:
            return
        store.server = found
        store.servers += 1
        if known:
            pool.leave(found)

    return connected


def _pool(url: str, socket: str, given: Mapping[str, Any], kind: type[ConnectionPool]) -> ConnectionPool:
    if url:
        return kind.from_url(url, **given)
    return kind(connection_class=UnixDomainSocketConnection, path=socket, **given)


def _behind_sentinels(given: sentinels.Sentinels, common: Mapping[str, Any]) -> tuple[Sentinel, list[Redis]]:
    """Clients of whichever server the Sentinels call the master; each new connection asks them anew."""
    tls = {"ssl": True, "ssl_ca_certs": given.authority or None} if given.tls else {}
    own: dict[str, Any] = {
        "password": given.sentinel_password or None,
        "socket_connect_timeout": _ASKED,
        "socket_timeout": _ASKED,
        # The next Sentinel is asked at once: its client would else wait for seconds, and ask a dead one four times.
        "retry": Retry(NoBackoff(), 0),
    }
    asked: Sentinel = cast(Any, Sentinel)(given.hosts, sentinel_kwargs=own | tls)
    login: dict[str, Any] = tls | {
        "db": given.database,
        "username": given.username or None,
        "password": given.password or None,
    }
    made = [
        asked.master_for(given.master, connection_pool_class=kind, socket_timeout=limit, **login, **common)
        for kind, limit in ((BoundedSentinel, _ANSWER), (SentinelConnectionPool, _BLOCKED))
    ]
    return asked, made
