"""Feeds that moved for good: the new address is taken once it has repeated, and given up when it fails. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from alertd.feeds.schedule import FeedState

REPEATS: Final = 3
"""Polls in a row that have to lead to the same new address by permanent redirects only, with a document each."""


def asked_at(state: FeedState, configured: str) -> str:
    """The address to ask: the new one when it is established, else the configured one."""
    return state.moved if state.moved_times >= REPEATS else configured


def followed(state: FeedState, name: str, moved: str) -> tuple[FeedState, str | None]:
    """The state after a poll that brought a document or "unchanged".

    Args:
        moved: where permanent redirects alone have led, "" for none.
    """
    if state.moved_times >= REPEATS:
        return state, None
    if not moved and not state.moved and not state.moved_times:
        return state, None
    if not moved:
        return replace(state, moved="", moved_times=0), None
    times = state.moved_times + 1 if moved == state.moved else 1
    after = replace(state, moved=moved, moved_times=times)
    if times < REPEATS:
        return after, None
    # from now on it is asked there first, and there its validators came from
    notice = f"Feed {name} has moved for good and is asked at its new address. Change it in alertd.yaml (feeds status)."
    return replace(after, origin=""), notice


def returned(state: FeedState) -> FeedState:
    """The state after a failure: a new address that fails is given up for the configured one."""
    if state.moved_times < REPEATS:
        return state
    return replace(state, moved="", moved_times=0, etag="", last_modified="", origin="")
