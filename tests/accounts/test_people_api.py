"""People, teams, rules, invitations and tokens by API."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from incidents.models import ApiToken, Service
from incidents.tokens import create_token
from people.membership import apply_groups
from people.models import GroupRule, Invitation, Role, Team
from tests.accounts.conftest import Make

pytestmark = pytest.mark.django_db
RESOURCES = ["people", "group-rules", "invitations", "all-tokens"]


def client_of(user: User, scope: str = "admin") -> APIClient:
    """With a token of any scope, also one that this person could not create."""
    token, text = create_token(user, "test")
    ApiToken.objects.filter(pk=token.pk).update(scope=scope)
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return api


def test_only_an_administrators_token_for_everything_reads_or_writes_people(
    boss: User, person: Make
) -> None:
    team = Team.objects.create(name="Money")
    manager, narrow = client_of(person("ann", Role.MANAGER)), client_of(boss, "file")
    limited = client_of(boss)
    ApiToken.objects.filter(user=boss, scope="admin").update(team=team)
    office = client_of(boss)
    for name in RESOURCES:
        assert office.get(f"/api/v1/{name}/").status_code == 200, name
        for api, why in ((manager, "role Administrator"), (narrow, "“admin”"), (limited, "")):
            refused = api.get(f"/api/v1/{name}/")
            assert refused.status_code == 403, name
            assert why in refused.data["detail"]
            assert api.post(f"/api/v1/{name}/", {}, format="json").status_code in (403, 405)
    for api in (manager, narrow):
        assert api.get("/api/v1/teams/").status_code == 200
        assert api.post("/api/v1/teams/", {"name": "x"}, format="json").status_code == 403
        assert api.delete(f"/api/v1/teams/{team.pk}/").status_code == 403


def test_people_are_listed_with_roles_and_changed(office_api: APIClient, person: Make) -> None:
    ann = person("ann", first_name="Ann")
    Team.objects.create(name="Money")
    own = f"/api/v1/people/{ann.pk}/"
    body = {"role": "editor", "team": "Money"}
    made = office_api.post(f"{own}roles/", body, format="json")
    assert made.status_code == 201
    role = made.data["roles"][0]
    assert (role["role"], role["team"], role["provider"]) == ("editor", "Money", "")
    assert office_api.post(f"{own}roles/", body, format="json").data["roles"] == [role]
    everything = {"role": "administrator", "team": "Money"}
    assert "team" in office_api.post(f"{own}roles/", everything, format="json").data["errors"]
    rows = office_api.get("/api/v1/people/?role=editor&q=ann").data["results"]
    assert [row["username"] for row in rows] == ["ann"]
    assert office_api.delete(f"{own}roles/{role['id']}/").status_code == 204
    GroupRule.objects.create(group="sre", role=Role.EDITOR)
    apply_groups(ann, "okta", ["sre"])
    provided = ann.role_grants.get()
    refused = office_api.delete(f"{own}roles/{provided.pk}/")
    assert (refused.status_code, "okta" in str(refused.data["errors"])) == (400, True)
    assert office_api.post(f"{own}deactivate/").data["active"] is False
    rows = office_api.get("/api/v1/people/?state=deactivated").data["results"]
    assert [row["username"] for row in rows] == ["ann"]
    assert office_api.post(f"{own}reactivate/").data["active"] is True
    assert office_api.post(f"{own}end-sessions/").data == {"ended": 0}


def test_the_last_administrator_is_not_deactivated_by_api(
    office_api: APIClient, boss: User
) -> None:
    answer = office_api.post(f"/api/v1/people/{boss.pk}/deactivate/")
    assert (answer.status_code, "your own" in str(answer.data["errors"])) == (400, True)
    role = boss.role_grants.get()
    assert office_api.delete(f"/api/v1/people/{boss.pk}/roles/{role.pk}/").status_code == 400


def test_a_service_account_gets_tokens_that_live_no_longer_than_the_token_that_made_them(
    boss: User,
) -> None:
    token, text = create_token(boss, "short", "admin", days=2)
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    body = {"name": "ci", "role": "responder"}
    ci = api.post("/api/v1/people/service-accounts/", body, format="json")
    assert (ci.status_code, ci.data["service_account"]) == (201, True)
    own = f"/api/v1/people/{ci.data['id']}/tokens/"
    assert api.post(own, {"name": "x", "days": 30}, format="json").status_code == 400
    made = api.post(own, {"name": "x", "scope": "file"}, format="json")
    assert made.data["token"].startswith("cb_")
    stored = ApiToken.objects.get(pk=made.data["id"])
    assert (stored.expires_at, stored.created_by) == (token.expires_at, boss)
    rows = api.get("/api/v1/all-tokens/?owner=ci").data["results"]
    assert [(row["created_by"], row["service_account"]) for row in rows] == [("boss", True)]
    # The end of the token that created it is its end too.
    assert api.post(f"/api/v1/all-tokens/{token.pk}/revoke/").status_code == 200
    stored.refresh_from_db()
    assert stored.revoked_at


def test_teams_are_written_with_members_and_deleted(office_api: APIClient, person: Make) -> None:
    ann = person("ann")
    made = office_api.post("/api/v1/teams/", {"name": "Money"}, format="json")
    assert made.status_code == 201
    own = f"/api/v1/teams/{made.data['id']}/"
    Service.objects.create(name="pay", owner=Team.objects.get())
    added = office_api.post(f"{own}members/", {"person": "ann"}, format="json")
    assert (added.data["members"], added.data["services"]) == (["ann"], ["pay"])
    twice = office_api.post("/api/v1/teams/", {"name": "MONEY"}, format="json")
    assert twice.status_code == 400
    renamed = office_api.patch(own, {"name": "Payments"}, format="json")
    assert (renamed.status_code, renamed.data["name"]) == (200, "Payments")
    assert office_api.delete(f"{own}members/{ann.pk}/").status_code == 204
    assert office_api.delete(f"{own}members/{ann.pk}/").status_code == 404
    assert office_api.delete(own).status_code == 204
    assert Service.objects.get().owner is None


def test_rules_of_groups_are_written(office_api: APIClient) -> None:
    Team.objects.create(name="Money")
    nothing = office_api.post("/api/v1/group-rules/", {"group": "sre"}, format="json")
    assert nothing.status_code == 400
    body = {"group": "sre", "role": "editor", "team": "Money"}
    made = office_api.post("/api/v1/group-rules/", body, format="json")
    assert (made.status_code, made.data["team"]) == (201, "Money")
    own = f"/api/v1/group-rules/{made.data['id']}/"
    assert office_api.patch(own, {"team": ""}, format="json").data["team"] == ""
    assert office_api.patch(own, {"role": ""}, format="json").status_code == 400
    assert office_api.delete(own).status_code == 204


def test_an_invitation_shows_its_link_once(office_api: APIClient) -> None:
    body = {"email": "new@shop.example", "role": "editor"}
    made = office_api.post("/api/v1/invitations/", body, format="json", HTTP_IDEMPOTENCY_KEY="one")
    assert made.status_code == 201
    own = f"/api/v1/invitations/{made.data['id']}/"
    secret = made.data["link"].rstrip("/").rpartition("/")[2]
    # A repeated request is no way to read it again.
    repeated = office_api.post(
        "/api/v1/invitations/", body, format="json", HTTP_IDEMPOTENCY_KEY="one"
    )
    assert repeated.status_code == 400
    assert secret not in office_api.get("/api/v1/invitations/").content.decode()
    again = office_api.post(f"{own}again/").data["link"]
    assert secret not in again
    assert office_api.post(f"{own}revoke/").data["open"] is False
    assert office_api.post(f"{own}again/").status_code == 400
    assert Invitation.objects.get().revoked_at
