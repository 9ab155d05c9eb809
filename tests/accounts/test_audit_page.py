"""The audit log is read, filtered and exported by administrators and auditors only."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from rest_framework.test import APIClient

from accounts.audit_log import listing
from incidents.filing import add_note, edit_incident, file_incident
from incidents.models import Incident, Service
from people import audit
from people.models import AuditEntry, Role, Team
from tests.accounts.conftest import Make

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(boss: User) -> None:
    """Three things that happened, one of them private."""
    AuditEntry.objects.all().delete()
    with audit.acting(audit.Origin("page", boss, address="198.51.100.7")):
        service = Service.objects.create(name="orders-db")
        row = file_incident(title="Orders <b>slow</b>", services=[service], reporter=boss)
        edit_incident(row, boss, title="Orders down")
        file_incident(title="Breach", services=[service], reporter=boss, private=True)


def shown(client: Any, **query: str) -> str:
    response = client.get("/audit/", query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_shows_who_did_what_before_and_after(office: Client, history: None) -> None:
    page = shown(office)
    assert "boss" in page
    assert "198.51.100.7" in page
    assert "Orders &lt;b&gt;slow&lt;/b&gt; → Orders down" in page
    assert "Audit log" in office.get("/").content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param({"person": "boss"}, True, id="person"),
        pytest.param({"person": "somebody"}, False, id="another-person"),
        pytest.param({"event": "incident.changed"}, True, id="event"),
        pytest.param({"event": "sign_in"}, False, id="another-event"),
        pytest.param({"record": "orders d"}, True, id="words-of-the-record"),
        pytest.param({"record": "incidents.incident:999999"}, False, id="another-record"),
        pytest.param({"interface": "page"}, True, id="interface"),
        pytest.param({"interface": "chat"}, False, id="another-interface"),
        pytest.param({"since": "2020-01-01", "until": "2999-01-01"}, True, id="time"),
        pytest.param({"until": "2020-01-01"}, False, id="another-time"),
        pytest.param({"since": "soon", "record": "\x00", "before": "x"}, True, id="nonsense"),
    ],
)
def test_filters_narrow_the_page_and_the_api_alike(
    query: dict[str, str], found: bool, office: Client, office_api: APIClient, history: None
) -> None:
    AuditEntry.objects.exclude(event__startswith="incident.changed").delete()
    assert ("Orders down" in shown(office, **query)) == found
    if "\x00" not in query.get("record", ""):
        rows = office_api.get("/api/v1/audit/", query).json()["results"]
        assert any(row["event"] == "incident.changed" for row in rows) == found


def test_older_entries_are_a_page_away(office: Client) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(event="test.event", record_name=f"number {n}.") for n in range(60)
    )
    first = shown(office, event="test")
    assert "number 59." in first
    assert "number 3." not in first
    last = AuditEntry.objects.filter(event="test.event").order_by("-pk")[49]
    assert f"event=test&amp;before={last.pk}" in first
    assert "number 3." in shown(office, event="test", before=str(last.pk))


def test_the_export_has_each_entry_as_a_line_and_is_an_entry_itself(
    office: Client, office_api: APIClient, history: None
) -> None:
    for client, address in ((office, "/audit/export/"), (office_api, "/api/v1/audit/export/")):
        response: Any = client.get(address, {"event": "incident."})
        lines = [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]
        assert [line["event"] for line in lines].count("incident.created") == 2
        assert all(line["actor_name"] == "boss" for line in lines)
    exports = AuditEntry.objects.filter(event="audit_log.exported")
    assert [each.interface for each in exports.order_by("pk")] == ["page", "api"]
    assert exports[0].changes == {"event": [None, "incident."]}


def test_an_export_has_never_more_than_some_entries_in_memory(
    office: Client, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "AT_ONCE", 100)
    AuditEntry.objects.bulk_create(
        AuditEntry(event="incident.changed", interface="page", record_name=str(number))
        for number in range(250)
    )
    response: Any = office.get("/audit/export/", {"event": "incident.changed"})
    lines = iter(response.streaming_content)
    with django_assert_num_queries(1) as read:
        first = json.loads(next(lines))
    assert "LIMIT 100" in read.captured_queries[0]["sql"]
    with django_assert_num_queries(3):
        rest = [json.loads(line) for line in lines]
    assert [each["record_name"] for each in (first, *rest)] == [str(n) for n in range(250)]


def test_the_page_of_a_record_leads_to_its_entries_for_who_may_read_them(
    office: Client, client: Client, person: Make, history: None
) -> None:
    row = Incident.objects.get(title="Orders down")
    service, team = Service.objects.get(), Team.objects.create(name="Payments")
    client.force_login(person("ed", Role.EDITOR))
    for page, kind, pk in (
        (f"/INC-{row.pk}/", "incidents.incident", row.pk),
        (service.get_absolute_url(), "incidents.service", service.pk),
        (f"/teams/{team.pk}/", "people.team", team.pk),
    ):
        address = f"/audit/?record={kind}:{pk}"
        assert f'href="{address}"' in office.get(page).content.decode(), page
        assert "/audit/" not in client.get(page).content.decode(), page
    shown_entries = office.get(f"/audit/?record=incidents.incident:{row.pk}").content.decode()
    assert "Orders down" in shown_entries
    assert "Breach" not in shown_entries


@pytest.mark.parametrize(
    ("role", "status"),
    [
        pytest.param(Role.AUDITOR, 200, id="auditor"),
        pytest.param(Role.MANAGER, 403, id="manager"),
        pytest.param(None, 403, id="no-role"),
    ],
)
def test_only_some_read_it(role: Role | None, status: int, person: Make, client: Client) -> None:
    client.force_login(person("ann", role))
    for address in ("/audit/", "/audit/export/", "/api/v1/audit/", "/api/v1/audit/export/"):
        assert client.get(address).status_code == status, address


def test_who_may_not_see_private_incidents_sees_no_entries_about_them(
    boss: User, person: Make, client: Client, history: None
) -> None:
    reader = person("reader")
    kind = ContentType.objects.get_for_model(AuditEntry)
    reader.user_permissions.create(content_type=kind, codename="read_audit_log", name="read")
    client.force_login(reader)
    down = Incident.objects.get(title="Orders down")
    with audit.acting(audit.Origin("page", boss)):
        add_note(down, "It was the intern", boss)
    page = shown(client)
    assert "Orders down" in page
    assert "Breach" not in page
    Incident.objects.filter(pk=down.pk).update(private=True)
    page = shown(client)
    assert "orders-db" in page
    assert "Orders down" not in page
    assert "intern" not in page


def test_nothing_changes_or_deletes_entries_by_the_api(
    office_api: APIClient, history: None
) -> None:
    row = AuditEntry.objects.latest("pk")
    for method in ("patch", "put", "delete", "post"):
        for address in ("/api/v1/audit/", f"/api/v1/audit/{row.pk}/"):
            assert getattr(office_api, method)(address, {}, format="json").status_code in (403, 405)
