"""The configuration in force: made of files at the start, and replaced as a whole when they change and are valid."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from watchfiles import awatch

from alertd.config import Configuration
from alertd.configured import compiled, read_with_companies, retagged
from alertd.errors import AlertdError, ConfigError, StoreError
from alertd.stages.context import Context, InForce
from alertd.stages.operator import tell
from alertd.stages.standing import stand
from alertd.store import keys
from alertd.store.connection import Store
from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.overlay import place
from alertd.tagging.tagger import Tagger

logger = logging.getLogger(__name__)

GONE: Final = 30
"""Seconds without a sign of life after which a process counts as gone."""
_SETTLE_MS = 200
_AT_START: Final = (
    "redis",
    "store",
    "web",
    "websub",
    "log",
    "tagging.model",
    "tagging.threads",
    "slack.token",
    "slack.app_token",
    "slack.base_url",
    "webhooks",
    "operator.ping_url",
)


async def agree(store: Store, process: str, generation: str, *, force: bool = False) -> str:
    """Show that this process lives and what it has in force.

    Returns:
        "" when all agree, else the generation that the others have.
    """
    outcome, theirs = await store.run(
        "configure", [keys.GENERATION, keys.PROCESSES], [generation, process, GONE, int(force)]
    )
    return "" if outcome == "ok" else str(theirs)


async def insist(store: Store, process: str, configuration: Configuration, patience: float = GONE + 2.0) -> None:
    """Put the configuration in force at a start; waits for processes that died a moment ago to count as gone.

    Args:
        patience: seconds to wait for that.

    Raises:
        StoreError: other processes that share the store have another one.
    """
    deadline = time.monotonic() + patience
    while theirs := await agree(store, process, configuration.generation, force=store.exclusive):
        if time.monotonic() < deadline:
            await asyncio.sleep(1.0)
            continue
        raise StoreError(
            f"other processes have generation {theirs} of the configuration, this one has {configuration.generation}",
            where=str(configuration.folder),
            hint="give all of them the same files",
        )
    await stand(store, configuration)


async def warn(context: Context, warnings: Iterable[str]) -> None:
    """Say, each once, what is no mistake in the configuration and yet should be changed."""
    for warning in warnings:
        await tell(context, f"warning {warning}", warning)


class Reloader:
    """Watches the folder of the configuration, and the file that updates symbols, and replaces what is in force.

    Args:
        context: its `now` is replaced.
        folder: the folder, as the user named it.
        gazetteer: the companies that are in force.
        hide: is told the secrets of a configuration before it is put in force.
    """

    def __init__(
        self, context: Context, folder: Path, gazetteer: Gazetteer, hide: Callable[[Iterable[str]], None]
    ) -> None:
        self._context = context
        self._folder = folder
        self._gazetteer = gazetteer
        self._hide = hide
        self._asked = asyncio.Event()
        self._refused = ""

    def ask(self) -> None:
        """Read the files anew, changed or not (SIGHUP)."""
        self._asked.set()

    async def work(self, stop: asyncio.Event) -> None:
        """Watch until the stop. The folder is watched, not the files: editors and ConfigMaps rename."""
        self.ask()  # it may have changed before it was watched
        # an event of its own: the watcher sets it when it is cancelled
        ended = asyncio.Event()
        watching = asyncio.create_task(self._watch(ended), name="watch the configuration")
        try:
            while not stop.is_set():
                await self._wait(stop, watching)
                if watching.done():
                    watching.result()
                if self._asked.is_set():
                    await self._once()
        finally:
            ended.set()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _once(self) -> None:
        self._asked.clear()
        try:
            await self.reload()
        except BaseException:
            self.ask()  # the store was away: the edit waits until it is back
            raise
        self._context.ready.pop("reload", None)

    async def _watch(self, ended: asyncio.Event) -> None:
        symbols = place(self._context.now.configuration.settings.store.folder)
        symbols.parent.mkdir(parents=True, exist_ok=True)
        async for changes in awatch(
            self._folder, symbols.parent, stop_event=ended, debounce=_SETTLE_MS, step=50, recursive=False
        ):
            files = {symbols.name, *(Path(name).name for name in self._context.now.configuration.files)}
            if any(Path(path).name in files or "..data" in path for _, path in changes):
                self._asked.set()

    async def _wait(self, stop: asyncio.Event, watching: asyncio.Task[None]) -> None:
        waits = [asyncio.create_task(event.wait()) for event in (stop, self._asked)]
        try:
            await asyncio.wait({*waits, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()

    async def reload(self) -> None:
        """Read the files; put them in force when they are valid and new, else say what is wrong and change nothing."""
        context = self._context
        before = context.now.configuration
        try:
            configuration, gazetteer = await asyncio.to_thread(read_with_companies, self._folder)
            updated = gazetteer.version != self._gazetteer.version
            if configuration.generation == before.generation and not updated and not self._refused:
                return
            self._hide(configuration.secrets())
            made = await asyncio.to_thread(self._make, configuration, gazetteer)
        except AlertdError as error:
            await self._refuse(error)
            return
        await agree(context.store, context.process, configuration.generation, force=True)
        await stand(context.store, configuration)
        context.now = made
        context.metrics.configured(configuration.generation)
        context.metrics.config_refused.set(0)
        context.ready["config"] = (True, f"generation {configuration.generation}")
        self._refused, self._gazetteer = "", gazetteer
        if updated:
            logger.info("symbols %s are in force: %d companies", gazetteer.version, len(gazetteer))
        await warn(context, configuration.warnings)
        logger.info(
            "configuration %s is in force: %d feeds, %d rules", configuration.generation,
            len(configuration.settings.feeds), len(configuration.watchlist.rules),
        )  # fmt: skip
        if later := [name for name in _AT_START if _get(before, name) != _get(configuration, name)]:
            logger.warning("%s: takes effect at the next start", ", ".join(later))

    def _make(self, configuration: Configuration, gazetteer: Gazetteer) -> InForce:
        tagger: Tagger | None = self._context.now.tagger
        if tagger is not None:
            tagger = retagged(tagger, configuration, gazetteer)
        return InForce(configuration, compiled(configuration, gazetteer), tagger)

    async def _refuse(self, error: AlertdError) -> None:
        problems = error.problems if isinstance(error, ConfigError) and error.problems else (str(error),)
        said = "\n".join(problems)
        self._context.metrics.config_refused.set(1)
        # what ran before goes on, so the daemon is as ready as it was
        self._context.ready["config"] = (True, f"an edit is refused: {problems[0]}")
        if said != self._refused:
            self._refused = said
            shown = "\n".join(problems[:10])
            more = f"\n… and {len(problems) - 10} more" if len(problems) > 10 else ""
            await tell(
                self._context, f"refused edit {self._context.clock():.0f}",
                f"An edit of the configuration is refused; what was in force stays.\n{shown}{more}",
            )  # fmt: skip


def _get(configuration: Configuration, name: str) -> object:
    value: object = configuration.settings
    for part in name.split("."):
        value = getattr(value, part)
    return value
