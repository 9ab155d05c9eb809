"""Example values and requests of the API, built from its OpenAPI schema."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

Schema = dict[str, Any]

MOST_LEVELS = 5
_STRINGS = {
    "date-time": "2026-11-01T03:04:00Z",
    "date": "2026-11-01",
    "uri": "https://example.org/",
    "email": "anna@example.org",
    "uuid": "5f2b6d1e-8c1a-4f6e-9d3b-0a7c2e4f6b81",
}
_SCALARS: dict[str, Any] = {"integer": 1, "number": 1.5, "boolean": True, "null": None}


def resolve(schema: Schema, components: Schema) -> Schema:
    """The schema that `$ref`, or an `allOf` of one, leads to; keys beside it win."""
    for _ in range(MOST_LEVELS):
        parts = schema.get("allOf", [])
        inner = parts[0] if len(parts) == 1 else schema
        if "$ref" not in inner:
            break
        beside = {key: value for key, value in schema.items() if key not in ("allOf", "$ref")}
        schema = {**components.get(inner["$ref"].rpartition("/")[2], {}), **beside}
    return schema


def kinds_of(schema: Schema) -> list[str]:
    """The JSON types that a value may have, null last."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if schema.get("nullable") and "null" not in kinds:
        kinds.append("null")
    return sorted(kinds, key=lambda kind: kind == "null")


def example_of(schema: Schema, components: Schema, request: bool = False, level: int = 0) -> Any:
    """A value as the schema describes it; of a request only what it needs."""
    schema = resolve(schema, components)
    given = [schema[key] for key in ("example", "const") if key in schema]
    given += schema.get("examples", [])[:1] + schema.get("enum", [])[:1]
    if given:
        return given[0]
    for key in ("oneOf", "anyOf"):
        if schema.get(key):
            return example_of(schema[key][0], components, request, level)
    kind = next(iter(kinds_of(schema)), "object" if "properties" in schema else "")
    if kind == "object":
        return _object(schema, components, request, level)
    if kind == "array":
        inner = example_of(schema.get("items", {}), components, request, level + 1)
        return [] if level >= MOST_LEVELS else [inner]
    if kind == "string":
        return _STRINGS.get(schema.get("format", ""), "string")
    if kind == "integer" and "minimum" in schema:
        return max(1, schema["minimum"])
    return _SCALARS.get(kind)


def _object(schema: Schema, components: Schema, request: bool, level: int) -> Schema:
    if level >= MOST_LEVELS:
        return {}
    fields = schema.get("properties", {})
    names = list(fields)
    if request:
        names = [name for name in names if name in schema.get("required", [])] or names[:1]
    found = {name: example_of(fields[name], components, request, level + 1) for name in names}
    more = schema.get("additionalProperties")
    if not fields and isinstance(more, dict):
        found["name"] = example_of(more, components, request, level + 1)
    return found


def example_of_content(media: Schema, components: Schema, request: bool = False) -> Any:
    """The example that the content of a request or response names, or one from its schema."""
    for example in media.get("examples", {}).values():
        if "value" in example:
            return example["value"]
    if "example" in media:
        return media["example"]
    return example_of(media.get("schema", {}), components, request)


def curl(method: str, path: str, query: Schema, body: Any, has_body: bool) -> str:
    """A request for a shell in which `CAUSEBOOK`, `TOKEN` and the names in the path are set."""
    lines = ['curl -sS --fail-with-body -H "Authorization: Bearer $TOKEN"']
    if method != "GET":
        lines[0] += f" -X {method}"
    if has_body:
        text = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
        lines[0] += ' -H "Content-Type: application/json"'
        lines.append(f"  -d '{text}'")
    parts = [f"${part[1:-1].upper()}" if part[:1] == "{" else part for part in path.split("/")]
    search = f"?{urlencode(query)}" if query else ""
    lines.append(f'  "$CAUSEBOOK{"/".join(parts)}{search}"')
    return " \\\n".join(lines)
