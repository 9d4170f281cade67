"""What the page does on request: explain, replay, silence, put dead letters back; only the last two change anything."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final, cast

from pydantic import ValidationError

from alertd.articles import Alert
from alertd.config.units import seconds
from alertd.configured import retagged
from alertd.slack.compose import compose
from alertd.stages import browsing, dead_letters, silences
from alertd.stages.context import Context
from alertd.stages.explaining import filed_text, remembered
from alertd.stages.recall import recall
from alertd.store import keys
from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.tagger import Tagger
from alertd.watchlist.alerts import alerts_for
from alertd.watchlist.archive import Filed
from alertd.watchlist.explain import Verdict, verdicts
from alertd.watchlist.rules import match
from alertd.watchlist.silences import Silence
from alertd.web import shown
from alertd.web.answers import AskExplain, AskReplay, AskSilence
from alertd.web.asking import RequestError, is_entry, refused
from alertd.web.looking import told

LONGEST_TEXT: Final = 5_000
"""Characters of a pasted text."""
LONGEST_SILENCE: Final = 30 * 86_400.0
_MOST_TOLD: Final = 20


class Acting:
    """Does what is asked for.

    Args:
        context: what stages share.
        gazetteer: the companies, for a process that tags nothing otherwise.
    """

    def __init__(self, context: Context, gazetteer: Gazetteer) -> None:
        self._context = context
        self._gazetteer = gazetteer
        self._redis = cast(Any, context.store.redis)
        self._own: Tagger | None = None
        self._loading = asyncio.Lock()

    async def explain(self, asked: AskExplain) -> dict[str, Any]:
        """Say what every rule says of an article or of a text, as if that arrived now."""
        if bool(asked.text) == bool(asked.article):
            raise RequestError("give either a text or the id of an article")
        if asked.article:
            filed = await self._filed(asked.article)
            known = await remembered(self._context.store, filed)
        else:
            if len(asked.text) > LONGEST_TEXT:
                raise RequestError(f"the text is longer than {LONGEST_TEXT:,} characters", hint="a headline is enough")
            tagger = await self._tagger()
            filed, known = await asyncio.to_thread(filed_text, tagger, asked.text, self._context.clock()), {}
        decision = known.get("decision", {})
        said = await self._verdicts(filed)
        article, found = shown.explained(filed, decision, said)
        decided = (
            f"{decision['outcome']}: {decision['why']} (configuration {decision['generation']})" if decision else ""
        )
        return {
            "article": article, "decided": decided, "verdicts": found,
            "silences": [f"{s.id} held when it arrived: {s.why}" for s in known.get("silences", ())],
        }  # fmt: skip

    async def replay(self, asked: AskReplay) -> dict[str, Any]:
        """Take an article through the rules in force as the first report of its story; nothing is posted."""
        ident = asked.article
        if asked.alert:
            sent = await self._redis.get(keys.sent(asked.alert))
            ident = json.loads(sent).get("article", "") if sent else ""
            ident = ident or await self._article_of(asked.alert)
        if not ident:
            raise RequestError("this alert is about no article that is remembered", status=404)
        filed = await self._filed(ident)
        now, clock = self._context.now, self._context.clock()
        settings = now.configuration.settings.slack
        matches = await asyncio.to_thread(match, now.book, filed.article, filed.tags, filed.placement)
        alerts = alerts_for(
            matches, filed.article, filed.tags, filed.placement, default_channel=settings.channel, posted=(),
            now=clock, untold=True,
        )  # fmt: skip
        article, said = shown.explained(filed, await self._decision(ident), await self._verdicts(filed))
        messages = [self._told(alert, clock) for alert in alerts[:_MOST_TOLD] if alert.kind == "post"]
        return {"article": article, "verdicts": said, "told": messages}

    def _told(self, alert: Alert, now: float) -> dict[str, Any]:
        answers = self._context.now.configuration.settings.slack.app_token is not None
        message = compose(alert, now, answers=answers)
        return {"rule": alert.rule, "destination": alert.destination, "message": told(message)}

    async def _article_of(self, key: str) -> str:
        """The article of an answer in a thread: only its delivery names it."""
        text = await self._redis.get(keys.shown(key))
        article = json.loads(text).get("article") if text else None
        return str(article["id"]) if article else ""

    async def _decision(self, ident: str) -> dict[str, Any]:
        text = await self._redis.get(keys.decision(ident))
        return json.loads(text) if text else {}

    async def _verdicts(self, filed: Filed) -> list[Verdict]:
        book = self._context.now.book
        past = await recall(self._redis, book, filed.tags, self._context.clock())
        return await asyncio.to_thread(verdicts, book, filed.article, filed.tags, filed.placement, past)

    async def _filed(self, ident: str) -> Filed:
        filed = await browsing.article(self._context.store, ident)
        if filed is None:
            raise RequestError(
                f"the archive has no article {ident[:60]}", status=404,
                hint="it keeps them for archive.retention; paste the headline instead",
            )  # fmt: skip
        return filed

    async def _tagger(self) -> Tagger:
        """The tagger of this process; one that tags nothing loads it at the first such request."""
        if self._context.now.tagger is not None:
            return self._context.now.tagger
        async with self._loading:
            configuration = self._context.now.configuration
            if self._own is None:
                self._own = await asyncio.to_thread(Tagger.load, configuration.settings.tagging)
            return await asyncio.to_thread(retagged, self._own, configuration, self._gazetteer)

    async def silence(self, asked: AskSilence) -> dict[str, Any]:
        """Make a silence."""
        if not (asked.companies or asked.rules or asked.match):
            raise RequestError("name a company, a rule or a condition")
        if not asked.why:
            raise RequestError("say why, for those who wonder later")
        try:
            length = seconds(asked.lasts)
        except ValueError as error:
            raise RequestError(f"lasts: {error}") from error
        if not 0 < length <= LONGEST_SILENCE:
            raise RequestError("lasts: at most 30 days")
        now = self._context.clock()
        matcher = {**asked.match, **({"companies": asked.companies} if asked.companies else {})}
        made = Silence("new", now, now + length, asked.why, asked.by or "page", tuple(asked.rules), matcher)
        if wrong := silences.unknown_rule(made, self._context.now.configuration.watchlist.rules):
            raise RequestError(wrong, hint="Watchlist lists the rules")
        try:
            silences.matcher_rule(made)
        except ValidationError as error:
            raise refused(error, "match") from error
        return {"id": await silences.add(self._context.store, made)}

    async def put_back(self, ident: str) -> dict[str, Any]:
        """Put a dead letter back on its way."""
        rows = await self._redis.xrange(keys.DEAD, ident, ident) if is_entry(ident) else []
        if not rows:
            raise RequestError("no dead letter has this id", hint="another replay may have come first", status=404)
        letter = dead_letters.Letter.read(*rows[0])
        outcome, joined = await dead_letters.replay(self._context.store, letter, self._context.window)
        words = dead_letters.WORDS[outcome] + (f", as a copy of {joined}" if joined else "")
        return {"id": ident, "outcome": outcome, "words": words}

    async def silences(self) -> dict[str, Any]:
        """Silences that hold, and those that ended lately."""
        now = self._context.clock()
        found = await silences.stored(self._context.store, now)
        return {
            "items": [
                {
                    "id": s.id, "since": s.since, "until": s.until, "why": s.why, "by": s.by, "words": s.words(),
                    "holds": s.holds(now),
                }
                for s in sorted(found, key=lambda s: -s.until)
            ]
        }  # fmt: skip

    async def expire(self, ident: str) -> dict[str, Any]:
        """End a silence."""
        if await silences.expire(self._context.store, [ident], self._context.clock()):
            raise RequestError(f"no silence {ident[:40]} holds", status=404)
        return {"id": ident}
