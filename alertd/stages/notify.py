"""The stage notify: moves alerts into the outboxes of their channels, and runs a sender for each channel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, cast

from alertd.articles import Alert, loads
from alertd.errors import FencedError
from alertd.slack.sink import Sink
from alertd.stages.context import LOOK_BACK, OWN_LEFT_BEHIND, Context, holding, pause
from alertd.stages.sender import Sender
from alertd.stages.standing import Standing, StandingReader
from alertd.stages.tag import set_aside
from alertd.stages.withdrawing import from_outbox, sweep_outboxes
from alertd.store import keys
from alertd.store.connection import BLOCK_MS
from alertd.store.streams import EVERYTHING, Delivery, Reader

logger = logging.getLogger(__name__)

_BATCH = 100
_LOOK = 0.5


class NotifyStage:
    """Delivers alerts in order, channel by channel.

    Any number of processes may run it: one of them, under the lease "notify", sorts what comes into the outboxes, and
    each channel is served by the one that holds its lease.

    Args:
        context: what stages share.
        sink: where messages go.
    """

    def __init__(self, context: Context, sink: Sink) -> None:
        self._context = context
        self._sink = sink
        self._reader = Reader(context.store, keys.ALERTS, context.process, idle=OWN_LEFT_BEHIND)
        self._lease = context.lease("notify")
        self._senders: dict[str, Sender] = {}
        self._standing = StandingReader(context)
        self._swept = Standing()

    async def work(self, stop: asyncio.Event) -> None:
        """Deliver until the stop."""
        self._senders = {}
        async with asyncio.TaskGroup() as group:
            group.create_task(holding(self._context, self._lease, lambda: self._sort(group, stop), stop))
            while not stop.is_set():
                await self._sweep()
                for channel in await self._wanted():
                    self._sender(channel, group, stop).wake.set()
                await pause(stop, _LOOK)
            for sender in self._senders.values():
                sender.wake.set()

    async def _sweep(self) -> None:
        """Empty the outboxes of what rules raised that are gone, when rules came or went, or at the start."""
        standing = await self._standing.now()
        if standing != self._swept:
            await sweep_outboxes(self._context, standing)
            self._swept = standing

    async def _wanted(self) -> list[str]:
        """Channels for which something waits, for others fill outboxes too, another process, or the operator's notices;
        and those that another process serves: whoever stands by from the first takes over as soon as that one dies, not
        only as long after something came for the channel.
        """
        redis = cast(Any, self._context.store.redis)
        channels = sorted(await redis.smembers(keys.CHANNELS))
        async with redis.pipeline(transaction=False) as pipe:
            for channel in channels:
                pipe.exists(keys.outbox(channel), keys.sending(channel), keys.recount(channel))
                pipe.hget(keys.lease(f"channel {channel}"), "owner")
            found = await pipe.execute() if channels else []
        rows = zip(channels, found[::2], found[1::2], strict=True)
        return [channel for channel, filled, owner in rows if filled or owner not in (None, "", self._context.process)]

    def _sender(self, channel: str, group: asyncio.TaskGroup, stop: asyncio.Event) -> Sender:
        if channel not in self._senders:
            lease = self._context.lease(f"channel {channel}")
            sender = self._senders[channel] = Sender(self._context, lease, self._sink, channel, self._standing)
            group.create_task(self._serve(sender, stop), name=f"sender {channel}")
        return self._senders[channel]

    async def _serve(self, sender: Sender, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await holding(self._context, sender.lease, lambda: sender.work(stop), stop, shown=False)
            except FencedError as error:
                logger.warning("%s", error, extra={"stage": "notify"})

    async def _sort(self, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        own, looked = True, float("-inf")
        while not stop.is_set():
            if self._context.monotonic() - looked > LOOK_BACK:
                await self._enqueue(await self._reader.left(EVERYTHING, own=own), group, stop)
                await self._reader.sweep()
                own, looked = False, self._context.monotonic()
            await self._enqueue(await self._reader.fresh(_BATCH, BLOCK_MS), group, stop)

    async def _enqueue(self, deliveries: Sequence[Delivery], group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        if deliveries:
            standing = await self._standing.now()
            for delivery in deliveries:
                await self._put(delivery, standing, group, stop)

    async def _put(
        self, delivery: Delivery, standing: Standing, group: asyncio.TaskGroup, stop: asyncio.Event
    ) -> None:  # fmt: skip
        """Put an alert into its outbox and wake its sender; what is no alert is set aside."""
        try:
            alert = loads(Alert, delivery.fields["alert"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            said = f"no alert: {type(error).__name__}"
            await set_aside(self._context, keys.ALERTS, delivery, stage="notify", article="", error=said)
            return
        outcome = await self._context.store.run(
            "enqueue",
            [
                keys.ALERTS, keys.alert(alert.key), keys.sent(alert.key), keys.outbox(alert.destination),
                keys.CHANNELS, keys.COUNTS,
            ],
            [delivery.id, alert.key, delivery.fields["alert"], alert.destination, alert.kind],
        )  # fmt: skip
        if outcome == "queued" and standing.gone(alert):
            # decided by the rules of a moment ago
            await from_outbox(self._context, alert.destination, [alert])
            return
        sender = self._sender(alert.destination, group, stop)
        if outcome == "queued":
            sender.outbox.offer(alert)
        sender.wake.set()
