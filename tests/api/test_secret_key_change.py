"""A changed SECRET_KEY, without a fallback: pages and API ask for the secrets again."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from analysis.models import Source
from common.plugin_settings import ENTER_AGAIN
from common.sealing import sealed_models
from incidents.models import Integration, IntegrationSecret
from kb.chatops import endpoints
from kb.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    row = Workspace(kind="slack", name="Ours", settings={"workspace": "", "mark": "pushpin"})
    row.secrets = {"secret": "hush-hush", "bot_token": "xoxb-1"}
    row.save()
    return row


@pytest.fixture
def source() -> Source:
    row = Source(kind="prometheus", name="Prom", settings={"url": "http://127.0.0.1:9"})
    row.secrets = {"password": "hush-hush"}
    row.save()
    return row


@pytest.fixture
def after_key_change(client: Client, admin_user: Any, settings: Any) -> Callable[[], Client]:
    """Changes the key and signs in; sessions of before no longer hold."""

    def change() -> Client:
        settings.SECRET_KEY = "another"
        client.force_login(admin_user)
        return client

    return change


def test_the_workspace_page_asks_for_its_secrets_again(
    workspace: Workspace, after_key_change: Callable[[], Client]
) -> None:
    web = after_key_change()
    page = web.get(f"/knowledge/chat/{workspace.pk}/")
    assert "cannot be read" in page.content.decode()
    address = f"/knowledge/chat/{workspace.pk}/edit/"
    assert str(ENTER_AGAIN) in web.get(address).content.decode()
    entered = {"workspace_name": "Ours", "mark": "pushpin", "enabled": "on"}
    refused = web.post(address, entered)
    assert refused.status_code == 422
    assert str(ENTER_AGAIN) in refused.content.decode()
    assert web.post(address, {**entered, "secret": "new-secret"}).status_code == 302
    workspace.refresh_from_db()
    assert workspace.secrets == {"secret": "new-secret"}


def test_the_workspace_api_asks_for_its_secrets_again(
    workspace: Workspace, admin_api: APIClient, settings: Any
) -> None:
    settings.SECRET_KEY = "another"
    address = f"/api/v1/chat-workspaces/{workspace.pk}/"
    assert admin_api.get(address).data["secrets_unreadable"] is True
    assert admin_api.patch(address, {"enabled": False}, format="json").status_code == 200
    refused = admin_api.patch(address, {"settings": {"mark": "eyes"}}, format="json")
    assert refused.status_code == 400
    assert refused.data["errors"]["settings"]["secret"] == [ENTER_AGAIN]
    mended = admin_api.patch(address, {"secrets": {"secret": "new-secret"}}, format="json")
    assert mended.status_code == 200
    assert mended.data["secrets_unreadable"] is False


def test_a_message_from_chat_is_refused_in_words(
    workspace: Workspace, client: Client, settings: Any
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endpoints, "_find_workspace", lambda slug, seconds: workspace.secrets)
        settings.SECRET_KEY = "another"
        answer = client.post(f"/chat/{workspace.slug}/", b"{}", content_type="application/json")
    assert answer.status_code == 503
    assert "enter them again" in answer.content.decode()


def test_the_source_page_and_api_ask_for_its_secrets_again(
    source: Source, admin_api: APIClient, after_key_change: Callable[[], Client]
) -> None:
    web = after_key_change()
    page, api = f"/analysis/sources/{source.pk}/edit/", f"/api/v1/sources/{source.pk}/"
    assert str(ENTER_AGAIN) in web.get(page).content.decode()
    assert admin_api.get(api).data["secrets_unreadable"] is True
    entered = {
        "source_name": "Prom", "url": "http://127.0.0.1:9", "password": "new",
        "selector": 'service="$service"', "templates": "any | up | | up",
    }  # fmt: skip
    assert web.post(page, entered).status_code == 302
    source.refresh_from_db()
    assert source.secrets["password"] == "new"
    assert admin_api.get(api).data["secrets_unreadable"] is False


def test_an_integration_says_that_its_secret_cannot_be_read(
    admin_api: APIClient, after_key_change: Callable[[], Client]
) -> None:
    integration = Integration.objects.create(kind="alertmanager", name="Alertmanager")
    row, _ = IntegrationSecret.issue(integration)
    web = after_key_change()
    address = f"/api/v1/integrations/{integration.pk}/"
    page = web.get(f"/integrations/{integration.pk}/")
    assert "make another" in page.content.decode()
    assert admin_api.get(address).data["secrets_unreadable"] is True
    web.post(f"/integrations/{integration.pk}/secrets/{row.pk}/revoke/")
    assert admin_api.get(address).data["secrets_unreadable"] is False


def test_after_resealing_the_former_key_is_needed_no_longer(
    workspace: Workspace, source: Source, settings: Any
) -> None:
    integration = Integration.objects.create(kind="alertmanager", name="AM")
    IntegrationSecret.issue(integration, text="of-the-sender")
    former, settings.SECRET_KEY = settings.SECRET_KEY, "newer"
    lost = Workspace.objects.create(name="Lost", kind="slack", sealed="gAAAAA-of-a-lost-key")
    settings.SECRET_KEY_FALLBACKS = [former]
    out = StringIO()
    with pytest.raises(CommandError, match="1 cannot be read with any key"):
        call_command("reseal_secrets", stdout=out, stderr=StringIO())
    assert "3 sealed with the newest key" in out.getvalue()
    settings.SECRET_KEY_FALLBACKS = []
    for row in (workspace, source):
        row.refresh_from_db()
    assert workspace.secrets["bot_token"] == "xoxb-1"
    assert source.secrets == {"password": "hush-hush"}
    assert IntegrationSecret.objects.get().text == "of-the-sender"
    lost.delete()
    again = StringIO()
    call_command("reseal_secrets", stdout=again)
    assert again.getvalue() == "0 sealed with the newest key.\n"


def test_every_column_of_sealed_values_is_found() -> None:
    assert {model.__name__ for model in sealed_models()} >= {
        "Source", "Workspace", "IntegrationSecret", "Tracker", "HistoryConnection", "PublishTarget",
    }  # fmt: skip


def test_values_of_headers_stored_by_an_earlier_version_are_sealed(source: Source) -> None:
    """What the migration does to rows of before, and to their history."""
    source.settings["header_value"] = "tenant-key"
    source.save()
    assert "tenant-key" in str(source.history.first().settings)
    migration = importlib.import_module("analysis.migrations.0009_sealed_headers")
    migration.seal_headers(apps, None)
    source.refresh_from_db()
    assert "header_value" not in source.settings
    assert source.secrets == {"password": "hush-hush", "header_value": "tenant-key"}
    assert "tenant-key" not in str([each.settings for each in source.history.all()])
