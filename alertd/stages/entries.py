"""Entries of the stream of articles, read back as the articles that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from alertd.articles import Article, Entry, loads


def article_in(ident: str, fields: Mapping[str, str]) -> Article:
    """The article of an entry, as `accept.lua` writes it, or as one that goes this way `again` (`dead.lua`). Pure.

    Args:
        ident: id of the entry, which is the article's where it does not go this way again.
        fields: of the entry.

    Raises:
        ValueError: it is not what these write.
        KeyError: likewise.
    """
    if "again" in fields:
        return replace(loads(Article, fields["again"]), copy_of=fields["copy"])
    return Article(
        id=ident, entry=loads(Entry, fields["entry"]), arrived=float(fields["arrived"]),
        may_alert=fields["may"] == "1", held=fields["held"], copy_of=fields["copy"], update_of=fields["update"],
        unlike=tuple(fields.get("unlike", "").split()),
    )  # fmt: skip
