from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from incidents.filing import file_incident
from incidents.models import ApiToken, Incident, Service
from incidents.tokens import create_token, find_token
from people.membership import give_role
from people.models import Role, Team

pytestmark = pytest.mark.django_db
ClientFactory = Callable[..., APIClient]


def test_a_read_token_reads_and_searches_but_files_nothing(
    api_client: ClientFactory, incident: Incident
) -> None:
    api = api_client("read")
    assert api.get("/api/v1/incidents/").status_code == 200
    assert api.post("/api/v1/suggestions/", {"title": "CPU"}, format="json").status_code == 200
    answer = api.post("/api/v1/incidents/", {"title": "x"}, format="json")
    assert answer.status_code == 403
    assert "may only read" in answer.data["detail"]
    assert Incident.objects.count() == 1


def test_settings_want_the_widest_scope_and_the_permission(
    api_client: ClientFactory, admin_api: APIClient, user: User
) -> None:
    assert api_client("file").get("/api/v1/sources/").status_code == 403
    assert admin_api.get("/api/v1/sources/").status_code == 200
    with pytest.raises(ValidationError, match="takes the role Manager"):
        create_token(user, "mine", "admin")
    # The role decides, not who may use Django's administration.
    user.is_staff = True
    with pytest.raises(ValidationError, match="takes the role Manager"):
        create_token(user, "mine", "admin")
    give_role(user, Role.MANAGER)
    assert create_token(user, "mine", "admin")[0].scope == "admin"


def test_expired_revoked_and_unknown_tokens_are_refused_with_the_reason(
    api_client: ClientFactory, user: User
) -> None:
    api = api_client("read")
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = api.get("/api/v1/incidents/")
    assert (answer.status_code, "expired or was revoked" in answer.data["detail"]) == (401, True)
    ApiToken.objects.update(expires_at=None, revoked_at=timezone.now())
    assert api.get("/api/v1/incidents/").status_code == 401
    ApiToken.objects.update(revoked_at=None)
    assert api.get("/api/v1/incidents/").status_code == 200
    user.is_active = False
    user.save()
    assert api.get("/api/v1/incidents/").status_code == 401
    api.credentials(HTTP_AUTHORIZATION="Bearer cb_nothing")
    assert api.get("/api/v1/incidents/").status_code == 401


def test_the_text_of_a_token_is_stored_nowhere(user: User) -> None:
    row, text = create_token(user, "ci", "file", days=30)
    stored = str(ApiToken.objects.filter(pk=row.pk).values().get())
    assert text not in stored
    assert row.expires_at
    assert ApiToken.objects.get().last_used_at is None


def test_a_teams_token_sees_only_its_teams_incidents(api_client: ClientFactory, user: User) -> None:
    pay = Service.objects.create(name="pay", owner=Team.named("Money"))
    shop = Service.objects.create(name="shop", owner=Team.named("Web"))
    ours = file_incident(title="pay is slow after the release", services=[pay])
    theirs = file_incident(title="shop is slow after the release", services=[shop])
    api = api_client("read", team=pay.owner)
    assert [row["id"] for row in api.get("/api/v1/incidents/").data["results"]] == [ours.pk]
    assert api.get(f"/api/v1/incidents/{theirs.pk}/").status_code == 404
    body = {"title": "slow after the release"}
    found = api.post("/api/v1/suggestions/", body, format="json").data["incidents"]
    assert [row["id"] for row in found] == [ours.pk]
    assert api.get("/api/v1/reports/").data["incidents"] == 1


def test_tokens_are_created_and_revoked_by_api_and_never_with_more_rights(
    api_client: ClientFactory,
) -> None:
    api = api_client("file", team=Team.named("Money"))
    body = {"name": "CI", "scope": "file", "team": "Money", "days": 7}
    made = api.post("/api/v1/tokens/", body, format="json")
    assert made.status_code == 201
    assert made.data["token"].startswith("cb_")
    assert "token" not in api.get("/api/v1/tokens/").data["results"][0]
    wider = api.post("/api/v1/tokens/", {**body, "scope": "admin"}, format="json")
    assert (wider.status_code, "scope" in wider.data["errors"]) == (400, True)
    free = api.post("/api/v1/tokens/", {**body, "team": ""}, format="json")
    assert "team" in free.data["errors"]
    assert api.post(f"/api/v1/tokens/{made.data['id']}/revoke/").data["revoked_at"]


