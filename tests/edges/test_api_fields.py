"""Every field and parameter of the API with values that it is not made for: never a failure."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from incidents.tokens import create_token
from tests.edges.marks import EVERY_FIELD
from tests.edges.odd_texts import ODD_TEXTS

pytestmark = EVERY_FIELD
OTHER_TYPES: list[Any] = [
    None, 0, -1, 2**63, 10**400, 1.5, True, [], {}, [None], [[]], [{}], {"a": [{"b": {}}]},
    {"": "", "a\n": [], "x" * 1000: 1}, ["x"] * 900, list(range(900)), [1] * 900, ["\u202e"],
]  # fmt: skip
VALUES: list[Any] = [*ODD_TEXTS.values(), *OTHER_TYPES]
AT_ONCE = 9
"""Values that one request brings; 1 tries each field alone."""


@pytest.fixture(scope="module")
def root(person: User, django_db_blocker: Any) -> APIClient:
    api = APIClient(raise_request_exception=False)
    with django_db_blocker.unblock():
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(person, 'odd', 'admin')[1]}")
    return api


def address_of(path: str) -> str:
    path = path.replace("{kind}", "markdown").replace("{month}", "2026-01")
    return re.sub(r"\{\w+\}", "1", path)


def operations() -> Iterator[tuple[str, str, list[str]]]:
    """Method, path and names of the fields or parameters of everything that the API does."""
    schema = SchemaGenerator().get_schema(public=True)
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            named = [each["name"] for each in operation.get("parameters", ())
                     if each["in"] == "query"]  # fmt: skip
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            shape = body.get("schema", {})
            if "$ref" in shape:
                shape = schema["components"]["schemas"][shape["$ref"].rsplit("/", 1)[1]]
            yield method, path, named if method == "get" else list(shape.get("properties", ()))


def first_record(api: APIClient, path: str, names: list[str]) -> dict[str, Any]:
    """What the API says of the first record of that kind, to be sent with few fields changed."""
    answer = api.get(address_of(path))
    found = answer.json() if answer.status_code == 200 and not answer.streaming else {}
    rows = found.get("results") if isinstance(found, dict) else found
    row = rows[0] if isinstance(rows, list) and rows else found
    return {name: row[name] for name in names if name in row} if isinstance(row, dict) else {}


def fillings(names: list[str], base: dict[str, Any], values: list[Any]) -> Iterator[dict[str, Any]]:
    """Each value in some field; then each value in all of them."""
    step = max(1, min(AT_ONCE, len(names)))
    for start in range(0, len(values), step) if names else ():
        for shift in range(0, len(names), step) if AT_ONCE == 1 else (start,):
            chosen = [names[(shift + place) % len(names)] for place in range(step)]
            yield base | dict(zip(chosen, values[start:], strict=False))
    yield from (dict.fromkeys(names, value) for value in values[::5])


def send(api: APIClient, method: str, address: str, data: Any) -> Any:
    if method == "get":
        return api.get(address, data)
    return api.generic(method.upper(), address, json.dumps(data), content_type="application/json")


def test_no_value_in_any_field_makes_the_api_fail(root: APIClient) -> None:
    wrong: list[str] = []
    tried = 0
    for method, path, names in operations():
        if "stream" in path:
            continue
        base = first_record(root, path, names) if method == "post" else {}
        values = list(ODD_TEXTS.values()) if method == "get" else VALUES
        chosen: list[Any] = list(fillings(names, base, values)) or [{}, []]
        for data in chosen:
            tried += 1
            begun = time.thread_time()
            with transaction.atomic():
                answer = send(root, method, address_of(path), data)
                transaction.set_rollback(True)
            if answer.status_code >= 500:
                reason = getattr(answer, "exc_info", None)
                wrong.append(f"{method} {path}: {reason} with {data}"[:500])
            elif time.thread_time() - begun > 2:
                wrong.append(f"{method} {path}: {time.thread_time() - begun:.1f} s, {data}"[:400])
    assert tried > 1000
    assert not wrong, "\n".join(wrong)
