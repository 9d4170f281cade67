"""Build the gazetteer of alertd/tagging/data: `python -m training.gazetteer --data ../shared/data`.

Facts only: symbols, names, exchange, country, sector. Doubtful joins of listings go to a file for review.
"""

from __future__ import annotations

import argparse
import array
import csv
import hashlib
import json
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import marisa_trie
import yaml

from alertd.tagging import naming
from alertd.tagging.gazetteer import FORMAT, NO_ISSUER
from alertd.tagging.words import core, normalise
from training.aliases import Entry, Usage, build
from training.issuers import Group, group
from training.listings import REGISTRAR, Listing, funds, gone, read

OVERRIDES = Path(__file__).with_name("gazetteer_overrides.yaml")
TARGET = Path(__file__).resolve().parent.parent / "alertd" / "tagging" / "data"


def main() -> None:
    """Read the lists, group, name, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--review", type=Path, help="where to write the doubtful joins (CSV)")
    options = parser.parse_args()
    overrides = yaml.safe_load(OVERRIDES.read_text(encoding="utf-8"))
    listings = corrected(read(options.data / "gazetteer"), overrides)
    groups, doubtful = group(listings, overrides["join"])
    promote(groups, overrides)
    entries, dropped = build(groups, Usage(options.data), overrides, options.data)
    former = gone(options.data / "gazetteer", listings) | set(overrides["former"])
    size = write(options.out, groups, entries, overrides, funds(options.data / "gazetteer"), former)
    if options.review:
        with options.review.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("symbol", "symbol", "why"), *doubtful])
    sys.stdout.write(
        f"{len(listings)} listings, {len(groups)} issuers, {len(entries)} names, {size / 1e6:.1f} MB; "
        f"{len(doubtful)} doubtful joins; names dropped: {dropped}\n"
    )


def corrected(listings: list[Listing], overrides: dict[str, Any]) -> list[Listing]:
    """Apply the corrections to single listings: wrong names, missing listings, listings to leave out."""
    gone = set(overrides["drop_listings"])
    by_symbol = {x.symbol: x for x in listings if x.symbol not in gone}
    for symbol, name in overrides["rename"].items():
        if found := by_symbol.get(symbol):
            found.names, found.normals = [name], [normalise(name)]
    for symbol, like in overrides["listings"].items():
        if symbol not in by_symbol:
            twin = by_symbol[like]
            by_symbol[symbol] = Listing(
                symbol, list(twin.names), "", twin.country, "", "", twin.sector, normals=list(twin.normals)
            )
    for symbol, (name, country, sector) in overrides["lacking"].items():
        by_symbol.setdefault(symbol, Listing(symbol, [name], "", country, "", "", sector, normals=[normalise(name)]))
    return list(by_symbol.values())


def promote(groups: list[Group], overrides: dict[str, Any]) -> None:
    """Put the listings that the overrides call primary first."""
    wanted = set(overrides["primary"])
    for issuer in groups:
        issuer.listings.sort(key=lambda x: x.symbol not in wanted)
    by_symbol = {x.symbol: g for g in groups for x in g.listings}
    for symbol, prior in overrides["prior"].items():
        by_symbol[symbol].prior = prior


def readable(issuer: Group, overrides: dict[str, Any]) -> str:
    """The short name to show: a trusted listing's, without its legal form, capitals tamed."""
    if name := overrides["show"].get(issuer.primary):
        return str(name)
    trusted = [x for x in issuer.listings if x.exchange not in REGISTRAR] or issuer.listings
    names = [n for x in trusted[:5] for n in x.names if core(n) == core(trusted[0].names[0])] or trusted[0].names
    return naming.readable(names)


def write(
    folder: Path,
    groups: list[Group],
    entries: dict[str, Entry],
    overrides: dict[str, Any],
    no_company: set[str],
    former: Collection[str] = (),
) -> int:
    """Write the three files.

    Args:
        former: symbols that are not listed any more.

    Returns:
        Their size in bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = marisa_trie.Trie([name + " " for name in entries])
    symbol_issuer = dict.fromkeys(no_company, NO_ISSUER)
    symbol_issuer |= {x.symbol: i for i, g in enumerate(groups) for x in g.listings}
    for code, symbol in overrides["codes"].items():
        symbol_issuer.setdefault(code, symbol_issuer[symbol])
    symbols = marisa_trie.Trie(list(symbol_issuer))
    alias_issuer = array.array("I", bytes(4 * len(names)))
    alias_flags = bytearray(len(names))
    for name, entry in entries.items():
        number = names[name + " "]
        alias_issuer[number] = NO_ISSUER if entry.issuer is None else entry.issuer
        alias_flags[number] = entry.flags
    listed = array.array("I", bytes(4 * len(symbols)))
    for symbol, issuer in symbol_issuer.items():
        listed[symbols[symbol]] = issuer
    # by CIK, and among the symbols of one the largest first
    filed = sorted((int(x.cik), x.symbol in former, x.rank, x.symbol) for g in groups for x in g.listings if x.cik)
    records = [
        "\t".join((readable(g, overrides), g.country, g.sector, " ".join(x.symbol for x in g.listings))).encode()
        for g in groups
    ]
    offsets = array.array("I", [0])
    for record in records:
        offsets.append(offsets[-1] + len(record))
    parts: dict[str, tuple[bytes, str]] = {
        "alias_issuer": (alias_issuer.tobytes(), "I"),
        "alias_flags": (bytes(alias_flags), "B"),
        "symbol_issuer": (listed.tobytes(), "I"),
        "issuer_offset": (offsets.tobytes(), "I"),
        "issuer_prior": (bytes(min(255, g.prior) for g in groups), "B"),
        "cik": (array.array("I", [cik for cik, *_ in filed]).tobytes(), "I"),
        "cik_symbol": (array.array("I", [symbols[symbol] for *_, symbol in filed]).tobytes(), "I"),
        "former": (array.array("I", sorted(symbols[s] for s in former if s in symbols)).tobytes(), "I"),
        "strings": (b"".join(records), "s"),
    }
    version = hashlib.sha256(b"".join(data for data, _ in parts.values()) + names.tobytes()).hexdigest()[:12]
    _write_table(folder / "table.bin", parts, version)
    names.save(str(folder / "names.marisa"))
    symbols.save(str(folder / "symbols.marisa"))
    return sum(f.stat().st_size for f in folder.iterdir() if f.suffix in (".bin", ".marisa"))


def _write_table(path: Path, parts: dict[str, tuple[bytes, str]], version: str) -> None:
    room, at, places = 1024, 1024, {}
    for key, (data, code) in parts.items():
        places[key] = (at, at + len(data), code)
        at += len(data) + -len(data) % 8
    header = json.dumps({"format": FORMAT, "version": version, "parts": places}).encode()
    with path.open("wb") as file:
        file.write(header.ljust(room - 1) + b"\n")
        for data, _ in parts.values():
            file.write(data + bytes(-len(data) % 8))


if __name__ == "__main__":
    main()