def test_a_token_creates_none_of_a_wider_scope_though_its_owner_may(
    user: User, api_client: ClientFactory
) -> None:
    give_role(user, Role.MANAGER)
    body = {"name": "wider", "scope": "admin"}
    refused = api_client("file").post("/api/v1/tokens/", body, format="json")
    assert (refused.status_code, "scope" in refused.data["errors"]) == (400, True)
    assert not ApiToken.objects.filter(scope="admin").exists()
    assert api_client("admin").post("/api/v1/tokens/", body, format="json").status_code == 201


def test_a_token_creates_none_that_outlives_it_and_takes_them_along(
    user: User, api_client: ClientFactory
) -> None:
    team = Team.named("Money")
    own, text = create_token(user, "short", "file", team, days=10)
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    body = {"name": "child", "scope": "file", "team": "Money"}
    for days in (11, 3650):
        longer = api.post("/api/v1/tokens/", {**body, "days": days}, format="json")
        assert (longer.status_code, "days" in longer.data["errors"]) == (400, True)
    child = api.post("/api/v1/tokens/", body, format="json")
    assert ApiToken.objects.get(pk=child.data["id"]).expires_at == own.expires_at
    shorter = api.post("/api/v1/tokens/", {**body, "days": 3}, format="json")
    assert shorter.status_code == 201
    # A child of a child ends with the first.
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {child.data['token']}")
    assert api.post("/api/v1/tokens/", {**body, "days": 1}, format="json").status_code == 201
    assert api_client("file").get("/api/v1/me/").status_code == 200
    ended = APIClient()
    ended.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    assert ended.post(f"/api/v1/tokens/{own.pk}/revoke/").status_code == 200
    assert ApiToken.objects.filter(team=team, revoked_at=None).count() == 0
    assert ApiToken.objects.filter(team=None, revoked_at=None).count() == 1


def test_a_token_revokes_itself_only_unless_it_may_everything(
    user: User, api_client: ClientFactory, django_user_model: Any
) -> None:
    victim = create_token(user, "laptop")[0]
    refused = api_client("file").post(f"/api/v1/tokens/{victim.pk}/revoke/")
    assert refused.status_code == 403
    assert "only itself and what it created" in refused.data["detail"]
    root = django_user_model.objects.create_superuser("root")
    other_of_root = create_token(root, "laptop")[0]
    everything = api_client("admin", root)
    assert everything.post(f"/api/v1/tokens/{other_of_root.pk}/revoke/").data["revoked_at"]
    # One that is limited to a team does not even see those that are not.
    limited = api_client("admin", root, team=Team.named("Money"))
    assert (
        limited.post(f"/api/v1/tokens/{create_token(root, 'x')[0].pk}/revoke/").status_code == 404
    )
    assert ApiToken.objects.get(pk=victim.pk).is_valid


def test_the_server_may_limit_how_long_tokens_live(
    user: User, web: Client, api_client: ClientFactory, settings: Any
) -> None:
    settings.API_TOKEN_MAX_DAYS = 30
    latest = timezone.now() + timedelta(days=30, minutes=1)
    for name, days in (("none chosen", ""), ("shorter", "7")):
        web.post("/tokens/", {"name": name, "scope": "read", "days": days})
        expires = ApiToken.objects.get(name=name).expires_at
        assert expires is not None
        assert expires < latest
    assert web.post("/tokens/", {"name": "long", "scope": "read", "days": "31"}).status_code == 422
    made = api_client("file").post("/api/v1/tokens/", {"name": "by API"}, format="json")
    assert made.data["expires_at"] is not None
    assert not ApiToken.objects.filter(expires_at=None).exists()


