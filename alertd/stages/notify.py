"""The stage notify: moves alerts into the outboxes of their channels, and runs a sender for each channel."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

from alertd.articles import Alert, loads
from alertd.slack.posting import Sink
from alertd.stages.context import LOOK_BACK, OWN_LEFT_BEHIND, Context
from alertd.stages.sender import Sender
from alertd.stages.tag import set_aside
from alertd.store import keys
from alertd.store.connection import BLOCK_MS
from alertd.store.leases import Lease
from alertd.store.streams import EVERYTHING, Delivery, Reader

logger = logging.getLogger(__name__)

_BATCH = 100


class NotifyStage:
    """Delivers alerts in order, channel by channel, while its process holds the lease.

    Args:
        context: what stages share.
        sink: where messages go.
    """

    def __init__(self, context: Context, sink: Sink) -> None:
        self._context = context
        self._sink = sink
        self._reader = Reader(context.store, keys.ALERTS, context.process, idle=OWN_LEFT_BEHIND)
        self._lease = context.lease("notify")

    @property
    def lease(self) -> Lease:
        """The lease under which alerts are delivered."""
        return self._lease

    async def work(self, stop: asyncio.Event) -> None:
        """Deliver until the stop."""
        senders: dict[str, Sender] = {}
        async with asyncio.TaskGroup() as group:

            def wake(channel: str) -> None:
                if channel not in senders:
                    senders[channel] = Sender(self._context, self._lease, self._sink, channel)
                    group.create_task(senders[channel].work(stop), name=f"sender {channel}")
                senders[channel].wake.set()

            own, looked = True, float("-inf")
            while not stop.is_set():
                if self._context.monotonic() - looked > LOOK_BACK:
                    for delivery in await self._reader.left(EVERYTHING, own=own):
                        await self._enqueue(delivery)
                    await self._reader.sweep()
                    own, looked = False, self._context.monotonic()
                # what others put into an outbox (the operator's notices) is found here too
                for channel in await cast(Any, self._context.store.redis).smembers(keys.CHANNELS):
                    wake(channel)
                for delivery in await self._reader.fresh(_BATCH, BLOCK_MS):
                    if channel := await self._enqueue(delivery):
                        wake(channel)
            for sender in senders.values():
                sender.wake.set()

    async def _enqueue(self, delivery: Delivery) -> str:
        """Put an alert into its outbox; returns the channel, "" for what is no alert and was set aside."""
        try:
            alert = loads(Alert, delivery.fields["alert"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            said = f"no alert: {type(error).__name__}"
            await set_aside(self._context, keys.ALERTS, delivery, stage="notify", article="", error=said)
            return ""
        await self._context.store.run(
            "enqueue",
            [
                keys.ALERTS, keys.alert(alert.key), keys.sent(alert.key), keys.outbox(alert.destination),
                keys.CHANNELS, keys.COUNTS,
            ],
            [delivery.id, alert.key, delivery.fields["alert"], alert.destination, alert.kind],
        )  # fmt: skip
        return alert.destination
