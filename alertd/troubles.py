"""What is wrong with a daemon, in words for a person who was woken at night; worst first. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

MUCH_WAITING: Final = 500
"""Articles before a stage that are too many; docs/operations.md has the same limit for an alarm."""
MUCH_UNSENT: Final = 20
"""Messages before a channel that are too many; the same there."""

EARLY: Final = 0.75
"""Share of the memory of the store from which on it is short."""
FULL: Final = 0.9
"""Share of it from which on polling waits."""

_SPANS: Final = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def troubles(found: Mapping[str, Any], *, now: float, on_disk: str, refused: int) -> list[str]:
    """Name what is wrong, worst first.

    Args:
        found: what `alertd.daemon.status` gives, with `ready` and `parts` as `/readyz` has them.
        now: Unix seconds.
        on_disk: generation of the configuration as its files are now, or "".
        refused: mistakes in those files.
    """
    wrong = []
    if not found["running"]:
        wrong.append("alertd is not running: alertd run")
    elif not found["ready"]:
        broken = {name: part["detail"] for name, part in found["parts"].items() if not part["ok"]}
        wrong += [f"{name}: {detail or 'does not work'}" for name, detail in broken.items()] or ["not ready yet"]
    if found["dead"]:
        wrong.append(f"dead letters: {found['dead']:,} that could not be processed: alertd dead list")
    if refused:
        wrong.append(f"configuration: {many(refused, 'mistake')} in the files, the one in force stays: alertd check")
    elif found["running"] and on_disk and found["generation"] not in ("", on_disk):
        wrong.append(f"configuration: the files are {on_disk}, in force is {found['generation']}: alertd check")
    if (store := found.get("store")) and store["used_mb"] >= EARLY * store["limit_mb"]:
        used, limit = store["used_mb"], store["limit_mb"]
        wrong.append(f"store: {used:.0f} of {limit:.0f} MB are used, at {FULL * limit:.0f} polling waits: store.max_mb")
    for stage, lag in found["streams"].items():
        if lag > MUCH_WAITING:
            wrong.append(f"{stage}: {lag:,} articles wait; too little CPU, or it does not run")
    for channel, waiting in found["outbox"].items():
        if waiting > MUCH_UNSENT:
            wrong.append(f"{channel}: {waiting:,} messages wait; is Slack slow, or does it refuse us?")
    wrong += [_failing(feed, now) for feed in worst_first(found["feeds"]) if feed["failing"]]
    return wrong


def _failing(feed: Mapping[str, Any], now: float) -> str:
    last = f"last good {span(now - feed['last_success'])} ago" if feed["last_success"] else "never good"
    return f"feed {feed['name']}: failed {many(feed['failing'], 'time')} in a row, {last}: {feed['state']}"


def worst_first(feeds: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Feeds, those that fail longest first."""
    return sorted(feeds, key=lambda feed: (-feed["failing"], feed["name"]))


def many(count: int, thing: str) -> str:
    """A number of things: "1 feed", "1,200 feeds"."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


def span(seconds: float) -> str:
    """Write a length of time in its two largest units: 45s, 12m, 3h 20m, 2d 4h; nothing below a second."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for unit, size in _SPANS:
        if left >= size or (unit == "s" and not parts):
            parts.append(f"{left // size}{unit}")
            left %= size
        elif parts:
            break
    # seconds beside minutes say nothing to anybody
    return " ".join(parts[:2] if parts[0][-1] in "dh" else parts[:1])
