"""One run of `python -m benchmarks chaos`, in a mount namespace of its own where that is allowed.

`python -m benchmarks.chaos_run SIZE` prints what came of it as one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alertd.demo.slack import TOKEN
from alertd.store.connection import TROUBLE, Store, open_store
from benchmarks.chaos_fates import looked
from benchmarks.chaos_world import FEEDS, Feeds, Line, Names, Redis, Slack
from benchmarks.headlines import COMPANIES
from benchmarks.sentineled import Sentineled
from benchmarks.servers import faked, faketime

HOUR = 3600
DISK_MB = 768
"""Room for the append-only file of a whole run: after each start of Redis it may grow to twice its size before it is
rewritten, and what is to be met is a disk that is full for a while, not one that is too small."""
CHANNELS = ("alerts", "alertd")
STAGES = ("poll", "tag", "tag", "decide,notify")


@dataclass(frozen=True)
class Size:
    """How much, for how long, and what goes wrong; times in seconds.

    Attributes:
        seconds: how long articles come.
        rate: articles a second.
        kills, restarts, poison: how many processes are killed, how often Redis is stopped, how many articles kill.
        names_gone: how long the name server is away.
        failovers: how often the master of three servers behind Sentinels is killed; where it is, Redis is not stopped
            otherwise, and its disk, the clock and the names stay as they are.
        patience: how long to wait afterwards while nothing gets on, until all is settled.
        seed: of all chance.
        apart: whether this process may mount.
    """

    seconds: float
    rate: float
    kills: int
    restarts: int
    poison: int
    names_gone: float
    failovers: int
    patience: float
    seed: int
    apart: bool


class World:
    """The line and all around it, with what befell it."""

    def __init__(self, size: Size, folder: Path, library: str) -> None:
        self.size, self.folder = size, folder
        self.faults: Counter[str] = Counter()
        self.chance = random.Random(size.seed)
        articles = int(size.seconds * size.rate)
        # not among the first: what is there at the start is old news
        self.poison = frozenset(self.chance.sample(range(articles // 10, articles * 9 // 10), size.poison))
        self._clock = folder / "clock"
        clocked = faked(library, self._clock)
        self.disk = folder / "redis"
        self.disk.mkdir()
        if size.apart:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", str(self.disk)], check=True)
            names = folder / "resolv.conf"
            names.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n", encoding="ascii")
            subprocess.run(["mount", "--bind", str(names), "/etc/resolv.conf"], check=True)
        self.names = Names()
        self.redis = Redis(self.disk, folder / "s", clocked)
        self.sentineled = Sentineled(self.disk) if size.failovers else None
        self.feeds = Feeds(size.rate, self.poison, self.chance)
        self.slack = Slack(CHANNELS)
        environment = {"HF_HUB_OFFLINE": "1", **clocked}
        self.line = [Line(folder / "config", stages, environment) for stages in STAGES]
        self.left_out = [] if library or size.failovers else ["jumps of the clock (no libfaketime)"]
        if not (size.apart or size.failovers):
            self.left_out.append("a full disk and a name server that is gone (no mount namespace)")

    @property
    def url(self) -> str:
        """Where the line finds Redis."""
        return self.sentineled.url if self.sentineled else f"unix://{self.folder / 's'}"

    def configure(self) -> None:
        """Write the configuration."""
        host = "w{0}.wire.test" if self.size.apart else "127.0.0.1"
        rows = "".join(
            f"  - {{name: w{n}, url: 'http://{host.format(n)}:{self.feeds.port}/{n}', interval: 5s, max_age: 1d}}\n"
            for n in range(FEEDS)
        )
        config = self.folder / "config"
        config.mkdir()
        (config / "alertd.yaml").write_text(
            f"allow_private_addresses: true\nfeeds:\n{rows}redis: {{url: '{self.url}'}}\n"
            f"slack: {{token: {TOKEN}, base_url: '{self.slack.base_url}', channel: '#alerts', doubt_grace: 5s}}\n"
            "operator: {channel: '#alertd'}\nweb: {port: 0}\nlog: {level: warning}\n",
            encoding="utf-8",
        )
        (config / "watchlist.yaml").write_text(
            f"rules: [{{name: all, companies: {json.dumps(COMPANIES)}, min_relevance: 0.1}}]\n", encoding="utf-8"
        )

    def leave(self, logs: str) -> None:
        """Give back what was mounted, and keep the logs in a folder if one is named."""
        if self.size.apart:
            subprocess.run(["umount", "--lazy", str(self.disk)], check=False)
        if logs:
            subprocess.run(["cp", *map(str, self.folder.glob("*.log")), logs], check=True)

    def step(self, seconds: int) -> None:
        """Put the clock of this host elsewhere."""
        self._clock.write_text(f"{seconds:+d}", encoding="ascii")
        self.faults["clock steps"] += 1


async def kills(world: World) -> None:
    """Kill any of the processes at random, those that just start as well."""
    size = world.size
    for _ in range(size.kills):
        await asyncio.sleep(size.seconds / (size.kills + 1) * world.chance.uniform(0.5, 1.5))
        while not world.chance.choice(world.line).kill():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        world.faults["kills"] += 1


async def restarts(world: World) -> None:
    """Stop Redis for a few seconds, again and again."""
    for _ in range(world.size.restarts):
        await asyncio.sleep(world.size.seconds / (world.size.restarts + 1))
        await world.redis.stop()
        await asyncio.sleep(world.chance.uniform(1, 5))
        await world.redis.start()
        world.faults["stops of Redis"] += 1


async def failovers(world: World, servers: Sentineled) -> None:
    """Kill the master of the servers, again and again."""
    for _ in range(world.size.failovers):
        await asyncio.sleep(world.size.seconds / (world.size.failovers + 1))
        await servers.fail_over()
        world.faults["failovers"] += 1


async def clock(world: World) -> None:
    """An hour ahead and back, an hour back and ahead."""
    for share, seconds in ((0.15, HOUR), (0.1, 0), (0.15, -HOUR), (0.1, 0)):
        await asyncio.sleep(share * world.size.seconds)
        world.step(seconds)


async def disk(world: World) -> None:
    """Fill the disk of Redis for a while."""
    await asyncio.sleep(0.55 * world.size.seconds)
    ballast = world.disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(65536))
    world.faults["full disk"] += 1
    await asyncio.sleep(min(20.0, 0.1 * world.size.seconds))
    ballast.unlink()


async def names(world: World) -> None:
    """Send the name server away."""
    await asyncio.sleep(0.7 * world.size.seconds)
    world.names.go()
    world.faults["name server gone"] += 1
    await asyncio.sleep(world.size.names_gone)
    world.names.come()


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    """All of it at work; ended in order afterwards."""
    async with world.feeds, world.slack, world.sentineled or nullcontext():
        world.configure()
        if world.size.apart:
            world.names.come()
        if world.sentineled is None:
            await world.redis.start()
        lives = [asyncio.create_task(line.live()) for line in world.line]
        try:
            yield
        finally:
            for life in lives:
                life.cancel()
            await asyncio.gather(*lives, return_exceptions=True)
            await asyncio.gather(*(line.end() for line in world.line))
            await world.redis.stop()
            world.names.go()


async def measure(size: Size) -> dict[str, Any]:
    """One run: what befell, and what became of every article."""
    library = "" if size.failovers else faketime(threads=True)
    with tempfile.TemporaryDirectory(prefix="alertd-chaos-") as name:
        world = World(size, Path(name), library)
        try:
            async with running(world):
                await asyncio.sleep(5.0)
                async with asyncio.TaskGroup() as group:
                    group.create_task(world.feeds.publish(size.seconds))
                    group.create_task(kills(world))
                    group.create_task(restarts(world))
                    if world.sentineled:
                        group.create_task(failovers(world, world.sentineled))
                    if library:
                        group.create_task(clock(world))
                    if size.apart:
                        group.create_task(disk(world))
                        group.create_task(names(world))
                began = time.monotonic()
                async with open_store(world.url) as store:
                    found = await settled(world, store)
                found["calm_s"] = round(time.monotonic() - began)
        finally:
            for line in world.line:
                line.kill()
            world.leave(os.environ.get("ALERTD_CHAOS_LOGS", ""))
        return {"faults": dict(world.faults), "left_out": world.left_out, **found}


async def settled(world: World, store: Store) -> dict[str, Any]:
    """Wait until every article has its fate and nothing waits any more; the last look is what counts.

    A machine that is slow is waited for: the patience begins anew whenever articles were decided or alerts told.
    """
    deadline, most = time.monotonic() + world.size.patience, 0
    found: dict[str, Any] = {}
    while time.monotonic() < deadline:
        await asyncio.sleep(3.0)
        with suppress(*TROUBLE):
            found = await verdict(world, store)
            alive = abs(found["poison_planted"] - found["dead_lettered"])
            wrong = found["lost"] + found["waiting"] + found["stuck"] + alive
            if not wrong:
                await asyncio.sleep(5.0)  # a doubled one would come now
                return await verdict(world, store)
            done = sum(found["fates"].values()) + found["alerts"] - found["waiting"]
            if done > most:
                deadline, most = time.monotonic() + world.size.patience, done
    return found


async def verdict(world: World, store: Store) -> dict[str, Any]:
    """What became of every article and alert so far, and what befell."""
    found = await looked(store, world.slack.heard, world.feeds.count, world.poison)
    return {
        "kills": world.faults["kills"], **found, "redis_restarts": world.faults["stops of Redis"],
        "failovers": world.faults["failovers"], "starts": sum(line.starts for line in world.line),
    }  # fmt: skip


def main(given: Mapping[str, Any]) -> None:
    """Run once and print the verdict."""
    print(json.dumps(asyncio.run(measure(Size(**given)))))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
