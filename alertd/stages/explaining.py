"""What an explanation needs beside the rules: a pasted text as an article, and what the store knows of a real one."""

from __future__ import annotations

import json
from typing import Any, cast

from alertd.articles import Article, Entry, Placement, Story, to_plain
from alertd.stages.shelf import Shelved
from alertd.store import keys
from alertd.store.connection import Store
from alertd.tagging.tagger import Tagger, TagInput
from alertd.watchlist.archive import Filed
from alertd.watchlist.silences import Silence


def filed_text(tagger: Tagger, text: str, now: float) -> Filed:
    """A text as if it arrived now, the first report of a new story; its first line is the title. Takes the model."""
    title, _, rest = text.strip().partition("\n")
    [tags] = tagger.tag([TagInput(title=title, summary=rest)])
    story = Story("", title, (), 1, 1, (), (), (), 0, now, now)
    entry = Entry("", "", "", title, rest, published=now, date_source="published", language=tags.language)
    return Filed(Article("", entry, now), tags, Placement(story, "first", 1.0, ""))


async def remembered(store: Store, filed: Filed) -> dict[str, Any]:
    """What the store still knows of an article, empty where it knows nothing.

    Returns:
        `decision`, `story`, and `silences`: those that held when it arrived.
    """
    redis = cast(Any, store.redis)
    decision, story = await redis.mget([
        keys.decision(filed.article.id), keys.story(filed.placement.story.id)
    ])  # fmt: skip
    stored = map(Silence.load, (await redis.hgetall(keys.SILENCES)).values())
    return {
        "decision": json.loads(decision) if decision else {},
        "story": to_plain(Shelved.read(story).candidate.story) if story else {},
        "silences": [silence for silence in stored if silence.holds(filed.article.arrived)],
    }
