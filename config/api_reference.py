"""What the pages of the API show: its OpenAPI schema as groups of operations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from config.api_examples import (
    Schema,
    curl,
    example_of,
    example_of_content,
    kinds_of,
    resolve,
)

METHODS = ("get", "post", "put", "patch", "delete")
MOST_LEVELS = 3
"""Levels of fields within fields that are listed; examples show deeper ones."""
_LIMITS = {
    "maxLength": "at most {} characters",
    "minimum": "from {}",
    "maximum": "up to {}",
    "maxItems": "at most {} items",
    "maxProperties": "at most {} entries",
}


@dataclass(frozen=True)
class Field:
    """A parameter or a field; those within others are named `outer.inner`, in lists `outer[]`."""

    name: str
    type: str
    required: bool
    help: str
    choices: tuple[str, ...] = ()
    """Values that the help does not explain."""

    @property
    def help_is_marked(self) -> bool:
        """Whether it is shown as Markdown, which takes far longer than plain text."""
        return "`" in self.help


@dataclass(frozen=True)
class Response:
    status: str
    content_type: str
    fields: tuple[Field, ...]
    example: str


@dataclass(frozen=True)
class Operation:
    id: str
    group: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    request: str
    responses: tuple[Response, ...]


@dataclass(frozen=True)
class Group:
    name: str
    operations: tuple[Operation, ...]


def read_groups(schema: Schema) -> tuple[Group, ...]:
    """Every operation of the schema, by its first tag and, without one, under `other`."""
    components = schema.get("components", {}).get("schemas", {})
    groups: dict[str, list[Operation]] = {}
    for path, operations in schema.get("paths", {}).items():
        for method in METHODS:
            if method in operations:
                operation = _operation(method.upper(), path, operations[method], components)
                groups.setdefault(operation.group, []).append(operation)
    return tuple(Group(name, tuple(groups[name])) for name in sorted(groups))


def matching(groups: Iterable[Group], words: str) -> list[Group]:
    """Groups with those of their operations that have every word in name, address or summary."""
    wanted = words.lower().split()
    found = []
    for group in groups:
        operations = tuple(
            each
            for each in group.operations
            if all(word in f"{each.method} {each.path} {each.summary}".lower() for word in wanted)
        )
        if operations:
            found.append(replace(group, operations=operations))
    return found


def _operation(method: str, path: str, given: Schema, components: Schema) -> Operation:
    content = given.get("requestBody", {}).get("content", {})
    media: Schema = next(iter(content.values()), {})
    parameters = given.get("parameters", [])
    return Operation(
        id=given["operationId"],
        group=next(iter(given.get("tags", [])), "other"),
        method=method,
        path=path,
        summary=given.get("summary", ""),
        description=given.get("description", ""),
        parameters=tuple(_parameter(each, components) for each in parameters),
        body=tuple(_fields(media.get("schema", {}), components)),
        request=curl(
            method,
            path,
            {
                each["name"]: example_of(each.get("schema", {}), components)
                for each in parameters
                if each["in"] == "query" and each.get("required")
            },
            example_of_content(media, components, request=True),
            has_body=bool(content),
        ),
        responses=tuple(
            _response(status, response, components)
            for status, response in given.get("responses", {}).items()
            if status != "default"
        ),
    )


def _parameter(given: Schema, components: Schema) -> Field:
    schema = given.get("schema", {})
    field = _field(given["name"], {**schema, **_help_of(given)}, components)
    where = "" if given["in"] == "query" else f", in the {given['in']}"
    return replace(field, type=f"{field.type}{where}", required=bool(given.get("required")))


def _help_of(given: Schema) -> Schema:
    return {"description": given["description"]} if given.get("description") else {}


def _response(status: str, response: Schema, components: Schema) -> Response:
    content: Schema = response.get("content", {})
    content_type = next(iter(content), "")
    media: Schema = content.get(content_type, {})
    example = ""
    if content_type == "application/json":
        example = json.dumps(example_of_content(media, components), indent=2, ensure_ascii=False)
    fields = tuple(_fields(media.get("schema", {}), components))
    return Response(status, content_type, fields, example)


def _field(name: str, schema: Schema, components: Schema, required: bool = False) -> Field:
    schema = resolve(schema, components)
    limits = [limit.format(schema[key]) for key, limit in _LIMITS.items() if key in schema]
    within = resolve(schema.get("items", {}), components)
    choices = schema.get("enum") or within.get("enum") or []
    words = schema.get("description", "")
    return Field(
        name=name,
        type=", ".join([_type(schema, components), *limits]),
        required=required,
        help=words,
        choices=tuple(
            str(choice)
            for choice in choices
            if choice not in ("", None) and f"`{choice}`" not in words
        ),
    )


def _fields(
    schema: Schema, components: Schema, before: str = "", level: int = 0
) -> Iterator[Field]:
    schema = resolve(schema, components)
    while "items" in schema:
        before = f"{before.removesuffix('.')}[]."
        schema = resolve(schema["items"], components)
    required = schema.get("required", [])
    for name, inner in schema.get("properties", {}).items():
        yield _field(f"{before}{name}", inner, components, name in required)
        if level < MOST_LEVELS:
            yield from _fields(inner, components, f"{before}{name}.", level + 1)


def _type(schema: Schema, components: Schema) -> str:
    """The type in words: `list of string`, `string (date-time) or null`."""
    schema = resolve(schema, components)
    for key in ("oneOf", "anyOf"):
        if schema.get(key):
            kinds = [_type(each, components) for each in schema[key]]
            return " or ".join(dict.fromkeys(kinds))
    return " or ".join(_kind(kind, schema, components) for kind in kinds_of(schema)) or "any"


def _kind(kind: str, schema: Schema, components: Schema) -> str:
    if kind == "array":
        return f"list of {_type(schema.get('items', {}), components)}"
    more = schema.get("additionalProperties")
    if kind == "object" and isinstance(more, dict) and more:
        return f"object of {_type(more, components)}"
    return f"{kind} ({schema['format']})" if kind != "null" and "format" in schema else kind