def test_a_person_creates_a_token_in_the_browser_and_sees_it_once(web: Client, user: User) -> None:
    answer = web.post("/tokens/", {"name": "laptop", "scope": "file", "days": "90"}, follow=True)
    text = answer.context["made"]
    assert text in answer.content.decode()
    assert text not in web.get("/tokens/").content.decode()
    token = ApiToken.objects.get()
    assert (token.user, token.scope) == (user, "file")
    refused = web.post("/tokens/", {"name": "", "scope": "file", "days": "0"})
    assert refused.status_code == 422
    web.post(f"/tokens/{token.pk}/revoke/")
    token.refresh_from_db()
    assert token.revoked_at


def test_nobody_revokes_the_token_of_another(
    web: Client, other: User, api_client: ClientFactory
) -> None:
    row, _ = create_token(other, "theirs")
    assert web.post(f"/tokens/{row.pk}/revoke/").status_code == 404
    assert api_client("file").post(f"/api/v1/tokens/{row.pk}/revoke/").status_code == 404


def test_the_rate_is_limited_and_headers_say_what_is_left(
    api_client: ClientFactory, settings: Any
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3
    api = api_client("read")
    first = api.get("/api/v1/categories/")
    assert first["RateLimit-Limit"] == "3"
    assert first["RateLimit-Remaining"] == "2"
    statuses = [api.get("/api/v1/categories/").status_code for _ in range(6)]
    assert 429 in statuses
    last = api.get("/api/v1/categories/")
    if last.status_code == 429:
        assert int(last["Retry-After"]) <= 60
        assert last["Content-Type"] == "application/problem+json"


def test_the_written_query_reads_the_same_token_and_user_as_the_orm(user: User) -> None:
    user.first_name, user.last_login = "Ann", timezone.now()
    user.save()
    for days, team in ((None, None), (30, Team.named("Payments"))):
        row, text = create_token(user, "ci", "file", team, days)
        found = find_token(text)
        expected = ApiToken.objects.select_related("user").get(pk=row.pk)
        assert found is not None
        for read, by_orm in ((found, expected), (found.user, expected.user)):
            for field in by_orm._meta.concrete_fields:
                name = field.attname
                if name != "last_used_at":  # Finding the token has just set it.
                    assert getattr(read, name) == getattr(by_orm, name), name
            assert not read.get_deferred_fields()
            assert read._state.adding is False
    assert find_token("cb_unknown") is None


def test_a_teams_token_gives_and_takes_no_service_and_so_sees_no_more(
    api_client: ClientFactory, user: User
) -> None:
    ours, theirs = Team.named("Money"), Team.named("Web")
    give_role(user, Role.MANAGER)
    pay = Service.objects.create(name="pay", owner=ours)
    shop = Service.objects.create(name="shop", owner=theirs)
    free = Service.objects.create(name="free")
    hidden = file_incident(title="shop is slow", services=[shop])
    api = api_client("file", team=ours)
    for service, owner in ((shop, "Money"), (free, "Money"), (pay, "Web")):
        answer = api.patch(f"/api/v1/services/{service.pk}/", {"owner_team": owner}, format="json")
        assert answer.status_code == 403, service
    owners = Service.objects.order_by("name").values_list("owner", flat=True)
    assert list(owners) == [None, pay.owner_id, shop.owner_id]
    assert api.get(f"/api/v1/incidents/{hidden.pk}/").status_code == 404


def test_a_teams_token_configures_nothing_though_its_owner_may_everything(
    api_client: ClientFactory, django_user_model: Any
) -> None:
    root = django_user_model.objects.create_superuser("root")
    api = api_client("admin", root, team=Team.named("Money"))
    file = {"kind": "csv", "content": "name,owner\nshop,Money\n"}
    assert api.post("/api/v1/services/import/", file, format="json").status_code == 403
    assert not Service.objects.exists()
    for address in ("sources", "integrations", "people", "all-tokens", "audit"):
        assert api.get(f"/api/v1/{address}/").status_code == 403, address
    free = api_client("admin", root)
    assert free.post("/api/v1/services/import/", file, format="json").status_code == 200
    assert free.get("/api/v1/sources/").status_code == 200
