"""What somebody asked for in Slack, by a button or by `/alertd`: read from Slack's payload, put into words. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from alertd.slack.buttons import PREFIX, SPANS
from alertd.slack.escape import clean, escape, fit, safe_link
from alertd.slack.words import age

COMMAND: Final = "/alertd"
EDITING: Final = frozenset(["watch", "unwatch"])
"""Verbs that only editors may use."""
READING: Final = frozenset(["status", "silences", "last", "explain", "help"])
"""Verbs that change nothing."""
HELP: Final = (
    "`/alertd status` what it has done and what waits\n"
    "`/alertd silences` what is silenced\n"
    "`/alertd last 1810.HK` the latest alerts about a company\n"
    "`/alertd explain ADDRESS` why an article was told, or was not (an id works too)\n"
    "`/alertd watch 1810.HK` tells news of a company in this channel; `/alertd unwatch 1810.HK` ends that"
)
_TITLE: Final = 150
_LINES: Final = 2_800


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for.

    Attributes:
        ident: the same for each repeat of one request.
        user: the member's id.
        name: the member's name, for people.
        channel: id of the channel.
        channel_name: its name, "" when Slack does not say.
        verb: of a button (`acknowledge`, `silence`, …) or the first word of the command.
        words: what follows: the value of a button's menu, the command's other words.
        key: key of the alert under which the button is, "" for a command.
        response_url: where an answer may be posted.
        ts: timestamp of the message under which the button is.
    """

    ident: str
    user: str
    name: str
    channel: str
    channel_name: str
    verb: str
    words: tuple[str, ...]
    key: str = ""
    response_url: str = ""
    ts: str = ""


def read_asked(kind: str, payload: Mapping[str, Any]) -> Asked | None:
    """Read a request of Socket Mode; None for one that is not for us.

    Args:
        kind: `interactive`, `slash_commands`, or another.
        payload: as Slack sends it.
    """
    try:
        if kind == "slash_commands" and payload.get("command") == COMMAND:
            return _command(payload)
        if kind == "interactive" and payload.get("type") == "block_actions":
            return _action(payload)
    except (KeyError, TypeError, IndexError, AttributeError):
        return None
    return None


def _command(payload: Mapping[str, Any]) -> Asked:
    verb, *words = str(payload.get("text") or "").split() or ["help"]
    return Asked(
        ident=_ident(payload["trigger_id"]), user=str(payload["user_id"]),
        name=clean(str(payload.get("user_name", ""))), channel=str(payload["channel_id"]),
        channel_name=clean(str(payload.get("channel_name", ""))),
        verb=verb.lower(), words=tuple(words), response_url=str(payload.get("response_url") or ""),
    )  # fmt: skip


def _action(payload: Mapping[str, Any]) -> Asked | None:
    action, user = payload["actions"][0], payload["user"]
    block = str(action["block_id"])
    if not block.startswith(PREFIX):
        return None
    chosen = (action.get("selected_option") or {}).get("value") or ""
    channel = payload.get("channel") or {}
    return Asked(
        ident=_ident(user["id"], block, action["action_id"], action["action_ts"]), user=str(user["id"]),
        name=clean(str(user.get("username") or user.get("name") or "")), channel=str(channel.get("id") or ""),
        channel_name=clean(str(channel.get("name") or "")), verb=str(action["action_id"]),
        words=tuple(str(chosen).split(":")) if chosen else (), key=block.removeprefix(PREFIX),
        response_url=str(payload.get("response_url") or ""), ts=str((payload.get("message") or {}).get("ts") or ""),
    )  # fmt: skip


def _ident(*parts: object) -> str:
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=12).hexdigest()


def refusal(asked: Asked, users: Sequence[str], editors: Sequence[str]) -> str:
    """Why somebody may not do what they asked for, in words for them; "" when they may."""
    if asked.verb in EDITING:
        if asked.user in editors:
            return ""
        return "Sorry, only some people may change what is watched. Whoever runs alertd can add you to `slack.editors`."
    if users and asked.verb not in READING and asked.user not in (*users, *editors):
        return "Sorry, only some people may do this here. Whoever runs alertd can add you to `slack.users`."
    return ""


def span_of(words: Sequence[str]) -> tuple[str, str, float] | None:
    """("company" or "rule", the span in words, seconds) of what a menu's entry says; None for anything else."""
    if len(words) != 2 or words[0] not in ("company", "rule") or words[1] not in SPANS:
        return None
    said, seconds = SPANS[words[1]]
    return words[0], said, seconds


def last_lines(rows: Sequence[Mapping[str, Any]], company: str, now: float) -> str:
    """The latest alerts about a company, newest first, in mrkdwn."""
    if not rows:
        return f"Nothing was told about {escape(clean(company))} lately."
    return "\n".join(f"• {_linked(row)}, {age(now - row['at'])} ago, rule {escape(clean(row['rule']))}" for row in rows)


def _linked(row: Mapping[str, Any]) -> str:
    title = escape(fit(clean(str(row["title"])), _TITLE)).replace("|", "¦") or "(no title)"
    link = safe_link(str(row["url"]))
    return f"<{escape(link)}|{title}>" if link else title


def status_lines(found: Mapping[str, Any]) -> str:
    """What `alertd status` says, short, in mrkdwn.

    Args:
        found: see `alertd.report.overview`.
    """
    failing = [feed["name"] for feed in found["feeds"] if feed["failing"]]
    waiting = {name: count for name, count in found["outbox"].items() if count}
    lines = [
        f"{found['articles']:,} articles, {found['copies']:,} of them copies, in {found['stories']:,} stories",
        f"{found['alerts']['post']:,} alerts and {found['alerts']['reply']:,} answers; {found['posted']:,} posted",
        f"{len(found['feeds'])} feeds" + (f", failing: {', '.join(failing)}" if failing else ", all fine"),
        "waiting: " + (", ".join(f"{name} {count}" for name, count in waiting.items()) or "nothing"),
    ]
    if found["dead"]:
        lines.append(f"{found['dead']} set aside, see the log")
    return escape("\n".join(clean(line) for line in lines))


def literal(lines: Sequence[str]) -> str:
    """Lines as they are, in a block of fixed width; those that do not fit are counted."""
    shown: list[str] = []
    room = _LINES
    for line in lines:
        text = escape(clean(line.replace("`", "'")))
        room -= len(text) + 1
        if room < 0:
            shown.append(f"… and {len(lines) - len(shown)} more lines")
            break
        shown.append(text)
    return "```\n" + "\n".join(shown) + "\n```"
