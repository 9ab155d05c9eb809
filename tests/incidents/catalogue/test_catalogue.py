"""The service catalogue: imported from elsewhere, kept up to date, drawn and checked."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from common.file_import import BadFile, Skipped
from incidents.catalogue.dependencies import core_needing_supplementary, dependency_cycles
from incidents.catalogue.formats import registry
from incidents.catalogue.formats.base import CatalogueEntry
from incidents.catalogue.sync import import_catalogue
from incidents.models import Service
from people.models import Team
from tests.sizes import examples

BACKSTAGE = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  description: Takes the money
  annotations: {company.example/tier: "1"}
  links:
    - {url: https://wiki.example/checkout, title: Runbook}
spec:
  type: service
  lifecycle: production
  owner: group:default/payments
  dependsOn: ["component:default/notifications", "resource:orders-db", "api:default/money", 7]
---
kind: Resource
metadata: {name: orders-db}
spec: {type: database, owner: data}
---
kind: API
metadata: {name: money}
---
kind: Group
metadata: {name: payments}
---
just a text
---
kind: Component
metadata: {title: nameless}
---
kind: Component
metadata: {name: "b@d name!"}
---
"""


@pytest.mark.django_db
def test_backstage_documents_become_services_and_the_rest_is_reported() -> None:
    report = import_catalogue("backstage", BACKSTAGE)
    assert report.new == ["checkout", "orders-db"]
    checkout = Service.objects.get(name="checkout")
    assert (checkout.tier, checkout.lifecycle, checkout.owner_team) == (
        "core", "general", "payments",
    )  # fmt: skip
    assert checkout.runbook_url == "https://wiki.example/checkout"
    assert [row.name for row in checkout.depends_on.all()] == ["orders-db"]
    assert Service.objects.get(name="orders-db").kind == "postgresql"
    output = " ".join(why for _, why in report.skipped)
    for words in ("API: only", "Group: only", "not an object", "metadata.name", "b@d name!",
                  "notifications, which is not in the catalogue"):  # fmt: skip
        assert words in output


@pytest.mark.django_db
def test_a_repeated_import_changes_nothing_and_a_changed_file_does() -> None:
    import_catalogue("backstage", BACKSTAGE)
    again = import_catalogue("backstage", BACKSTAGE)
    assert (again.new, again.changed, again.same) == ([], [], 2)
    Service.objects.filter(name="checkout").update(
        description="Written here", owner=Team.named("other")
    )
    moved = import_catalogue("csv", "name,team\ncheckout,payments\n")
    assert moved.changed == ["checkout"]
    checkout = Service.objects.get(name="checkout")
    assert (checkout.owner_team, checkout.description) == ("payments", "Written here")


@pytest.mark.django_db
def test_a_preview_stores_nothing() -> None:
    assert import_catalogue("backstage", BACKSTAGE, dry_run=True).new == ["checkout", "orders-db"]
    assert not Service.objects.exists()


@pytest.mark.django_db
def test_traces_workloads_and_tables_are_read_too() -> None:
    edges = [
        {"parent": "shop", "child": "pay", "callCount": 3}, {"parent": "x"},
        {"client": "pay", "server": "pay-db"}, {"parent": "a", "child": "a"},
    ]  # fmt: skip
    report = import_catalogue("jaeger", json.dumps({"data": edges}))
    assert report.new == ["shop", "pay", "pay-db"]
    assert [place for place, _ in report.skipped] == ["edge 2"]
    items = {
        "items": [
            {"kind": "Deployment", "metadata": {
                "name": "pay-7f", "labels": {"app.kubernetes.io/name": "pay", "team": "money"}}},
            {"kind": "Service", "metadata": {"name": "pay"}},
            {"kind": "StatefulSet", "metadata": {"name": "queue", "labels": [1]}}, "x",
        ]
    }  # fmt: skip
    report = import_catalogue("kubernetes", json.dumps(items))
    assert (report.new, report.changed, len(report.skipped)) == (["queue"], ["pay"], 2)
    table = "\ufeffService,Criticality,Owner,Depends on\npay,tier1,money,pay-db; ledger\n,,,\n"
    report = import_catalogue("csv", table)
    assert report.changed == ["pay"]
    assert Service.objects.get(name="pay").tier == "core"
    assert len(report.skipped) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "content"),
    [("backstage", "a: [b"), ("csv", "a,b\n1,2"), ("jaeger", "{}"), ("kubernetes", "[]"),
     ("fax", "x"), ("jaeger", "not json")],
)  # fmt: skip
def test_a_file_of_another_kind_is_refused_with_a_reason(kind: str, content: str) -> None:
    with pytest.raises(ValidationError):
        import_catalogue(kind, content)


