"""An hour's outage, by the clock of the daemon: what comes after it is one digest a channel, whole and told once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from alertd.store import embedded
from benchmarks.servers import faked, faketime
from tests.e2e.test_daemon import told
from tests.e2e.world import Daemon, Feeds, serving, until
from tests.fakes.slack import FakeSlack, Fault

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not faketime(threads=True), reason="libfaketime is not installed"),
]

HOUR = 3600
COMPANIES = {"phones": ("Xiaomi", "1810.HK"), "cars": ("Tesla", "TSLA"), "chips": ("Nvidia", "NVDA")}
"""Channel → the company of which it is told."""
WATCHLIST = "defaults: {roles: [subject, source, passing], min_relevance: 0}\nrules:\n" + "".join(
    f"  - {{name: {channel}, companies: [{symbol}], channel: '#{channel}'}}\n"
    for channel, (_, symbol) in COMPANIES.items()
)
EVENTS = (
    "{} recalls thousands of chargers that overheat", "{} appoints a new finance chief",
    "Workers of {} strike over pay", "{} sues a former supplier over a patent", "{} raises its dividend",
    "Regulator looks into advertisements of {}", "{} buys a small maker of sensors", "{} warns that profit will fall",
    "{} issues bonds for two billion dollars", "{} wins an order of a city council",
    "Hackers stole addresses of customers from {}", "{} closes its office in Lima",
)  # fmt: skip
"""What happens to each company: more than is told one by one."""
EACH = len(EVENTS)


def titles(channel: str) -> list[str]:
    """Headlines about the events of the company of a channel."""
    name, _ = COMPANIES[channel]
    return [event.format(name) for event in EVENTS]


class Clock:
    """The clock of the daemon and of its Redis, which the test puts forward."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.environment = faked(faketime(threads=True), path)

    def ahead(self, seconds: int) -> None:
        self._path.write_text(f"{seconds:+d}", encoding="ascii")


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[tuple[Daemon, Feeds, FakeSlack, Clock]]:
    """A daemon by a clock of its own, with a channel for each company; one alert in each was told before the outage."""
    clock = Clock(folder / "clock")
    fake = FakeSlack(channels=("alertd", *COMPANIES))
    # longer than a start takes on a busy machine
    lingering = "store: {linger: 60s}"
    async with serving(folder, WATCHLIST, "wire", "post", slack=fake, more=lingering) as (daemon, feeds, slack):
        try:
            daemon.environment = clock.environment
            await daemon.start()
            await until(lambda: daemon.polled(feeds), "a first poll")
            await until(daemon.ready, "readiness")
            for channel, (name, _) in COMPANIES.items():
                feeds.add("wire", f"{name} opens a museum of its first years")
                await until(lambda wanted=channel: messages(slack, wanted, 1), f"an alert in {channel}")  # type: ignore[misc]
            yield daemon, feeds, slack, clock
        finally:
            await daemon.kill()
            await embedded.stop(folder / "state")


async def messages(slack: FakeSlack, channel: str, count: int) -> bool:
    return len(slack.messages(channel)) >= count


def add_all(feeds: Feeds) -> None:
    """Let the two feeds bring all events of all companies."""
    for channel in COMPANIES:
        for number, title in enumerate(titles(channel)):
            feeds.add("post" if number % 2 else "wire", title)


async def all_told(slack: FakeSlack) -> bool:
    """Whether all headlines are in their channels."""
    return all(
        title in json.dumps([message["blocks"] for message in slack.messages(channel)], ensure_ascii=False)
        for channel in COMPANIES
        for title in titles(channel)
    )


def judged(slack: FakeSlack) -> None:
    """Each channel got one message after the first: a digest that tells each event once."""
    for channel in COMPANIES:
        first, *later = slack.messages(channel)
        assert len(told(first)) == 1
        assert len(later) == 1, [message["text"] for message in later]
        assert f"{EACH} alerts about" in later[0]["text"]
        told_there = told(later[0])
        assert len(told_there) == len(set(told_there)) == EACH, "none lost, none twice"


async def ended_well(daemon: Daemon, slack: FakeSlack) -> None:
    """Wait until all is told, end the daemon, and judge."""
    await until(lambda: all_told(slack), "all of it in the channels")
    await asyncio.sleep(1.0)  # a doubled one would come now
    assert await daemon.end() == 0
    judged(slack)


async def test_slack_is_away_for_an_hour(tmp_path: Path) -> None:
    async with desk(tmp_path) as (daemon, feeds, slack, clock):
        slack.faults.append(Fault("chat.postMessage", 1, "503", times=100_000))
        for part in range(4):
            clock.ahead((part + 1) * HOUR // 4)
            for channel in COMPANIES:
                for title in titles(channel)[part * EACH // 4 : (part + 1) * EACH // 4]:
                    feeds.add("wire" if part % 2 else "post", title)
            await until(lambda n=part: decided(daemon, (n + 1) * EACH // 4), "the decisions")  # type: ignore[misc]
        slack.faults.clear()
        await ended_well(daemon, slack)


async def decided(daemon: Daemon, each: int) -> bool:
    """Whether so many events of each company were decided, by the log."""
    rows = [json.loads(line) for line in daemon.log.splitlines()]
    alerted = [row for row in rows if row["message"].startswith("alerted: ")]
    return len(alerted) >= len(COMPANIES) * (each + 1)


async def test_the_daemon_is_away_for_an_hour(tmp_path: Path) -> None:
    async with desk(tmp_path) as (daemon, feeds, slack, clock):
        assert await daemon.end() == 0
        add_all(feeds)
        clock.ahead(HOUR)
        await daemon.start()
        await until(lambda: all_told(slack), "all of it in the channels")
        await until(daemon.ready, "readiness")
        feeds.add("wire", "Xiaomi sells a warehouse in Turin")
        await until(lambda: messages(slack, "phones", 3), "what comes later, at once")
        assert await daemon.end() == 0
        assert "Turin" in slack.messages("phones").pop()["text"]
        slack.channel("phones").messages.popitem()
        judged(slack)


async def test_the_network_is_away_for_an_hour(tmp_path: Path) -> None:
    async with desk(tmp_path) as (daemon, feeds, slack, clock):
        await feeds.go()
        for part in (1, 2):
            clock.ahead(part * HOUR // 2)
            await until(lambda n=part: refused(daemon, n), "polls that are refused")  # type: ignore[misc]
        add_all(feeds)
        await feeds.come()
        await ended_well(daemon, slack)


async def refused(daemon: Daemon, times: int) -> bool:
    """Whether both feeds were asked in vain after the clock was put forward so many times, by the log."""
    rows = [json.loads(line) for line in daemon.log.splitlines()]
    steps = [at for at, row in enumerate(rows) if "the clock was put forward" in row["message"]]
    if len(steps) < times:
        return False
    vain = [row.get("feed") for row in rows[steps[times - 1] :] if "cannot be reached" in row["message"]]
    return {"wire", "post"} <= set(vain)
