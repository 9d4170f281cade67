"""The state of a daemon for commands that read or change it, whether or not a daemon runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from redis.exceptions import ResponseError

from alertd.config import Configuration
from alertd.errors import StoreError
from alertd.store import embedded
from alertd.store.connection import TROUBLE, Store, open_store


async def open_state(configuration: Configuration) -> Store:
    """Connect to the store of a configuration; what a daemon left in its folder is opened for the command.

    Raises:
        StoreError: there is no state, it belongs to somebody else, or its server cannot be started or reached.
    """
    settings = configuration.settings
    if settings.redis.url is not None:
        store = open_store(settings.redis.url.get_secret_value())
    else:
        kept = settings.store
        server = await asyncio.to_thread(embedded.find, kept.folder)
        if server is None:
            _insist_on_own(kept.folder)
            server = await embedded.start(kept.folder, server=kept.redis_server, linger=kept.linger)
        store = open_store(socket=server.socket)
    await reach(store)
    return store


def _insist_on_own(folder: Path) -> None:
    """See that there is a state, and that a server which is started for it leaves no files of another user there.

    Raises:
        StoreError: it is not so.
    """
    if not embedded.has_data(folder):
        raise StoreError("there is no state here yet", where=str(folder), hint="`alertd run` makes it")
    owner = folder.stat().st_uid
    if owner != os.geteuid():
        try:
            name = pwd.getpwuid(owner).pw_name
        except KeyError:
            name = f"#{owner}"
        raise StoreError(
            f"no daemon runs here, and the state belongs to {name}", where=str(folder),
            hint=f"start the daemon, or run this as its owner: sudo -u {name} alertd …",
        )  # fmt: skip


def _reason(error: BaseException) -> str:
    """What the system says, in words; else the kind of error, for its text may hold an address with a password."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            # asyncio puts the whole address into it
            return os.strerror(cause.errno) if cause.errno and cause.errno > 0 else cause.strerror
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


@contextlib.contextmanager
def willing(store: Store) -> Iterator[None]:
    """Say it in words when the server is not there, or answers but takes nothing.

    Raises:
        StoreError: it does not answer, its disk or memory is full, or we may not do what was asked.
    """
    try:
        yield
    except ResponseError as error:
        raise StoreError(
            f"the server takes nothing: {error}",
            where=store.where,
            hint="give it disk or memory, or us the right, and start again; what it holds is safe",
        ) from error
    except TROUBLE as error:
        raise StoreError(
            f"the server cannot be reached: {_reason(error)}",
            where=store.where,
            hint="check redis.url, and that the server runs",
        ) from error


async def reach(store: Store) -> None:
    """Make sure that the server answers; closes the connection when it does not.

    Raises:
        StoreError: it does not answer, or takes nothing.
    """
    try:
        with willing(store):
            await cast(Any, store.redis).ping()
    except StoreError:
        await store.close()
        raise
    except TypeError as error:
        # the client takes the parameters of an address without looking at them, and fails at the first connection
        raise StoreError(
            "redis.url has a parameter that a connection of its kind does not know",
            where=store.where,
            hint="ssl_… needs rediss://; remove the parameter otherwise",
        ) from error
