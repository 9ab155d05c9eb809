"""Every way in asks one gate: acts × roles × ways in, read from the product itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from incidents.api.auth import act_of
from incidents.models import Service
from incidents.tokens import create_token
from kb.chat.base import ChatEvent
from kb.chatops import dispatch
from kb.models import ChatPerson, Workspace
from people.acts import ACTS, Act
from people.membership import give_role, join_team
from people.models import LADDER, Role, Team
from people.permissions import refusal
from people.table import table_lines
from tests.addresses import address_of, routes

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"
NO_RECORD = 999_999
WRITES = ("post", "put", "patch", "delete")

OF_ONESELF = {
    # Pages that change nothing but what the person themselves has and sees.
    "incidents.web.incident_list.save_order", "incidents.web.incident_list.save_columns",
    "incidents.web.incident_list.filter_save",
    "incidents.web.incident_list.filter_remove", "incidents.web.notices.notices_read",
    "incidents.web.notices.notice_read", "incidents.web.tokens.token_list",
    "incidents.web.tokens.token_revoke", "kb.web.chat.me", "kb.web.chat.unlink",
    "incidents.web.responders.watch", "practice.web.monthly_review.review",
    "incidents.api.tokens.ApiTokenViewSet",
    "incidents.api.notices.NoticeViewSet",
    # Signing in and one's own account, by the sign-in library or beside it.
    "accounts.web.lazy.view", "accounts.web.views.account", "accounts.web.views.save_time_zone",
    "accounts.web.views.save_language", "accounts.web.views.end_session",
    "accounts.web.views.end_other_sessions", "accounts.web.views.ask_to_join",
    "accounts.web.views.accept_invitation", "accounts.web.views.admin_sign_in",
    "accounts.web.push.enable", "accounts.web.push.remove", "accounts.web.push.test",
    # They read, though by POST: the text to look up is long.
    "analysis.web.suggestions.match", "analysis.web.search.search", "kb.web.postmortems.preview",
}  # fmt: skip
BY_SIGNATURE = {"incidents.intake.endpoints.receive", "incidents.intake.endpoints.enqueue",
                "kb.chatops.endpoints.receive", "kb.tracking.endpoints.receive"}  # fmt: skip
"""Programs call them; a secret or a signature over the body lets them in."""
ONCE_OPEN = {
    # Anybody, or a lower role, could do this once: none of them may slip to another act.
    "post /services/import/": "incidents.import_catalogue",
    "post /api/v1/services/import/": "incidents.import_catalogue",
    "post /services/999999/edit/": "incidents.change_service",
    "patch /api/v1/services/999999/": "incidents.change_service",
    "patch /api/v1/tier-policies/999999/": "incidents.change_integration",
    "post /services/seen/999999/ignore/": "incidents.add_service",
    "post /analysis/sources/999999/probe/": "analysis.change_source",
    "post /api/v1/sources/999999/probe/": "analysis.change_source",
    "post /analysis/incidents/999999/pull-also/": "analysis.pull_by_query",
    "post /api/v1/incidents/import/": "incidents.import_history",
    "post /knowledge/postmortems/999999/publish/": "kb.publish_postmortem",
    "post /api/v1/postmortems/999999/publish/": "kb.publish_postmortem",
    "post /knowledge/postmortems/999999/open/": "kb.make_public",
    "post /api/v1/postmortems/999999/open/": "kb.make_public",
    "post /INC-999999/viewers/": "incidents.make_private",
    "post /api/v1/incidents/999999/viewers/": "incidents.make_private",
    "post /INC-999999/timeline/999999/": "incidents.change_incident",
    "post /INC-999999/timeline/999999/mark/": "incidents.change_incident",
    "patch /api/v1/timeline-entries/999999/": "incidents.change_incident",
}


@dataclass(frozen=True)
class WayIn:
    address: str
    method: str
    view: str
    act: Act | None
    api: bool


def ways_in() -> Iterator[WayIn]:
    """Every address that takes a writing request, with the act it declares."""
    for route, callback in routes():
        if "format" in route:
            continue
        view_class = getattr(callback, "cls", None)
        home = f"{callback.__module__}.{getattr(callback, '__name__', '')}"
        if view_class is not None:
            home = f"{view_class.__module__}.{view_class.__name__}"
            actions = getattr(callback, "actions", None) or {
                method: method for method in WRITES if hasattr(view_class, method)
            }
            for method in set(actions) & set(WRITES) & set(view_class.http_method_names):
                view = view_class()
                if hasattr(callback, "actions"):
                    view.action = actions[method]
                if not getattr(view, "reads", False):
                    act = act_of(view, method.upper())
                    yield WayIn(address_of(route, NO_RECORD), method, home, act, api=True)
        elif home.split(".")[0] in ("incidents", "kb", "analysis", "practice", "accounts"):
            # Which methods a page takes is known only to the page.
            acts = [a for a, methods in getattr(callback, "acts", {}).items()]
            yield WayIn(
                address_of(route, NO_RECORD), "post", home, acts[0] if acts else None, api=False
            )


ALL = sorted(ways_in(), key=lambda way: (way.address, way.method))
GUARDED = [way for way in ALL if way.act is not None]


@pytest.fixture
def person() -> Callable[[Role | None], User]:
    def make(role: Role | None) -> User:
        made = User.objects.create_user(role or "nobody")
        if role:
            give_role(made, role)
        return made

    return make


def test_every_writing_request_needs_an_act_or_is_about_oneself(person: Any) -> None:
    web = Client()
    web.force_login(person(Role.VIEWER))
    missing = []
    for way in ALL:
        if way.act is not None or way.view in OF_ONESELF | BY_SIGNATURE:
            continue
        # A page without an act must refuse to be posted to.
        if way.api or web.post(way.address).status_code != 405:
            missing.append(f"{way.method} {way.address} ({way.view})")
    assert not missing
    assert len(GUARDED) > 120


def test_what_was_once_open_takes_the_act_that_is_meant() -> None:
    declared = {f"{way.method} {way.address}": way.act.name for way in GUARDED if way.act}
    assert {way: declared.get(way) for way in ONCE_OPEN} == ONCE_OPEN


@pytest.mark.parametrize("role", [None, *LADDER, Role.AUDITOR], ids=lambda role: role or "no role")
def test_each_role_may_by_each_way_in_what_the_table_says(role: Role | None, person: Any) -> None:
    user = person(role)
    web, api = Client(), APIClient()
    web.force_login(user)
    # A token of every scope: what it may not, its owner may not.
    token, text = create_token(user, "all")
    type(token).objects.filter(pk=token.pk).update(scope="admin")
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    wrong = []
    for way in GUARDED:
        assert way.act is not None
        allowed = way.act.allowed_to(role or Role.VIEWER)
        if way.api:
            answer = getattr(api, way.method)(way.address, {}, format="json")
        else:
            answer = web.post(way.address, {})
        if (answer.status_code != 403) != allowed or answer.status_code >= 500:
            wrong.append(f"{way.method} {way.address}: {answer.status_code}, {way.act.name}")
        elif not allowed:
            assert refusal(way.act)[:40] in answer.content.decode(), way
    assert not wrong


def test_each_act_is_refused_to_some_role_and_allowed_to_some_other() -> None:
    for act in ACTS.values():
        allowed = {role for role in Role if act.allowed_to(role)}
        assert Role.ADMINISTRATOR in allowed, act.name
        assert Role.VIEWER not in allowed, act.name


@pytest.mark.parametrize("role", [None, *LADDER, Role.AUDITOR], ids=lambda role: role or "no role")
def test_each_role_may_by_chat_what_the_table_says(role: Role | None, person: Any) -> None:
    workspace = Workspace.objects.create(kind="slack", name="Shop")
    ChatPerson.objects.create(workspace=workspace, external_id="U1", user=person(role))
    kinds = [("command", name, each.act) for name, each in dispatch.COMMANDS.items()]
    kinds += [("button", name, each.act) for name, each in dispatch.BUTTONS.items()]
    guarded = [(kind, name, act) for kind, name, act in kinds if act is not None]
    assert len(guarded) >= 9
    for kind, name, act in guarded:
        event = ChatEvent(kind=kind, text=f"{name} INC-999999 x", person="U1", channel="C1")
        answer = dispatch.answer_event(workspace, event, can_answer_privately=True).text
        refused = answer == refusal(act)
        assert refused is not act.allowed_to(role or Role.VIEWER), (name, answer)


def test_the_documentation_shows_the_table_of_today() -> None:
    assert "\n".join(table_lines()) in DOCS.read_text(), (
        "Replace the table by what manage.py permission_table prints."
    )


def test_an_editor_edits_services_of_own_teams_and_takes_none_from_others(person: Any) -> None:
    user = person(Role.EDITOR)
    ours, theirs = Team.objects.create(name="Money"), Team.objects.create(name="Web")
    join_team(user, ours)
    pay = Service.objects.create(name="pay", owner=ours)
    shop = Service.objects.create(name="shop", owner=theirs)
    free = Service.objects.create(name="free")
    api = APIClient()
    api.force_authenticate(user)

    def edit(service: Service, **fields: str) -> int:
        address = f"/api/v1/services/{service.pk}/"
        return int(api.patch(address, fields, format="json").status_code)

    assert edit(pay, tier="core") == 200
    assert edit(free, tier="core") == 200
    assert edit(shop, tier="core") == 403
    assert edit(shop, owner_team="Money") == 403
    assert edit(pay, owner_team="Web") == 403
    assert edit(free, owner_team="Money") == 200
    assert edit(pay, owner_team="Nobody knows") == 400
    shop.refresh_from_db()
    assert (shop.tier, shop.owner) == ("normal", theirs)
