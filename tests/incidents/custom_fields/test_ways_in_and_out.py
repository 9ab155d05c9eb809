"""Custom fields and labels in pages, list, search, CSV and import; what becomes of persons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.people.erasing import erase_person
from incidents.custom_field_definitions import archive_field, save_field
from incidents.custom_fields.values import by_name
from incidents.filing import edit_incident, file_incident
from incidents.history_import import import_incidents
from incidents.models import CustomField, FieldValue, Incident, Service
from incidents.search.filters import search_incidents
from people.membership import give_role
from people.models import Role

pytestmark = pytest.mark.django_db
Fields = dict[str, CustomField]
ROW = {"id": "7", "title": "Outage", "started": "2026-03-01T02:57Z"}


def page_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def found(words: str) -> set[str]:
    return {each.title for each in search_incidents(Incident.objects.all(), words)}


def test_the_filing_form_has_them_and_says_what_is_wrong(web: Client, fields: Fields) -> None:
    sent = {"title": "Slow", "severity": "SEV3", "customer": "acme", "seats": "many"}
    refused = web.post("/new/", sent)
    assert refused.status_code == 422
    assert "“many” is not a number such as 12 or 3.5." in refused.content.decode()
    filed = web.post("/new/", {**sent, "seats": "12", "region": "US East"}, follow=True)
    assert by_name(Incident.objects.get()) == {"customer": "acme", "region": "US East", "seats": 12}
    assert "acme" in filed.content.decode()


def test_they_are_changed_on_the_page_of_the_incident(
    web: Client, fields: Fields, incident: Incident
) -> None:
    path = f"/INC-{incident.pk}/fields/"
    refused = web.post(path, {"ticket": "ftp://x"})
    assert refused.status_code == 422
    assert "is not a link" in refused.content.decode()
    web.post(path, {"ticket": "https://jira.example/1", "customer": "<b>acme"})
    page = page_of(web, f"/INC-{incident.pk}/")
    assert 'href="https://jira.example/1"' in page
    assert "&lt;b&gt;acme" in page


def test_viewers_see_them_and_change_nothing(
    client: Client, django_user_model: Any, fields: Fields, incident: Incident
) -> None:
    edit_incident(incident, custom_fields={"customer": "acme"})
    viewer = django_user_model.objects.create_user("viewer")
    give_role(viewer, Role.VIEWER)
    client.force_login(viewer)
    page = page_of(client, f"/INC-{incident.pk}/")
    assert "acme" in page
    assert "Change fields" not in page
    assert client.post(f"/INC-{incident.pk}/fields/", {"customer": "x"}).status_code == 403
    assert "Add field" not in page_of(client, "/fields/")
    assert client.get("/fields/new/").status_code == 403


def test_a_manager_defines_and_archives_them_on_a_page(client: Client, manager: User) -> None:
    client.force_login(manager)
    sent = {
        "name": "region", "label": "Region", "belongs_to": "incidents", "kind": "choice",
        "choices": "EU\n\nUS\n", "needed": "never", "position": "1",
    }  # fmt: skip
    assert client.post("/fields/new/", sent).status_code == 302
    field = CustomField.objects.get()
    assert field.choices == ["EU", "US"]
    refused = client.post(f"/fields/{field.pk}/", {**sent, "choices": ""})
    assert "Name at least one choice." in refused.content.decode()
    client.post(f"/fields/{field.pk}/", {**sent, "archived": "on"})
    assert "archived" in page_of(client, "/fields/")
    assert "Region" not in page_of(client, "/new/")


def test_the_list_has_columns_filters_and_csv_of_them(
    web: Client, fields: Fields, user: User
) -> None:
    file_incident(title="Slow", custom_fields={"customer": "Acme Corp", "seats": 12})
    file_incident(title="Other", custom_fields={"customer": "Globex"})
    web.post("/columns/", {"column": ["status", "field.customer", "field.nothing"]})
    page = page_of(web, "/?field.customer=acme")
    assert "Acme Corp" in page
    assert "Globex" not in page
    web.post("/filters/", {"name": "Acme", "query": "field.customer=acme"})
    assert "?field.customer=acme" in page_of(web, "/")
    lines = b"".join(web.get("/incidents.csv?field.seats=>10")).decode().splitlines()
    assert lines[0].endswith(",customer,region,seats,ticket,accountable")
    assert len(lines) == 2
    assert lines[1].endswith(",Acme Corp,,12,,")


def test_search_knows_them_by_name(fields: Fields, manager: User, other: User) -> None:
    file_incident(
        title="Slow",
        custom_fields={"customer": "Acme Corp", "region": "EU West", "accountable": "other"},
    )
    file_incident(title="Other", custom_fields={"customer": "Globex", "seats": 3})
    assert found("customer:acme") == found('region:"eu west"') == {"Slow"}
    assert found("accountable:other") == found("-customer:globex") == {"Slow"}
    assert found("seats:<4") == found("customer:globex seats:3") == {"Other"}
    assert found("region:mars") == set()
    archive_field(fields["customer"], manager)
    assert found("customer:acme") == set(), "an archived field is no field of search"


def test_services_show_and_filter_them(web: Client, manager: User, database: Service) -> None:
    field = save_field(
        CustomField(), manager, name="cost", label="Cost center", belongs_to="services"
    )
    FieldValue.objects.create(field=field, service=database, text="4711")
    file_incident(title="Slow", services=[database])
    assert "4711" in page_of(web, f"/services/{database.pk}/")
    assert "orders-db" in page_of(web, "/services/?field.cost=47")
    assert "No service matches." in page_of(web, "/services/?field.cost=48")


def test_an_import_reads_columns_that_are_called_like_a_field(fields: Fields) -> None:
    rows: list[dict[str, Any]] = [
        {**ROW, "Customer": "acme", "SEATS": 12, "Region": ""},
        {**ROW, "id": "8", "seats": "many"},
    ]
    report = import_incidents(list(enumerate(rows, 1)), "sheet")
    assert by_name(Incident.objects.get()) == {"customer": "acme", "seats": 12}
    assert [each.why for each in report.skipped] == [
        "seats: “many” is not a number such as 12 or 3.5."
    ]


def test_a_command_maps_a_column_to_a_field(fields: Fields, tmp_path: object) -> None:
    file = f"{tmp_path}/old.csv"
    with open(file, "w") as table:
        table.write("id,title,started,Kunde\n7,Outage,2026-03-01T02:57Z,acme\n")
    call_command("import_incidents", file, "--map", "customer=Kunde")
    assert by_name(Incident.objects.get()) == {"customer": "acme"}
    with pytest.raises(CommandError, match="knows no field client"):
        call_command("import_incidents", file, "--map", "client=Kunde")


def test_erasing_a_person_takes_their_name_out_of_values_and_timeline(
    fields: Fields, incident: Incident, other: User
) -> None:
    given = {"accountable": "other", "customer": "said by @other"}
    edit_incident(incident, custom_fields=given)
    name = erase_person(other)
    values = by_name(incident)
    assert values == {"accountable": name, "customer": f"said by @{name}"}
    texts = incident.timeline.values_list("text", flat=True)
    assert any(f"Accountable: – → @{name}" in text for text in texts)
    assert not any("@other" in text for text in texts)


def test_private_values_are_found_by_nobody_else(
    client: Client, fields: Fields, user: User, other: User
) -> None:
    file_incident(title="Breach", reporter=user, private=True, custom_fields={"customer": "acme"})
    client.force_login(other)
    for path in ("/?field.customer=acme", "/?q=customer:acme", "/incidents.csv"):
        body = b"".join(client.get(path)).decode()
        assert "Breach" not in body


def test_labels_of_alerts_are_seen_and_found(
    web: Client, receive: Callable[..., str], database: Service
) -> None:
    for namespace in ("payments", "search"):
        labels = {"namespace": namespace, "zone": "eu <1>"}
        receive(f"High {namespace}", "orders-db", labels=labels, fingerprint=namespace)
    incident = Incident.objects.get()
    assert "namespace=payments" in page_of(web, f"/INC-{incident.pk}/")
    assert found("label:namespace=payments") == {incident.title}
    assert found('label:"zone=eu <1>"') == {incident.title}
    assert found("label:namespace=mail") == found("label:namespace") == set()
    assert "Write its name and value: namespace=payments." in page_of(
        web, "/alerts/?label=payments"
    )
    page = page_of(web, "/alerts/?label=namespace%3Dpayments")
    assert "High payments" in page
    assert "High search" not in page.partition("Rules, last 30 days")[0]
    names = [
        row["name"] for row in web.get("/api/v1/alerts/?label=namespace=search").json()["results"]
    ]
    assert names == ["High search"]
    assert web.get("/api/v1/alerts/?label=search").status_code == 400
