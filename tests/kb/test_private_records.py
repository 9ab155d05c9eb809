"""What was made from a private incident stays private until somebody opens it."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command
from django.test import Client, override_settings

from config.urls import admin_urls
from incidents import sharing
from incidents.events import notices
from incidents.events.notices import count_unread, notify, visible_notices
from incidents.filing import edit_incident, file_incident
from incidents.models import Incident, Notice
from incidents.permissions import can_see
from kb import privacy
from kb.causes import linking, merging
from kb.models import Cause, CauseLink, Postmortem
from kb.permissions import visible_causes, visible_postmortems
from kb.postmortems import editing
from people.membership import give_role, join_team
from people.models import Role, Team

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret(user: User) -> Incident:
    incident = file_incident(title="Zebra credential leak", reporter=user, private=True)
    linking.name_cause(incident, "Zebra token in a public bucket", author=user)
    postmortem = editing.start_postmortem([incident], user)
    editing.publish(postmortem)
    return incident


def seen_by(person: User) -> list[str]:
    causes = [cause.name for cause in visible_causes(person)]
    return causes + [str(postmortem) for postmortem in visible_postmortems(person)]


def unlink(incident: Incident, user: User) -> None:
    for link in incident.cause_links.all():
        linking.unlink_cause(link, user)
    for postmortem in incident.postmortems.all():
        public = file_incident(title="Slow pages", reporter=user)
        editing.save_postmortem(
            postmortem, user, base_version=postmortem.version, incidents=[public],
            title=postmortem.title, body=postmortem.body,
        )  # fmt: skip


def split_off(incident: Incident, user: User) -> None:
    cause = incident.causes.get()
    another = file_incident(title="Zebra again", reporter=user, private=True)
    link = linking.link_cause(another, cause, state="confirmed", author=user)
    merging.split_cause(cause, "Zebra split", [link.pk])
    another.delete()


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda incident, user: incident.delete(), id="deleting the incident"),
        pytest.param(unlink, id="unlinking it"),
        pytest.param(split_off, id="splitting the cause"),
    ],
)
def test_nothing_opens_by_itself(secret: Incident, user: User, other: User, act: Any) -> None:
    act(secret, user)
    assert Cause.objects.exists()
    assert Postmortem.objects.exists()
    assert seen_by(other) == []


def test_making_an_incident_public_names_what_it_would_open(
    secret: Incident, user: User, other: User
) -> None:
    with pytest.raises(ValidationError, match="Zebra token in a public bucket"):
        edit_incident(secret, user, private=False)
    assert seen_by(other) == []
    edit_incident(Incident.objects.get(pk=secret.pk), user, private=False, open_related=True)
    assert len(seen_by(other)) == 2


def test_a_private_cause_is_shown_with_no_public_incident(
    secret: Incident, incident: Incident, user: User, other: User
) -> None:
    cause = secret.causes.get()
    with pytest.raises(ValidationError, match="is private"):
        linking.link_cause(incident, cause, state="confirmed", author=user)
    # Who cannot see it learns nothing by its name, neither with a public nor a private incident.
    own = file_incident(title="Own", reporter=other, private=True)
    for mine in (incident, own):
        link = linking.name_cause(mine, cause.name.upper(), author=other)
        assert link.cause != cause
    assert cause not in visible_causes(other)


def test_a_cause_made_public_stays_public_and_its_private_incident_hidden(
    secret: Incident, user: User, other: User, client: Client
) -> None:
    cause = privacy.open_cause(secret.causes.get(), user)
    client.force_login(other)
    page = client.get(cause.get_absolute_url()).content.decode()
    assert cause.name in page
    assert secret.title not in page
    assert secret.reference not in page


def test_people_and_teams_are_added_to_a_private_incident_on_its_page(
    secret: Incident, web: Client, other: User, django_user_model: Any
) -> None:
    colleague = django_user_model.objects.create_user("colleague")
    team = Team.objects.create(name="Vault")
    join_team(colleague, team)
    page = f"/INC-{secret.pk}/"
    assert seen_by(other) == seen_by(colleague) == []
    web.post(f"{page}viewers/", {"person": other.username, "team": team.name})
    assert len(seen_by(other)) == len(seen_by(colleague)) == 2
    assert "other may see this now" in web.get(page).content.decode()
    web.post(f"{page}viewers/", {"person": other.username, "remove": "1"})
    address = f"/api/v1/incidents/{secret.pk}/viewers/"
    assert web.get(address).json() == {"people": [], "teams": ["Vault"]}
    assert seen_by(other) == []


def test_nobody_loses_sight_of_what_they_make_private(incident: Incident, other: User) -> None:
    incident = edit_incident(incident, other, private=True)
    assert list(incident.viewers.all()) == [other]
    with pytest.raises(ValidationError, match="would no longer see it"):
        sharing.remove_viewer(incident, other, other)
    assert can_see(other, incident)


def test_making_private_and_public_are_rights(
    incident: Incident, secret: Incident, django_user_model: Any
) -> None:
    reader = django_user_model.objects.create_user("reader")
    responder = django_user_model.objects.create_user("responder")
    give_role(responder, Role.RESPONDER)
    secret.viewers.add(reader, responder)
    with pytest.raises(PermissionDenied):
        edit_incident(incident, reader, private=True)
    with pytest.raises(PermissionDenied):
        sharing.add_viewer(secret, reader, reader)
    for person in (reader, responder):
        with pytest.raises(PermissionDenied):
            edit_incident(secret, person, private=False, open_related=True)
        with pytest.raises(PermissionDenied):
            privacy.open_cause(secret.causes.get(), person)
        secret.refresh_from_db()
    # Also where nothing was made from it that would become public with it.
    alone = file_incident(title="Zebra", reporter=responder, private=True)
    with pytest.raises(PermissionDenied):
        edit_incident(alone, responder, private=False)
    assert Incident.objects.get(pk=alone.pk).private


@pytest.mark.parametrize("few", [notices.FEW, 0])
def test_notices_about_what_became_private_disappear(
    incident: Incident, user: User, other: User, client: Client,
    few: int, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(notices, "FEW", few)
    Notice.objects.create(user=other, key="open", text="Elsewhere", path="/tokens/")
    notify(other, "a", "Look at orders-db", f"{incident.get_absolute_url()}#entry-1")
    assert visible_notices(other).count() == count_unread(other) == 2
    edit_incident(incident, user, private=True)
    assert visible_notices(other).count() == count_unread(other) == 1
    client.force_login(other)
    assert "Look at orders-db" not in client.get("/notices/").content.decode()
    assert [each["text"] for each in client.get("/api/v1/notices/").json()["results"]] == [
        "Elsewhere"
    ]


def test_djangos_admin_is_off_unless_switched_on(admin_client: Client) -> None:
    assert admin_client.get("/admin/").status_code == 404
    assert admin_urls(False) == []


@override_settings(ROOT_URLCONF="tests.kb.urls_with_admin")
def test_djangos_admin_is_for_who_sees_everything(
    secret: Incident, client: Client, other: User, admin_client: Client
) -> None:
    history = f"/admin/incidents/incident/{secret.pk}/history/"
    assert admin_client.get(history).status_code == 200
    other.is_staff = True
    other.save()
    client = Client()
    client.force_login(other)
    for address in (history, "/admin/", f"/admin/incidents/incident/{secret.pk}/change/"):
        answer = client.get(address)
        assert answer.status_code == 302
        assert "/login/" in answer.headers["Location"]


def test_an_import_neither_links_nor_names_what_is_private(
    secret: Incident, user: User, client: Client, tmp_path: Path
) -> None:
    better = Cause.objects.get()
    Cause.objects.create(name="Zebra bucket is public", superseded_by=better)
    Postmortem.objects.filter(incidents=secret).update(title="Zebra account")
    file = tmp_path / "history.csv"
    file.write_text(
        "external_id,title,impact_started_at,cause\n"
        "1,Pages slow,2025-03-01T00:00:00Z,zebra TOKEN in a public bucket\n"
        "2,Pages slow again,2025-03-02T00:00:00Z,Zebra bucket is public\n"
    )
    out, err = StringIO(), StringIO()
    call_command("import_knowledge", "csv", str(file), stdout=out, stderr=err)
    said = out.getvalue() + err.getvalue()
    assert "2 candidate causes (1 of them new)" in said, said
    assert "Zebra" not in said
    assert not CauseLink.objects.filter(incident__private=False, cause__private=True).exists()
    own = Cause.objects.get(name="zebra TOKEN in a public bucket")
    assert not own.private
    client.force_login(User.objects.create_user("somebody"))
    for incident in Incident.objects.filter(private=False):
        page = client.get(incident.get_absolute_url()).content.decode()
        assert "Zebra token in a public bucket" not in page
        assert f"/knowledge/causes/{better.pk}/" not in page
        assert f"/api/v1/causes/{better.pk}/" not in page
