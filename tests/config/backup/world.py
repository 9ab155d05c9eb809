"""A small installation with something of everything, what it serves, and how to be connected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client

from analysis.models import Source
from common import process_cache
from common.sealing import sealed_columns
from incidents.filing import file_incident
from incidents.models import CustomField, Incident, Integration, IntegrationSecret, Service
from kb.models import Category, Cause, CauseLink, Postmortem, Tracker, Workspace
from kb.postmortems.editing import store_image
from people.membership import give_role
from people.models import Role
from tests.incidents.signed_requests import request_for, sample
from tests.pictures import png

SENDER, SECRET = "pagerduty", "the-secret-of-the-sender"


def fill() -> SimpleCookie:
    """Fill the database; returns the cookies of an administrator who is signed in."""
    admin = get_user_model().objects.create_superuser("admin", password="first-password-of-all")
    editor = get_user_model().objects.create_user("oncall", password="pass-for-tests")
    give_role(editor, Role.EDITOR)
    service = Service.objects.create(name="orders-db", kind="postgresql", tier="core")
    category, _ = Category.objects.get_or_create(slug="load", defaults={"name": "A load"})
    cause = Cause.objects.create(name="Query without an index", category=category)
    for hour in range(8):
        past = file_incident(
            title=f"orders-db CPU at 9{hour} % since the release", services=[service],
            reporter=editor,
        )  # fmt: skip
        CauseLink.objects.create(incident=past, cause=cause, state="confirmed")
    CustomField.objects.create(name="customer", label="Customer", feeds_similarity=True)
    file_incident(
        title="orders-db CPU high after a release", services=[service], reporter=editor,
        custom_fields={"customer": "acme"},
    )  # fmt: skip
    postmortem = Postmortem.objects.create(title="The index that was not there", author=editor)
    store_image(postmortem, png(30, 20), admin)
    integration = Integration.objects.create(kind=SENDER, name="Pager", slug="pager")
    IntegrationSecret.issue(integration, text=SECRET)
    source = Source(kind="prometheus", name="Prom", settings={"url": "http://127.0.0.1:9"})
    source.secrets = {"password": "hush-hush"}
    source.save()
    workspace = Workspace(kind="slack", name="Ours", settings={"workspace": "", "mark": "pushpin"})
    workspace.secrets = {"secret": "hush-signing", "bot_token": "xoxb-1"}
    workspace.save()
    tracker = Tracker(kind="jira", name="Board", settings={"url": "https://jira.example"})
    tracker.secrets = {"token": "hush-jira", "webhook_secret": "hush-hook"}
    tracker.save()
    web = Client()
    web.force_login(admin)
    return web.cookies


def pages(cookies: SimpleCookie) -> dict[str, str]:
    """What whoever has these cookies sees, without what is new in every answer."""
    process_cache.clear_all()
    web = Client()
    web.cookies = cookies
    newest = Incident.objects.order_by("-pk")[0]
    records: list[Any] = [
        newest,
        Cause.objects.get(),
        Postmortem.objects.get(),
        Workspace.objects.get(),
        Tracker.objects.get(),
    ]
    paths = [
        *("/", "/services/", "/alerts/", "/integrations/", "/analysis/sources/", "/tokens/"),
        *("/knowledge/causes/", "/knowledge/postmortems/", "/analysis/search/?q=index"),
        *("/practice/", "/people/", f"/api/v1/suggestions/{newest.pk}/", "/api/v1/causes/"),
        *(record.get_absolute_url() for record in records),
        *(picture.get_absolute_url() for picture in Postmortem.objects.get().pictures.all()),
    ]
    found = {}
    for path in paths:
        answer = web.get(path)
        body = b"".join(answer) if answer.streaming else answer.content
        text = body.decode("utf-8", "replace")
        text = re.sub(r'(nonce|csrfmiddlewaretoken|X-CSRFToken)\W.{0,30}?"[\w+/=-]{16,}"', "", text)
        text = re.sub(r"\b(since|read_at)=[^&\"]*", "", text)
        text = re.sub(
            r"\d+ (second|minute)s? ago|just now|\b\d\d:\d\d\b|\b\d+ (s|min|minutes?)\b", "", text
        )
        found[path] = f"{answer.status_code} {text}"
    return found


def secrets() -> list[Any]:
    return [
        Integration.objects.get(slug="pager").secrets.get().text,
        Source.objects.get().secrets,
        Workspace.objects.get().secrets,
        Tracker.objects.get().secrets,
    ]


def secrets_count() -> int:
    return sum(column.rows().count() for column in sealed_columns())


@contextmanager
def uncached() -> Iterator[None]:
    process_cache.clear_all()
    yield
    process_cache.clear_all()


def deliver() -> int:
    """The status that a delivery of the sender gets, signed with its own secret."""
    path, body, headers = request_for(SENDER, "pager", SECRET, sample(SENDER))
    return Client().post(path, body, content_type="application/json", headers=headers).status_code


@contextmanager
def connected(**to: str) -> Iterator[None]:
    """Django works on another database inside, which may be on another server."""
    before = dict(connection.settings_dict)
    _use(to)
    try:
        yield
    finally:
        _use(before)


def _use(values: dict[str, Any]) -> None:
    connection.close()
    connection.settings_dict.update(values)
    ContentType.objects.clear_cache()
    process_cache.clear_all()
