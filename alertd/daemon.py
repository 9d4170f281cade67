"""The daemon: builds the parts, runs the stages, and ends them in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

import alertd
from alertd import large_pages, logs, reload, report
from alertd.collecting import look_seldom
from alertd.config import Configuration
from alertd.configured import compiled, read_with_companies, retagged
from alertd.errors import ConfigError, StoreError
from alertd.feeds import Fetcher, Reader
from alertd.migration import migrate
from alertd.running import announced, port_beside, processes
from alertd.signals import left_alone, on_signals
from alertd.slack.sink import Sink
from alertd.slack.sinks import sink_of, where
from alertd.stages.context import Context, InForce, holding, pause, persist
from alertd.stages.dead_letters import DeadCounts
from alertd.stages.decide import DecideStage
from alertd.stages.heartbeat import Heartbeat, show
from alertd.stages.notify import NotifyStage
from alertd.stages.pages import open_pages
from alertd.stages.poll import Poller
from alertd.stages.room import Rooms
from alertd.stages.socket import Socket
from alertd.stages.standing import stand
from alertd.stages.tag import TagStage
from alertd.stages.websub import open_hubs
from alertd.state import open_state, reach, willing
from alertd.store import embedded, keys, streams
from alertd.store.connection import TROUBLE, Store, open_store
from alertd.store.folder import FolderLock
from alertd.store.named import own_name
from alertd.supervised import Supervisor, supervise, supervisor
from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.tagger import Tagger, TagInput
from alertd.web.access import Access
from alertd.web.api import Api
from alertd.web.health import Health, Part
from alertd.web.metrics import Metrics
from alertd.web.server import READY_LIMIT, WebServer

logger = logging.getLogger(__name__)

STAGES: Final = ("poll", "tag", "decide", "notify")
"""All stages, in the order in which an article passes them."""
DRAIN: Final = 8.0
"""Seconds that the stages have to end what they are at; with what is closed then, the daemon ends within ten."""
_UPKEEP = 5.0
_PAGES = 60.0
"""Seconds between two requests for large pages: what was taken meanwhile is not asked for yet."""
_ONCE_LIMIT = 900.0
_PING: Final = 0.8 * READY_LIMIT
"""Seconds that Redis has to say that it lives: less than a probe waits, which then tells what else works as well."""


@dataclass(frozen=True)
class RunOptions:
    """What to run.

    Attributes:
        stages: stages of this process.
        once: poll every feed once, work all of it off, and end.
        dry_run: print instead of posting, and keep nothing: the state is a new and passing one.
    """

    stages: tuple[str, ...] = STAGES
    once: bool = False
    dry_run: bool = False

    @property
    def lasting(self) -> bool:
        """Whether it is the daemon that others see: it stays, and what it keeps is its own."""
        return not (self.once or self.dry_run)


def run(folder: Path, options: RunOptions) -> int:
    """Run until told to end; returns the exit code.

    Args:
        folder: the folder of the configuration.
        options: what to run.

    Raises:
        AlertdError: the configuration is wrong, or a part cannot be built.
    """
    manager = supervisor(os.environ)
    configuration, gazetteer = read_with_companies(folder)
    settings = configuration.settings
    redactor = logs.configure(settings.log.format, settings.log.level, secrets=configuration.secrets())
    if options.once and options.stages != STAGES:
        raise ConfigError("--once needs all stages", hint="leave --stages away")
    with contextlib.ExitStack() as stack:
        if options.dry_run:
            passing = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alertd-dry-")))
            store = settings.store.model_copy(update={"folder": passing, "linger": 1.0})
            redis = settings.redis.model_copy(update={"url": None})
            settings = settings.model_copy(update={"store": store, "redis": redis})
            configuration = replace(configuration, settings=settings)
        if settings.redis.url is None:
            stack.enter_context(FolderLock(settings.store.folder))
        try:
            return asyncio.run(_serve(folder, configuration, gazetteer, options, redactor, manager))
        finally:
            if options.dry_run:
                asyncio.run(embedded.stop(settings.store.folder))


async def _serve(
    folder: Path, configuration: Configuration, gazetteer: Gazetteer, options: RunOptions, redactor: logs.Redactor,
    manager: Supervisor,
) -> int:  # fmt: skip
    """Build the parts and run the stages. Who is told to end before they run has nothing under way, and ends."""
    main, asked = cast("asyncio.Task[int]", asyncio.current_task()), asyncio.Event()
    restore = on_signals(main.cancel, asked.set)
    try:
        code = await _built(folder, configuration, gazetteer, options, redactor, manager, asked)
    except asyncio.CancelledError:
        main.uncancel()
        code = 0
    finally:
        restore()
    logger.info("ended")
    return code


async def _built(
    folder: Path, configuration: Configuration, gazetteer: Gazetteer, options: RunOptions, redactor: logs.Redactor,
    manager: Supervisor, asked: asyncio.Event,
) -> int:  # fmt: skip
    began = time.monotonic()
    settings = configuration.settings
    metrics = Metrics()
    process = own_name()
    loading = None
    if "tag" in options.stages:
        loading = left_alone(lambda: _load_tagger(configuration, gazetteer))
    async with contextlib.AsyncExitStack() as stack:
        store = await stack.enter_async_context(await open_configured(configuration, manager))
        with willing(store):
            await store.prepare(migrate)
            stack.push_async_callback(_leave, store, process)
            await reload.insist(store, process, configuration)
        metrics.configured(configuration.generation)

        async def revive() -> None:
            if settings.redis.url is None:
                try:
                    await embedded.start(
                        settings.store.folder, server=settings.store.redis_server, linger=settings.store.linger
                    )
                except StoreError as error:
                    logger.error("%s", error)
                    return
            await store.prepare(migrate)  # it may have come back empty

        in_force = InForce(configuration, compiled(configuration, gazetteer), None)
        context = Context(store, metrics, process, in_force, time.time, time.monotonic, revive)
        context.ready.update(dict.fromkeys(options.stages, (False, "starting")))
        context.ready["config"] = (True, f"generation {configuration.generation}")
        web = _pages(context, gazetteer, configuration)
        if options.lasting:
            await stack.enter_async_context(web)
            stack.enter_context(announced(settings.store.folder, web.url, options.stages))
        if loading is not None:
            context.now = InForce(configuration, in_force.book, await loading)
        sink = sink_of(settings, dry_run=options.dry_run, out=sys.stdout)
        stack.push_async_callback(sink.close)
        fetcher = await stack.enter_async_context(
            Fetcher(contact=settings.contact, allow_private=settings.allow_private_addresses)
        )
        reader, pages, hubs = Reader(), None, None
        if "poll" in options.stages:
            await stack.enter_async_context(reader)
            pages = await open_pages(stack, context)
            hubs = await open_hubs(stack, context) if options.lasting else None
        look_seldom()
        counts = _many(len(settings.feeds), "feed"), _many(len(configuration.watchlist.rules), "rule")
        logger.info(
            "alertd %s is ready in %.1f s: %s, %s, %s%s", alertd.__version__, time.monotonic() - began, *counts,
            where(settings, dry_run=options.dry_run),
            f", {web.url}" if web.port and not options.once else "",
        )  # fmt: skip
        with willing(store):
            await reload.warn(context, configuration.warnings)
        reloader = reload.Reloader(context, folder, gazetteer, lambda secrets: redactor.add(*secrets))
        if asked.is_set():
            reloader.ask()
        poller = Poller(context, fetcher, reader, pages, hubs)
        return await _run_stages(context, reloader, sink, poller, options, manager)


def _pages(context: Context, gazetteer: Gazetteer, configuration: Configuration) -> WebServer:
    """The pages, at the port of the configuration, or at any where another process of the same daemon has that one."""
    settings = configuration.settings.web
    port = port_beside(settings.port, processes(configuration))
    if port != settings.port:
        logger.info("web.port %d is that of another process here; this one takes a free one", settings.port)
    access = Access(settings.host, settings.token.get_secret_value() if settings.token else "")
    api = Api(context, gazetteer, lambda: _health(context), access)
    return WebServer(
        settings.host, port, lambda: _health(context), registry=context.metrics.registry, access=access,
        adds=api.add_to,
    )  # fmt: skip


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'s' * (count != 1)}"


async def _leave(store: Store, process: str) -> None:
    """Do not count among those that live any more; where the store is away, it finds out by itself."""
    with contextlib.suppress(*TROUBLE):
        await cast(Any, store.redis).zrem(keys.PROCESSES, process)


async def _run_stages(
    context: Context, reloader: reload.Reloader, sink: Sink, poller: Poller, options: RunOptions,
    manager: Supervisor,
) -> int:  # fmt: skip
    stop = asyncio.Event()
    restore = on_signals(stop.set, reloader.ask)
    decide, notify = DecideStage(context), NotifyStage(context, sink)
    code = 0

    async def once() -> None:
        nonlocal code
        await poller.once()
        code = await _worked_off(context, stop)
        stop.set()

    polling = once if options.once else lambda: poller.work(stop)
    work: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
        "poll": lambda: holding(context, poller.shares, polling, stop),
        "tag": lambda: TagStage(context).work(stop),
        "decide": lambda: holding(context, decide.lease, lambda: decide.work(stop), stop),
        "notify": lambda: notify.work(stop),
    }
    slack = context.now.configuration.settings.slack
    stages = list(options.stages)
    if "notify" in stages and slack.app_token is not None and options.lasting:
        socket_mode = Socket(context, slack.app_token.get_secret_value(), slack.base_url)
        work["answers"] = lambda: holding(context, context.lease("answers"), lambda: socket_mode.work(stop), stop)
        stages.append("answers")
    if context.now.configuration.settings.operator.ping_url is not None and options.lasting:
        ping = Heartbeat(context, STAGES)
        work["ping"] = lambda: holding(context, context.lease("ping"), lambda: ping.work(stop), stop, shown=False)
        stages.append("ping")
    tasks = [asyncio.create_task(persist(context, name, work[name], stop), name=name) for name in stages]
    tasks.append(asyncio.create_task(persist(context, "upkeep", lambda: upkeep(context, stop), stop), name="upkeep"))
    if options.lasting:
        tasks.append(asyncio.create_task(persist(context, "reload", lambda: reloader.work(stop), stop), name="reload"))
    stopping = asyncio.create_task(stop.wait())
    telling = asyncio.create_task(supervise(manager, lambda: _health(context), stop), name="supervised")
    try:
        done, _ = await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            # a stage ends only when it is told to: without one of them nothing would arrive, and nobody would know
            logger.critical("%s ended by itself; ending all", ", ".join(task.get_name() for task in done))
            code = 1
            stop.set()
        _, late = await asyncio.wait(tasks, timeout=DRAIN)
        for task in late:
            logger.warning(
                "%s did not end within %.0f s; what it was at goes on at the next start", task.get_name(), DRAIN
            )
    finally:
        left: list[asyncio.Task[Any]] = [*tasks, stopping, telling]
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        restore()
    return code


async def _worked_off(context: Context, stop: asyncio.Event) -> int:
    """Wait until nothing is under way any more; returns the exit code."""
    deadline = context.monotonic() + _ONCE_LIMIT
    while not stop.is_set():
        busy = sum((await report.lags(context.store)).values()) + sum((await report.outboxes(context.store)).values())
        if not busy:
            return 0
        refused = [name for name, (fine, _) in context.ready.items() if name.startswith("channel ") and not fine]
        if refused or context.monotonic() > deadline:
            logger.error("%d articles and alerts are still under way; they are kept", busy)
            return 1
        await pause(stop, 0.2)
    return 0


async def upkeep(context: Context, stop: asyncio.Event) -> None:
    """Show that this process lives, trim what is done with, bring the metrics up to date, and keep memory in order."""
    rooms, dead = Rooms(context), DeadCounts(context.store)
    asked = float("-inf")
    while not stop.is_set():
        if context.monotonic() - asked >= _PAGES:
            asked = context.monotonic()
            await asyncio.to_thread(large_pages.ask)
        generation = context.now.configuration.generation
        theirs = await reload.agree(context.store, context.process, generation)
        if theirs:
            context.ready["config"] = (False, f"other processes have generation {theirs}, this one has {generation}")
        else:
            if not context.ready["config"][0]:
                context.ready["config"] = (True, f"generation {generation}")
            await stand(context.store, context.now.configuration)  # the store may have come back empty
        for stream in keys.GROUPS:
            await streams.trim(context.store, stream)
        await report.observe(context.store, context.metrics, dead)
        await rooms.look()
        await show(context, STAGES)
        context.ready.pop("upkeep", None)
        await pause(stop, _UPKEEP)


async def _health(context: Context) -> Health:
    parts = [Part(name, fine, detail) for name, (fine, detail) in context.ready.items()]
    try:
        async with asyncio.timeout(_PING):
            await cast(Any, context.store.redis).ping()
        parts.append(Part("redis", True))
    except TimeoutError:
        parts.append(Part("redis", False, f"no answer within {_PING:g} s"))
    except TROUBLE as error:
        parts.append(Part("redis", False, type(error).__name__))
    return Health(tuple(parts))


async def open_configured(configuration: Configuration, manager: Supervisor | None = None) -> Store:
    """Connect to the store of a configuration, starting the embedded server when it names no other.

    Args:
        configuration: the configuration.
        manager: is asked for more time while the server reads large files.

    Raises:
        StoreError: it cannot be started or reached.
    """
    settings = configuration.settings
    if settings.redis.url is not None:
        store = open_store(settings.redis.url.get_secret_value())
    else:
        server = await embedded.start(
            settings.store.folder, server=settings.store.redis_server, linger=settings.store.linger,
            tell=manager.wait if manager else None,
        )  # fmt: skip
        store = open_store(socket=server.socket, exclusive=True)
    await reach(store)
    return store


async def status(configuration: Configuration) -> dict[str, Any]:
    """What the daemon has done and is doing, see `report.overview`.

    With `running`, its first process on this machine, or None when none runs; `processes`, all of them; and `store`:
    its memory, `used_mb` of `limit_mb`.

    Raises:
        StoreError: there is no state to look at.
    """
    async with await open_state(configuration) as store:
        found = [asdict(one) for one in processes(configuration)]
        used, limit = await store.memory(configuration.settings.store.max_mb)
        room = {"used_mb": round(used, 1), "limit_mb": limit}
        return {
            "running": found[0] if found else None, "processes": found, **await report.overview(store), "store": room,
        }  # fmt: skip


def _load_tagger(configuration: Configuration, gazetteer: Gazetteer) -> Tagger:
    tagger = retagged(Tagger.load(configuration.settings.tagging), configuration, gazetteer)
    tagger.tag([TagInput("Shares rise")])  # the first pass is slow: not the first article's
    return tagger
