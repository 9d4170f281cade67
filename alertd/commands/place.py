"""Finds the daemon of a configuration, also while its files hold a mistake: the daemon goes on with the old ones."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from alertd.config import SETTINGS_FILE, Configuration, Settings, Watchlist, load
from alertd.config.document import read
from alertd.errors import ConfigError, StoreError
from alertd.running import Running, processes

_SECTIONS: Final = ("store", "redis", "web")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a daemon keeps its state.

    Attributes:
        configuration: the configuration; when `refused` is set, only where state is kept is known of it.
        refused: what is wrong with the files as they are now.
    """

    configuration: Configuration
    refused: ConfigError | None = None


def locate(folder: Path) -> Place:
    """Read where the daemon of a configuration keeps its state, from whatever can be read of it.

    Raises:
        ConfigError: the files are wrong in the very places that say it.
    """
    try:
        return Place(load(folder, os.environ))
    except ConfigError as error:
        return Place(_partial(folder, error), error)


def found(place: Place) -> list[Running]:
    """Give the processes of the daemon that run there, one at least.

    Raises:
        ConfigError: none does, and the files are wrong.
        StoreError: none does.
    """
    daemons = processes(place.configuration)
    if not daemons:
        raise place.refused or StoreError(
            "no daemon runs here", where=str(place.configuration.settings.store.folder), hint="start it: alertd run"
        )
    return daemons


def _partial(folder: Path, refused: ConfigError) -> Configuration:
    file = folder / SETTINGS_FILE
    if not file.is_file():
        raise refused
    document = read(file, str(file), 0, os.environ, file.read_bytes())
    # a file that cannot be read at all leaves the default place, where most keep their state
    top = document.value if isinstance(document.value, dict) else {}
    kept: dict[str, Any] = {name: top[name] for name in _SECTIONS if name in top}
    base = folder.resolve()
    redis = kept.get("redis")
    try:
        if isinstance(redis, dict) and redis.get("url_file") and redis.get("url") is None:
            kept["redis"] = {"url": (base / str(redis["url_file"])).read_text(encoding="utf-8").strip()}
        settings = Settings.model_validate(kept)
    except (ValidationError, OSError, UnicodeDecodeError):
        raise refused from None
    state = (base.parent / settings.store.folder.expanduser()).resolve()
    store = settings.store.model_copy(update={"folder": state})
    return Configuration(base, settings.model_copy(update={"store": store}), Watchlist(), generation="")
