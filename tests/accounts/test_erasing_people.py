"""A person's data is erased or exported; what they wrote stays, and administrators do."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import models
from django.test import Client
from rest_framework.test import APIClient

from incidents.filing import add_note, edit_incident, file_incident
from incidents.models import ApiToken, Incident, TimelineEntry
from incidents.tokens import create_token
from kb.models import ActionItem, ChatPerson, Draft, NotificationRule, Workspace
from kb.postmortems.action_items import add_action
from kb.postmortems.editing import comment_on, start_postmortem
from people.membership import give_role, join_team
from people.models import AuditEntry, Invitation, Role, RoleGrant, Team
from tests.accounts.conftest import Make

pytestmark = pytest.mark.django_db
NAME, ADDRESS = "annette", "annette.miller@shop.example"


@pytest.fixture
def ann(person: Make) -> User:
    """Somebody who has everything that a person may have, and wrote something of each kind."""
    ann = person(NAME, Role.EDITOR, email=ADDRESS, first_name="Annette", last_name="Miller")
    join_team(ann, Team.objects.create(name="Money"))
    Client().force_login(ann)
    browser = Client()
    browser.force_login(ann)
    browser.get("/")
    create_token(ann, "laptop")
    EmailAddress.objects.create(user=ann, email=ADDRESS, primary=True, verified=True)
    EmailAddress.objects.create(user=ann, email="annette@home.example")
    Authenticator.objects.create(user=ann, type="webauthn", data={"name": "Annette's key"})
    SocialAccount.objects.create(user=ann, provider="oidc", uid="annette-7")
    Invitation.objects.create(
        email=ADDRESS.upper(), digest="d", expires_at=ann.date_joined, accepted_by=ann
    )
    mail = Workspace.objects.create(kind="mail", name="Mail", slug="m")
    chat = Workspace.objects.create(kind="slack", name="Slack", slug="s")
    ChatPerson.objects.create(workspace=chat, external_id="U7", name="Annette M", user=ann)
    NotificationRule.objects.create(workspace=mail, channel=f"{ADDRESS}, bob@shop.example")
    NotificationRule.objects.create(workspace=mail, channel="Annette@home.example")
    incident = file_incident(title="Checkout is slow", reporter=ann)
    add_note(incident, "I restarted it", ann)
    add_note(incident, f"@annette (Annette Miller, {ADDRESS}) and bettannette know more", None)
    edit_incident(incident, ann, title="Checkout is very slow")
    postmortem = start_postmortem([incident], ann)
    comment_on(postmortem, "Why so late?", ann)
    add_action(postmortem, author=ann, title="Alert earlier")
    ActionItem.objects.update(owner_named="Annette Miller")
    Draft.objects.create(postmortem=postmortem, user=ann, base_version=1, body="unfinished")
    return ann


def texts_of_the_database(without: set[str]) -> str:
    """Every text that is stored anywhere, but in some tables."""
    found = []
    for table in apps.get_models(include_auto_created=True):
        fields = [
            field.attname for field in table._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField | models.JSONField)
        ]  # fmt: skip
        if fields and table._meta.label_lower not in without:
            found += [json.dumps(row, default=str) for row in table._base_manager.values(*fields)]
    return "\n".join(found).lower()


def by_page(office: Client, person: User) -> None:
    path = f"/people/{person.pk}/erase/"
    refused = office.post(path, {"username": "bob"}, follow=True).content.decode()
    assert f"Type the username, {NAME}" in refused
    page = office.post(path, {"username": NAME}, follow=True).content.decode()
    assert f"former member {person.pk}" in page
    assert "personal data of this account was erased" in page


def by_api(office_api: APIClient, person: User) -> None:
    path = f"/api/v1/people/{person.pk}/erase/"
    assert office_api.post(path, {"username": "bob"}, format="json").status_code == 400
    done = office_api.post(path, {"username": NAME}, format="json")
    assert (done.status_code, done.data["username"]) == (200, f"former member {person.pk}")


def by_command(person: User) -> None:
    out = StringIO()
    call_command("erase_person", NAME, yes=True, stdout=out)
    assert f"“former member {person.pk}”" in out.getvalue()


@pytest.mark.parametrize("way", ["page", "api", "command"])
def test_nothing_but_the_audit_log_names_somebody_who_was_erased(
    way: str, ann: User, office: Client, office_api: APIClient
) -> None:
    before = texts_of_the_database(set())
    assert all(each in before for each in ("annette", "u7", "unfinished"))
    entries = list(AuditEntry.objects.order_by("pk").values())
    {"page": lambda: by_page(office, ann), "api": lambda: by_api(office_api, ann),
     "command": lambda: by_command(ann)}[way]()  # fmt: skip
    left = texts_of_the_database({"people.auditentry"})
    # Somebody else's name, and no part of one.
    left = left.replace("bettannette", "")
    for trace in ("annette", "miller", "home.example", '"u7"', "unfinished"):
        assert trace not in left, [line for line in left.splitlines() if trace in line]
    ann.refresh_from_db()
    assert not ann.is_active
    assert not ann.has_usable_password()
    assert not ApiToken.objects.filter(user=ann).exists()
    assert not UserSession.objects.filter(user=ann).exists()
    assert not RoleGrant.objects.filter(user=ann).exists()
    assert [rule.channel for rule in NotificationRule.objects.all()] == ["bob@shop.example"]
    # What they wrote is there, by nobody that one can name.
    assert Incident.objects.get(title="Checkout is very slow").reporter == ann
    note = TimelineEntry.objects.get(text="I restarted it")
    assert str(note.author) == f"former member {ann.pk}"
    page = office.get(f"/INC-{note.incident_id}/").content.decode()
    assert f"former member {ann.pk}" in page
    # Entries stay byte for byte, and the erasure writes no name into a new one.
    stored = list(AuditEntry.objects.order_by("pk").values())
    assert stored[: len(entries)] == entries
    new = [row for row in stored[len(entries) :] if row["event"] == "person.erased"]
    assert len(new) == 1
    assert NAME not in json.dumps(stored[len(entries) :], default=str).lower()


def test_the_last_administrator_oneself_and_programs_are_not_erased(
    boss: User, office_api: APIClient, person: Make
) -> None:
    own = office_api.post(f"/api/v1/people/{boss.pk}/erase/", {"username": "boss"}, format="json")
    assert own.status_code == 400
    with pytest.raises(CommandError, match="last active administrator, boss"):
        call_command("erase_person", "boss", yes=True)
    made = office_api.post("/api/v1/people/service-accounts/", {"name": "ci"}, format="json")
    path = f"/api/v1/people/{made.data['id']}/erase/"
    assert "program" in str(office_api.post(path, {"username": "ci"}, format="json").data)
    root = User.objects.create_superuser("root")
    give_role(root, Role.ADMINISTRATOR)
    call_command("erase_person", "boss", yes=True, stdout=StringIO())
    assert set(User.objects.filter(is_active=True).values_list("username", flat=True)) == {
        "root", "ci",
    }  # fmt: skip


def test_an_export_has_everything_that_names_the_person_and_no_secret(
    ann: User, office: Client, office_api: APIClient, person: Make
) -> None:
    exported = office.get(f"/people/{ann.pk}/export/")
    assert exported["Content-Disposition"] == f'attachment; filename="person-{ann.pk}.json"'
    by_page = json.loads(exported.content)
    assert by_page["account"]["email"] == ADDRESS
    records: dict[str, Any] = by_page["records"]
    texts = json.dumps(records)
    for part in ("I restarted it", "Why so late?", "Checkout is very slow", "annette@home.example",
                 "annette-7", "Annette M", "unfinished", "laptop", "Alert earlier"):  # fmt: skip
        assert part in texts, part
    secrets = [ApiToken.objects.get(user=ann).digest, ann.password]
    secrets += UserSession.objects.filter(user=ann).values_list("session_key", flat=True)
    assert not [secret for secret in secrets if secret in texts]
    by_api = office_api.get(f"/api/v1/people/{ann.pk}/export/")
    assert set(by_api.json()["records"]) >= set(records)
    out = StringIO()
    call_command("export_person", NAME, stdout=out)
    assert set(json.loads(out.getvalue())["records"]) >= set(records)
    assert AuditEntry.objects.filter(event="person.exported").count() == 3
    web = Client()
    web.force_login(person("mia", Role.MANAGER))
    assert web.get(f"/people/{ann.pk}/export/").status_code == 403
    assert web.post(f"/people/{ann.pk}/erase/", {"username": NAME}).status_code == 403
