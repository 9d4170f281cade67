"""Values that only conditions of rules take: keywords, facts, languages, sectors, countries, whom to mention."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema

from alertd.config.values import nearest
from alertd.expressions import FACTS, read_fact, read_keyword
from alertd.sectors import COUNTRIES, SECTORS

_LANGUAGE: Final = re.compile(r"[a-z]{2}")
_MENTION: Final = re.compile(r"[UW][A-Z0-9]{2,}|S[A-Z0-9]{2,}|here|channel")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _keyword(text: str) -> str:
    read_keyword(text)
    return text


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError("no language; write two small letters such as en")
    return text


def _mention(text: str) -> str:
    if not _MENTION.fullmatch(text):
        raise ValueError("nobody; write a member's id (U…), a user group's id (S…), here or channel")
    return text


def _named(what: str, known: tuple[str, ...]) -> Callable[[str], str]:
    by_fold = {name.casefold(): name for name in known}

    def find(text: str) -> str:
        if text.casefold() in by_fold:
            return by_fold[text.casefold()]
        like = nearest(text, known)
        raise ValueError(f"no {what}; {f'did you mean {like}?' if like else f'one of {_some(known)}'}")

    return find


def _some(known: tuple[str, ...]) -> str:
    return ", ".join(known) if len(known) < 15 else "those in docs/config.md"


def _fact_name(name: str) -> str:
    if name not in FACTS:
        like = nearest(name, FACTS)
        raise ValueError(f"no fact; {f'did you mean {like}?' if like else f'one of {_some(FACTS)}'}")
    return name


def _facts(found: dict[str, str]) -> dict[str, str]:
    for name, text in found.items():
        try:
            read_fact(name, text)
        except ValueError as error:
            raise ValueError(f"wrong at {name}: {error}") from None
    return found


def _texts(*schema: dict[str, Any]) -> WithJsonSchema:
    one = schema[0] if schema else {"type": "string"}
    return WithJsonSchema({"anyOf": [one, {"type": "array", "items": one}]})


Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Keywords = Annotated[tuple[Annotated[Text, AfterValidator(_keyword)], ...], BeforeValidator(_as_list), _texts()]
"""Keywords and expressions, see `alertd.expressions`."""
Languages = Annotated[tuple[Annotated[str, AfterValidator(_language)], ...], BeforeValidator(_as_list), _texts()]
"""Two-letter codes."""
Mentions = Annotated[tuple[Annotated[str, AfterValidator(_mention)], ...], BeforeValidator(_as_list), _texts()]
"""Ids of Slack members and groups."""
Sectors = Annotated[
    tuple[Annotated[str, AfterValidator(_named("sector", SECTORS))], ...],
    BeforeValidator(_as_list),
    _texts({"type": "string", "enum": list(SECTORS)}),
]
"""Sectors of GICS."""
Countries = Annotated[
    tuple[Annotated[str, AfterValidator(_named("country", COUNTRIES))], ...],
    BeforeValidator(_as_list),
    _texts({"type": "string", "enum": list(COUNTRIES)}),
]
"""Countries that the gazetteer knows."""
Facts = Annotated[
    dict[Annotated[str, AfterValidator(_fact_name)], str],
    AfterValidator(_facts),
    WithJsonSchema({
        "type": "object", "properties": {name: {"type": "string"} for name in FACTS}, "additionalProperties": False,
    }),
]  # fmt: skip
"""Name of a fact to its test, see `alertd.expressions.read_fact`."""
