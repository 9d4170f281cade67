"""From the files of the configuration and the gazetteer to what a process works with; imports nothing heavy."""

from __future__ import annotations

import os
from pathlib import Path

from alertd.config import Configuration, load
from alertd.config.expansion import Listed
from alertd.sectors import sector
from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.linker import unlisted
from alertd.tagging.suggest import is_symbol, suggest
from alertd.watchlist.rules import ResolvedCompany, RuleBook, compile_rules


def read(folder: Path, gazetteer: Gazetteer, watchlist: Path | None = None) -> Configuration:
    """Read and check the configuration, symbols included; `watchlist` is another file than the folder's own.

    Raises:
        ConfigError: with every mistake.
    """

    def profile(symbol: str) -> tuple[str, str]:
        issuer = gazetteer.resolve(symbol)
        return (sector(issuer.sector), issuer.country) if issuer else ("", "")

    return load(
        folder, os.environ, lambda s: is_symbol(gazetteer, s), lambda s: suggest(gazetteer, s), watchlist,
        lambda s: listed(gazetteer, s), profile,
    )  # fmt: skip


def listed(gazetteer: Gazetteer, key: str) -> Listed | None:
    """Symbols and name of a company, for the presets of feeds that go by company."""
    issuer = gazetteer.resolve(key)
    return Listed(issuer.symbols, issuer.name) if issuer else None


def compiled(configuration: Configuration, gazetteer: Gazetteer) -> RuleBook:
    """The watchlist, ready to match; companies that no list knows go by their name."""

    def resolve(name: str) -> ResolvedCompany:
        issuer = gazetteer.resolve(name) or unlisted(name)
        return ResolvedCompany(issuer.key, issuer.symbol, issuer.symbols, issuer.name)

    def profile(key: str) -> tuple[str, str]:
        issuer = gazetteer.by_symbol(key.removeprefix("i:")) if key.startswith("i:") else None
        return (sector(issuer.sector), issuer.country) if issuer else ("", "")

    return compile_rules(configuration.watchlist, resolve, profile)


def watched(configuration: Configuration) -> list[tuple[str, tuple[str, ...]]]:
    """The companies of the watchlist as the tagger wants them: symbol or name, and aliases."""
    return [(company.key, company.aliases) for company in configuration.watchlist.companies]
