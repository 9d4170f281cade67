"""What all stages share: store, configuration in force, metrics, and how a loop outlives a store that is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from alertd.config import Configuration
from alertd.errors import FencedError
from alertd.store.connection import TROUBLE, Store
from alertd.store.leases import Lease
from alertd.store.shares import Shares
from alertd.tagging.tagger import Tagger
from alertd.watchlist.rules import RuleBook
from alertd.web.metrics import Metrics

logger = logging.getLogger(__name__)

LEFT_BEHIND = 9.0
"""Seconds after which an entry that another process holds counts as left behind: with the time between two looks for
such entries, what a dead host held goes on within 15 s. To take one from a process that is only slow does no harm."""
OWN_LEFT_BEHIND = 1.0
"""The same where one process reads at a time: what it does not hold itself was lost on its way."""
LOOK_BACK = 5.0
"""Seconds between two looks for what was delivered and never acknowledged, by a dead process or a cut connection."""
STANDBY = 1.0
"""Seconds between two tries to get a lease."""
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class InForce:
    """The configuration in force and what was made of it; replaced as a whole by a reload.

    Attributes:
        configuration: the settings and the watchlist.
        book: the watchlist, compiled.
        tagger: the tagger, or None in a process that does not tag.
    """

    configuration: Configuration
    book: RuleBook
    tagger: Tagger | None


@dataclass(slots=True)
class Context:
    """What a stage works with.

    Attributes:
        store: Redis.
        metrics: this process's metrics.
        process: name of this process, unique among those that share the store.
        now: the configuration in force; a stage reads it anew for every article.
        clock: Unix seconds.
        monotonic: monotonic seconds.
        revive: brings the store back when it is not there; does nothing for a server that is not ours.
        ready: stage → whether it works, with a word on it; shown by /readyz.
    """

    store: Store
    metrics: Metrics
    process: str
    now: InForce
    clock: Callable[[], float]
    monotonic: Callable[[], float]
    revive: Callable[[], Awaitable[None]]
    ready: dict[str, tuple[bool, str]] = field(default_factory=dict)

    @property
    def window(self) -> int:
        """Seconds for which a story stays open, and with it all that is remembered of its articles."""
        return int(self.now.configuration.settings.stories.window)

    def lease(self, name: str) -> Lease:
        """A lease of this process, not yet acquired."""
        return Lease(self.store, name, self.process, clock=self.monotonic)

    def shares(self, name: str = "poll") -> Shares:
        """What this process holds of a work that is shared, nothing yet."""
        return Shares(self.store, name, self.process, clock=self.monotonic)


Loop = Callable[[], Awaitable[None]]


async def _revived(context: Context) -> None:
    try:
        await context.revive()
    except TROUBLE as error:
        # that it is away was said; why it still is changes nothing
        logger.debug("the store is still away: %s", type(error).__name__)
    except Exception:
        logger.exception("the store cannot be brought back yet")


def _plain(error: BaseException) -> BaseException:
    """What went wrong in a group of tasks: the trouble with the store if that is among it, else the first error."""
    while isinstance(error, BaseExceptionGroup):
        inner = sorted(error.exceptions, key=lambda e: isinstance(e, (*TROUBLE, FencedError)), reverse=True)
        error = inner[0]
    return error


async def _ungrouped(work: Loop) -> None:
    try:
        await work()
    except BaseExceptionGroup as group:
        raise _plain(group) from group


async def persist(context: Context, stage: str, work: Loop, stop: asyncio.Event) -> None:
    """Run a stage's loop until it ends; when the store is away, bring it back and go on.

    What went wrong is logged once per outage, and shown in /readyz.
    """
    wait = _FIRST_WAIT
    away = False
    while not stop.is_set():
        began = context.monotonic()
        try:
            await _ungrouped(work)
        except FencedError as error:
            logger.warning("%s", error, extra={"stage": stage})
        except TROUBLE as error:
            context.ready[stage] = (False, f"the store is away: {type(error).__name__}")
            if not away:
                logger.warning("the store is away (%s); waiting for it", type(error).__name__, extra={"stage": stage})
            away = True
            await _revived(context)
        except Exception:
            # One bad moment must not end the watch: say it, show it in /readyz, go on.
            context.ready[stage] = (False, "an unexpected error, see the log")
            logger.exception("the stage failed and is started again", extra={"stage": stage})
        else:
            return
        if context.monotonic() - began > _LONGEST_WAIT:
            wait, away = _FIRST_WAIT, False
        await pause(stop, wait)
        wait = min(wait * 2, _LONGEST_WAIT)


async def holding(
    context: Context, lease: Lease | Shares, work: Loop, stop: asyncio.Event, *, shown: bool = True
) -> None:
    """Stand by for a lease, or for a share, and do the work while it is held.

    Args:
        shown: whether /readyz tells who works and who stands by.

    Raises:
        FencedError: it went to another process meanwhile.
    """
    stage = lease.name
    while not await lease.acquire():
        if shown:
            context.ready[stage] = (True, "standing by")
        await pause(stop, STANDBY)
        if stop.is_set():
            return
    if shown:
        context.ready[stage] = (True, "at work")
    beats = asyncio.create_task(lease.keep(), name=f"{stage} lease")
    worker = asyncio.ensure_future(work())
    try:
        done, _ = await asyncio.wait({beats, worker}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (beats, worker):
            task.cancel()
        await asyncio.gather(beats, worker, return_exceptions=True)
    await lease.release()


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until the stop."""
    if seconds <= 0:
        return
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
