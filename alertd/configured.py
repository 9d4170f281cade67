"""From the files of the configuration and the gazetteer to what a process works with; imports nothing heavy."""

from __future__ import annotations

import copy
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from alertd.config import Configuration, load
from alertd.config.expansion import Listed
from alertd.sectors import sector
from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.linker import unlisted
from alertd.tagging.suggest import is_symbol, outdated, suggest
from alertd.tagging.updated import open_companies
from alertd.watchlist.rules import ResolvedCompany, RuleBook, compile_rules

if TYPE_CHECKING:
    from alertd.tagging.tagger import Tagger


class Companies:
    """The companies that a configuration is checked by, opened when the first is looked up.

    Args:
        gazetteer: them, where they are open already.

    Raises:
        GazetteerError: by all that looks one up: the list cannot be read.
    """

    def __init__(self, gazetteer: Gazetteer | None = None) -> None:
        self._state: Path | None = None
        if gazetteer is not None:
            self.gazetteer = gazetteer

    def at_state(self, folder: Path) -> None:
        """Take the folder of the state, where updates of symbols lie."""
        self._state = folder

    @cached_property
    def gazetteer(self) -> Gazetteer:
        """The companies as of the last update."""
        return open_companies(self._state)

    def known(self, symbol: str) -> bool:
        """Whether a symbol is known."""
        return is_symbol(self.gazetteer, symbol)

    def like(self, symbol: str) -> tuple[str, ...]:
        """Symbols that are like an unknown one."""
        return suggest(self.gazetteer, symbol)

    def outdated(self, symbol: str) -> str:
        """What to write instead of a symbol of the past."""
        return outdated(self.gazetteer, symbol)

    def profile(self, symbol: str) -> tuple[str, str]:
        """Sector and country of a symbol, "" for what is not known."""
        issuer = self.gazetteer.resolve(symbol)
        return (sector(issuer.sector), issuer.country) if issuer else ("", "")

    def listed(self, key: str) -> Listed | None:
        """Symbols and name of a company, for the presets of feeds that go by company."""
        issuer = self.gazetteer.resolve(key)
        return Listed(issuer.symbols, issuer.name) if issuer else None


def read(folder: Path, gazetteer: Gazetteer, watchlist: Path | None = None) -> Configuration:
    """Read and check the configuration, symbols included; `watchlist` is another file than the folder's own.

    Raises:
        ConfigError: with every mistake.
    """
    return _read(folder, Companies(gazetteer), watchlist)


def read_with_companies(folder: Path) -> tuple[Configuration, Gazetteer]:
    """Read and check the configuration by the companies as of the last update beside its state, and give both.

    Raises:
        ConfigError: with every mistake.
        GazetteerError: the companies cannot be read.
    """
    by = Companies()
    return _read(folder, by, None), by.gazetteer


def _read(folder: Path, by: Companies, watchlist: Path | None) -> Configuration:
    return load(
        folder, os.environ, by.known, by.like, watchlist, by.listed, by.profile, by.outdated, by.at_state
    )  # fmt: skip


def retagged(tagger: Tagger, configuration: Configuration, gazetteer: Gazetteer) -> Tagger:
    """The same tagger for another configuration and other companies; the model and its lock are shared.

    Raises:
        GazetteerError: the user's overrides cannot be read.
    """
    fresh = copy.copy(tagger)
    fresh.gazetteer = gazetteer
    return fresh.rewatched(configuration.settings.tagging, watched(configuration))


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
