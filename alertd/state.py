"""The state of a daemon for commands that read or change it, whether or not a daemon runs."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from alertd.config import Configuration
from alertd.errors import StoreError
from alertd.store import embedded
from alertd.store.connection import TROUBLE, Store, open_store


async def open_state(configuration: Configuration) -> Store:
    """Connect to the store of a configuration as it is: no server is started for it.

    Raises:
        StoreError: no server runs, or it cannot be reached.
    """
    settings = configuration.settings
    if settings.redis.url is not None:
        store = open_store(settings.redis.url.get_secret_value())
    else:
        server = await asyncio.to_thread(embedded.find, settings.store.folder)
        if server is None:
            raise StoreError("nothing runs here", where=str(settings.store.folder), hint="start it with `alertd run`")
        store = open_store(socket=server.socket)
    await reach(store)
    return store


async def reach(store: Store) -> None:
    """Make sure that the server answers; closes the connection when it does not.

    Raises:
        StoreError: it does not answer.
    """
    try:
        await cast(Any, store.redis).ping()
    except TROUBLE as error:
        await store.close()
        raise StoreError(
            f"the server cannot be reached: {type(error).__name__}",
            where=store.where,
            hint="check redis.url, and that the server runs",
        ) from error