@pytest.mark.parametrize("kind", registry())
@settings(max_examples=examples(60), deadline=None)
@given(content=st.text() | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["kind", "metadata", "name", "spec", "dependsOn", "items", "data",
                         "parent", "child", "labels", "owner", "links", "url"]) | st.text(), inner),
).map(json.dumps))  # fmt: skip
def test_readers_raise_no_unexpected_error_for_any_input(kind: str, content: str) -> None:
    try:
        for found in registry()[kind]().read(content):
            assert isinstance(found, CatalogueEntry | Skipped)
    except BadFile:
        pass


def test_it_finds_cycles_and_core_services_that_need_supplementary_ones() -> None:
    needs = {
        "checkout": ["pay"], "pay": ["notify", "ledger"], "ledger": ["pay"], "notify": [],
        "self": ["self"], "blog": ["notify"],
    }  # fmt: skip
    assert [str(path) for path in dependency_cycles(needs)] == [
        "self → self",
        "ledger → pay → ledger",
    ]
    tiers = {"checkout": "core", "pay": "normal", "notify": "supplementary", "blog": "core"}
    assert [str(path) for path in core_needing_supplementary(needs, tiers)] == [
        "blog → notify", "checkout → pay → notify",
    ]  # fmt: skip
    assert core_needing_supplementary({"a": []}, {"a": "core"}) == []


EDGES = st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh")))


@given(EDGES)
def test_every_reported_cycle_is_one_and_none_is_missed(
    needs: dict[str, list[str]],
) -> None:
    found = dependency_cycles(needs)
    for path in found:
        assert path.names[0] == path.names[-1]
        for name, other in zip(path.names, path.names[1:], strict=False):
            assert other in needs[name]
    reach = {name: set(others) for name, others in needs.items()}
    for _ in range(8):
        for others in reach.values():
            others |= {far for near in set(others) for far in reach.get(near, ())}
    assert bool(found) is any(name in others for name, others in reach.items())


@pytest.mark.django_db
def test_an_administrator_previews_imports_and_sees_the_problems(
    client: Client, django_user_model: Any
) -> None:
    client.force_login(django_user_model.objects.create_superuser("root"))
    table = "name,tier,depends_on\npay,core,notify\nnotify,supplementary,\n"
    file = io.BytesIO(table.encode())
    file.name = "services.csv"
    preview = client.post("/services/import/", {"kind": "csv", "file": file})
    assert "2 new: pay, notify" in preview.content.decode()
    assert not Service.objects.exists()
    imported = client.post(
        "/services/import/", {"kind": "csv", "content": table, "import": "1"}, follow=True
    )
    page = imported.content.decode()
    assert "pay → notify" in page
    assert "failure on this path affects all users" in " ".join(page.split())
    assert "<svg" in page
    assert client.post("/services/import/", {"kind": "csv"}).status_code == 422
    bad = client.post("/services/import/", {"kind": "jaeger", "content": "{}"})
    assert bad.status_code == 422
    assert "neither a list of edges" in bad.content.decode()


@pytest.mark.django_db
def test_the_command_reports_and_refuses(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "catalog-info.yaml"
    path.write_text(BACKSTAGE)
    call_command("import_catalogue", "backstage", str(path), "--dry-run")
    output = capsys.readouterr()
    assert "2 would be new" in output.out
    assert "document 3 skipped" in output.err
    path.write_text("a: [b")
    with pytest.raises(CommandError, match="YAML"):
        call_command("import_catalogue", "backstage", str(path))
