"""Backstage files as repositories hold them: several documents, one broken, templates, anchors."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command

from common.file_import import BadFile, Skipped
from incidents.catalogue.formats import registry
from incidents.models import Service

CASES = Path(__file__).parents[2] / "cases"

GOOD = "kind: Component\nmetadata: {name: %s}\nspec: {type: service, owner: ann}\n"


def read(content: str) -> tuple[list[str], list[Skipped]]:
    entries = list(registry()["backstage"]().read(content))
    names = [each.name for each in entries if not isinstance(each, Skipped)]
    return names, [each for each in entries if isinstance(each, Skipped)]


@pytest.mark.parametrize(
    ("content", "names", "place", "why"),
    [
        pytest.param(
            (CASES / "backstage-one-broken.yaml").read_text(), ["good-one", "good-two"],
            "document 2", "template: {{ cookiecutter", id="cookiecutter-between-good-ones",
        ),
        pytest.param(
            (CASES / "backstage-template-only.yaml").read_text(), [],
            "document 1", "template: ${{ values.name", id="scaffolder-only",
        ),
        pytest.param(
            GOOD % "a" + "---\nkind: Component\nmetadata:\n\tname: b\n---\n" + GOOD % "c",
            ["a", "c"], "document 2", "cannot be read as YAML", id="tab-as-indent",
        ),
        pytest.param(
            GOOD % "a" + "---\nkind: Component\nmetadata: {name: [unclosed\n",
            ["a"], "document 2", "cannot be read as YAML", id="cut-off",
        ),
        pytest.param(
            "---\n---\n" + GOOD % '"{{ .Values.name }}"' + "---\n# a remark\n---\n" + GOOD % "b",
            ["b"], "document 2", "template: {{ .Values.name }}", id="helm-and-empty-ones",
        ),
        pytest.param(
            "\ufeff" + GOOD % "a" + "...\n---\nkind: Location\nmetadata: {name: all}\n",
            ["a"], "document 2", "Location: only components", id="location",
        ),
        pytest.param(
            "x: &o {owner: ann}\n---\nkind: Component\nmetadata: {name: a}\nspec: *o\n---\n"
            + GOOD % "b",
            ["b"], "document 2", "undefined alias", id="alias-of-another-document",
        ),
        pytest.param(
            "- kind: Component\n  metadata: {name: a}\n- kind: API\n  metadata: {name: b}\n",
            ["a"], "document 1, number 2", "API: only components", id="a-list-as-the-api-answers",
        ),
        pytest.param(
            "kind: Component\r\nmetadata:\r\n  name: a\r\n---\r\n"
            "kind: Component\r\nmetadata: x\r\n",
            ["a"], "document 2", "“metadata.name” is missing", id="windows-line-ends",
        ),
        pytest.param(
            GOOD % "a" + "--- # second\nkind: Component\nmetadata: {name: ${{ values.name }}}\n",
            ["a"], "document 2", "template: ${{ values.name", id="unquoted-placeholder",
        ),
    ],
)  # fmt: skip
def test_what_can_be_read_is_read_and_the_rest_is_named(
    content: str, names: list[str], place: str, why: str
) -> None:
    found, skipped = read(content)
    assert found == names
    [one] = [each for each in skipped if why in each.why]
    assert one.place == place


def test_an_owner_that_a_template_leaves_open_is_no_owner() -> None:
    [entry] = registry()["backstage"]().read(GOOD.replace("ann", '"${{ values.owner }}"') % "a")
    assert not isinstance(entry, Skipped)
    assert (entry.name, entry.owner_team) == ("a", "")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("a: [b", id="broken"),
        pytest.param("a: &a [*a]", id="alias-of-itself"),
        pytest.param("[" * 3000, id="deep"),
        pytest.param(
            "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
                f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n"
                for old, new in zip("abcdefgh", "bcdefghi", strict=True)
            ),
            id="aliases-that-multiply",
        ),
    ],
)  # fmt: skip
def test_a_file_with_nothing_to_read_is_refused_with_a_reason(content: str) -> None:
    with pytest.raises(BadFile):
        read(content)


def test_anchors_within_a_document_are_read() -> None:
    names, skipped = read(
        "x-owner: &owner ann\nkind: Component\nmetadata: {name: a}\nspec: {owner: *owner}\n"
    )
    assert (names, skipped) == (["a"], [])


def test_calls_of_traces_are_read_as_before() -> None:
    entries = list(registry()["jaeger"]().read((CASES / "jaeger.json").read_text()))
    assert {(each.name, each.depends_on) for each in entries if not isinstance(each, Skipped)} == {
        ("frontend", ("checkout",)), ("checkout", ("redis-manual",)), ("redis-manual", ()),
    }  # fmt: skip


def test_what_the_catalogues_api_answers_is_read_with_its_relations() -> None:
    page = """{"items": [{"kind": "Component", "metadata": {"name": "checkout"},
      "spec": {"type": "service"}, "relations": [
        {"type": "ownedBy", "targetRef": "group:default/payments"},
        {"type": "dependsOn", "targetRef": "component:default/stock"}]}], "totalItems": 1}"""
    [entry] = list(registry()["backstage"]().read(page))
    assert not isinstance(entry, Skipped)
    assert (entry.name, entry.owner_team, entry.depends_on) == ("checkout", "payments", ("stock",))


@pytest.mark.django_db
def test_the_command_stores_what_can_be_read_and_names_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    expected = {
        ("backstage", "backstage-one-broken.yaml"): ("2 new", "document 2 skipped", 2),
        ("backstage", "backstage-template-only.yaml"): ("0 new", "document 1 skipped", 2),
        ("jaeger", "jaeger.json"): ("3 new", "", 5),
    }
    for (kind, name), (counted, skipped, stored) in expected.items():
        call_command("import_catalogue", kind, str(CASES / name))
        said = capsys.readouterr()
        assert counted in said.out, name
        assert said.err.startswith(skipped), name
        assert Service.objects.count() == stored, name
