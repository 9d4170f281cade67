"""What a browser may say in the query and the body of a request, read and bounded; mistakes are told in words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from alertd.errors import AlertdError

MOST: Final = 200
"""Most items of an answer."""
LARGEST: Final = 64_000
"""Bytes of a body."""
_LONGEST: Final = 500
_ENTRY: Final = re.compile(r"\d{1,20}-\d{1,20}", re.ASCII)

M = TypeVar("M", bound=BaseModel)


class RequestError(AlertdError):
    """A request that is not done.

    Args:
        status: of HTTP.
    """

    def __init__(self, what: str, *, hint: str = "", status: int = 400) -> None:
        super().__init__(what, hint=hint)
        self.status = status


class Query:
    """The query of a request.

    Args:
        given: name → value.
    """

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def text(self, name: str) -> str:
        """A text, "" when it is not given."""
        value = self._given.get(name, "").strip()
        if len(value) > _LONGEST:
            raise RequestError(f"{name} is longer than {_LONGEST} characters")
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A number within bounds."""
        value = self._given.get(name, "")
        if not value:
            return default
        if not value.isdecimal() or len(value) > 15 or not low <= int(value) <= high:
            raise RequestError(f"{name} is no number between {low} and {high}")
        return int(value)

    def limit(self, default: int = 50) -> int:
        """How many items are asked for."""
        return self.number("limit", default, 1, MOST)

    def one_of(self, name: str, *known: str) -> str:
        """One of several words, "" when it is not given."""
        value = self.text(name)
        if value and value not in known:
            raise RequestError(f"{name} is none of {', '.join(known)}")
        return value


def is_entry(text: str) -> bool:
    """Whether a text can be the id of an entry of a stream."""
    return _ENTRY.fullmatch(text) is not None


async def body_of(request: web.Request, model: type[M]) -> M:
    """Read the body of a request.

    Raises:
        RequestError: it is none.
    """
    try:
        plain: Any = json.loads(await request.text() or "{}")
    except (ValueError, RecursionError) as error:
        raise RequestError("the body is no JSON") from error
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        raise refused(error) from error


def refused(error: ValidationError, *within: str) -> RequestError:
    """What to raise for what pydantic found wrong: its first mistake, with its place.

    Args:
        within: keys of the body that lead to what was validated.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, (*within, *first["loc"])))
    return RequestError(f"{place}: {first['msg']}" if place else first["msg"])
