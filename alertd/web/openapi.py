"""The description of the JSON addresses (OpenAPI 3.1), made from the same table as the addresses themselves. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import alertd
from alertd.web.answers import Trouble

_REF: Final = "#/components/schemas/{model}"
_NAMED: Final = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True)
class Address:
    """An address of the page's interface.

    Attributes:
        method, path: as HTTP has them; `{name}` stands for a part of the path.
        says: what it does, in a sentence.
        answer: model of the answer; None for a stream of events.
        query: parameter → what it means, with its bounds.
        body: model of the body, or None.
        refusals: statuses of HTTP with which it may refuse, beside those that all share.
    """

    method: str
    path: str
    says: str
    answer: type[BaseModel] | None
    query: Mapping[str, str]
    body: type[BaseModel] | None = None
    refusals: tuple[int, ...] = ()

    @property
    def parts(self) -> list[str]:
        """Names of the parts of the path."""
        return _NAMED.findall(self.path)


_SHARED: Final = {400: "The request is wrong.", 401: "The token is missing.", 503: "The store is away."}
_OWN: Final = {
    403: "It comes from another site, or is no JSON.",
    404: "There is none, or it is forgotten.",
    409: "It cannot be done.",
}


def document(addresses: Sequence[Address]) -> dict[str, Any]:
    """Describe addresses."""
    used = {m: None for a in addresses for m in (a.answer, a.body) if m is not None} | {Trouble: None}
    _, schemas = models_json_schema(
        [(model, "validation") for model in used], ref_template=_REF
    )  # fmt: skip
    paths: dict[str, dict[str, Any]] = {}
    for address in addresses:
        paths.setdefault(address.path, {})[address.method.lower()] = _operation(address)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "alertd",
            "version": alertd.__version__,
            "description": "What the page of alertd shows, as JSON. Times are Unix seconds, scores -1 to 1.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "web.token, where set"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(address: Address) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in address.parts
    ]
    parameters += [
        {"name": name, "in": "query", "required": False, "description": says, "schema": {"type": "string"}}
        for name, says in address.query.items()
    ]
    if address.answer is None:
        said: dict[str, Any] = {"text/event-stream": {"schema": {"type": "string"}}}
    else:
        said = {"application/json": {"schema": _ref(address.answer)}}
    trouble = {"application/json": {"schema": _ref(Trouble)}}
    refusals = {**_SHARED, **{status: _OWN[status] for status in address.refusals}}
    found: dict[str, Any] = {
        "summary": address.says,
        "operationId": f"{address.method.lower()}_{re.sub(r'[^a-z]+', '_', address.path[1:]).strip('_')}",
        "responses": {
            "200": {"description": "Done.", "content": said},
            **{str(status): {"description": why, "content": trouble} for status, why in sorted(refusals.items())},
        },
    }
    if parameters:
        found["parameters"] = parameters
    if address.body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(address.body)}}}
    return found


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.replace("{model}", model.__name__)}
