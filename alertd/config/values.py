"""Small pieces that the models share: lists that may be written as one value, channels, event names, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal
from urllib.parse import SplitResult, urlsplit, urlunsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, WithJsonSchema

from alertd.hosts import is_loopback, literal
from alertd.taxonomy import EVENT_TYPES, GROUPS

HIDDEN: Final = "…"

_CHANNEL: Final = re.compile(r"#[^\s#@,<>&A-Z]{1,80}|[CDGU][A-Z0-9]+|terminal|webhook:[a-z0-9_-]{1,40}")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Model(BaseModel):
    """A part of the configuration: cannot be changed, refuses keys that it does not know, never shows its input."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
        use_attribute_docstrings=True,
        validate_default=False,
    )


def section(value: Any) -> Any:
    """A section of a file; one whose lines are all commented out reads as null."""
    return {} if value is None else value


def none(value: Any) -> Any:
    """A list of a file; that there is nothing in it is said once, in words of its own."""
    return [] if value is None else value


def nearest(name: str, known: Iterable[str]) -> str:
    """Give the known name that is most like this one, or "" when none is."""
    names = list(known)
    by_fold = {known_name.casefold(): known_name for known_name in names}
    found = get_close_matches(name.casefold().replace("-", "_").replace(" ", "_"), list(by_fold), n=1, cutoff=0.7)
    found = found or get_close_matches(name.casefold(), list(by_fold), n=1, cutoff=0.7)
    return by_fold[found[0]] if found else ""


def split(url: str) -> SplitResult | None:
    """Split an address; None when it is no http(s) address with a host."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"[\s\x00-\x1f]", url):
            return None
        _ = parts.port
    except ValueError:
        return None
    return parts


def redact(url: str) -> str:
    """Take what may be secret out of an address: user, password, the values of the query, the fragment."""
    parts = split(url)
    if parts is None:
        return HIDDEN
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    place = f"{host}:{parts.port}" if parts.port else host
    query = "&".join(f"{key}={HIDDEN}" if equals else HIDDEN for key, equals, _ in _pairs(parts.query))
    return urlunsplit((parts.scheme, place, parts.path, query, ""))


def _pairs(query: str) -> list[tuple[str, str, str]]:
    return [pair.partition("=") for pair in query.split("&")] if query else []


def reach(url: str) -> Literal["loopback", "private", "public"]:
    """Say what the host of an address is, as far as its name tells; names are not resolved."""
    parts = split(url)
    host = (parts.hostname or "").removesuffix(".") if parts else ""
    if is_loopback(host):
        return "loopback"
    address = literal(host)
    return "public" if address is None or address.is_global else "private"


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _event(name: str) -> str:
    if name in GROUPS or name in EVENT_TYPES:
        return name
    like = nearest(name, [*EVENT_TYPES, *GROUPS])
    step = f"did you mean {like}?" if like else "docs/config.md lists them"
    raise ValueError(f"no type or group of events; {step}")


def _channel(name: str) -> str:
    if not name or _CHANNEL.fullmatch(name):
        return name
    plain = re.sub(r"[^\w.-]+", "-", name.lstrip("#@").lower()).strip("-")
    raise ValueError(f'no channel; write a name such as "#{plain or "alerts"}" (quoted) or an id such as C024BE91L')


def _address(url: str) -> str:
    if split(url) is None:
        raise ValueError("no web address; write one that starts with https:// or http://")
    return url


def _header(name: str) -> str:
    if not _HEADER.fullmatch(name):
        raise ValueError("no name of a header; write one such as X-Api-Key")
    return name


Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
"""Any text but an empty one."""

Texts = Annotated[
    tuple[Text, ...],
    BeforeValidator(_as_list),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""A list of texts; one may be written without the list."""

_EVENTS: Final[dict[str, Any]] = {"type": "string", "enum": list(dict.fromkeys([*EVENT_TYPES, *GROUPS]))}

Events = Annotated[
    tuple[Annotated[str, AfterValidator(_event)], ...],
    BeforeValidator(_as_list),
    WithJsonSchema({"anyOf": [_EVENTS, {"type": "array", "items": _EVENTS}]}),
]
"""Types of event or groups of them."""

Channel = Annotated[str, AfterValidator(_channel)]
"""A Slack channel by name or id, or "" where a default stands in."""

Address = Annotated[str, StringConstraints(max_length=4000), AfterValidator(_address)]
"""An http or https address; used exactly as written."""

HeaderName = Annotated[str, AfterValidator(_header)]
"""The name of a header of HTTP."""
