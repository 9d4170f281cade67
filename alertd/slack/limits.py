"""Would Slack take this message? The published limits of Block Kit, for what alertd sends.

Limits: docs.slack.dev/reference/block-kit, each beside its field. The sum over all blocks is not published; it was
measured by others (github.com/slackapi/bolt-js/issues/2509): about 13,200 characters, and 125 for each further block.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from alertd.slack.blocks import BLOCKS

BLOCK_LIMIT = 50
"""Blocks in a message."""
WEIGHT_LIMIT = 13_000
"""Characters in all blocks together, as `weight` counts them."""
FALLBACK_LIMIT = 40_000
"""Characters in a message's `text`; beyond them Slack answers `msg_too_long` or cuts."""
METADATA_LIMIT = 8_000
"""Bytes of JSON that we allow in a message's metadata; Slack publishes no figure."""
_PER_BLOCK = 125
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """Why Slack would refuse a message.

    Attributes:
        code: the error code that Slack would answer.
        where: path into the message ("blocks/2/elements/0/text").
        what: what is wrong with it.
    """

    code: str
    where: str
    what: str


def weight(blocks: Sequence[Mapping[str, Any]]) -> int:
    """Characters that these blocks count for together: their JSON, and what Slack adds to each."""
    return size(blocks) + _PER_BLOCK * len(blocks)


def size(blocks: Sequence[Mapping[str, Any]]) -> int:
    """Characters of the JSON of blocks, or of parts of one."""
    return len(json.dumps(list(blocks), ensure_ascii=False, separators=(",", ":")))


def problems(
    text: str, blocks: Sequence[Mapping[str, Any]] = (), metadata: Mapping[str, Any] | None = None
) -> tuple[Problem, ...]:
    """Everything for which Slack would refuse this message; empty when it would take it.

    Args:
        text: the fallback text.
        blocks: JSON-ready blocks.
        metadata: the message's metadata, if any.
    """
    found = []
    if not text.strip() and not blocks:
        found.append(Problem("no_text", "text", "a message needs text or blocks"))
    if len(text) > FALLBACK_LIMIT:
        found.append(Problem("msg_too_long", "text", f"{len(text)} characters, at most {FALLBACK_LIMIT}"))
    found += _block_problems(blocks)
    if metadata and len(json.dumps(metadata).encode()) > METADATA_LIMIT:
        found.append(Problem("metadata_too_large", "metadata", f"more than {METADATA_LIMIT} bytes of JSON"))
    return tuple(found)


def _block_problems(blocks: Sequence[Mapping[str, Any]]) -> list[Problem]:
    if not blocks:
        return []
    found = []
    if len(blocks) > BLOCK_LIMIT:
        found.append(Problem("invalid_blocks", "blocks", f"{len(blocks)} blocks, at most {BLOCK_LIMIT}"))
    try:
        BLOCKS.validate_python(list(blocks))
    except ValidationError as wrong:
        for error in wrong.errors(include_url=False, include_input=False)[:_SHOWN]:
            where = "/".join(str(step) for step in ("blocks", *error["loc"]))
            found.append(Problem("invalid_blocks", where, error["msg"]))
        return found
    for name, count in Counter(b["block_id"] for b in blocks if b.get("block_id")).items():
        if count > 1:
            found.append(Problem("invalid_blocks", "blocks", f"block_id {name!r} is used {count} times"))
    if sum(b["type"] == "table" for b in blocks) > 1:
        found.append(Problem("invalid_blocks", "blocks", "more than one table"))
    if (total := weight(blocks)) > WEIGHT_LIMIT:
        found.append(Problem("msg_blocks_too_long", "blocks", f"{total} characters together, at most {WEIGHT_LIMIT}"))
    return found
