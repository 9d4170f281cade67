"""The configuration that `alertd init` writes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from alertd.config.loading import FILES
from alertd.errors import ConfigError

_FOLDER: Final = resources.files("alertd.config") / "default"


def default_text(name: str) -> str:
    """Give the text of `alertd.yaml` or `watchlist.yaml` as `alertd init` writes it."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def write_default(folder: Path, texts: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    """Write the default configuration into a folder, which is made when it is not there.

    Args:
        folder: where the files go.
        texts: the files by their names, where they differ from the defaults.

    Returns:
        The files that were written.

    Raises:
        ConfigError: one of the files is there already, or the folder cannot be written; nothing was overwritten.
    """
    if folder.is_file():
        raise ConfigError("is a file", where=str(folder), hint="name the folder: alertd init DIR")
    paths = tuple(folder / name for name in FILES)
    for path in paths:
        if path.exists():
            raise ConfigError(
                "is there already", where=str(path), hint="edit it, or name another folder: alertd init DIR"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths:
            with path.open("x", encoding="utf-8") as file:
                file.write(texts[path.name] if texts else default_text(path.name))
    except OSError as error:
        raise ConfigError(
            "cannot be written", where=str(folder), hint=error.strerror or "name another folder"
        ) from error
    return paths
