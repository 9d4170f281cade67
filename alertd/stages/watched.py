"""Companies that people watch from within Slack: rules beside those of the files, kept in the store."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from pydantic import ValidationError

from alertd.config import RuleSettings
from alertd.stages.context import Context
from alertd.store import keys
from alertd.watchlist.rules import RuleBook, compile_rules

logger = logging.getLogger(__name__)

_EVERY: Final = 1.0
"""Seconds for which what was read counts."""


@dataclass(frozen=True, slots=True)
class _Rules:
    rules: tuple[RuleSettings, ...]


def watch_name(field: str) -> str:
    """The name of the rule that a watch makes, by "CHANNEL SYMBOL", under which it is stored."""
    channel, _, symbol = field.partition(" ")
    return f"{symbol} watched in {channel}"


def watch_rules(stored: Mapping[str, str]) -> tuple[RuleSettings, ...]:
    """The rules that stored watches make: one for each channel and company, so that each can end by itself. Pure.

    Args:
        stored: "CHANNEL SYMBOL" → JSON of who asked for it.
    """
    rules = []
    for field in sorted(stored):
        channel, _, symbol = field.partition(" ")
        try:
            given: dict[str, Any] = {"name": watch_name(field), "companies": [symbol], "channel": channel}
            rules.append(RuleSettings.model_validate(given))
        except ValidationError:
            logger.warning("what is watched in %s cannot be read and does not hold", channel)
    return tuple(rules)


def with_watched(book: RuleBook, rules: tuple[RuleSettings, ...], stored: Mapping[str, str]) -> RuleBook:
    """The rules of a book that is of the files alone, and those of stored watches beside them.

    Args:
        rules: those of the files.
    """
    return compile_rules(_Rules((*rules, *watch_rules(stored))), book.resolve, book.profile)


class Watched:
    """Keeps the rules of such watches in force beside those of the files.

    Args:
        context: its `now` is replaced.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stored: dict[str, str] = {}
        self._made: RuleBook | None = None
        self._read = float("-inf")

    async def refresh(self) -> None:
        """Put in force what is stored; reads the store once a second at most."""
        context = self._context
        if context.monotonic() - self._read >= _EVERY:
            self._read = context.monotonic()
            stored = await cast(Any, context.store.redis).hgetall(keys.WATCHED)
            if stored != self._stored:
                self._stored = stored
                self._put(context.now.configuration.watchlist.rules)
        elif self._stored and context.now.book is not self._made:
            self._put(context.now.configuration.watchlist.rules)  # a reload put that of the files alone in force

    def _put(self, rules: tuple[RuleSettings, ...]) -> None:
        self._made = with_watched(self._context.now.book, rules, self._stored)
        self._context.now = replace(self._context.now, book=self._made)
