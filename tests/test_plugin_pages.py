"""Pages that list plug-ins or show one, as the administrator who sets the product up."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

import analysis.sources
import incidents.catalogue.formats
import incidents.webhooks
import kb.chat
import kb.exporters
import kb.history_sources
import kb.publishers
import kb.trackers
import practice.code_hosts
import practice.load_tests
import practice.slo_files
from analysis.models import Source
from incidents.models import Incident, Integration, Service
from kb.models import Workspace
from kb.postmortems.editing import start_postmortem

pytestmark = pytest.mark.django_db
LISTS = [
    ("/analysis/sources/", analysis.sources),
    ("/integrations/", incidents.webhooks),
    ("/knowledge/chat/", kb.chat),
    ("/knowledge/trackers/", kb.trackers),
    ("/practice/code-hosts/", practice.code_hosts),
    ("/knowledge/history/", kb.history_sources),
    ("/knowledge/targets/", kb.publishers),
]
FILE_FORMS = [
    ("/services/import/", incidents.catalogue.formats),
    ("/practice/slos/import/", practice.slo_files),
]


@pytest.fixture
def admin(client: Client, admin_user: Any) -> Client:
    client.force_login(admin_user)
    return client


def shown(admin: Client, path: str) -> str:
    answer = admin.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.mark.parametrize(("path", "plugins"), LISTS)
def test_an_administrator_can_add_every_kind_from_the_list(
    admin: Client, path: str, plugins: Any
) -> None:
    page = shown(admin, path)
    for kind, plugin in plugins.registry().items():
        form = f"{path}new/{kind}/"
        assert f'href="{form}"' in page
        assert f">{escape(plugin.title)}</a>" in page
        assert f"<h1>{escape(plugin.title)}</h1>" in shown(admin, form)


def test_a_source_is_probed_once_it_is_saved_and_its_form_begins_with_its_address(
    admin: Client,
) -> None:
    page = shown(admin, "/analysis/sources/new/prometheus/")
    first_fold = page.index('<details class="field"')
    assert page.index('name="url"') < first_fold < page.index('name="token"')
    assert first_fold < page.index('name="at_once"')
    given = {
        "source_name": "metrics",
        "url": "http://127.0.0.1:9",
        "selector": "a",
        "enabled": "on",
    }
    given["templates"] = "any | cpu | cores | sum(cpu)"
    answer = admin.post("/analysis/sources/new/prometheus/", {**given, "at_once": "0"})
    assert '<details class="field" open>' in answer.content.decode()
    answer = admin.post("/analysis/sources/new/prometheus/", given, follow=True)
    assert 'hx-trigger="submit, load"' in answer.content.decode()


def test_what_was_added_names_its_kind(admin: Client) -> None:
    source = Source.objects.create(name="metrics", kind="prometheus", settings={"url": "http://h"})
    workspace = Workspace.objects.create(name="talk", kind="slack")
    integration = Integration.objects.create(name="pages", kind="alertmanager")
    for path, title in [
        (f"/analysis/sources/{source.pk}/edit/", analysis.sources.registry()["prometheus"].title),
        (f"/knowledge/chat/{workspace.pk}/", kb.chat.registry()["slack"].title),
    ]:
        assert f">{title}<" in shown(admin, path)
    scheme: Any = incidents.webhooks.registry()["alertmanager"].scheme
    assert f"<code>{scheme.header}</code>" in shown(admin, f"/integrations/{integration.pk}/")


@pytest.mark.parametrize(("path", "plugins"), FILE_FORMS)
def test_a_file_can_be_read_in_by_every_reader(admin: Client, path: str, plugins: Any) -> None:
    page = shown(admin, path)
    for kind in plugins.registry():
        assert f'<option value="{kind}"' in page


def test_every_load_test_tool_can_be_chosen(admin: Client, database: Service) -> None:
    page = shown(admin, f"/practice/services/{database.pk}/load-tests/new/")
    for kind in practice.load_tests.registry():
        assert f'<option value="{kind}"' in page


def test_a_postmortem_is_exported_in_every_format_from_its_page(
    admin: Client, admin_user: Any, incident: Incident
) -> None:
    postmortem = start_postmortem([incident], admin_user)
    path = postmortem.get_absolute_url()
    page = shown(admin, path)
    for kind, plugin in kb.exporters.registry().items():
        assert f'<a href="{path}as/{kind}/">{escape(plugin.title)}</a>' in page
