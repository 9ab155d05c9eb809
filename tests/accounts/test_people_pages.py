"""What an administrator does daily, on pages; and what nobody may do there."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.people import roles, states
from accounts.people.service_accounts import create_service_account
from incidents.models import ApiToken, Service
from incidents.tokens import create_token
from kb.models import NotificationRule, Workspace
from people.membership import apply_groups, give_role, join_team
from people.models import GroupRule, Invitation, Membership, Role, RoleGrant, Team
from people.permissions import MANAGE_PEOPLE
from practice.models import Practice, Verdict
from tests.accounts.conftest import Make

pytestmark = pytest.mark.django_db
PAGES = ["/people/", "/people/invite/", "/people/service-accounts/new/", "/people/groups/",
         "/people/groups/new/", "/people/tokens/", "/teams/new/", "/storage/"]  # fmt: skip


@pytest.mark.parametrize("role", [None, Role.MANAGER, Role.AUDITOR], ids=str)
def test_nobody_but_administrators_opens_the_pages_of_people_or_sees_a_link(
    person: Make, office: Client, role: Role | None
) -> None:
    team = Team.objects.create(name="Money")
    web = Client()
    web.force_login(person("ann", role))
    own = [f"/teams/{team.pk}/edit/", f"/teams/{team.pk}/delete/"]
    for path in PAGES + own:
        refused = web.get(path)
        assert refused.status_code == 403, path
        assert "takes the role Administrator" in refused.content.decode(), path
        assert office.get(path).status_code == 200, path
    for path in ("/", "/teams/", f"/teams/{team.pk}/"):
        text = web.get(path).content.decode()
        assert 'href="/people/' not in text, path
        assert f"/teams/{team.pk}/edit/" not in text
    assert 'href="/people/"' in office.get("/").content.decode()


def test_people_are_found_by_words_role_team_and_state(office: Client, person: Make) -> None:
    ann = person("ann", Role.EDITOR, first_name="Ann", last_name="Miller")
    join_team(ann, Team.objects.create(name="Money"))
    team = Team.objects.get().pk
    person("bob", Role.VIEWER).is_active = False
    User.objects.filter(username="bob").update(is_active=False)
    User.objects.create_superuser("root")
    found = {
        "": {"ann", "bob", "boss", "root"},
        "q=miller": {"ann"},
        "q=ann@shop": {"ann"},
        "role=editor": {"ann"},
        "role=administrator": {"boss", "root"},
        f"team={team}": {"ann"},
        "state=deactivated": {"bob"},
        "state=never": {"ann", "root"},
        "q=nobody": set(),
        "team=x&role=x&state=x&q=%00": {"ann", "bob", "boss", "root"},
    }
    for query, names in found.items():
        page = office.get(f"/people/?{query}").context["page"]
        assert {each.username for each in page} == names, query


def test_roles_are_assigned_and_ended_but_not_those_of_the_identity_provider(
    office: Client, person: Make
) -> None:
    ann = person("ann")
    team = Team.objects.create(name="Money")
    own = f"/people/{ann.pk}/"
    office.post(f"{own}roles/", {"role": "manager", "team": team.pk})
    GroupRule.objects.create(group="sre", role=Role.EDITOR)
    apply_groups(ann, "okta", ["sre"])
    page = office.get(own).content.decode()
    assert "for Money" in page
    assert "Assigned by okta" in page
    by_hand, provided = RoleGrant.objects.order_by("pk").filter(user=ann)
    text = office.post(f"{own}roles/{provided.pk}/end/", follow=True).content.decode()
    assert "okta assigned this role" in text
    office.post(f"{own}roles/{by_hand.pk}/end/")
    assert list(ann.role_grants.all()) == [provided]
    # A role of one person is not ended at the address of another.
    assert office.post(f"/people/{person('bob').pk}/roles/{provided.pk}/end/").status_code == 404


def test_somebody_leaves_and_everything_they_could_use_ends_with_the_account(
    office: Client, person: Make
) -> None:
    ann = person("ann", Role.ADMINISTRATOR)
    token, text = create_token(ann, "laptop")
    browser = Client()
    browser.force_login(ann)
    browser.post("/people/invite/", {"email": "friend@evil.example", "role": "administrator"})
    assert Invitation.objects.get().is_open
    office.post(f"/people/{ann.pk}/state/", {"state": "deactivated"})
    token.refresh_from_db()
    assert token.revoked_at
    assert not Invitation.objects.get().is_open
    office.post(f"/people/{ann.pk}/state/", {"state": "active"})
    # Back again: neither the session nor the token of before.
    assert browser.get("/").status_code == 302
    api = Client(headers={"Authorization": f"Bearer {text}"})
    assert api.get("/api/v1/me/").status_code == 401
    assert User.objects.get(pk=ann.pk).is_active


def test_who_loses_the_right_to_invite_leaves_no_open_invitation(
    office: Client, person: Make
) -> None:
    ann = person("ann", Role.ADMINISTRATOR)
    browser = Client()
    browser.force_login(ann)
    browser.post("/people/invite/", {"email": "friend@evil.example", "role": "administrator"})
    grant = ann.role_grants.get()
    office.post(f"/people/{ann.pk}/roles/{grant.pk}/end/")
    assert not Invitation.objects.get().is_open


def test_there_is_always_an_administrator_and_nobody_removes_themselves(
    office: Client, boss: User, person: Make
) -> None:
    grant = boss.role_grants.get()
    own = f"/people/{boss.pk}/"
    said = office.post(f"{own}roles/{grant.pk}/end/", follow=True).content.decode()
    assert "your own role" in said
    said = office.post(f"{own}state/", {"state": "deactivated"}, follow=True).content.decode()
    assert "your own account" in said


def test_the_last_administrator_stays_one_also_when_two_act_at_one_moment(
    boss: User, person: Make
) -> None:
    ann = person("ann", Role.ADMINISTRATOR)
    # A program is nobody who could sign in to administer.
    create_service_account("bot", boss, Role.ADMINISTRATOR)
    at_that_moment = User.objects.get(pk=boss.pk)
    assert at_that_moment.has_perm(MANAGE_PEOPLE.name)
    states.deactivate(boss, ann)
    with pytest.raises(ValidationError, match="last active"):
        states.deactivate(ann, at_that_moment)
    with pytest.raises(ValidationError, match="last active"):
        roles.end_role(ann.role_grants.get(), at_that_moment)
    ann.refresh_from_db()
    assert ann.is_active
    assert ann.role_grants.exists()


def test_nobody_gives_a_role_above_their_own(person: Make) -> None:
    desk = person("desk", Role.MANAGER)
    kind = ContentType.objects.get_for_model(Team)
    act = Permission.objects.create(
        codename="manage_people", name="manage people", content_type=kind
    )
    desk.user_permissions.add(act)
    web = Client()
    web.force_login(desk)
    ann, root = person("ann"), person("top", Role.ADMINISTRATOR)
    assert web.post(f"/people/{ann.pk}/roles/", {"role": "manager"}).status_code == 302
    above = [
        (f"/people/{ann.pk}/roles/", {"role": "administrator"}),
        (f"/people/{ann.pk}/roles/", {"role": "auditor"}),
        (f"/people/{desk.pk}/roles/", {"role": "administrator"}),
        ("/people/invite/", {"email": "x@shop.example", "role": "administrator"}),
        ("/people/service-accounts/new/", {"name": "bot", "role": "administrator"}),
        ("/people/groups/new/", {"group": "all", "role": "administrator"}),
        (f"/people/{root.pk}/password/", {}),
        (f"/people/{root.pk}/state/", {"state": "deactivated"}),
        (f"/people/{root.pk}/sessions/end/", {}),
    ]
    for path, given in above:
        answer = web.post(path, given)
        assert answer.status_code == 403, (path, given)
        assert "above yours" in answer.content.decode(), path
    assert not Invitation.objects.exists()
    assert not GroupRule.objects.exists()
    assert not User.objects.filter(username="bot").exists()


def test_a_reset_link_is_shown_once_and_works_once(office: Client, person: Make) -> None:
    ann = person("ann", Role.EDITOR)
    shown = office.post(f"/people/{ann.pk}/password/").context["link"]
    assert shown not in office.get(f"/people/{ann.pk}/").content.decode()
    visitor = Client()
    path = shown.partition("//")[2].partition("/")[2]
    form = visitor.get(f"/{path}", follow=True)
    there = form.redirect_chain[-1][0]
    new = {"new_password1": "a-long-new-secret", "new_password2": "a-long-new-secret"}
    new |= {"password1": "a-long-new-secret", "password2": "a-long-new-secret"}
    visitor.post(there, new)
    ann.refresh_from_db()
    assert ann.check_password("a-long-new-secret")
    Client().post(f"/{path}", {**new, "new_password1": "another-secret-1"})
    again = Client().get(f"/{path}", follow=True).content.decode()
    assert 'type="password"' not in again


def test_an_administrator_by_role_cannot_take_over_a_superuser(office: Client) -> None:
    root = User.objects.create_superuser("root", "root@shop.example")
    refused = office.post(f"/people/{root.pk}/password/")
    assert refused.status_code == 403
    assert "superuser" in refused.content.decode()


def test_a_service_account_has_tokens_and_cannot_sign_in(office: Client, boss: User) -> None:
    office.post("/people/service-accounts/new/", {"name": "ci", "role": "responder"})
    program = User.objects.get(username="ci")
    assert not program.has_usable_password()
    made = office.post(f"/people/{program.pk}/tokens/", {"name": "deploys", "scope": "file"})
    text = made.context["token_text"]
    assert text not in office.get(f"/people/{program.pk}/").content.decode()
    api = Client(headers={"Authorization": f"Bearer {text}"})
    assert api.get("/api/v1/me/").json()["user"] == "ci"
    assert ApiToken.objects.get().created_by == boss
    # No wider than the program's role, and no password by a link.
    wide = office.post(f"/people/{program.pk}/tokens/", {"name": "all", "scope": "admin"})
    assert (wide.status_code, ApiToken.objects.count()) == (422, 1)
    office.post(f"/people/{program.pk}/password/")
    assert "needs no password" in office.get(f"/people/{program.pk}/").content.decode()
    refused = office.post(f"/people/{boss.pk}/tokens/", {"name": "x", "scope": "read"})
    assert (refused.status_code, ApiToken.objects.count()) == (422, 1)
    office.post("/people/service-accounts/new/", {"name": "CI", "role": "viewer"})
    assert User.objects.filter(username__iexact="ci").count() == 1


def test_all_tokens_are_found_and_several_end_at_once(office: Client, person: Make) -> None:
    ann, bob = person("ann"), person("bob")
    rows = [create_token(ann, f"laptop {n}")[0] for n in range(2)]
    child = create_token(ann, "child", with_token=rows[0])[0]
    other = create_token(bob, "phone")[0]
    seen = office.get("/people/tokens/?q=ann").context["page"]
    assert {token.pk for token in seen} == {rows[0].pk, rows[1].pk, child.pk}
    said = office.post(
        "/people/tokens/end/", {"token": [rows[0].pk, rows[1].pk, "x", "9" * 30]}, follow=True
    )
    assert "3 tokens ended" in said.content.decode()
    alive = ApiToken.objects.filter(revoked_at=None)
    assert list(alive) == [other]
    ended = office.get("/people/tokens/?state=ended").context["page"]
    assert len(ended) == 3


def test_a_team_is_renamed_wherever_it_is_named(office: Client) -> None:
    office.post("/teams/new/", {"name": "Money", "description": "Pays."})
    team = Team.objects.get()
    workspace = Workspace.objects.create(kind="slack", name="Shop")
    rule = NotificationRule.objects.create(workspace=workspace, events=[], team="money")
    first, second = Practice.objects.all()[:2]
    verdict = Verdict.objects.create(practice=first, team="Money", word="no")
    Verdict.objects.create(practice=second, team="Money", word="no")
    former = Verdict.objects.create(practice=second, team="Payments", word="adopted")
    service = Service.objects.create(name="pay", owner=team)
    office.post(f"/teams/{team.pk}/edit/", {"name": "Payments"})
    rule.refresh_from_db()
    verdict.refresh_from_db()
    former.refresh_from_db()
    assert (rule.team, verdict.team, former.word) == ("Payments", "Payments", "adopted")
    assert Service.objects.get(pk=service.pk).owner_team == "Payments"
    clash = office.post("/teams/new/", {"name": "PAYMENTS"})
    assert (clash.status_code, Team.objects.count()) == (422, 1)


def test_a_team_is_deleted_after_saying_what_ends_with_it(
    office: Client, person: Make, boss: User
) -> None:
    team = Team.objects.create(name="Money")
    ann = person("ann", Role.EDITOR)
    join_team(ann, team)
    give_role(ann, Role.MANAGER, team)
    for name in ("pay", "bill"):
        Service.objects.create(name=name, owner=team)
    limited, text = create_token(ann, "ci", team=team)
    create_token(ann, "child", team=team, with_token=limited)
    page = " ".join(office.get(f"/teams/{team.pk}/delete/").content.decode().split())
    assert "2 services will be owned by nobody" in page
    assert "2 tokens limited to it will end" in page
    office.post(f"/teams/{team.pk}/delete/")
    assert not Team.objects.exists()
    assert {service.owner_team for service in Service.objects.all()} == {""}
    assert Client(headers={"Authorization": f"Bearer {text}"}).get("/api/v1/me/").status_code == 401
    assert [grant.role for grant in ann.role_grants.all()] == [Role.EDITOR]
    newest = Service.objects.get(name="pay").history.first()
    assert newest is not None
    assert newest.owner_id is None


def test_members_come_and_go_from_either_page(office: Client, person: Make) -> None:
    ann, team = person("ann"), Team.objects.create(name="Money")
    office.post(f"/teams/{team.pk}/members/", {"person": ann.pk})
    ended = office.post(f"/teams/{team.pk}/members/{ann.pk}/end/")
    assert ended.headers["Location"] == f"/teams/{team.pk}/"
    given = {"person": ann.pk, "team": team.pk, "from": "person"}
    added = office.post("/teams/0/members/", given)
    assert added.headers["Location"] == f"/people/{ann.pk}/"
    assert Membership.objects.filter(user=ann, team=team).exists()
    Membership.objects.update(provider="okta")
    said = office.post(f"/teams/{team.pk}/members/{ann.pk}/end/", follow=True).content.decode()
    assert "okta put ann in this team" in said
    assert office.post("/teams/0/members/", {"person": "x", "team": team.pk}).status_code == 404


def test_rules_of_groups_are_made_and_removed(office: Client, person: Make) -> None:
    team = Team.objects.create(name="Money")
    nothing = office.post("/people/groups/new/", {"group": "sre"})
    assert (nothing.status_code, GroupRule.objects.count()) == (422, 0)
    office.post("/people/groups/new/", {"group": "sre", "role": "editor", "team": team.pk})
    rule = GroupRule.objects.get()
    assert "sre" in office.get("/people/groups/").content.decode()
    twice = office.post("/people/groups/new/", {"group": "sre", "role": "editor", "team": team.pk})
    assert (twice.status_code, GroupRule.objects.count()) == (422, 1)
    office.post(f"/people/groups/{rule.pk}/", {"group": "sre", "role": "viewer"})
    rule.refresh_from_db()
    assert (rule.role, rule.team) == ("viewer", None)
    office.post(f"/people/groups/{rule.pk}/", {"remove": "1"})
    assert not GroupRule.objects.exists()


def test_an_invitation_is_sent_again_revoked_and_never_shown_twice(
    office: Client, person: Make
) -> None:
    person("ann", email="ann@shop.example")
    team = Team.objects.create(name="Money")
    given = {"email": " New@Shop.example ", "role": "editor", "team": team.pk}
    link = office.post("/people/invite/", given).context["link"]
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role, invitation.team) == (
        "new@shop.example", "editor", team,
    )  # fmt: skip
    days = (invitation.expires_at - timezone.now()).days
    assert days in (6, 7)
    assert link.rpartition("/")[0].rpartition("/")[2] not in office.get("/people/").content.decode()
    assert office.post("/people/invite/", given).status_code == 422
    known = office.post("/people/invite/", {"email": "ANN@shop.example", "role": "viewer"})
    assert known.status_code == 422
    second = office.post(f"/people/invitations/{invitation.pk}/again/").context["link"]
    assert second != link
    path, former = (f"/{each.partition('//')[2].partition('/')[2]}" for each in (second, link))
    assert 'type="password"' in Client().get(path).content.decode()
    assert 'type="password"' not in Client().get(former).content.decode()
    office.post(f"/people/invitations/{invitation.pk}/revoke/")
    assert 'type="password"' not in Client().get(path).content.decode()


def test_mails_carry_the_links_where_a_mail_server_is_set(
    office: Client, person: Make, settings: Any, mailoutbox: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    settings.EMAIL_HOST = "mail.shop.example"
    ann = person("ann")
    with django_capture_on_commit_callbacks(execute=True):
        office.post("/people/invite/", {"email": "new@shop.example", "role": "viewer"})
        answer = office.post(f"/people/{ann.pk}/password/")
    assert not answer.context["link"]
    assert {mail.to[0] for mail in mailoutbox} == {"new@shop.example", "ann@shop.example"}
    assert all("http" in mail.body for mail in mailoutbox)


def test_who_lost_their_phone_is_helped_but_no_administrator_by_that_takes_over_a_superuser(
    office: Client, person: Make
) -> None:
    ann, root = person("ann"), User.objects.create_superuser("root")
    for each in (ann, root):
        Authenticator.objects.create(user=each, type=Authenticator.Type.TOTP, data={})
    browser = Client()
    browser.force_login(ann)
    assert browser.get("/").status_code == 200
    assert "Remove second factors" in office.get(f"/people/{ann.pk}/").content.decode()
    office.post(f"/people/{ann.pk}/second-factor/")
    assert office.post(f"/people/{root.pk}/second-factor/").status_code == 403
    assert [each.user for each in Authenticator.objects.all()] == [root]
    assert browser.get("/").status_code == 302
