"""A database of each release becomes one of this version with everything in it.

`database_0_1_0.sql.gz` was written by 0.1.0 itself: its demo, cut to a hundred incidents, then at
least one row of every other model made through its own functions. Its secrets were sealed with
`FORMER_KEY`. The later ones are the one before, migrated by that release itself. They restore
through any PostgreSQL connection.
"""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.apps import apps
from django.contrib.auth import authenticate, get_permission_codename, get_user_model
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, models
from django.test import Client

from analysis.models import Evidence, Source
from config.backup import restoring, servers
from config.backup.creating import create
from incidents.models import Delivery, Incident, Integration, Service
from kb.models import Cause, Postmortem, Workspace
from tests import servers as test_servers
from tests.upgrade.schema_dump import schema_of, steady, without_collection

# It takes long, so it comes first, and one process upgrades each database.
pytestmark = pytest.mark.timeout(600)
DUMPS = sorted(Path(__file__).parent.glob("database_*.sql.gz"))
FORMER_KEY = "the-key-of-the-upgrade-test"
ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery staple"
TOKEN = "cb_upgrade-test-token-of-oncall-read-0000000001"
NOT_COMPARED = {"django_migrations"}
RENAMED_ROWS = {"django_content_type", "auth_permission"}
"""A migration that renames a model renames its rows here, in place."""

Rows = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Upgrade:
    before: Rows
    """table → primary key → column → value, as the former release left it"""
    after: Rows


def read_rows() -> Rows:
    """Every row of every table in the database that Django is connected to."""
    tables = connection.introspection.table_names()
    found: Rows = {}
    with connection.cursor() as cursor:
        for table in sorted(set(tables) - NOT_COMPARED):
            key = connection.introspection.get_primary_key_column(cursor, table)
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT row_to_json({name}) FROM {name}")  # noqa: S608  (quoted)
            found[table] = {str(row[key]): row for (row,) in cursor.fetchall()}
    return found


@pytest.fixture(scope="module", params=DUMPS, ids=lambda dump: dump.name.split(".")[0])
def upgrade(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Upgrade]:
    """Restore the database beside the one of the tests, upgrade it, and stay connected to it.

    The oldest is migrated in place, the newest goes through a backup, which restoring upgrades.
    """
    of_tests = connection.settings_dict["NAME"]
    scratch = f"{of_tests}_upgraded"
    dump: Path = request.param
    with django_db_blocker.unblock():
        with psycopg.connect(**_address("postgres"), autocommit=True) as server:
            server.execute(f'DROP DATABASE IF EXISTS "{scratch}" WITH (FORCE)')
            server.execute(f'CREATE DATABASE "{scratch}"')
        with psycopg.connect(**_address(scratch), autocommit=True) as restoring:
            restoring.execute(gzip.decompress(dump.read_bytes()))
        _connect_to(scratch)
        try:
            before = read_rows()
            with without_collection():
                if dump == DUMPS[0]:
                    call_command("migrate", verbosity=0)
                else:
                    _back_up_and_restore()
            yield Upgrade(before, read_rows())
        finally:
            _connect_to(of_tests)
            with psycopg.connect(**_address("postgres"), autocommit=True) as server:
                server.execute(f'DROP DATABASE "{scratch}" WITH (FORCE)')


def _back_up_and_restore() -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.SECRET_KEY_FALLBACKS", [FORMER_KEY])
        path = Path(folder) / "former.tar"
        create(path, passphrase="")
        archive, keys = restoring.open_archive(path, "")
        report = restoring.restore(archive, keys, replace=True)
    assert report.closed.count == 0
    assert report.closed.total > 3
    servers.drop_database(report.former_database)


def _url(database: str) -> str:
    return urlunsplit(urlsplit(test_servers.DATABASE_URL)._replace(path=f"/{database}"))


def _address(database: str) -> dict[str, Any]:
    found = connection.get_connection_params()
    names = ("host", "port", "user", "password")
    return {**{name: found[name] for name in names if found.get(name)}, "dbname": database}


