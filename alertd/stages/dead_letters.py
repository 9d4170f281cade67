"""Dead letters: what could not be processed, as it is kept, and the ways back onto its way or out of the store."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from alertd.articles import Alert, Article, dumps, loads
from alertd.errors import StoreError
from alertd.stages.entries import article_in
from alertd.store import keys
from alertd.store.connection import Store

Outcome = Literal["back", "gone", "decided", "told", "waits"]
"""What a replay came to; see `WORDS`."""

WORDS: Final[Mapping[Outcome, str]] = {
    "back": "back on its way",
    "gone": "not there any more: another replay or drop came first",
    "decided": "had been decided after all, so it only leaves the dead letters",
    "told": "had been told, dropped or withdrawn meanwhile, so it only leaves the dead letters",
    "waits": "still waits in its channel's outbox; look again when it was told or set aside once more",
}
"""Each outcome in words."""

_PAYLOADS: Final = ("entry", "again", "article", "alert")
_NOT_KEPT: Final = ("tags",)
_TITLE: Final = 200
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """What was set aside.

    Attributes:
        id: its id in the stream of dead letters.
        stage: which stage could not process it: tag, decide or notify.
        article: id of the article, or "" when it belongs to none.
        error: why, in words.
        at: when it was set aside, Unix seconds.
        payload: the entry, article or alert, as it was stored.
        field: which of these the payload is, as the stream of its stage names it; "" in what older versions kept.
        rest: the other fields that it had in that stream.
    """

    id: str
    stage: str
    article: str
    error: str
    at: float
    payload: str
    field: str
    rest: Mapping[str, str]

    @property
    def title(self) -> str:
        """The headline or sentence, as far as it can be read; "" when it cannot."""
        return title_of(self.payload)

    @classmethod
    def read(cls, ident: str, row: Mapping[str, str]) -> Letter:
        """Read an entry of the stream, whatever is missing in it."""
        try:
            rest = json.loads(row.get("rest") or "{}")
        except ValueError:
            rest = {}
        return cls(
            ident, row.get("stage", ""), row.get("article", ""), row.get("error", ""), float(row.get("at") or 0.0),
            row.get("payload", ""), row.get("field", ""), rest if isinstance(rest, dict) else {},
        )  # fmt: skip

    def to_plain(self) -> dict[str, Any]:
        """What commands print, JSON-ready."""
        names = ("id", "stage", "article", "title", "error", "at")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class BackAsArticle:
    """An article as it goes back into the stream of articles.

    Attributes:
        article: the article; `copy_of` is what it had.
        fingerprint: as it was accepted with.
        seq: its place in the order, as text.
    """

    article: Article
    fingerprint: str
    seq: str


def parted(fields: Mapping[str, str]) -> tuple[str, str, dict[str, str]]:
    """Part an entry of a stream into the name of its payload, the payload, and what else a replay needs. Pure."""
    field = next((name for name in _PAYLOADS if fields.get(name)), "")
    rest = {name: value for name, value in fields.items() if name != field and name not in _NOT_KEPT}
    return field, fields.get(field, ""), rest


def way_back(letter: Letter) -> BackAsArticle | Alert:
    """Say how a letter goes back on its way. Pure.

    Raises:
        StoreError: it cannot: nobody can read what was set aside, or too little of it was kept.
    """
    try:
        if letter.field == "alert":
            return loads(Alert, letter.payload)
        if letter.field in _PAYLOADS:
            return BackAsArticle(_article(letter), letter.rest["fp"], letter.rest["seq"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _lost(letter, f"it cannot be read ({type(error).__name__})") from error
    raise _lost(letter, "it is no article and no alert" if not letter.payload else "too little of it was kept")


def _article(letter: Letter) -> Article:
    if letter.field == "article":
        return loads(Article, letter.payload)
    return article_in(letter.article, {**letter.rest, letter.field: letter.payload})


def _lost(letter: Letter, why: str) -> StoreError:
    return StoreError(
        f"cannot go back on its way: {why}", where=letter.id,
        hint=f"alertd dead show {letter.id} has what was kept, alertd dead drop {letter.id} removes it",
    )  # fmt: skip


def title_of(payload: str) -> str:
    """The title of what could not be processed, as far as it can be read; "" when it cannot. Pure."""
    try:
        plain = json.loads(payload)
    except ValueError:
        return ""
    for path in (("entry", "title"), ("title",), ("article", "entry", "title"), ("text",)):
        found: Any = plain
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, str) and found:
            return found[:_TITLE]
    return ""


async def letters(store: Store) -> AsyncIterator[Letter]:
    """All dead letters, oldest first, read page by page; one that is added meanwhile may be among them."""
    start = "-"
    while rows := await cast(Any, store.redis).xrange(keys.DEAD, min=start, count=_PAGE):
        for ident, row in rows:
            yield Letter.read(ident, row)
        start = f"({rows[-1][0]}"


class DeadCounts:
    """Counts the dead letters of each stage, reading only what came since the last time, and all when some have gone.

    Args:
        store: the store.
    """

    def __init__(self, store: Store) -> None:
        self._redis = cast(Any, store.redis)
        self._counts: Counter[str] = Counter()
        self._last = ""

    async def now(self) -> Mapping[str, int]:
        """How many there are, by stage; 0 for those that had some."""
        if not await self._count_on() and not await self._count_on():
            self._last = ""  # some are going just now: counted anew the next time
        return self._counts

    async def _count_on(self) -> bool:
        """Count those behind the last one that was counted, page by page; False when some before it have gone."""
        if not self._last:
            self._counts = Counter(dict.fromkeys(self._counts, 0))
        while True:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.xlen(keys.DEAD)
                pipe.xrange(keys.DEAD, min=self._last or "-", count=_PAGE)
                length, rows = await pipe.execute()
            known = not self._last or (rows and rows.pop(0)[0] == self._last)
            self._counts.update(row.get("stage", "") for _, row in rows)
            if known and self._counts.total() == length:
                self._last = rows[-1][0] if rows else self._last
                return True
            self._last = rows[-1][0] if known and rows else ""
            if not self._last:
                return False


async def find(store: Store, ident: str) -> Letter | None:
    """The dead letter with this id, else the latest one of the article with this id; None when there is neither."""
    found = None
    async for letter in letters(store):
        if letter.id == ident:
            return letter
        if letter.article == ident:
            found = letter
    return found


async def replay(store: Store, letter: Letter, window: int) -> tuple[Outcome, str]:
    """Put a letter back on its way, once however many try: nothing is told twice by it.

    An article is tagged and decided anew, with all its tries before it. Where a copy of it took its place meanwhile it
    joins that one's story as its copy. An alert goes to the end of its channel's outbox.

    Args:
        store: the store.
        letter: what was set aside.
        window: seconds for which marks of articles are kept (`stories.window`).

    Returns:
        What it came to, and the id of the article that it joins as a copy, or "".

    Raises:
        StoreError: it cannot go back; it stays among the dead letters.
    """
    back = way_back(letter)
    if isinstance(back, Alert):
        outcome = await store.run(
            "requeue",
            [
                keys.DEAD, keys.alert(back.key), keys.sent(back.key), keys.outbox(back.destination), keys.CHANNELS,
                keys.COUNTS,
            ],
            [letter.id, back.key, letter.payload, back.destination, back.kind],
        )  # fmt: skip
        return cast(Outcome, outcome), ""
    article = back.article
    outcome, joined = await store.run(
        "replay",
        [
            keys.DEAD, keys.ARTICLES, keys.decision(article.id), keys.tags(article.id), keys.root(article.id),
            keys.opened(article.id),
        ],
        [
            letter.id, back.seq, dumps(article), back.fingerprint, article.copy_of, article.id, window, keys.root(""),
        ],
    )  # fmt: skip
    return cast(Outcome, outcome), str(joined)


async def drop(store: Store, found: Sequence[Letter]) -> int:
    """Remove letters for good; returns how many were still there."""
    if not found:
        return 0
    return int(await cast(Any, store.redis).xdel(keys.DEAD, *(letter.id for letter in found)))
