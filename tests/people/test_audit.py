"""Every change is recorded: who, from where, before and after; secrets never, rollbacks neither."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

import manage
from incidents.catalogue.badge_keys import renew_badge
from incidents.filing import add_note, edit_incident, file_incident
from incidents.models import ApiToken, Incident, Integration, IntegrationSecret, Service
from incidents.timeline import edit_entry
from incidents.tokens import create_token, revoke
from kb.chat.base import ChatEvent
from kb.chatops import dispatch
from kb.models import ChatPerson, Workspace
from people import audit
from people.audit import refusals
from people.membership import give_role
from people.models import AuditEntry, Role, Team

pytestmark = pytest.mark.django_db

MADE_BY_MACHINES = {
    "analysis.alikegroup", "analysis.checkrun", "analysis.evidence", "analysis.evidencerequest",
    "analysis.finding", "analysis.fingerprint", "analysis.fit", "analysis.followup",
    "analysis.forgotten", "analysis.logprofile", "analysis.logsign", "analysis.shownanswer",
    "analysis.thinnedincident",
    "incidents.alert", "incidents.delivery", "incidents.event", "incidents.heartbeatwatch",
    "incidents.idempotentresponse", "incidents.notice", "incidents.scheduledrun",
    "incidents.pageract", "incidents.pushdelivery",
    "kb.oncall", "kb.oncallreading", "kb.historyreading",
    "kb.notificationdelivery", "kb.openedchannel", "kb.statedanswer", "people.auditentry",
    "people.auditcursor", "practice.sloday", "practice.clusterfacts", "practice.publication",
    # A text that is being written, seen by its author only, and codes that live for minutes.
    "kb.draft", "kb.chatcode",
    # The record of former texts is a copy itself.
    "incidents.timelineversion",
}  # fmt: skip
OURS = ["people", "incidents", "kb", "analysis", "practice", "accounts"]
SETTINGS = {
    "incidents.integration", "incidents.integrationsecret", "incidents.apitoken",
    "incidents.service", "incidents.tierpolicy", "incidents.maintenancewindow",
    "incidents.deployrule", "incidents.heartbeatrule", "incidents.pushdevice", "incidents.pushkey",
    "kb.workspace", "kb.notificationrule",
    "kb.channelrule",
    "kb.tracker", "kb.historyconnection", "kb.publishtarget",
    "kb.category", "kb.postmortemtemplate", "kb.chatperson", "analysis.source",
    "analysis.logwatch", "practice.slo", "practice.checklist", "practice.checklistitem",
    "practice.practice", "practice.codehost", "people.team", "people.membership",
    "people.rolegrant",
    "people.grouprule", "people.account", "people.invitation", "auth.user", "auth.group",
    "mfa.authenticator",
}  # fmt: skip
"""Recorded whoever changes them."""


def entries(event: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(event=event).order_by("pk"))


def everything_written() -> str:
    rows = AuditEntry.objects.values_list("record_name", "actor_name", "changes")
    return json.dumps([list(row) for row in rows])


def test_every_model_is_audited_or_known_to_be_made_by_machines() -> None:
    ours = {
        model._meta.label_lower
        for app in OURS
        for model in apps.get_app_config(app).get_models()
        if not model.__name__.startswith("Historical")
    }
    assert ours - set(audit.AUDITED) == MADE_BY_MACHINES
    assert {name for name in audit.AUDITED if audit.AUDITED[name].always} >= SETTINGS


SECRET_WORDS = ("password", "digest", "sealed", "secret", "token", "key", "slug")


def test_no_field_whose_name_says_secret_is_written_in_clear() -> None:
    harmless = {"incidents.incident", "incidents.deployrule", "kb.category"}
    for name, each in audit.AUDITED.items():
        for field in each.fields():
            if any(word in field.name for word in SECRET_WORDS) and name not in harmless:
                is_flag = field.get_internal_type() == "BooleanField"
                is_digest_of_content = field.attname == "digest" and name == "practice.loadtest"
                assert field.name in each.secret or is_flag or is_digest_of_content, (name, field)


def test_a_page_records_who_where_from_and_both_values(web: Client, incident: Incident) -> None:
    AuditEntry.objects.all().delete()
    web.post(f"/INC-{incident.pk}/severity/", {"severity": "SEV1"}, REMOTE_ADDR="198.51.100.7")
    [entry] = [each for each in entries("incident.changed") if "severity" in each.changes]
    assert entry.changes["severity"] == ["SEV3", "SEV1"]
    assert (entry.actor_name, entry.interface, entry.address) == ("oncall", "page", "198.51.100.7")
    assert (entry.record_type, entry.record_id) == ("incidents.incident", str(incident.pk))
    assert incident.title in entry.record_name


def test_the_api_records_its_token(user: User, incident: Incident) -> None:
    client = APIClient()
    text = create_token(user, "deploy bot", "file")[1]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    sent = {"title": "Orders slow"}
    assert client.patch(f"/api/v1/incidents/{incident.pk}/", sent, "json").status_code == 200
    [entry] = entries("incident.changed")
    assert entry.changes["title"] == ["orders-db CPU at 95 %", "Orders slow"]
    assert (entry.actor_name, entry.interface, entry.token_name) == ("oncall", "api", "deploy bot")
    assert text not in everything_written()


def test_what_was_rolled_back_leaves_no_entry() -> None:
    with transaction.atomic():
        Team.objects.create(name="Ghosts")
        assert entries("team.created")
        transaction.set_rollback(True)
    assert not entries("team.created")


def test_secrets_are_recorded_as_changed_and_never_written(user: User) -> None:
    sender = Integration.objects.create(kind="alertmanager", name="am", settings={"limit": 3})
    _, text = IntegrationSecret.issue(sender, user, "hunter2-hunter2-hunter2")
    user.set_password("correct-horse-battery")
    user.save()
    token, token_text = create_token(user, "bot")
    sender.settings = {
        "limit": 3, "password": "s3cr3t-value", "header_value": "tenant-7-secret",
        "url": "https://u:pa55w0rd@am.example",
    }  # fmt: skip
    sender.save()
    [changed] = [each for each in entries("user.changed") if "password" in each.changes]
    assert changed.changes["password"] == ["[secret]", "[secret]"]
    [settings] = entries("integration.changed")
    assert settings.changes["settings.password"] == [None, "[secret]"]
    assert settings.changes["settings.url"] == [None, "https://u:[redacted]@am.example"]
    written = everything_written()
    for secret in (
        text, user.password, token_text, token.digest, sender.slug, "s3cr3t-value",
        "tenant-7-secret", "pa55w0rd",
    ):  # fmt: skip
        assert secret not in written


def test_updates_in_bulk_are_recorded_too(user: User) -> None:
    first, _ = create_token(user, "first")
    second, _ = create_token(user, "second")
    assert revoke(ApiToken.objects.filter(user=user)) == 2
    found = entries("api_token.changed")
    assert {each.record_id for each in found} == {str(first.pk), str(second.pk)}
    assert all(each.changes["revoked_at"][0] is None for each in found)


def test_fields_of_many_values_name_what_was_added_and_removed(
    user: User, incident: Incident, other: User
) -> None:
    with audit.acting(audit.Origin("page", user)):
        incident.viewers.add(other)
        incident.viewers.set([])
    added, removed = (each.changes["viewers"] for each in entries("incident.changed"))
    assert added == [[], ["other"]]
    assert removed == [["other"], []]


def test_a_deletion_records_what_there_was(user: User) -> None:
    team = Team.objects.create(name="Payments", description="Pays.")
    give_role(user, Role.MANAGER, team)
    team.delete()
    [entry] = entries("team.deleted")
    assert entry.changes == {"name": ["Payments", None], "description": ["Pays.", None]}
    assert [each.changes["role"] for each in entries("role_grant.deleted")] == [["manager", None]]


def test_of_a_long_text_the_part_that_differs_is_recorded(user: User, incident: Incident) -> None:
    same = "many words " * 4_000
    edit_incident(incident, user, symptom=same + "then it fell")
    with audit.acting(audit.Origin("page", user)):
        edit_incident(incident, user, symptom=same + "then it rose")
    before, after = entries("incident.changed")[-1].changes["symptom"]
    assert before.endswith("then it fell")
    assert after.endswith("then it rose")
    assert len(before) < 300


def test_entries_about_private_records_are_marked(user: User, database: Service) -> None:
    with audit.acting(audit.Origin("page", user)):
        hidden = file_incident(title="Breach", services=[database], reporter=user, private=True)
        add_note(hidden, "It was the intern", user)
        edit_incident(hidden, user, private=False)
    about = AuditEntry.objects.filter(record_type__in=["incidents.incident"])
    assert set(about.values_list("private", flat=True)) == {True}
    assert all(each.private for each in entries("timeline_entry.created") if "intern" in str(each))


def test_machines_cost_and_record_nothing(incident: Incident, user: User) -> None:
    AuditEntry.objects.all().delete()
    with CaptureQueriesContext(connection) as plain:
        incident.save()
    with audit.acting(audit.Origin("page", user)), CaptureQueriesContext(connection) as watched:
        incident.save()
    assert len(plain) < len(watched)
    assert not AuditEntry.objects.exists()
    assert not any("people_auditentry" in query["sql"] for query in plain)


def test_use_of_a_token_and_sign_in_times_are_no_changes(user: User) -> None:
    AuditEntry.objects.all().delete()
    with CaptureQueriesContext(connection) as captured:
        user.save(update_fields=["last_login"])
    assert len(captured) == 1
    assert not AuditEntry.objects.exists()


def test_a_refused_act_is_recorded_and_repeating_it_fills_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = User.objects.create_user("newcomer")
    client.force_login(viewer)
    now = 90.0
    monkeypatch.setattr(refusals, "time", SimpleNamespace(monotonic=lambda: now))
    for _ in range(40):
        assert client.get("/people/").status_code == 403
    refused = entries("access.refused")
    assert len(refused) == refusals.MOST_PER_MINUTE
    now += 60
    client.get("/people/")
    assert len(entries("access.refused")) == refusals.MOST_PER_MINUTE + 1
    assert refused[0].record_name == "GET /people/"
    assert refused[0].actor == viewer


def test_a_token_that_is_none_is_recorded_without_its_text(client: Client) -> None:
    wrong = "cb_" + "x" * 43
    client.get("/api/v1/incidents/", HTTP_AUTHORIZATION=f"Bearer {wrong}")
    [entry] = entries("token.refused")
    assert entry.record_name == "GET /api/v1/incidents/"
    assert wrong not in everything_written()


def root_of(call: ast.Call) -> str:
    """`Team` of `Team.objects.filter(…).update(…)`, else nothing."""
    node: Any = call.func
    while isinstance(node, ast.Attribute | ast.Call):
        inner = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Attribute) and node.attr == "objects":
            return inner.id if isinstance(inner, ast.Name) else ""
        node = inner
    return ""


def test_no_code_changes_what_is_audited_behind_its_back() -> None:
    """Django's own `update` sends no signal: `audit.update` is for what people may change."""
    audited = {each.model.__name__: each for each in audit.AUDITED.values()}
    known = {
        # Of a database that is being set up, and values that were computed.
        ("practice/defaults.py", "TierPolicy"), ("practice/records/capacity.py", "Capacity"),
    }  # fmt: skip
    found, calls = set(), 0
    root = Path(__file__).resolve().parents[2]
    for app in OURS:
        for path in (root / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                    continue
                if node.func.attr != "update" or root_of(node) not in audited:
                    continue
                calls += 1
                model = audited[root_of(node)]
                names = [each.arg for each in node.keywords]
                if None in names or model.fields([name for name in names if name]):
                    found.add((str(path.relative_to(root)), root_of(node)))
    assert calls > 10
    assert found == known


def test_a_new_address_of_a_badge_is_recorded_without_its_key(
    user: User, database: Service
) -> None:
    with audit.acting(audit.Origin("page", user)):
        renew_badge(database, user)
    [entry] = entries("service.changed")
    assert entry.changes == {"badge_key": [None, "[secret]"]}


def test_what_a_task_changes_is_recorded_as_its_doing(database: Service) -> None:
    from celery import shared_task

    from config.celery import app

    @shared_task(name="tests.rename")
    def rename() -> None:
        database.description = "By a task."
        database.save()

    app.tasks["tests.rename"].apply()
    [entry] = entries("service.changed")
    assert (entry.interface, entry.actor, entry.actor_name) == ("task", None, "tests.rename")
    assert audit.origin().interface == ""


def test_signing_in_and_failing_to_are_recorded(client: Client, user: User) -> None:
    for name, password in (
        ("oncall", "wrong"), ("hunter2-typed-here", "wrong"), ("oncall", "pass-for-tests"),
    ):  # fmt: skip
        client.post("/sign-in/", {"username": name, "password": password})
    known, unknown = entries("sign_in.failed")
    assert (known.record_id, known.record_name) == (str(user.pk), "oncall")
    assert unknown.record_name == "hun…"
    assert entries("sign_in.succeeded")[0].actor == user
    client.logout()
    assert entries("sign_out")[0].actor == user
    assert "hunter2" not in everything_written()


def test_setting_up_an_empty_database_records_nothing() -> None:
    kinds: Any = AuditEntry.objects.filter(record_type__startswith="practice.")
    assert not kinds.exists()


def test_chat_records_whose_command_it_was(user: User, incident: Incident) -> None:
    workspace = Workspace.objects.create(kind="webhook", name="Ops")
    ChatPerson.objects.create(workspace=workspace, external_id="U1", user=user)
    for person, command in (
        ("U1", f"severity INC-{incident.pk} SEV1"), ("U2", f"severity INC-{incident.pk} SEV4"),
    ):  # fmt: skip
        dispatch.answer_event(workspace, ChatEvent("command", command, person, "", "C1"), True)
    [entry] = [each for each in entries("incident.changed") if "severity" in each.changes]
    assert entry.changes["severity"] == ["SEV3", "SEV1"]
    assert (entry.actor, entry.interface) == (user, "chat")
    assert audit.origin().interface == ""


def test_a_command_is_recorded_by_its_name_without_its_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = tmp_path / "hunter2.csv"
    catalogue.write_text("name,tier\nledger,core\n")
    monkeypatch.setattr("sys.argv", ["manage.py", "import_catalogue", "csv", str(catalogue)])
    # Django's own function would close the connection to the database, and the test's transaction.
    run = "django.core.management.execute_from_command_line"
    monkeypatch.setattr(run, lambda words: call_command(*words[1:]))
    manage.main()
    [entry] = entries("service.created")
    assert (entry.interface, entry.actor_name) == ("command", "manage.py import_catalogue")
    assert "hunter2" not in everything_written()


def test_an_edited_note_shows_its_former_texts(web: Client, user: User, incident: Incident) -> None:
    note = add_note(incident, "It was <b>DNS</b>", user)
    for text in ("It was the cache", "It was the disk"):
        edit_entry(note, user, text=text)
    edit_entry(note, user, text="It was the disk")
    page = web.get(f"/INC-{incident.pk}/timeline/").content.decode()
    assert "It was &lt;b&gt;DNS&lt;/b&gt;" in page
    assert "It was the cache" in page
    versions = web.get(f"/api/v1/timeline-entries/{note.pk}/versions/").json()
    assert [each["text"] for each in versions] == ["It was the cache", "It was <b>DNS</b>"]
    assert {each["replaced_by"] for each in versions} == {"oncall"}


def test_former_texts_of_a_private_incident_are_for_who_may_see_it(
    client: Client, user: User, other: User, incident: Incident
) -> None:
    note = add_note(incident, "first", user)
    edit_entry(note, user, text="second")
    Incident.objects.filter(pk=incident.pk).update(private=True)
    client.force_login(other)
    assert client.get(f"/api/v1/timeline-entries/{note.pk}/versions/").status_code == 404