def _connect_to(database: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = database
    ContentType.objects.clear_cache()


@pytest.fixture(autouse=True)
def keys(settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [FORMER_KEY]


def person(name: str) -> Any:
    return get_user_model().objects.get(username=name)


def model_of(table: str) -> type[models.Model]:
    """The model that a table belongs to, whatever it is called now."""
    return next(model for model in apps.get_models() if model._meta.db_table == table)


def right(action: str, table: str) -> str:
    meta = model_of(table)._meta
    return f"{meta.app_label}.{get_permission_codename(action, meta)}"


def test_the_former_database_holds_a_row_of_every_table(upgrade: Upgrade) -> None:
    empty = sorted(table for table, rows in upgrade.before.items() if not rows)
    assert empty == []


def test_no_table_loses_or_gains_a_row(upgrade: Upgrade) -> None:
    for table, rows in upgrade.before.items():
        if table not in RENAMED_ROWS:
            assert upgrade.after[table].keys() == rows.keys(), table


def test_every_field_of_every_row_is_as_it_was(upgrade: Upgrade) -> None:
    compared = 0
    for table in upgrade.before.keys() - RENAMED_ROWS:
        for key, row in upgrade.before[table].items():
            now = upgrade.after[table][key]
            for column in row.keys() & now.keys():
                assert now[column] == row[column], f"{table} {key}: {column}"
                compared += 1
    assert compared > 10_000


@pytest.mark.django_db  # The database of tests is a new one.
def test_its_tables_are_those_of_a_new_database(upgrade: Upgrade) -> None:
    """New ones begin with a schema file, so it must lead where migrations lead."""
    of_tests = connection.settings_dict["NAME"].removesuffix("_upgraded")
    upgraded, new = (
        schema_of(_url(name), rows=False) for name in (f"{of_tests}_upgraded", of_tests)
    )
    assert steady(upgraded) == steady(new)
    assert new.count("CREATE TABLE") > 100


def test_no_column_is_dropped(upgrade: Upgrade) -> None:
    for table, rows in upgrade.before.items():
        for key, row in rows.items():
            if table not in RENAMED_ROWS:
                assert row.keys() <= upgrade.after[table][key].keys(), table


def test_rights_given_to_groups_and_people_still_hold(upgrade: Upgrade) -> None:
    lead, author = person("lead"), person("author")
    for action, table in (
        ("change", "kb_rule"),
        ("view", "kb_telling"),
        ("change", "practice_slo"),
        ("change", "practice_finding"),
        ("add", "practice_checklist"),
        ("change", "practice_item"),
        ("change", "incidents_integration"),
    ):
        assert lead.has_perm(right(action, table)), f"the group's right to {action} {table}"
    for action, table in (
        ("view", "kb_review"),
        ("delete", "kb_review"),
        ("change", "kb_telling"),
        ("view", "practice_review"),
        ("add", "practice_answer"),
        ("view", "practice_historicalanswer"),
        ("view", "analysis_finding"),
        ("change", "kb_chatroom"),
    ):
        assert author.has_perm(right(action, table)), f"the right to {action} {table}"
    assert not author.has_perm(right("change", "kb_rule"))
    assert person("oncall").has_perm("practice.close_review"), "a permission of the team's own"


def test_a_renamed_model_leaves_no_permission_of_its_former_name(upgrade: Upgrade) -> None:
    for permission in Permission.objects.select_related("content_type"):
        kind = permission.content_type
        current = kind.model_class()
        assert current is not None, f"{kind.app_label}.{kind.model} is no model"
        action, _, model = permission.codename.partition("_")
        if action in ("add", "change", "delete", "view") and permission.name.startswith("Can "):
            own = dict(current._meta.permissions)
            assert model == kind.model or permission.codename in own, permission.codename


def test_log_of_the_administration_names_models_that_exist(upgrade: Upgrade) -> None:
    for row in upgrade.after["django_admin_log"].values():
        assert ContentType.objects.get(pk=row["content_type_id"]).model_class() is not None


def test_people_sign_in_with_their_passwords(upgrade: Upgrade) -> None:
    assert authenticate(username="oncall", password=PASSWORD) == person("oncall")
    assert authenticate(username="gone", password=PASSWORD) is None


def test_sealed_secrets_open_with_the_former_key(upgrade: Upgrade) -> None:
    integration = Integration.objects.get(slug="upgrade-alerts")
    valid = integration.secrets.get(revoked_at=None)
    assert valid.text == "alertmanager-secret-1"
    assert Source.objects.get(kind="prometheus").secrets == {"password": "hush-prometheus"}
    assert Workspace.objects.get(slug="upgrade-slack").secrets["secret"] == "slack-signing-secret"


def test_an_api_token_made_before_is_valid(upgrade: Upgrade) -> None:
    answer = Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.json()["user"] == "oncall"


def test_a_sender_set_up_before_is_accepted(upgrade: Upgrade) -> None:
    answer = Client().post(
        "/hooks/upgrade-alerts/",
        b'{"version": "4", "status": "firing", "alerts": []}',
        content_type="application/json",
        headers={"Authorization": "Bearer alertmanager-secret-1"},
    )
    assert answer.status_code in (200, 202), answer.content
    refused = Client().post(
        "/hooks/upgrade-alerts/",
        b"{}",
        content_type="application/json",
        headers={"Authorization": "Bearer alertmanager-secret-0"},
    )
    assert refused.status_code in (401, 403)


def test_an_incident_is_read_with_all_that_belongs_to_it(upgrade: Upgrade) -> None:
    incident = Incident.objects.get(title="orders-db CPU at 98 % since the release")
    assert (incident.severity, incident.status) == ("SEV1", "investigating")
    assert incident.labels == {"region": "eu-1"}
    assert "sequential scans explode" in incident.symptom
    assert [service.name for service in incident.services.all()] == ["orders-db"]
    assert incident.reporter == person("oncall")
    assert [merged.title for merged in incident.merged.all()] == ["orders-db slow"]
    states = {link.cause.name: link.state for link in incident.cause_links.all()}
    assert states["Query without an index after a release"] == "suspected"
    assert "rejected" in states.values()
    postmortem = Postmortem.objects.get(title="Postmortem: orders-db")
    assert [each.pk for each in postmortem.incidents.all()] == [incident.pk]
    assert postmortem.drafts.get().body.endswith("unsaved words\n")
    assert sorted(postmortem.reviews.values_list("state", flat=True)) == ["approved", "asked"]
    assert bytes(postmortem.pictures.get().body).startswith(b"\x89PNG")


def test_frozen_evidence_is_intact(upgrade: Upgrade) -> None:
    items = [evidence.items() for evidence in Evidence.objects.all()]
    assert len(items) == 9
    assert any(item for item in items)
    assert bytes(Delivery.objects.get(sender_id="broken-1").body) == b"\x00\xff{"


def test_error_budgets_and_readiness_are_read(upgrade: Upgrade) -> None:
    checkout = Service.objects.get(name="checkout")
    slo = checkout.slos.get(name="availability")
    assert slo.days.count() == 3
    web = signed_in("lead")
    page = web.get(slo.get_absolute_url())
    assert page.status_code == 200
    review = Service.objects.get(name="orders-db").reviews.get()
    text = web.get(review.get_absolute_url()).content.decode()
    assert "Is there a plan B?" in text
    assert "https://wiki.shop.example/plan-b" in text


def test_suggestions_come_from_the_former_history(upgrade: Upgrade) -> None:
    incident = Incident.objects.get(title="orders-db CPU at 98 % since the release")
    answer = Client().get(
        f"/api/v1/suggestions/{incident.pk}/", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    assert answer.status_code == 200
    assert not answer.json()["nothing_alike"]
    names = [cause["name"] for cause in answer.json()["causes"]]
    assert "Query without an index after a release" in names


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(person(name))
    return client


PAGES = (
    "/",
    "/alerts/",
    "/services/",
    "/services/graph/",
    "/integrations/",
    "/rules/",
    "/tokens/",
    "/notices/",
    "/knowledge/causes/",
    "/knowledge/postmortems/",
    "/knowledge/actions/",
    "/knowledge/chat/",
    "/knowledge/reports/",
    "/analysis/gaps/",
    "/analysis/search/?q=index",
    "/analysis/sources/",
    "/analysis/scoreboard/",
    "/practice/",
    "/practice/slos/",
    "/practice/map/",
    "/practice/checklists/",
    "/practice/monthly/",
)


@pytest.mark.parametrize("path", PAGES)
def test_pages_show_the_former_data(upgrade: Upgrade, path: str) -> None:
    assert signed_in("admin").get(path).status_code == 200


def test_pages_of_records_show_them(upgrade: Upgrade) -> None:
    web = signed_in("admin")
    cause = Cause.objects.get(name="Query without an index after a release")
    incident = Incident.objects.get(title="orders-db CPU at 98 % since the release")
    records = (cause, incident, Postmortem.objects.get(title="Postmortem: orders-db"))
    for record in (*records, Workspace.objects.get(), Integration.objects.first()):
        assert record is not None
        page = web.get(record.get_absolute_url())
        assert page.status_code == 200, record
        assert str(getattr(record, "title", getattr(record, "name", ""))) in page.content.decode()


def test_a_private_incident_stays_private(upgrade: Upgrade) -> None:
    private = Incident.objects.get(private=True)
    assert signed_in("author").get(private.get_absolute_url()).status_code == 200
    assert signed_in("oncall").get(private.get_absolute_url()).status_code == 404


def test_new_records_get_keys_after_the_former_ones(upgrade: Upgrade) -> None:
    last = Incident.objects.order_by("-pk")[0]
    made = Incident.objects.create(title="Filed after the upgrade")
    assert made.pk > last.pk
    assert made.created_at > datetime(2026, 1, 1, tzinfo=UTC)


def test_there_is_a_database_of_each_release() -> None:
    releases = re.findall(r"^## (\d\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    names = {f"database_{release.replace('.', '_')}.sql.gz" for release in releases}
    assert names == {dump.name for dump in DUMPS}


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.name.split(".")[0])
def test_the_dump_speaks_plain_sql(dump: Path) -> None:
    text = gzip.decompress(dump.read_bytes()).decode()
    assert dump.stat().st_size < 300_000
    assert not re.search(r"^(\\|COPY )", text, re.MULTILINE), "psql is needed to restore it"
