"""What is private shows nowhere to who may not see it, whatever they send and however they come."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from incidents.api import streams
from incidents.events.notices import visible_notices
from incidents.models import Incident, Notice, Service
from incidents.tokens import create_token
from kb import notifications
from kb.chat.base import ChatEvent
from kb.chatops import dispatch
from kb.models import CauseLink, ChatPerson, NotificationRule, Postmortem, Workspace
from kb.postmortems import action_items, editing
from people.membership import give_role, is_service_account
from people.models import Account, Role, Team
from practice import monthly_review
from tests.addresses import address_of, routes
from tests.api.answers import as_text, difference, steady, without_numbers
from tests.api.private_world import (
    FIRST,
    WORD,
    Words,
    private_models,
    private_rows,
    private_world,
    public_world,
    reset_numbers,
    restart_numbers,
)
from tests.sizes import LONG

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]
LIGHT = "/tokens/"
"""A page that costs little."""
MISSING = 999
"""A number that no record has, as long as the other: search compares numbers as words."""
STRANGERS: dict[str, Role | None] = {
    "nobody": None, "viewer": Role.VIEWER, "responder": Role.RESPONDER, "editor": Role.EDITOR,
    "manager": Role.MANAGER, "program": Role.MANAGER,
}  # fmt: skip
WAYS_IN = ["viewer", "manager", "program", "anonymous", "token of a team", "Django's staff"]
"""Those between a viewer and a manager see no more than a manager does."""


@dataclass
class World:
    owner: User
    people: dict[str, User]
    incident: Incident
    words: Words
    before: dict[str, str] = field(default_factory=dict)
    """What a manager read at addresses without a number, before there was anything private."""


@pytest.fixture(scope="module", autouse=True)
def urls_with_admin() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.ROOT_URLCONF", "tests.kb.urls_with_admin")
        patch.setattr("django.conf.settings.EMAIL_HOST", "mail.example")
        patch.setattr(streams, "LONGEST", 0.2)
        patch.setattr(streams, "POLL", 0.05)
        yield


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, urls_with_admin: None) -> Iterator[World]:
    """Made once; what each walk writes is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        restart_numbers(1)
        cache.clear()  # Numbers come back that earlier tests used.
        owner = User.objects.create_user("owner", "owner@example.com")
        give_role(owner, Role.EDITOR)
        people = {name: make_person(name, role) for name, role in STRANGERS.items()}
        boss = people["boss"] = User.objects.create_superuser("boss", "boss@example.com")
        Account.objects.update_or_create(user=people["program"], defaults={"service_account": True})
        shop = Team.objects.create(name="Shop")
        Team.objects.create(name="Elsewhere")
        service = Service.objects.create(name="orders-db", tier="core", owner=shop)
        public_world(owner, service)
        manager = Visitor(people["manager"])
        before = {address: manager.read(address) for address in lists()}
        strangers = [person for person in people.values() if person != boss]
        incident = private_world(owner, service, strangers)
        words = Words()
        words.fill()
        incident.refresh_from_db()
        yield World(owner, people, incident, words, before)
        transaction.set_rollback(True)
    with django_db_blocker.unblock():
        reset_numbers()
    cache.clear()


def make_person(name: str, role: Role | None) -> User:
    person = User.objects.create_user(name, f"{name}@example.com")
    if role:
        give_role(person, role)
    return person


class Visitor:
    """Somebody with a browser and a program."""

    def __init__(self, person: User | None, team: Team | None = None) -> None:
        self.web, self.api = Client(raise_request_exception=False), APIClient()
        self.api.raise_request_exception = False
        if person is not None:
            token, text = create_token(person, "walk", "file", team)
            type(token).objects.filter(pk=token.pk).update(scope="file" if team is None else "read")
            self.api.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
            if team is None and not is_service_account(person):
                self.web.force_login(person)

    def read(self, address: str, query: dict[str, Any] | None = None) -> str:
        client = self.api if address.startswith(("/api/", "/metrics")) else self.web
        return as_text(client.get(address, query or {}, headers={"Last-Event-ID": "1"}))


def pages() -> Iterator[str]:
    """Every address outside the API and Django's admin, as a pattern."""
    for route, _ in routes():
        if not route.startswith(("admin/", "api/", "sign-")):
            yield "/" + route.replace("^", "").replace("$", "")


@lru_cache
def operations() -> list[tuple[str, dict[str, Any]]]:
    return list(SchemaGenerator().get_schema(public=True)["paths"].items())


def api_address(path: str, number: int) -> str:
    return re.sub(r"\{\w+\}", str(number), path.replace("{kind}", "markdown"))


def lists() -> Iterator[str]:
    """Addresses without a number: lists, counts, figures, searches."""
    # The pages of one's own account have secrets that are new each time.
    own = ("/account/", "/tokens/", "/api/v1/tokens/", "/healthz", "/readyz", "/livez")
    yield from (page for page in pages() if "<" not in page and not page.startswith(own))
    for path, methods in operations():
        if "{" not in path and "get" in methods and not path.startswith(own):
            yield path


