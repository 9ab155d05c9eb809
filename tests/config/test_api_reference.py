"""The pages of the API: every operation of the schema with its fields and examples."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils.html import escape
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from config.api_examples import curl, example_of
from config.api_reference import Group, Operation, matching, read_groups
from config.schema import GUIDE, api_groups, api_schema
from config.version import VERSION

NODE = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 5, "description": "Its <b>name</b>."},
        "kind": {"allOf": [{"$ref": "#/components/schemas/Kind"}], "description": "Sort."},
        "at": {"type": ["string", "null"], "format": "date-time"},
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
    },
}
SCHEMA: dict[str, Any] = {
    "paths": {
        "/api/v1/nodes/{id}/": {
            "put": {
                "operationId": "nodes_update",
                "tags": ["nodes"],
                "summary": "Replace <i>one</i>",
                "description": "See `name`. <script>alert(1)</script>",
                "parameters": [
                    {"in": "path", "name": "id", "required": True, "schema": {"type": "integer"}},
                    {"in": "query", "name": "q", "required": True, "schema": {"type": "string"}},
                ],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Node"}}
                    }
                },
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "array",
                                    "items": {"$ref": "#/components/schemas/Node"},
                                }
                            }
                        }
                    },
                    "default": {},
                },
            }
        }
    },
    "components": {"schemas": {"Node": NODE, "Kind": {"type": "string", "enum": ["leaf", "root"]}}},
}


@pytest.fixture
def operation() -> Operation:
    return read_groups(SCHEMA)[0].operations[0]


def test_fields_have_type_limit_choices_and_whether_they_are_required(operation: Operation) -> None:
    name, kind, at = operation.body[:3]
    assert (name.name, name.type, name.required) == ("name", "string, at most 5 characters", True)
    assert (kind.choices, kind.help, kind.required) == (("leaf", "root"), "Sort.", False)
    assert at.type == "string (date-time) or null"


def test_fields_within_others_are_named_and_a_schema_within_itself_ends(
    operation: Operation,
) -> None:
    names = [field.name for field in operation.body]
    assert "children[].children[].name" in names
    assert len(names) < 30
    assert operation.responses[0].fields[0].name == "[].name"
    assert len(operation.responses) == 1


def test_an_example_names_what_is_required_and_the_variables_of_its_address(
    operation: Operation,
) -> None:
    words = shlex.split(operation.request.replace("\\\n", " "))
    assert words[words.index("-X") + 1] == "PUT"
    assert json.loads(words[words.index("-d") + 1]) == {"name": "string"}
    assert words[-1] == "$CAUSEBOOK/api/v1/nodes/$ID/?q=string"


def test_a_body_with_quotes_is_one_word_of_a_shell() -> None:
    text = curl("POST", "/a/", {}, {"text": 'it\'s "so"'}, has_body=True)
    words = shlex.split(text.replace("\\\n", " "))
    assert json.loads(words[words.index("-d") + 1]) == {"text": 'it\'s "so"'}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "string", "format": "date"}, "2026-11-01"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, {"name": True}),
        ({"oneOf": [{"type": "number"}, {"type": "string"}]}, 1.5),
        ({"type": "string", "example": "acme"}, "acme"),
        ({}, None),
    ],
)
def test_an_example_has_the_type_of_its_schema(schema: dict[str, Any], value: Any) -> None:
    assert example_of(schema, {}) == value


def test_texts_of_the_schema_are_escaped(operation: Operation) -> None:
    page = render_to_string("api/_operation.html", {"operation": operation})
    assert "<script" not in page
    assert "<b>" not in page
    assert "<i>" not in page
    assert "Its &lt;b&gt;name&lt;/b&gt;." in page


def test_choices_that_the_help_explains_are_not_repeated() -> None:
    words = {"type": "string", "enum": ["a", "b"], "description": "* `a` - First"}
    given = {"paths": {"/x/": {"get": {"operationId": "x", "parameters": [
        {"in": "query", "name": "kind", "schema": words}
    ]}}}}  # fmt: skip
    field = read_groups(given)[0].operations[0].parameters[0]
    assert field.choices == ("b",)
    page = render_to_string("api/_fields.html", {"fields": [field]})
    assert "<li><code>a</code> - First</li>" in page


def test_words_find_operations_by_method_address_and_summary() -> None:
    groups = read_groups(SCHEMA)
    assert matching(groups, "REPLACE nodes") == list(groups)
    assert matching(groups, "put {id}") == list(groups)
    assert matching(groups, "nodes delete") == []


def test_every_operation_of_the_schema_is_in_one_group() -> None:
    shown = [each.id for group in api_groups() for each in group.operations]
    wanted = [
        each["operationId"] for path in api_schema()["paths"].values() for each in path.values()
    ]
    assert sorted(shown) == sorted(wanted)
    assert len(shown) == len(set(shown))


def test_no_two_serializers_share_a_name(capfd: pytest.CaptureFixture[str]) -> None:
    """One would take the place of the other, and a response have the fields of neither."""
    GENERATOR_STATS.reset()
    SchemaGenerator().get_schema(request=None, public=True)
    assert "identical names" not in capfd.readouterr().err


def test_the_list_names_every_operation_and_leads_to_it(client: Client) -> None:
    page = client.get("/api/docs/").content.decode()
    wanted = [(group.name, each.id) for group in api_groups() for each in group.operations]
    assert [pair for pair in wanted if f'href="/api/docs/{pair[0]}/#{pair[1]}"' not in page] == []
    assert f"Version {VERSION}" in page
    assert 'href="/api/docs/try/"' in page
    assert len(page) < 400_000


def test_every_group_that_is_listed_has_a_page_and_no_other_name_has(client: Client) -> None:
    """The pages beside them, such as the guide, take no group's address."""
    names = {group.name for group in api_groups()}
    assert not names & {"guide", "try"}
    assert client.get("/api/docs/no-such-group/").status_code == 404


@pytest.mark.parametrize("name", ["incidents", "services"])
def test_the_page_of_a_group_has_each_operation_with_example_and_fields(
    client: Client, name: str
) -> None:
    page = client.get(f"/api/docs/{name}/").content.decode()
    group: Group = next(each for each in api_groups() if each.name == name)
    for each in group.operations:
        assert f'id="{each.id}"' in page
        assert escape(each.request) in page
        assert [field.name for field in each.body if f"<code>{field.name}</code>" not in page] == []
    assert len(page) < 400_000


def test_pages_of_the_api_load_no_script_but_that_of_every_page(client: Client) -> None:
    for path in ("/api/docs/", "/api/docs/services/", "/api/docs/guide/"):
        page = client.get(path).content.decode()
        assert "swagger" not in page, path
        assert page.count("<script") == client.get("/login/").content.decode().count("<script")


def test_a_search_shows_what_it_found_or_that_it_found_nothing(client: Client) -> None:
    found = client.get("/api/docs/", {"q": "post incidents import"}).content.decode()
    assert "#incidents_import_create" in found
    assert "#services_list" not in found
    none = client.get("/api/docs/", {"q": "<b>zzz"}).content.decode()
    assert "No request matches." in none
    assert "<b>zzz" not in none


def test_the_guide_is_read_in_the_product(client: Client) -> None:
    assert GUIDE.read_text().startswith("# REST API")
    page = client.get("/api/docs/guide/").content.decode()
    assert "<h1>REST API</h1>" in page
    assert 'href="people.md' not in page
