"""What rules remember at this moment, for who explains them."""

from __future__ import annotations

from typing import Any

from alertd.articles import Tags
from alertd.store import keys
from alertd.watchlist.progress import Past, wanted
from alertd.watchlist.rules import RuleBook


async def recall(redis: Any, book: RuleBook, tags: Tags, now: float) -> Past:
    """Look up what the rules of a book remember of the companies of an article.

    Args:
        redis: the connection.
        now: Unix seconds.
    """
    names = wanted(book, tags)
    texts = await redis.mget([keys.rule_state(name) for name in names]) if names else []
    since = {name: float(text.split(" ")[1]) for name, text in (await redis.hgetall(keys.RULES)).items()}
    return Past(now, {name: text for name, text in zip(names, texts, strict=True) if text}, since)
