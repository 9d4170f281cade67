"""The files that `include:` names: more rules beside `watchlist.yaml`, read as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from alertd.config.document import Document, read
from alertd.config.parts import top_of

MOST: Final = 100
"""Files that may be included."""


def read_included(
    watchlist: Document,
    folder: Path,
    environ: Mapping[str, str],
    order: int,
    read_bytes: Callable[[Path], bytes | None],
) -> list[tuple[str, bytes, Document]]:
    """Read the files that a watchlist includes: the name, the bytes and the document of each, in their order.

    Args:
        watchlist: the file that names them; mistakes about the names are noted there.
        folder: the folder of that file, as messages call it.
        environ: the environment that `${NAME}` is taken from.
        order: place of the first of these files among the others, for sorting mistakes.
        read_bytes: gives the bytes of a file, None when there is none.
    """
    given = top_of(watchlist).get("include")
    names = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    found: list[tuple[str, bytes, Document]] = []
    for position, written in enumerate(names):
        at = ("include",) if isinstance(given, str) else ("include", position)
        name, shown = str(written).strip(), watchlist.shown(at)
        if not isinstance(written, str) or not name:
            continue  # it has its own message
        if Path(name).name != name:
            watchlist.at(at, f"{shown} is in another folder; put it beside watchlist.yaml and write its name alone")
        elif folder / name == Path(watchlist.name) or any(name == other for other, _, _ in found):
            watchlist.at(at, f"{shown} is read already; remove it here")
        elif len(found) == MOST:
            watchlist.at(at, f"more than {MOST} files; put some together")
        elif (data := read_bytes(folder / name)) is None:
            watchlist.at(at, f"the file {shown} is not there; name a file beside watchlist.yaml")
        else:
            path = folder / name
            document = read(path, str(path), order + len(found), environ, data)
            if "include" in top_of(document):
                document.at(("include",), "an included file includes no others; name them in watchlist.yaml", key=True)
            found.append((name, data, document))
    return found
