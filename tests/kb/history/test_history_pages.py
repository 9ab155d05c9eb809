"""Connections by page and API: settings, preview, import, and who may do it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from incidents.models import Incident
from kb.history_reading import reading
from kb.models import HistoryConnection
from people.membership import give_role
from people.models import Role
from tests.kb.history.fake_products import NOW, TOKEN, FakeStatuspage
from tests.kb.trackers.fake_tracker import served

pytestmark = pytest.mark.django_db
LIST = "/knowledge/history/"


@pytest.fixture
def product() -> Iterator[FakeStatuspage]:
    with served(FakeStatuspage()) as fake:
        fake.add("Checkout <b>down</b>", 3, ended=NOW)
        yield fake


def login(client: Client, role: str) -> None:
    user = User.objects.create_user(f"a-{role}", password="pass-for-tests")
    give_role(user, role)
    client.force_login(user)


def test_a_manager_connects_previews_and_imports_by_page(
    client: Client, product: FakeStatuspage
) -> None:
    login(client, Role.MANAGER)
    assert f"{LIST}new/statuspage/" in client.get(LIST).content.decode()
    sent = {"connection_name": "Our status", "enabled": "on", "token": TOKEN, **product.settings()}
    saved = client.post(f"{LIST}new/statuspage/", {**sent, "follow": "on"})
    connection = HistoryConnection.objects.get()
    page = connection.get_absolute_url()
    assert saved["Location"] == page
    assert TOKEN not in f"{connection.sealed}{connection.settings}"
    client.post(f"{page}probe/")
    assert "“Example status” can be read" in client.get(page).content.decode()
    client.post(f"{page}read/", {"purpose": "preview"})
    assert "Stop" in client.get(f"{page}state/").content.decode()
    reading.read_due()
    shown = client.get(page).content.decode()
    assert "1 would come" in shown
    assert "Checkout &lt;b&gt;down&lt;/b&gt;" in shown
    client.post(f"{page}read/", {"purpose": "import"})
    client.post(f"{page}read/", {"stop": "1"})
    reading.read_due()
    assert not Incident.objects.exists()
    client.post(f"{page}read/", {"purpose": "import"})
    reading.read_due()
    assert Incident.objects.get().title == "Checkout <b>down</b>"
    product.token = "revoked"
    client.post(f"{page}read/", {"purpose": "import"})
    reading.read_due()
    assert "Enter a new one in the connection&#x27;s settings" in client.get(page).content.decode()


def test_the_api_does_the_same_and_shows_no_token(product: FakeStatuspage) -> None:
    manager = User.objects.create_user("mia", password="pass-for-tests")
    give_role(manager, Role.MANAGER)
    client = APIClient()
    client.force_authenticate(manager)
    path = "/api/v1/history-connections/"
    sent = {
        "kind": "statuspage", "name": "Our status", "settings": product.settings(),
        "secrets": {"token": TOKEN},
    }  # fmt: skip
    made = client.post(path, sent, "json")
    assert made.status_code == 201, made.content
    assert TOKEN not in made.content.decode()
    one = f"{path}{made.data['id']}/"
    assert client.post(f"{one}probe/").data["well"]
    assert client.post(f"{one}readings/", {"purpose": "everything"}, "json").status_code == 400
    assert client.post(f"{one}readings/", {"purpose": "import"}, "json").status_code == 202
    reading.read_due()
    [done] = client.get(f"{one}readings/").data
    assert (done["state"], done["counts"]["new"], done["progress"]) == ("done", 1, 1.0)
    assert client.post(f"{one}stop/").data[0]["state"] == "done"


def test_whoever_may_not_import_history_sees_no_connection(
    client: Client, product: FakeStatuspage
) -> None:
    connection = HistoryConnection.objects.create(kind="statuspage", name="Ours")
    login(client, Role.EDITOR)
    page = connection.get_absolute_url()
    for path in (LIST, f"{LIST}new/jira/", page, f"{page}state/", f"{page}edit/"):
        assert client.get(path).status_code == 403, path
    assert client.post(f"{page}read/", {"purpose": "import"}).status_code == 403
    assert product.requests == []
