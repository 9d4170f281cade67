"""Turns what pydantic found wrong into sentences for the person who wrote the file."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from alertd.config.document import Document, Keys, shown, shown_key
from alertd.config.values import nearest

SECRET_KEYS: Final = frozenset(["token", "url", "base_url", "user_agent", "headers", "username", "password"])
"""Keys whose values are never shown, nor what stands in them."""


def explain(document: Document, root: type[BaseModel], error: ValidationError) -> None:
    """Note every error of a validation in the document, at its place and in words."""
    for details in error.errors(include_url=False, include_input=True):
        path: Keys = tuple(part for part in details["loc"] if part != "[key]")
        on_key = details["type"] == "extra_forbidden" or "[key]" in details["loc"]
        while path not in document.places and path[:-1] in document.places and document.places[path[:-1]].raw:
            path = path[:-1]  # one text that stands for a list of one
        if path not in document.noted:
            document.at(path, _words(document, root, path, details), key=on_key)


def _words(document: Document, root: type[BaseModel], path: Keys, details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(root, path)
    if kind == "missing":
        return f"{_kind(root, path[:-1])} without {path[-1]}; add `{path[-1]}:`"
    name = label(path)
    if not path:
        return f"the file holds no keys; start with `{'rules' if 'rules' in root.model_fields else 'feeds'}:`"
    if details["input"] is None:
        return _empty(name, path)
    if kind == "value_error":
        wrong = str(context["error"])
    elif kind == "literal_error":
        wrong = f"not known; {_choices(context, details['input'])}"
    else:
        wrong = _TEMPLATES[kind].format_map(context) if kind in _TEMPLATES else f"wrong; {details['msg']}"
    return f"{name} {_is(document, path)}{wrong}"


def label(path: Keys) -> str:
    """Name a place as a person would: its key, or "item 2 of companies"."""
    for position in range(len(path) - 1, -1, -1):
        if isinstance(path[position], str):
            name = shown_key(str(path[position])).strip("'") or "this value"
            items = [part for part in path[position + 1 :] if isinstance(part, int)]
            return f"item {items[0] + 1} of {name}" if items else name
    return "the file"


def _is(document: Document, path: Keys) -> str:
    place = document.places.get(path)
    secret = any(part in SECRET_KEYS for part in path)
    value = "" if secret or place is None else shown(place.raw)
    return f"is {value}, " if value else "is "


def _empty(name: str, path: Keys) -> str:
    if path and path[-1] == "channel":
        return 'channel has no value; # starts a comment in YAML, so write it in quotes: "#alerts"'
    return f"{name} has no value; give one, or remove the line"


def _unknown(root: type[BaseModel], path: Keys) -> str:
    known = sorted(fields_at(root, path[:-1]))
    key = str(path[-1])
    name = shown_key(key)
    like = nearest(key, known) if name else ""
    step = f"did you mean {like}?" if like else f"known here: {', '.join(known)}"
    return f"unknown key {name}; {step}" if name else f"unknown key; {step}"


def _choices(context: Mapping[str, Any], given: Any) -> str:
    expected = str(context.get("expected", ""))
    known = [choice.strip("' ") for choice in expected.replace(" or ", ",").split(",")]
    like = nearest(given, known) if isinstance(given, str) else ""
    return f"did you mean {like}?" if like else f"one of {', '.join(known)}"


_MAPPING: Final = "no section; write keys below it, indented, each as `key: value`"
_LIST: Final = "no list; write its items below it, each with `- `"
_TEMPLATES: Final = {
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dict_type": _MAPPING,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "string_type": "no text; write one text",
    "path_type": "no path; write one text",
    "string_too_short": "empty; write some text, or remove it",
    "string_too_long": "too long; at most {max_length} characters",
    "string_pattern_mismatch": "not of the right form; see docs/config.md",
    "int_type": "no whole number; write digits only",
    "int_parsing": "no whole number; write digits only",
    "int_from_float": "no whole number; write digits only",
    "float_type": "no number; write one such as 0.5",
    "float_parsing": "no number; write one such as 0.5",
    "finite_number": "no number; write one such as 0.5",
    "bool_type": "neither true nor false; write one of them",
    "bool_parsing": "neither true nor false; write one of them",
    "greater_than_equal": "too small; at least {ge:g}",
    "less_than_equal": "too large; at most {le:g}",
}

_KINDS: Final = {
    "FeedSettings": "a feed",
    "RuleSettings": "a rule",
    "GroupSettings": "a group",
}


def _kind(root: type[BaseModel], path: Keys) -> str:
    model = _model_at(root, path)
    return _KINDS.get(model.__name__, "this section") if model else "this section"


def fields_at(root: type[BaseModel], path: Keys) -> tuple[str, ...]:
    """Names of the keys that may stand at a place."""
    model = _model_at(root, path)
    return tuple(model.model_fields) if model else ()


def _model_at(root: type[BaseModel], path: Keys) -> type[BaseModel] | None:
    model: type[BaseModel] | None = root
    for part in path:
        if isinstance(part, int) or model is None:
            continue
        found = model.model_fields.get(part)
        model = next(_models(found.annotation), None) if found else None
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models(argument)
