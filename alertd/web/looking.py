"""The views of the page as data: what each shows, read from the store; nothing here changes anything."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

from alertd.articles import Alert, loads
from alertd.report import told_story
from alertd.slack.compose import compose, compose_digest
from alertd.slack.message import Message
from alertd.stages import browsing, companies
from alertd.stages.context import Context
from alertd.stages.shelf import Shelved
from alertd.store import keys
from alertd.stories.placing import OPEN
from alertd.watchlist.archive import Filed
from alertd.watchlist.pulse import HOUR, Hour, marks, series
from alertd.watchlist.rules import ResolvedCompany, issuer_of
from alertd.watchlist.searching import Wanted
from alertd.web import shown
from alertd.web.asking import Query, RequestError, is_entry

MOODS: Final = ("negative", "neutral", "positive")
LONGEST_SERIES: Final = 720
"""Hours of the longest chart."""
_DAY: Final = 24
_POINTS: Final = 180
_MARKS: Final = 60
_LOUD: Final = 50
_THREAD: Final = 500
_SAME_POST: Final = 5_000


class Looking:
    """Reads what views show.

    Args:
        context: what stages share.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._redis = cast(Any, context.store.redis)

    def company(self, text: str) -> ResolvedCompany:
        """A company by its issuer's key, symbol or name; one that no list knows goes by its name."""
        book = self._context.now.book
        if text in book.companies:
            return book.companies[text]
        wanted = text.removeprefix("i:")
        found = book.resolve(wanted)
        if found is None:
            raise RequestError(f"no company is called {wanted}", hint="search by symbol or name", status=404)
        return found

    async def now(self, query: Query) -> dict[str, Any]:
        """Decided articles, the latest first."""
        named = query.text("company")
        wanted = Wanted(
            text=query.text("q"), issuer=self.company(named).issuer if named else "", event=query.text("event"),
            feed=query.text("feed"), mood=query.one_of("mood", *MOODS), news=query.one_of("only", "news") != "",
        )  # fmt: skip
        try:
            page = await browsing.browse(self._store, wanted, after=query.text("after"), limit=query.limit())
        except ValueError as error:
            raise RequestError(str(error)) from error
        return {"items": await self.articles(page.found), "after": page.after, "back_to": page.back_to}

    async def articles(self, found: Sequence[Filed]) -> list[dict[str, Any]]:
        """Articles with what was decided about them."""
        names = [keys.decision(filed.article.id) for filed in found]
        decisions = await self._redis.mget(names) if names else []
        return [
            shown.article(filed, json.loads(text) if text else {}) for filed, text in zip(found, decisions, strict=True)
        ]

    async def alerts(self, query: Query) -> dict[str, Any]:
        """Delivered alerts, the latest first."""
        limit, before = query.limit(), query.text("before")
        rule, words = query.text("rule"), query.text("q").casefold().split()
        if before and not is_entry(before):
            raise RequestError("before is no place among what was delivered")
        found: list[dict[str, Any]] = []
        for _ in range(4):  # what is filtered out is looked past, within bounds
            entries = await self._redis.xrevrange(
                keys.DELIVERED, max=f"({before}" if before else "+", count=max(limit, 250) if rule or words else limit
            )
            for entry, fields in entries:
                before = entry
                row = json.loads(fields["row"])
                said = f"{row['title']} {row['company']} {row['symbol']} {row['channel']} {row['rule']}".casefold()
                if (not rule or row["rule"] == rule) and all(word in said for word in words):
                    found.append(shown.alert(entry, row))
                    if len(found) == limit:
                        return {"items": found, "before": before}
            if not entries:
                return {"items": found, "before": ""}
        return {"items": found, "before": before}

    async def alert(self, key: str) -> dict[str, Any]:
        """A delivered alert with its message and thread."""
        sent = await self._redis.get(keys.sent(key))
        if not sent:
            raise RequestError("this alert is not remembered", hint="alerts are kept for 30 days", status=404)
        record = json.loads(sent)
        start = f"{max(0, int(record['at'] * 1000) - _SAME_POST)}-0"
        rows = [
            (entry, json.loads(fields["row"]))
            for entry, fields in await self._redis.xrange(keys.DELIVERED, min=start, count=_THREAD)
        ]
        mine = next(((entry, row) for entry, row in rows if row["key"] == key), None)
        if mine is None:
            raise RequestError("this alert is not remembered", hint="the latest 20,000 are kept", status=404)
        entry, row = mine
        same = [other for _, other in rows if other["ts"] == row["ts"] != "" and other["channel"] == row["channel"]]
        thread = [
            shown.alert(place, other)
            for place, other in rows
            if other["story"] == row["story"] != "" and other["channel"] == row["channel"] and other["key"] != key
        ]
        message, exact = await self._message(row, [other["key"] for other in same] or [key])
        return {
            "alert": shown.alert(entry, row), "message": message and told(message), "exact": exact,
            "together": max(1, len(same)), "thread": thread[:100],
        }  # fmt: skip

    async def _message(self, row: dict[str, Any], together: Sequence[str]) -> tuple[Message | None, bool]:
        """The message of a delivery, and whether it is as it was posted."""
        texts = await self._redis.mget([keys.shown(name) for name in together])
        alerts = [loads(Alert, text) for text in texts if text]
        if len(together) > 1 and alerts:
            return compose_digest(alerts, row["at"])[0], len(alerts) == len(together)
        answers = self._context.now.configuration.settings.slack.app_token is not None
        if alerts:
            return compose(alerts[0], row["at"], answers=answers), True
        rebuilt = await self._rebuilt(row)
        return (compose(rebuilt, row["at"], answers=answers) if rebuilt else None), False

    async def _rebuilt(self, row: dict[str, Any]) -> Alert | None:
        filed = await browsing.article(self._store, row["article"]) if row["article"] else None
        if filed is None:
            return None
        company = next((c for c in filed.tags.companies if issuer_of(c) == row["issuer"]), None)
        return Alert(
            row["key"], "reply" if row["kind"] == "reply" else "post", row["rule"], row["channel"], row["reason"],
            row["at"], filed.article, filed.tags, company, filed.placement, severity=row["severity"],
        )  # fmt: skip

    async def stories(self, query: Query) -> dict[str, Any]:
        """Stories, those with the latest article first; with `outlets`, those that so many carry."""
        limit, least = query.limit(), query.number("outlets", 1, 1, 1000)
        after = query.text("after")
        score, _, last = after.partition("_")
        try:
            high: Any = float(score) if after else "+inf"
        except ValueError as error:
            raise RequestError("after is no place among the stories") from error
        names = await self._redis.zrevrangebyscore(
            keys.STORIES, high, "-inf", start=0, num=4 * limit + 64, withscores=True
        )
        idents = [name for name, _ in names]
        if last in idents:
            names = names[idents.index(last) + 1 :]
        texts = await self._redis.mget([keys.story(name) for name, _ in names]) if names else []
        now = await self._store.time()
        found, after = [], ""
        for (name, at), text in zip(names, texts, strict=True):
            story = Shelved.read(text).candidate.story if text else None
            if story is not None and len(story.sources) >= least:
                found.append(shown.story(story, is_open=now - story.last_seen <= OPEN, names=self.names(story.issuers)))
            after = f"{at:.3f}_{name}"
            if len(found) == limit:
                break
        else:
            after = after if len(names) > 4 * limit else ""
        return {"items": found, "after": after}

    def names(self, issuers: Iterable[str]) -> list[str]:
        """Companies as a reader knows them, by the keys of their issuers."""
        return [self._known(issuer)[1] for issuer in issuers]

    def _known(self, issuer: str) -> tuple[str, str]:
        """The symbol of a company, or "", and its name."""
        book = self._context.now.book
        given = issuer.partition(":")[2]
        known = book.companies.get(issuer) or book.resolve(given)
        return (known.symbol or "", known.name) if known else ("", given or issuer)

    async def story(self, ident: str) -> dict[str, Any]:
        """A story with its timeline and what was told of it."""
        found = await told_story(self._store, ident)
        if found is None:
            raise RequestError(
                "no such story is remembered", hint="stories are kept for stories.window, three days by default",
                status=404,
            )  # fmt: skip
        story = found.story
        start = f"{max(0, int(story.first_seen * 1000))}-0"
        rows = await self._redis.xrevrange(keys.DELIVERED, min=start, count=2 * _THREAD)
        told_of = [(entry, json.loads(fields["row"])) for entry, fields in reversed(rows)]
        return {
            "story": shown.story(story, is_open=found.is_open, names=self.names(story.issuers)),
            "figures": list(story.figures), "timeline": found.timeline,
            "alerts": [shown.alert(entry, row) for entry, row in told_of if row["story"] == story.id],
        }  # fmt: skip

    async def companies(self, query: Query) -> dict[str, Any]:
        """Companies of the watchlist and those of whom most was said lately; with `q`, those that it names."""
        now = self._context.clock()
        book = self._context.now.book
        wanted, limit = query.text("q"), query.limit()
        days = query.number("days", 2, 1, 7)
        loud = await companies.loudest(self._store, now, days, 2 * limit if wanted else max(limit, _LOUD))
        if wanted:
            word = wanted.casefold()
            exact = book.resolve(wanted)
            near = [i for i in (*book.companies, *loud) if word in f"{i} {self._known(i)[1]}".casefold()]
            issuers = list(dict.fromkeys([*([exact.issuer] if exact else []), *near]))[:limit]
        else:
            issuers = list(dict.fromkeys([*loud, *list(book.companies)[:limit]]))[: max(limit, len(loud))]
        since = now - (_DAY - 1) * HOUR
        stored = await companies.pulses(self._store, issuers, since, now)
        items = [self._row(issuer, series(stored[issuer], since, now, 1)) for issuer in issuers]
        items.sort(key=lambda item: (-item["articles"], not item["watched"], item["name"].casefold()))
        return {"items": items[:limit]}

    def _row(self, issuer: str, hours: Sequence[Hour]) -> dict[str, Any]:
        articles = sum(hour.articles for hour in hours)
        scores = sum(hour.articles * (hour.score or 0.0) for hour in hours)
        return {
            **self._named(issuer), "articles": articles, "positive": sum(hour.positive for hour in hours),
            "negative": sum(hour.negative for hour in hours),
            "score": round(scores / articles, 3) if articles else None, "hours": [hour.articles for hour in hours],
        }  # fmt: skip

    def _named(self, issuer: str) -> dict[str, Any]:
        symbol, name = self._known(issuer)
        return {
            "issuer": issuer, "symbol": symbol, "name": name, "watched": issuer in self._context.now.book.companies
        }  # fmt: skip

    async def series(self, text: str, query: Query) -> dict[str, Any]:
        """Volume and sentiment of a company over time."""
        hours = query.number("hours", 7 * _DAY, 6, LONGEST_SERIES)
        issuer = self.company(text).issuer
        now = self._context.clock()
        since = now - (hours - 1) * HOUR
        step = -(-hours // _POINTS)
        stored = (await companies.pulses(self._store, [issuer], since, now))[issuer]
        points = [
            {"at": p.at, "articles": p.articles, "positive": p.positive, "negative": p.negative, "score": p.score}
            for p in series(stored, since, now, step)
        ]
        found = [mark._asdict() for mark in marks(stored, since, now, _MARKS)]
        return {**self._named(issuer), "step": step, "points": points, "marks": found}


def told(message: Message) -> dict[str, Any]:
    """A message, see `answers.Message`."""
    return {"text": message.text, "blocks": list(message.blocks)}
