"""Lists of companies that a file holds: a symbol or a name a line, `#` starts a comment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from alertd.config.document import LARGEST, Document, Place

MOST: Final = 20_000
"""Companies of one list."""


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file of companies: its name relative to the folder, its bytes, and its lines with their places."""

    name: str
    data: bytes
    document: Document


@cache
def builtin_lists() -> Mapping[str, tuple[str, ...]]:
    """The lists of symbols that come with alertd, by name: indices by their constituents at a date, see the files."""
    folder = resources.files("alertd.config") / "lists"
    files = {file.name.removesuffix(".txt"): file.read_text(encoding="utf-8") for file in folder.iterdir()}
    return {name: tuple(_lines(name, text, 0).value) for name, text in sorted(files.items())}


def read_lists(watchlist: Document, folder: Path, order: int) -> list[ListFile]:
    """Put in the place of every name of a file under `lists:` what the file holds.

    Args:
        watchlist: the file that names them; mistakes about the names are noted there.
        folder: the folder that relative names start from, as messages call it.
        order: place of the first of these files among the others, for sorting mistakes.
    """
    top = watchlist.value if isinstance(watchlist.value, dict) else {}
    lists = top.get("lists")
    found: dict[str, ListFile] = {}
    if not isinstance(lists, dict):
        return []
    for key, given in lists.items():
        if not isinstance(given, str):
            continue
        lists[key] = []
        name = given.strip()
        try:
            data = (folder / name).read_bytes()
            text = data.decode("utf-8-sig")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            reason = (error.strerror or "cannot be read") if isinstance(error, OSError) else "it is no text in UTF-8"
            shown = watchlist.shown(("lists", key))
            step = "name a file beside watchlist.yaml, or write the companies in brackets"
            watchlist.at(("lists", key), f"the file {shown} cannot be read ({reason}); {step}")
            continue
        listed = found[name] = ListFile(name, data, _lines(str(folder / name), text, order + len(found)))
        if len(data) > LARGEST or len(listed.document.value) > MOST:
            watchlist.at(("lists", key), f"a list of more than {MOST:,} companies; part it")
        elif not listed.document.value:
            watchlist.at(("lists", key), "the file names no company; write a symbol or a name a line")
        else:
            lists[key] = listed.document.value
    return list(found.values())


def _lines(name: str, text: str, order: int) -> Document:
    companies: list[str] = []
    document = Document(name, order, companies)
    for number, line in enumerate(text.splitlines(), start=1):
        company = line.partition("#")[0].strip()
        if company:
            document.places[len(companies),] = Place(number, line.index(company) + 1, number, 1, company)
            companies.append(company)
    return document
