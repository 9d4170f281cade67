"""Does what was asked for in Slack: once, under the permissions of the configuration, and written down."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from alertd import report
from alertd.slack import answers
from alertd.slack.answers import Asked
from alertd.slack.escape import clean, escape
from alertd.stages.archive import find
from alertd.stages.context import Context
from alertd.stages.outbox import delivered
from alertd.store import keys
from alertd.watchlist.explain import tag_lines, verdicts
from alertd.watchlist.silences import Silence

logger = logging.getLogger(__name__)

KEPT: Final = 10_000
"""Rows of the audit that are kept."""
_REPEATED: Final = 86_400
_LAST: Final = 10
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
            answers.ACKNOWLEDGE: self._label, answers.NOT_RELEVANT: self._label, answers.WRONG_COMPANY: self._label,
            answers.SILENCE: self._silence, "watch": self._watch, "unwatch": self._unwatch, "status": self._status,
            "silences": self._silences, "last": self._last, "explain": self._explain, "help": self._help,
        }  # fmt: skip

    async def answer(self, asked: Asked) -> str:
        """Do what was asked for."""
        slack = self._context.now.configuration.settings.slack
        if refused := answers.refusal(asked, slack.users, slack.editors):
            return refused if await self._once(asked, "refused") else ""
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

    async def _alert(self, asked: Asked) -> dict[str, Any] | None:
        text = await self._redis.get(keys.sent(asked.key))
        found: dict[str, Any] = json.loads(text) if text else {}
        return found if "rule" in found else None

    async def _label(self, asked: Asked) -> str:
        row = await self._alert(asked)
        if row is None:
            return _GONE if await self._once(asked, "unknown alert") else ""
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
        if asked.verb == answers.ACKNOWLEDGE:
            return f"<@{asked.user}> has seen this."
        what = "not relevant" if asked.verb == answers.NOT_RELEVANT else "about the wrong company"
        return f"Noted as {what}. `alertd feedback tune` makes proposals from such notes."

    async def _silence(self, asked: Asked) -> str:
        row, chosen = await self._alert(asked), answers.span_of(asked.words)
        if row is None or chosen is None or (chosen[0] == "company" and not row["company"]):
            return _GONE if await self._once(asked, "unknown alert") else ""
        what, said, length = chosen
        now, ident = self._context.clock(), f"s-{asked.ident[:8]}"
        company = row["symbol"] or row["company"]
        silence = Silence(
            ident, now, now + length, f"asked for in Slack under “{row['title'][:80]}”", asked.name or asked.user,
            (row["rule"],) if what == "rule" else (), {"companies": [company]} if what == "company" else {},
        )  # fmt: skip
        if not await self._once(asked, "silenced", keys.SILENCES, ident, silence.dump()):
            return ""
        subject = f"rule {row['rule']}" if what == "rule" else row["company"]
        end = f"`alertd silence expire {ident}` ends it."
        return f"<@{asked.user}> silenced {escape(clean(subject))} for {said}. {end}"

    async def _watch(self, asked: Asked) -> str:
        book = self._context.now.book
        resolved = [(word, book.resolve(word)) for word in (" ".join(asked.words),) if word]
        if not resolved or resolved[0][1] is None:
            return (
                "Name a company by its symbol or name: `/alertd watch 1810.HK`"
                if await self._once(asked, "unknown")
                else ""
            )
        company = resolved[0][1]
        name = company.symbol or company.name
        if company.symbol is None:
            text = f"No list has {escape(clean(name))}; alertd can watch it by a rule in watchlist.yaml."
            return text if await self._once(asked, "unknown") else ""
        value = json.dumps(
            {"channel": asked.channel, "by": asked.user, "at": self._context.clock(), "name": company.name}
        )
        if not await self._once(asked, "watched", keys.WATCHED, f"{asked.channel} {name}", value):
            return ""
        return f"<@{asked.user}> has alertd watch {escape(clean(company.name))} ({name}) in this channel."

    async def _unwatch(self, asked: Asked) -> str:
        company = self._context.now.book.resolve(" ".join(asked.words))
        name = (company.symbol or company.name) if company else " ".join(asked.words)
        field = f"{asked.channel} {name}"
        if not await self._redis.hexists(keys.WATCHED, field):
            text = f"{escape(clean(name))} is not watched by `/alertd watch` here; rules are in watchlist.yaml."
            return text if await self._once(asked, "not watched") else ""
        if not await self._once(asked, "unwatched", keys.WATCHED, field):
            return ""
        return f"<@{asked.user}> ended the watch of {escape(clean(name))} in this channel."

    async def _status(self, asked: Asked) -> str:
        said = answers.status_lines(await report.overview(self._context.store))
        return said if await self._once(asked, "told") else ""

    async def _silences(self, asked: Asked) -> str:
        now = self._context.clock()
        found = [Silence.load(text) for text in (await self._redis.hgetall(keys.SILENCES)).values()]
        holding = sorted((s for s in found if s.holds(now)), key=lambda s: s.until)
        said = [f"{s.id}  {s.words()}  {(s.until - now) / 60:.0f} min more  by {s.by}: {s.why}" for s in holding]
        if not await self._once(asked, "told"):
            return ""
        return answers.literal(said) if said else "No silence holds."

    async def _last(self, asked: Asked) -> str:
        wanted = " ".join(asked.words)
        company = self._context.now.book.resolve(wanted) if wanted else None
        issuer = company.issuer if company else ""
        now = self._context.clock()
        rows = [row for row in await delivered(self._redis, now - _LOOK_BACK) if issuer and row["issuer"] == issuer]
        if not await self._once(asked, "told"):
            return ""
        return answers.last_lines(rows[::-1][:_LAST], wanted, now) if wanted else answers.HELP

    async def _explain(self, asked: Asked) -> str:
        wanted = " ".join(asked.words).strip("<>").partition("|")[0]
        filed = await find(self._context.store, wanted) if wanted else None
        if not await self._once(asked, "told"):
            return ""
        if filed is None:
            return "The archive has no article with this address or id."
        found = verdicts(self._context.now.book, filed.article, filed.tags, filed.placement)
        near = [v for v in found if v.fires or v.near]
        lines = [filed.article.entry.title, *tag_lines(filed.tags)]
        lines += [f"{'FIRES' if v.fires else 'stopped'}  {v.rule}: {v.why}" for v in near]
        return answers.literal(lines if near else [*lines, "no rule came near"])

    async def _help(self, asked: Asked) -> str:
        return answers.HELP if await self._once(asked, "told") else ""


def _example(row: dict[str, Any]) -> dict[str, Any]:
    """What of a delivery is kept with a label."""
    names = ("key", "rule", "article", "title", "url", "source", "company", "symbol", "issuer", "story")
    numbers = ("relevance", "sentiment", "novelty", "events")
    return {name: row.get(name) for name in (*names, *numbers)}
