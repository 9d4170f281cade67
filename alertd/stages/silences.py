"""Silences as decide needs them: read from Redis for every article, compiled anew only when they changed."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from alertd.config import RuleSettings
from alertd.stages.context import Context
from alertd.store import keys
from alertd.watchlist.rules import RuleBook, compile_rules
from alertd.watchlist.silences import Silence, Silences

logger = logging.getLogger(__name__)

_WIDE: Mapping[str, Any] = {
    "roles": ["subject", "source", "passing"], "min_relevance": 0.0, "min_confidence": 0.0, "min_novelty": 0.0
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rules:
    rules: Sequence[RuleSettings]


def matcher_rule(silence: Silence) -> RuleSettings:
    """The rule that matches what a silence silences; it asks for no more than the silence says.

    Raises:
        ValidationError: the matcher is none.
    """
    return RuleSettings.model_validate({**_WIDE, **silence.matcher, "name": silence.id})


def compile_silences(silences: Sequence[Silence], book: RuleBook) -> Silences:
    """Make silences ready to use; one that cannot be read does not hold, and is logged."""
    known, rules = {}, []
    for silence in silences:
        try:
            if silence.matcher:
                rules.append(matcher_rule(silence))
        except ValidationError:
            logger.warning("silence %s cannot be read and does not hold", silence.id, extra={"stage": "decide"})
            continue
        known[silence.id] = silence
    return Silences(known, compile_rules(_Rules(rules), book.resolve, book.profile) if rules else None)


class SilenceReader:
    """Reads silences.

    Args:
        context: what stages share.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._texts: Mapping[str, str] = {}
        self._book: RuleBook | None = None
        self._made = Silences()

    async def now(self) -> Silences:
        """All silences that are stored, also those that do not hold at present."""
        texts: dict[str, str] = await cast(Any, self._context.store.redis).hgetall(keys.SILENCES)
        book = self._context.now.book
        if texts != self._texts or book is not self._book:
            self._made = compile_silences([Silence.load(text) for text in texts.values()], book)
            self._texts, self._book = texts, book
        return self._made
