"""Does what was asked for in Slack: once, under the permissions of the configuration, and written down."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from alertd import report
from alertd.slack import answers, buttons
from alertd.slack.answers import Asked
from alertd.slack.escape import clean, escape, fit
from alertd.stages.archive import find
from alertd.stages.context import Context
from alertd.stages.outbox import delivered
from alertd.stages.recall import recall
from alertd.store import keys
from alertd.watchlist.explain import tag_lines, verdicts
from alertd.watchlist.silences import Silence

logger = logging.getLogger(__name__)

KEPT: Final = 10_000
"""Rows of the audit that are kept."""
_REPEATED: Final = 86_400
_LAST: Final = 10
_LATEST: Final = 2_000
_TITLE: Final = 80
_LOOK_BACK: Final = 30 * 86_400.0
_GONE = "alertd no longer remembers this alert, so nothing was done."


class Answering:
    """Answers requests. Each returns the text for who asked, and "" for a repeat, which was answered before.

    Args:
        context: what stages share.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._redis = cast(Any, context.store.redis)
        self._verbs: dict[str, Callable[[Asked], Awaitable[str]]] = {
            buttons.ACKNOWLEDGE: self._label, buttons.NOT_RELEVANT: self._label, buttons.WRONG_COMPANY: self._label,
            buttons.SILENCE: self._silence, "watch": self._watch, "unwatch": self._unwatch, "status": self._status,
            "silences": self._silences, "last": self._last, "explain": self._explain, "help": self._help,
        }  # fmt: skip

    async def answer(self, asked: Asked) -> str:
        """Do what was asked for."""
        slack = self._context.now.configuration.settings.slack
        if refused := answers.refusal(asked, slack.users, slack.editors):
            return await self._told(asked, refused, "refused")
        return await self._verbs.get(asked.verb, self._help)(asked)

    async def _once(self, asked: Asked, outcome: str, name: str = keys.AUDIT, field: str = "", value: str = "") -> bool:
        """Change a field and write it down; False when this was a repeat, of which nothing was done."""
        row = {
            "at": round(self._context.clock(), 3), "user": asked.user, "name": asked.name, "channel": asked.channel,
            "verb": asked.verb, "words": list(asked.words), "key": asked.key, "outcome": outcome,
        }  # fmt: skip
        done = await self._context.store.run(
            "answer",
            [keys.answered(asked.ident), keys.AUDIT, name],
            [_REPEATED, json.dumps(row, ensure_ascii=False), KEPT, field, value],
        )
        if done == "done":
            logger.info(
                "%s (%s) asked for %s %s: %s", asked.name, asked.user, clean(asked.verb)[:40],
                " ".join(asked.words)[:80], outcome, extra={"channel": asked.channel},
            )  # fmt: skip
        return bool(done == "done")

    async def _told(self, asked: Asked, text: str, outcome: str = "told") -> str:
        return text if await self._once(asked, outcome) else ""

    async def _alert(self, asked: Asked) -> dict[str, Any] | None:
        text = await self._redis.get(keys.sent(asked.key))
        found: dict[str, Any] = json.loads(text) if text else {}
        return found if "rule" in found else None

    async def _label(self, asked: Asked) -> str:
        row = await self._alert(asked)
        if row is None:
            return await self._told(asked, _GONE, "unknown alert")
        example = {
            "label": asked.verb,
            "by": asked.user,
            "name": asked.name,
            "at": self._context.clock(),
            **_example(row),
        }
        said = json.dumps(example, ensure_ascii=False)
        if not await self._once(asked, "noted", keys.FEEDBACK, f"{asked.key}:{asked.user}", said):
            return ""
        if asked.verb == buttons.ACKNOWLEDGE:
            return f"<@{asked.user}> has seen this."
        what = "not relevant" if asked.verb == buttons.NOT_RELEVANT else "about the wrong company"
        return f"Noted as {what}. `alertd feedback tune` makes proposals from such notes."

    async def _silence(self, asked: Asked) -> str:
        row, chosen = await self._alert(asked), answers.span_of(asked.words)
        if row is None or chosen is None or (chosen[0] == "company" and not row["company"]):
            return await self._told(asked, _GONE, "unknown alert")
        what, said, length = chosen
        now, ident = self._context.clock(), f"s-{asked.ident[:8]}"
        company = row["symbol"] or row["company"]
        why = f"asked for in Slack under “{fit(clean(row['title']), _TITLE)}”"
        silence = Silence(
            ident, now, now + length, why, asked.name or asked.user,
            (row["rule"],) if what == "rule" else (), {"companies": [company]} if what == "company" else {},
        )  # fmt: skip
        if not await self._once(asked, "silenced", keys.SILENCES, ident, silence.dump()):
            return ""
        subject = f"rule {row['rule']}" if what == "rule" else row["company"]
        end = f"`alertd silence expire {ident}` ends it."
        return f"<@{asked.user}> silenced {escape(clean(subject))} for {said}. {end}"

    async def _watch(self, asked: Asked) -> str:
        company = self._context.now.book.resolve(" ".join(asked.words))
        if company is None or company.symbol is None:
            wanted = escape(clean(" ".join(asked.words))) or "nothing"
            text = f"No list has {wanted}: name a company by its symbol or name, or write a rule in watchlist.yaml."
            return await self._told(asked, text, "unknown company")
        field = f"{asked.channel} {company.symbol}"
        value = json.dumps({"channel": asked.channel, "by": asked.user, "at": self._context.clock()})
        text = f"<@{asked.user}> has alertd watch {escape(clean(company.name))} ({company.symbol}) in this channel."
        return text if await self._once(asked, "watched", keys.WATCHED, field, value) else ""

    async def _unwatch(self, asked: Asked) -> str:
        company = self._context.now.book.resolve(" ".join(asked.words))
        name = (company.symbol or company.name) if company else " ".join(asked.words)
        field = f"{asked.channel} {name}"
        if not await self._redis.hexists(keys.WATCHED, field):
            text = f"{escape(clean(name))} is not watched by `/alertd watch` here; rules are in watchlist.yaml."
            return await self._told(asked, text, "not watched")
        text = f"<@{asked.user}> ended the watch of {escape(clean(name))} in this channel."
        return text if await self._once(asked, "unwatched", keys.WATCHED, field) else ""

    async def _status(self, asked: Asked) -> str:
        return await self._told(asked, answers.status_lines(await report.overview(self._context.store)))

    async def _silences(self, asked: Asked) -> str:
        now = self._context.clock()
        found = [Silence.load(text) for text in (await self._redis.hgetall(keys.SILENCES)).values()]
        holding = sorted((s for s in found if s.holds(now)), key=lambda s: s.until)
        said = [f"{s.id}  {s.words()}  {(s.until - now) / 60:.0f} min more  by {s.by}: {s.why}" for s in holding]
        return await self._told(asked, answers.literal(said) if said else "No silence holds.")

    async def _last(self, asked: Asked) -> str:
        wanted = " ".join(asked.words)
        if not wanted:
            return await self._help(asked)
        company = self._context.now.book.resolve(wanted)
        issuer, now = (company.issuer if company else ""), self._context.clock()
        # no more than is read in an instant: the loop that answers also posts
        found = await delivered(self._redis, now - _LOOK_BACK, _LATEST)
        rows = [row for row in reversed(found) if issuer and row["issuer"] == issuer]
        return await self._told(asked, answers.last_lines(rows[:_LAST], wanted, now))

    async def _explain(self, asked: Asked) -> str:
        wanted = " ".join(asked.words).strip("<>").partition("|")[0]
        filed = await find(self._context.store, wanted) if wanted else None
        if filed is None:
            return await self._told(asked, "The archive has no article with this address or id.")
        book = self._context.now.book
        past = await recall(self._redis, book, filed.tags, self._context.clock())
        found = verdicts(book, filed.article, filed.tags, filed.placement, past)
        lines = [filed.article.entry.title, *tag_lines(filed.tags)]
        near = [f"{'FIRES' if v.fires else 'stopped'}  {v.rule}: {v.why}" for v in found if v.fires or v.near]
        return await self._told(asked, answers.literal([*lines, *(near or ["no rule came near"])]))

    async def _help(self, asked: Asked) -> str:
        return await self._told(asked, answers.HELP)


def _example(row: dict[str, Any]) -> dict[str, Any]:
    """What of a delivery is kept with a label."""
    names = ("key", "rule", "article", "title", "url", "source", "company", "symbol", "issuer", "story")
    numbers = ("relevance", "sentiment", "novelty", "events")
    return {name: row.get(name) for name in (*names, *numbers)}
