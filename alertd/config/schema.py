"""JSON Schemas of the two files, for editors, and the tables of docs/config.md.

`python -m alertd.config`, run in the repository, writes docs/schema/ and the tables anew.
"""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticUndefined, core_schema

from alertd.config.models import Settings
from alertd.config.units import Duration, Size, duration_words, size_words
from alertd.config.watchlist import Watchlist
from alertd.taxonomy import DESCRIPTIONS, GROUPS

_MODELS: Final[dict[str, type[BaseModel]]] = {"alertd": Settings, "watchlist": Watchlist}
_VARIABLE: Final = {"type": "string", "pattern": r"\$\{"}
_TABLES: Final = re.compile(r"(<!-- tables: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


class _Generator(GenerateJsonSchema):
    """Lets `${NAME}` stand where a number or a truth value is asked for."""

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return {"anyOf": [super().int_schema(schema), _VARIABLE]}

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        return {"anyOf": [super().float_schema(schema), _VARIABLE]}

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:
        return {"anyOf": [super().bool_schema(schema), _VARIABLE]}


def json_schemas() -> dict[str, dict[str, Any]]:
    """Give the JSON Schema (2020-12) of each file: `alertd` and `watchlist`."""
    return {name: _schema(name, model) for name, model in _MODELS.items()}


def _schema(name: str, model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=_Generator)
    _loosen(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": f"{name}.yaml"}


def _loosen(schema: dict[str, Any]) -> None:
    """Allow what loading allows before the models see it: empty sections, companies as texts, `url_file` for `url`."""
    for name, value in schema["properties"].items():
        if "$ref" in value:
            schema["properties"][name] = {"anyOf": [{"$ref": value.pop("$ref")}, {"type": "null"}], **value}
    parts = schema["$defs"]
    if rule := parts.get("RuleSettings"):
        for key in ("companies", "not_companies"):
            _loosen_companies(rule["properties"][key])
        _loosen_companies(schema["properties"]["lists"]["additionalProperties"])
    if feed := parts.get("FeedSettings"):
        del feed["required"]
        feed["anyOf"] = [{"required": ["name", "url"]}, {"required": ["name", "url_file"]}, {"required": ["preset"]}]


def _loosen_companies(companies: dict[str, Any]) -> None:
    company = {"anyOf": [{"type": "string"}, companies.pop("items")]}
    del companies["type"]
    companies["anyOf"] = [{"type": "string"}, {"type": "array", "items": company}]


def settings_paths(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Name every key of a file with its field, sections before what is in them: `slack.token`, `feeds[].url`."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        inner = _inner(field.annotation)
        yield path, field
        if inner is not None:
            many = typing.get_origin(field.annotation) is tuple
            yield from settings_paths(inner, f"{path}[]." if many else f"{path}.")


def _inner(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) is dict:
        return None
    return next((found for argument in typing.get_args(annotation) if (found := _inner(argument))), None)


def default_words(field: FieldInfo) -> str:
    """Write a field's default as a user would write it; "" for none."""
    value = field.default
    if value is PydanticUndefined or value is None or isinstance(value, BaseModel | SecretStr) or value in ("", (), {}):
        return "required" if field.is_required() else ""
    marks = [type(mark) for mark in field.metadata]
    if Duration in marks:
        return f"`{duration_words(value)}`"
    if Size in marks:
        return f"`{size_words(value)}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(value)}]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def table(name: str) -> str:
    """Give the table of a file's settings (`alertd`, `watchlist`) or of the `events`, in Markdown."""
    if name == "events":
        lines = ["| group | type | reports |", "|---|---|---|"]
        lines += [
            f"| `{group}` | `{kind}` | {DESCRIPTIONS[kind]} |" for group, kinds in GROUPS.items() for kind in kinds
        ]
    else:
        lines = ["| key | default | what |", "|---|---|---|"]
        for path, field in settings_paths(_MODELS[name]):
            lines.append(f"| `{path}` | {default_words(field)} | {' '.join((field.description or '').split())} |")
    return "\n".join(lines) + "\n"


def fill(document: str) -> str:
    """Write the tables of a document anew, between their marks."""
    return _TABLES.sub(lambda found: f"{found[1]}{table(found[2])}{found[3]}", document)


def schema_text(schema: dict[str, Any]) -> str:
    """Write a schema as the published files hold it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def publish(root: Path) -> None:
    """Write docs/schema/ and the tables of docs/config.md below a folder."""
    folder = root / "docs" / "schema"
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in json_schemas().items():
        (folder / f"{name}.schema.json").write_text(schema_text(schema), encoding="utf-8")
    reference = root / "docs" / "config.md"
    reference.write_text(fill(reference.read_text(encoding="utf-8")), encoding="utf-8")
