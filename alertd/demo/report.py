"""What the demo says at its start and at its end, and how the day's traps went. Pure text from records."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from alertd.config import Configuration
from alertd.demo.day import Case, Day, Item
from alertd.slack.message import Message

Outcome = Literal["once", "again", "thread", "quiet"]
"""One alert; a second one that corrects the first; answers in the thread of the original only; nothing at all."""

TRAPS: tuple[tuple[Case, Outcome, str], ...] = (
    ("xiaomi", "once", "a broker's call on Xiaomi, under two symbols, with an old share sale in its text"),
    ("broker_as_source", "quiet", "the broker itself, which is watched too but only speaks"),
    ("copy", "thread", "the same text from other outlets: bylines, cut endings, UPDATE 1-"),
    ("new_guid", "once", "an item that comes back under another id"),
    ("edited", "once", "a headline that its outlet edits"),
    ("correction", "again", "a correction, from $52 billion to $54 billion"),
    ("redated", "quiet", "a story of three days ago that gets today's date"),
    ("old", "quiet", "news that was there before the daemon"),
    ("undated_old", "quiet", "an item without a date that was there before the daemon"),
    ("undated", "once", "an item without a date that is new"),
    ("round_up", "quiet", "a round-up that names eight watched companies"),
    ("apple_fruit", "quiet", "apples that grow on trees"),
    ("target_verb", "quiet", "people who target something"),
    ("channel_ping", "once", "a title with <!channel> in it, which must ping nobody"),
)
"""What is in the day on purpose, what should come of it, and how it is told."""

_LABEL = 12
_NEAR_MISSES = 5


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that arrived in the demo's Slack.

    Attributes:
        channel: its name, with "#".
        ts: its timestamp, the id within the channel.
        thread: timestamp of the first message of the thread when it is a reply, else "".
        message: what was sent.
        after: seconds between the daemon's start and its arrival.
        items: ids of the day's items that it tells; none for a notice to the operator.
    """

    channel: str
    ts: str
    thread: str
    message: Message
    after: float
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """How one of the day's traps went: what was expected, whether it came so, and what came instead."""

    case: Case
    expected: Outcome
    ok: bool
    words: str
    instead: str = ""


def items_told(message: Message, day: Day) -> tuple[str, ...]:
    """The ids of the items that a message links to, in its order."""
    by_url = {item.url: item.id for item in day.items}
    return tuple(dict.fromkeys(by_url[url] for url in _links(list(message.blocks)) if url in by_url))


def _links(block: Any) -> Iterator[str]:
    if isinstance(block, list):
        for part in block:
            yield from _links(part)
    elif isinstance(block, Mapping):
        if block.get("type") == "link":
            yield str(block["url"])
        for value in block.values():
            yield from _links(value)


def findings(day: Day, posted: Sequence[Posted]) -> tuple[Finding, ...]:
    """How each trap that the day holds went, in the order of `TRAPS`."""
    made = []
    for case, expected, words in TRAPS:
        items = [item for item in day.items if item.case == case]
        if not items:
            continue
        instead = "; ".join(wrong for item in items if (wrong := _wrong(item, expected, posted)))
        made.append(Finding(case, expected, not instead, words, instead))
    return tuple(made)


def _wrong(item: Item, expected: Outcome, posted: Sequence[Posted]) -> str:
    """What came of an item instead of what was expected; "" when all is well."""
    mine = [p for p in posted if item.id in p.items]
    alerts = [p for p in mine if not p.thread]
    if any("<!" in p.message.text for p in mine):
        return f"{item.id} could ping"
    wanted = {"once": 1, "again": 2, "thread": 0, "quiet": 0}[expected]
    if len(alerts) != wanted:
        return f"{item.id} gave {_count(len(alerts), 'alert')}"
    if expected == "quiet" and mine:
        return f"{item.id} came as a reply"
    roots = {(p.channel, p.ts) for p in posted if item.of in p.items and not p.thread}
    if expected == "thread" and any((p.channel, p.thread) not in roots for p in mine):
        return f"{item.id} is in another thread than {item.of}"
    return ""