def admin_addresses() -> Iterator[str]:
    for route, _ in routes():
        if route.startswith("admin/"):
            filled = route.replace("([^/]+)", str(FIRST)).replace("<path:object_id>", str(FIRST))
            yield address_of(filled, FIRST)
    yield "/admin/autocomplete/?app_label=incidents&model_name=alert&field_name=incident&term=zq"


def reading(number: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Every address to read, with a number where it takes one, and what to look for."""
    search = {
        "q": "zq leak", "title": "orders-db leak", "text": "credential leak", "term": "zq",
        "service": "orders-db",
    }  # fmt: skip
    for pattern in pages():
        yield address_of(pattern, number, "html"), {} if "<" in pattern else search
    for path, methods in operations():
        if "get" in methods:
            yield api_address(path, number), {}


@pytest.mark.parametrize("who", {*STRANGERS, *WAYS_IN} if LONG else WAYS_IN)
def test_no_address_reveals_it(world: World, who: str) -> None:
    person = world.people.get(who)
    team = None
    addresses = [*reading(FIRST), ("/knowledge/chat/1/", {})]
    if who == "token of a team":
        person, team = world.people["boss"], Team.objects.get(name="Elsewhere")
    if who == "Django's staff":
        person = world.people["manager"]
        person.is_staff = True
        person.save()
        person.user_permissions.set(Permission.objects.exclude(codename="view_private_incident"))
        addresses = [(address, {}) for address in admin_addresses()]
    visitor = Visitor(person, team)
    if who != "viewer":
        all_notices_are_read()
    leaks = {
        address: world.words.found_in(text)
        for address, query in addresses
        if WORD.search(text := visitor.read(address, query))
    }
    assert not leaks
    assert len(addresses) > 100


def test_who_may_see_it_finds_it_there(world: World) -> None:
    """The proof that the walk above would find something, and in which fields."""
    found: set[str] = set()
    addresses = 0
    for person in (world.owner, world.people["boss"]):
        visitor = Visitor(person)
        ways = reading(FIRST) if person == world.owner else ((a, {}) for a in admin_addresses())
        for address, query in ways:
            shown = world.words.found_in(visitor.read(address, query))
            addresses += bool(shown)
            found |= shown
    assert addresses > 70
    expected = {
        "incidents.Incident.title", "incidents.TimelineEntry.text", "incidents.Alert.name",
        "incidents.TimelineVersion.text", "incidents.HistoricalIncident.title",
        "incidents.FieldValue.text",
        "incidents.Event.text", "kb.Cause.name", "kb.HistoricalCause.how_to_fix",
        "kb.CauseLink.reason", "kb.Citation.title", "kb.Check.query", "kb.Fix.note",
        "kb.Postmortem.title", "kb.Comment.text", "kb.ActionItem.title", "kb.Draft.body",
        "analysis.Evidence.what", "analysis.Finding.text", "analysis.LogSign.example",
        "practice.ReadinessFinding.note",
    }  # fmt: skip
    assert not expected - found


def test_the_world_has_a_row_of_every_model_that_can_be_private(world: World) -> None:
    missing = [model._meta.label for model in private_models() if not private_rows(model).exists()]
    assert not missing, "Add a row of it to private_world."


def test_no_list_or_figure_changes_by_what_is_private(world: World) -> None:
    """Counts, order, percentages, next and previous: as if there were nothing."""
    manager = Visitor(world.people["manager"])
    changed = {}
    for address, before in world.before.items():
        now = manager.read(address)
        if steady(now) != steady(before):
            changed[address] = difference(steady(before), steady(now))
    assert not changed, "\n".join(f"{address}: {how}" for address, how in changed.items())
    assert len(world.before) > 90


def test_a_hidden_record_answers_as_one_that_does_not_exist(world: World) -> None:
    """By every method, also where the number is sent in the body or the query."""
    visitor = Visitor(world.people["manager"])
    differing = []
    all_notices_are_read()
    for pattern in pages():
        for method in ("get", "post") if "<" in pattern else ("post",):
            answers = []
            for number in (FIRST, MISSING):
                query = numbers(number) if method == "post" else {}
                answer = getattr(visitor.web, method)(address_of(pattern, number, "html"), query)
                # What it had to say after a redirection is on the next page.
                after = visitor.read(LIGHT) if 300 <= answer.status_code < 400 else ""
                said = as_text(answer) + after
                answers.append((answer.status_code, without_numbers(said)))
            if answers[0] != answers[1] and not is_about_others(pattern):
                differing.append(f"{method} {pattern}: {difference(answers[0][1], answers[1][1])}")
    for path, methods in operations():
        for method in methods:
            if method == "get" and "{" not in path:
                continue
            answers = []
            for number in (FIRST, MISSING):
                call: Callable[..., Any] = getattr(visitor.api, method)
                body = {} if method == "get" else numbers(number)
                answer = call(api_address(path, number), body, format="json")
                answers.append((answer.status_code, without_numbers(as_text(answer))))
            if answers[0] != answers[1] and not is_about_others(path):
                differing.append(f"{method} {path}: {difference(answers[0][1], answers[1][1])}")
    assert not differing, "\n".join(differing)
    world.incident.refresh_from_db()
    assert world.incident.status == "investigating"
    assert CauseLink.objects.filter(incident=world.incident).count() == 3


def all_notices_are_read() -> None:
    """To count what is unread takes a good part of the time of each page that refuses."""
    Notice.objects.filter(read_at=None).update(read_at=timezone.now())


def numbers(number: int) -> dict[str, Any]:
    return {
        "incident": number, "cause": number, "other": f"INC-{number}", "into": number,
        "incidents": [number], "postmortem": number, "alerts": [number], "alert": number,
        "links": [number], "link": number, "earlier": number, "later": 1, "path": f"/INC-{number}/",
        "title": "x", "text": "x", "body": "x", "state": "suspected", "q": f"INC-{number}",
    }  # fmt: skip


def is_about_others(path: str) -> bool:
    """Whether the number is of a record that is never private, such as the person's own notice."""
    return bool(re.search(r"account/|notices/|sources/|workspace|chat/|tokens|services/", path))


def test_notices_are_hidden_where_the_page_is(world: World) -> None:
    visitor, owner = Visitor(world.people["manager"]), Visitor(world.owner)
    person = world.people["manager"]
    Notice.objects.filter(user=person).delete()
    shown = set()
    for pattern in pages():
        if "<" not in pattern or "int:" not in pattern.replace("(?P<pk>", "int:"):
            continue
        address = address_of(pattern, FIRST, "html")
        theirs, ours = (each.web.get(address).status_code for each in (visitor, owner))
        if (theirs, ours) == (404, 200):
            Notice.objects.create(user=person, key=address, text="x", path=address)
            shown.add(address)
    assert len(shown) > 15
    left = set(visible_notices(person).values_list("path", flat=True))
    # Exports and traces have their address below another record's, which is checked with them.
    assert not left
    assert Notice.objects.filter(user=person).count() == len(shown)


def test_chat_says_nothing_of_it(world: World) -> None:
    workspace = Workspace.objects.create(kind="slack", name="Slack")
    texts = ["", f"INC-{FIRST}", f"INC-{FIRST} resolved it", "zq leak of credentials", "orders-db"]
    said: dict[str, set[str]] = {}
    for name, person in [*world.people.items(), ("a channel", world.owner)]:
        if name == "boss":
            continue
        ChatPerson.objects.update_or_create(
            workspace=workspace, external_id="U1", defaults={"user": person}
        )
        for command in [*dispatch.COMMANDS, "share ask", "share show"]:
            for text in texts if name in ("manager", "a channel", "nobody") else texts[1:2]:
                event = ChatEvent(
                    kind="command", text=f"{command} {text}", person="U1", channel="C777",
                    private=name != "a channel",
                )  # fmt: skip
                answer = dispatch.answer_event(workspace, event, can_answer_privately=False)
                if WORD.search(repr(answer)):
                    said[f"{name}: {command} {text}"] = world.words.found_in(repr(answer))
    assert not said
    event = ChatEvent(kind="command", text=f"show INC-{FIRST}", person="U1", private=True)
    assert WORD.search(repr(dispatch.answer_event(workspace, event, True)))


def test_no_mail_and_no_message_is_about_it(
    world: World, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[str] = []

    def send(_: Workspace, request: Any) -> bytes:
        sent.append(repr(request))
        return b""

    monkeypatch.setattr(notifications, "send", send)
    for kind in ("mail", "webhook", "slack"):
        workspace = Workspace(kind=kind, name=kind, settings={"url": "https://example.com/"})
        workspace.secrets = {"secret": "a secret of sixteen", "bot_token": "x"}
        workspace.save()
        NotificationRule.objects.create(
            workspace=workspace, channel="team@example.com", severity="SEV4",
            events=["incident.filed", "incident.severity", "postmortem.published", "action.overdue",
                    "cause.confirmed", "incident.answer"],
        )  # fmt: skip
    postmortem = Postmortem.objects.get(pk=FIRST)
    for person in world.people.values():
        monthly_review.subscribe(person, None, wanted=True)
    # Who wrote it may not see it any more.
    Postmortem.objects.filter(pk=FIRST).update(author=world.people["manager"])
    postmortem.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        editing.comment_on(postmortem, "A comment", world.owner)
        editing.answer_review(postmortem.reviews.all()[0], "approved")
        editing.save_postmortem(
            postmortem, world.owner, base_version=postmortem.version, title=postmortem.title,
            body=f"{postmortem.body} @editor @viewer",
        )  # fmt: skip
        for action in postmortem.action_items.all():
            action_items.edit_action(action, world.owner, owner=world.people["viewer"])
        action_items.remind_owners_of_due_items()
        monthly_review.send_due()
        while notifications.deliver_due():
            pass
    theirs = [each for each in mail.outbox if each.to != ["boss@example.com"]]
    assert len(mail.outbox) > 5
    assert not [each.to for each in theirs if WORD.search(f"{each.subject} {each.body}")]
    assert sent
    assert not [each for each in sent if WORD.search(each)]
