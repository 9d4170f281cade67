"""WebSub from end to end: a feed that offers a hub, a real hub on loopback, and the articles that come of it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import ClientSession
from redis.asyncio import Redis

from alertd.config import FeedSettings
from alertd.errors import AlertdError, FeedError, FencedError
from alertd.feeds import Fetcher, Reader
from alertd.feeds.hubs import LEASE, Subscription
from alertd.feeds.post import Poster
from alertd.stages.context import Context, holding
from alertd.stages.poll import Poller
from alertd.stages.websub import Hubs, open_hubs
from alertd.store import keys
from alertd.web.callback import LARGEST, CallbackServer
from tests.fakes.hub import FakeHub, fake_hub
from tests.feeds.world import FeedStub
from tests.stages.test_behaviour import Site, given, settings, site
from tests.stages.test_poll import document, state, titles
from tests.stages.world import at_work, context, until


@dataclass
class World:
    """A daemon that polls a feed of a site, which offers a hub."""

    ctx: Context
    feed: Site
    hub: FakeHub
    hubs: Hubs
    poller: Poller

    async def subscribed(self) -> Subscription:
        async def active() -> Subscription | None:
            text = await cast(Any, self.ctx.store.redis).hget(keys.HUBS, "wire")
            known = Subscription.loads(text) if text else None
            return known if known is not None and known.active(self.ctx.clock()) else None

        found: Subscription = await until(active, "a subscription")
        return found


def offering(hub: str, topic: str, *items: str) -> str:
    links = f"<atom:link rel='hub' href='{hub}'/><atom:link rel='self' href='{topic}'/>"
    return document(*items).replace("<item>", f"{links}<item>", 1)


@asynccontextmanager
async def world(
    redis: Redis,
    folder: Path,
    hub: FakeHub,
    *,
    process: str = "here",
    interval: str = "interval: 300ms, max_interval: 1h",
) -> AsyncIterator[World]:
    async with site() as feed:
        feed.answers = [given(offering(hub.url, "https://wire.example/rss", "one"), ETag='"1"')]
        text = settings(f"name: wire, url: '{feed.url}', {interval}")
        work = folder / process
        work.mkdir()
        async with (
            context(redis, work, settings=text, process=process) as ctx,
            Fetcher(allow_private=True) as fetcher,
            Reader() as reader,
            Poster(contact="desk@example.com", allow_private=True) as poster,
        ):
            hubs = Hubs(ctx, poster, "")
            async with CallbackServer("127.0.0.1", 0, hubs) as server:
                hubs._callback = f"http://127.0.0.1:{server.port}/websub"
                poller = Poller(ctx, fetcher, reader, None, hubs)
                async with at_work(lambda stop: holding(ctx, poller.shares, lambda: poller.work(stop), stop)):
                    yield World(ctx, feed, hub, hubs, poller)


async def _taken(redis: Redis, count: int) -> bool:
    return len(await titles(redis)) == count


async def _outcome(ctx: Context, name: str) -> float:
    return float(ctx.metrics.pushes.labels(outcome=name)._value.get())


async def _seen(rows: list[Any]) -> list[Any]:
    return rows


async def test_what_a_hub_pushes_goes_the_way_of_a_poll(redis: Redis, tmp_path: Path) -> None:
    async with fake_hub() as hub, world(redis, tmp_path, hub) as here:
        known = await here.subscribed()
        (asked,) = hub.asked
        assert asked["hub.mode"] == "subscribe"
        assert asked["hub.topic"] == "https://wire.example/rss"
        assert asked["hub.callback"].endswith(f"/websub/{known.token}")
        assert (len(asked["hub.secret"]), asked["hub.lease_seconds"]) == (64, str(LEASE))
        await until(lambda: _seen(hub.verified))
        assert hub.verified == [(200, "c" * 40)]
        assert await hub.push(document("two", "one").encode()) == 202
        await until(lambda: _taken(redis, 2))
        assert await titles(redis) == [("one", "0"), ("two", "1")]
        # only what is new, as hubs may send it; the one before is known
        assert await hub.push(document("three").encode(), method="sha1") == 202
        await until(lambda: _taken(redis, 3))
        after = await state(redis)
        assert (after.outruns, after.etag) == (0, '"1"'), "a part of a document outruns nothing"
        # a poll that finds the same finds nothing new
        here.feed.answers = [given(document("three", "two", "one"))]
        (feed,) = here.ctx.now.configuration.settings.feeds
        await here.poller.poll(feed, due=True)
        assert len(await titles(redis)) == 3


async def test_a_feed_whose_hub_pushes_is_asked_as_seldom_as_the_user_allows(redis: Redis, tmp_path: Path) -> None:
    async with fake_hub() as hub, world(redis, tmp_path, hub) as here:
        await here.subscribed()
        (feed,) = here.ctx.now.configuration.settings.feeds
        await here.poller.poll(feed, due=True)
        await here.poller.settle()
        known = await state(redis)
        assert (known.wait, known.why) == (3600.0, "its hub tells us at once")


async def test_where_the_user_leaves_no_room_polling_stays_as_it_was(redis: Redis, tmp_path: Path) -> None:
    async with fake_hub() as hub, world(redis, tmp_path, hub, interval="interval: 5s") as here:
        await here.subscribed()
        (feed,) = here.ctx.now.configuration.settings.feeds
        await here.poller.poll(feed, due=True)
        await here.poller.settle()
        assert (await state(redis)).wait == 5.0


@pytest.mark.parametrize(
    ("secret", "method", "outcome"), [("wrong", "sha256", "forged"), ("", "sha256", "forged"), (None, "md5", "forged")]
)
async def test_what_is_not_signed_with_our_secret_is_ignored(
    secret: str | None, method: str, outcome: str, redis: Redis, tmp_path: Path
) -> None:
    async with fake_hub() as hub, world(redis, tmp_path, hub) as here:
        await here.subscribed()
        assert await hub.push(document("forged", "one").encode(), secret=secret, method=method) == 202
        assert await hub.push(document("true", "one").encode()) == 202
        await until(lambda: _taken(redis, 2))
        assert [title for title, _ in await titles(redis)] == ["one", "true"]
        assert await _outcome(here.ctx, outcome) == 1


async def test_strangers_get_nowhere(redis: Redis, tmp_path: Path) -> None:
    async with fake_hub() as hub, world(redis, tmp_path, hub) as here:
        known = await here.subscribed()
        callback = hub.asked[0]["hub.callback"]
        stranger = callback.replace(known.token, "x" * 32)
        assert await hub.push(b"<rss/>", callback=stranger) == 410
        assert await hub.push(b"x" * (LARGEST + 1)) == 413
        hub.verified.clear()
        for form, other in (
            ({**hub.asked[0], "hub.topic": "https://other.example/"}, {}),
            ({**hub.asked[0], "hub.callback": stranger}, {}),
            (hub.asked[0], {"hub.mode": "unsubscribe"}),
            (hub.asked[0], {"hub.challenge": ""}),
        ):
            await hub.verify(form, **other)
        assert [status for status, _ in hub.verified] == [404] * 4
        hub.verified.clear()
        await hub.verify(hub.asked[0], **{"hub.lease_seconds": "soon"})
        assert hub.verified[0][0] == 400
        async with ClientSession() as session, session.put(callback) as response:
            assert response.status == 405
        assert (await here.subscribed()).until == known.until


async def test_a_lease_is_renewed_before_it_ends(redis: Redis, tmp_path: Path) -> None:
    async with fake_hub() as hub, world(redis, tmp_path, hub) as here:
        hub.lease = 3600
        first = await here.subscribed()
        cast(Any, here.ctx.clock).ahead = 0.9 * 3600

        async def renewed() -> bool:
            return len(hub.verified) == 2

        await until(renewed)
        second = await here.subscribed()
        assert second.until > first.until + 1800
        assert (second.token, second.secret) == (first.token, first.secret), "nothing pushed meanwhile is lost"


async def test_a_restart_keeps_the_subscription(redis: Redis, tmp_path: Path) -> None:
    async with fake_hub() as hub:
        async with world(redis, tmp_path, hub) as here:
            known = await here.subscribed()
        async with world(redis, tmp_path, hub, process="later") as there:
            assert await there.subscribed() == known
            await until(lambda: _loaded(there, known))
            assert len(hub.asked) == 1


async def _loaded(here: World, known: Subscription) -> bool:
    return here.hubs._known.get("wire") == known


@pytest.mark.parametrize(("answer", "confirms"), [(500, ""), (404, ""), (202, "denied")])
async def test_a_hub_that_does_not_want_to_is_left_in_peace_and_polling_goes_on(
    answer: int, confirms: str, redis: Redis, tmp_path: Path
) -> None:
    async with fake_hub() as hub:
        hub.answer, hub.confirms = answer, confirms
        async with world(redis, tmp_path, hub, interval="interval: 300ms") as here:

            async def refused() -> bool:
                known = here.hubs._known.get("wire")
                return known is not None and known.state == "refused"

            await until(refused)
            asked = len(here.feed.seen)

            async def polled() -> bool:
                return len(here.feed.seen) >= asked + 3

            await until(polled)
            assert len(hub.asked) == 1, "it is not asked again at once"


async def test_a_push_before_the_first_poll_waits_for_it(redis: Redis, tmp_path: Path) -> None:
    async with fake_hub() as hub, world(redis, tmp_path, hub) as here:
        await here.subscribed()
        (feed,) = here.ctx.now.configuration.settings.feeds
        unread = feed.model_copy(update={"name": "unread"})
        assert await here.poller.take(unread, document("x").encode(), {}, "https://wire.example/rss") == "early"
        assert await here.poller.take(feed, b"<html></html>", {}, "https://wire.example/rss") == "html_page"
        assert len(await titles(redis)) == 1


async def test_a_feed_that_is_no_longer_configured_is_no_longer_subscribed_to(redis: Redis, tmp_path: Path) -> None:
    async with fake_hub() as hub, world(redis, tmp_path, hub) as here:
        await here.subscribed()
        configuration = here.ctx.now.configuration
        without = dataclasses.replace(configuration, settings=configuration.settings.model_copy(update={"feeds": ()}))
        here.ctx.now = dataclasses.replace(here.ctx.now, configuration=without)
        assert await hub.push(document("two", "one").encode()) == 410


class Elsewhere:
    """Polls no feed: another process does."""

    def polls(self, name: str) -> bool:
        return name == ""

    def poll_soon(self, name: str) -> None:
        raise AssertionError(name)

    async def take(self, feed: FeedSettings, body: bytes, headers: Mapping[str, str], topic: str) -> str:
        raise FencedError(f"{feed.name} went away just now: {len(body)} bytes, {len(headers)} headers, {topic}")


async def test_a_hub_may_call_any_of_the_processes_that_poll(redis: Redis, tmp_path: Path) -> None:
    async with (
        fake_hub() as hub,
        world(redis, tmp_path, hub) as here,
        context(redis, tmp_path, process="there", now=here.ctx.now) as there,
        Poster(contact="desk@example.com", allow_private=True) as poster,
    ):
        hubs = Hubs(there, poster, "")
        async with CallbackServer("127.0.0.1", 0, hubs) as server, at_work(lambda stop: hubs.work(stop, Elsewhere())):
            known = await here.subscribed()
            callback = f"http://127.0.0.1:{server.port}/websub/{known.token}"
            # what it brings is not read here: the feed is asked by the process that polls it
            here.feed.answers = [given(document("two", "one"))]
            polls = len(here.feed.seen)
            assert await hub.push(document("ignored").encode(), callback=callback, secret="wrong") == 202
            assert await hub.push(document("a part of it").encode(), callback=callback) == 202
            await until(lambda: _taken(redis, 2))
            assert [title for title, _ in await titles(redis)] == ["one", "two"]
            assert len(here.feed.seen) == polls + 1
            assert await hub.push(b"", callback=f"http://127.0.0.1:{server.port}/websub/nobodys") == 410
            # a verification that comes here counts there
            cast(Any, here.ctx.clock).ahead = cast(Any, there.clock).ahead = 600.0
            await hub.verify({**hub.asked[-1], "hub.callback": callback})
            assert hub.verified[-1] == (200, "c" * 40)
            assert (await here.subscribed()).until > known.until + 500


async def test_a_hub_may_call_at_once_and_tokens_that_nobody_has_share_one_reading(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        fake_hub() as hub,
        world(redis, tmp_path, hub) as here,
        context(redis, tmp_path, process="there", now=here.ctx.now) as there,
        Poster(contact="desk@example.com", allow_private=True) as poster,
    ):
        known = await here.subscribed()
        hubs = Hubs(there, poster, "")
        # it read what is stored a moment before the other process subscribed
        hubs._learned = there.monotonic()
        readings = 0
        real = hubs._learn

        async def counted() -> None:
            nonlocal readings
            readings += 1
            await real()

        monkeypatch.setattr(hubs, "_learn", counted)
        tokens = ("nobodys", known.token, *map(str, range(20)))
        found = await asyncio.gather(*map(hubs._find, tokens))
        assert found == ["", "wire", *[""] * 20]
        assert readings == 1
        assert await hubs._find(known.token) == "wire"
        assert readings == 1


async def test_a_push_whose_feed_went_to_another_process_just_now_is_not_lost(redis: Redis, tmp_path: Path) -> None:
    async with fake_hub() as hub, world(redis, tmp_path, hub) as here:
        await here.subscribed()
        real = here.poller.take
        here.poller.take = Elsewhere().take  # type: ignore[method-assign]
        here.feed.answers = [given(document("two", "one"))]
        assert await hub.push(document("two").encode()) == 202
        await until(lambda: _taken(redis, 2))
        here.poller.take = real  # type: ignore[method-assign]


async def test_pushes_that_cannot_be_taken_now_are_sent_again(redis: Redis, tmp_path: Path) -> None:
    async with fake_hub() as hub, world(redis, tmp_path, hub) as here:
        await here.subscribed()
        polling, here.hubs._polling = here.hubs._polling, None
        assert await hub.push(document("two", "one").encode()) == 503
        here.hubs._polling = polling
        assert await hub.push(document("two", "one").encode()) == 202
        await until(lambda: _taken(redis, 2))


@pytest.mark.parametrize(("status", "kind"), [(404, "http_404"), (503, "http_503"), (302, "http_302")])
async def test_what_a_hub_answers_is_named(status: int, kind: str) -> None:
    async with fake_hub() as hub, Poster(allow_private=True) as poster:
        hub.answer = status
        with pytest.raises(FeedError) as caught:
            await poster.post(hub.url, {"hub.mode": "subscribe"}, FeedStub())
    assert (caught.value.kind, len(hub.asked)) == (kind, 1)


async def test_a_private_hub_is_not_asked() -> None:
    async with fake_hub() as hub, Poster() as poster:
        with pytest.raises(FeedError) as caught:
            await poster.post(hub.url, {}, FeedStub())
    assert (caught.value.kind, hub.asked) == ("private_address", [])


async def test_a_hub_may_lead_to_another_and_not_for_ever() -> None:
    async with fake_hub() as hub, Poster(allow_private=True) as poster:
        async with site(given(b"", 307, Location=hub.url)) as first:
            await poster.post(first.url, {"hub.mode": "subscribe"}, FeedStub())
        async with site(given(b"", 308, Location="/")) as circle:
            with pytest.raises(FeedError) as caught:
                await poster.post(circle.url, {"hub.mode": "subscribe"}, FeedStub())
    assert [form["hub.mode"] for form in hub.asked] == ["subscribe"]
    assert (caught.value.kind, len(circle.seen)) == ("redirects", 4)


async def test_hubs_are_heard_where_the_configuration_gives_a_callback(
    redis: Redis, tmp_path: Path, unused_tcp_port: int
) -> None:
    plain = settings("name: wire, url: 'http://127.0.0.1:1/'")
    websub = f"websub: {{callback: 'http://127.0.0.1:{unused_tcp_port}/websub', port: {unused_tcp_port}}}\n"
    for number, (text, listens) in enumerate([(plain, False), (plain + websub, True)]):
        work = tmp_path / str(number)
        work.mkdir()
        async with context(redis, work, settings=text) as ctx, AsyncExitStack() as stack, ClientSession() as session:
            assert (await open_hubs(stack, ctx) is not None) == listens
            if listens:
                async with session.get(f"http://127.0.0.1:{unused_tcp_port}/websub/x") as response:
                    assert response.status == 404
                with pytest.raises(AlertdError, match="cannot listen"):
                    await open_hubs(stack, ctx)