def intro(configuration: Configuration, day: Day, width: int) -> str:
    """What is about to happen, and what is watched."""
    rules = configuration.watchlist.rules
    name_width = max(len(rule.name) for rule in rules)
    lines = [
        *_wrap(
            "alertd demo: a news day in a minute. The news is made up; the daemon, its Redis and its model are real.",
            width,
        ),
        "",
        "Watched:",
    ]
    for rule in rules:
        asked = [
            ", ".join(company.key for company in rule.companies),
            ", ".join(rule.events),
            ", ".join(rule.sentiment),
            "says " + " or ".join(rule.keywords) if rule.keywords else "",
        ]
        conditions = " · ".join(part for part in asked if part)
        channel = ", ".join(rule.destinations) or configuration.settings.slack.channel
        lines += _wrap(f"{rule.name:<{name_width}}  {conditions} → {channel}", width, 2, name_width + 4)
    feeds = ", ".join(feed.title for feed in sorted(day.feeds, key=lambda feed: feed.name))
    lines += [
        "",
        *_wrap(
            f"{len(day.feeds)} feeds on this machine are asked every second: {feeds}. Below is what Slack would show, "
            "as it comes: replies in a thread are indented, and the last line of an alert says why it fired.",
            width,
        ),
    ]
    return "\n".join(lines)


def summary(
    status: Mapping[str, Any], posted: Sequence[Posted], found: Sequence[Finding], seconds: float, width: int
) -> str:
    """What the daemon saw and what came of it.

    Args:
        status: what `alertd status --json` says; what it lacks is left out.
        posted: the messages, in order.
        found: how the traps went.
        seconds: how long the daemon ran.
        width: columns.
    """
    lines = [f"What it saw in {seconds:.0f} s"]
    for label, text in _figures(status, posted):
        lines += _wrap(f"{label:<{_LABEL}}{text}", width, 2, _LABEL + 2) if text else []
    near = [row for row in status.get("recent", ()) if row.get("outcome") == "stopped"][:_NEAR_MISSES]
    lines += ["", "What came near an alert"] if near else []
    for row in near:
        lines += _wrap(f"{row.get('title', '')}: {row.get('why', '')}", width, 2, 4)
    lines += ["", "What the day had in it on purpose"]
    for finding in found:
        came = _CAME[finding.expected] if finding.ok else finding.instead
        lines += _wrap(f"{'✓' if finding.ok else '✗'} {finding.words}: {came}", width, 2, 4)
    return "\n".join(lines)


_CAME: dict[Outcome, str] = {
    "once": "one alert",
    "again": "told again, marked as a correction",
    "thread": "no alert of their own, only replies in its thread",
    "quiet": "no alert",
}


def _figures(status: Mapping[str, Any], posted: Sequence[Posted]) -> Iterator[tuple[str, str]]:
    yield "counts", f"not there: {status['error']}" if "error" in status else ""
    feeds = [feed for feed in status.get("feeds", ()) if isinstance(feed, Mapping)]
    polls, failures = (sum(int(feed.get(key, 0)) for feed in feeds) for key in ("polls", "failures"))
    yield "feeds", f"{len(feeds)}, polled {polls} times, {failures} times in vain" if feeds else ""
    copies = f", {status['copies']} of them copies" if "copies" in status else ""
    yield "articles", f"{status['articles']}{copies}" if "articles" in status else ""
    yield "stories", str(status.get("stories", ""))
    told = Counter("notice" if not p.items else "reply" if p.thread else "alert" for p in posted)
    said = [_count(told["alert"], "alert"), _count(told["reply"], "reply in a thread", "replies in threads")]
    said.append(f"{_count(told['notice'], 'notice')} to the operator")
    yield "posted", ", ".join(said)
    first = next((p.after for p in posted if p.items), None)
    yield "first alert", f"{first:.1f} s after the daemon's start" if first is not None else ""
    held: Counter[str] = Counter()
    for reason, count in dict(status.get("held", {})).items():
        held[reason.partition(" (")[0]] += int(count)
    why = ", ".join(f"{reason} ({count})" for reason, count in held.most_common())
    yield "held back", f"{held.total()}: {why}" if held else ""
    yield "gave up on", f"{status['dead']}; they are in the dead-letter stream" if status.get("dead") else ""


def _wrap(text: str, width: int, indent: int = 0, hanging: int = 0) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=" " * indent, subsequent_indent=" " * hanging, break_on_hyphens=False
    )


def _count(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
