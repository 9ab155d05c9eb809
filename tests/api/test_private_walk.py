"""A private incident shows at no address at all to who may not see it, whatever they send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management.color import no_style
from django.db import connection
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from analysis.models import Evidence, EvidenceRequest, Finding, Source
from incidents.filing import add_note, file_incident
from incidents.models import Alert, Incident, Service
from incidents.tokens import create_token
from kb.causes import linking
from kb.models import CauseLink
from kb.postmortems import action_items, editing
from people.membership import give_role
from people.models import Role
from tests.addresses import address_of, routes

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]
OURS = {"incidents": 12, "kb": 12, "analysis": 12, "practice": 3}
"""Packages with models, and how many records of each model to try."""
WORDS = ("zebrafish", "okapi")
"""Words that only the private incident and what hangs on it hold."""


@pytest.fixture(autouse=True)
def numbers_from_one(db: None) -> Iterator[None]:
    """New records of all kinds share few numbers: every address is tried with every one."""
    models = [model for app in OURS for model in apps.get_app_config(app).get_models()]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
    cache.clear()  # Numbers come back that earlier tests used.
    yield
    cache.clear()


@pytest.fixture
def secret(user: User, database: Service) -> Incident:
    incident = file_incident(
        title="Zebrafish credential leak", reporter=user, private=True, services=[database],
        symptom="okapi okapi",
    )  # fmt: skip
    add_note(incident, "okapi seen")
    link = linking.name_cause(incident, "Okapi token in a public bucket", author=user)
    linking.name_cause(incident, "Zebrafish key was never rotated", author=user)
    earlier, later = incident.causes.order_by("pk")
    linking.chain_causes(incident, earlier, later, user)
    linking.cite_evidence(link, "okapi chart", incident.get_absolute_url(), user)
    Alert.objects.create(
        source="test", fingerprint="f", name="okapi alert", incident=incident, service=database,
        starts_at=incident.impact_started_at,
    )  # fmt: skip
    pull_okapi(incident, database)
    postmortem = editing.start_postmortem([incident], user)
    action_items.add_action(postmortem, title="Rotate the okapi key", owner=user)
    editing.save_postmortem(postmortem, user, base_version=1, title="Okapi", body="zebrafish")
    editing.publish(postmortem)
    editing.comment_on(postmortem, "okapi?", user)
    return incident


def pull_okapi(incident: Incident, service: Service) -> None:
    """Evidence and a finding, as a pull would have brought them."""
    source = Source.objects.create(name="Logs", kind="logfiles")
    end = incident.impact_started_at
    same: dict[str, Any] = {
        "incident": incident, "service": service, "what": "okapi lines", "query": "okapi",
        "window_start": end - timedelta(hours=1), "window_end": end,
    }  # fmt: skip
    request = EvidenceRequest.objects.create(source=source, state="done", **same)
    evidence = Evidence(request=request, kind="lines", source_name="Logs", **same)
    evidence.freeze([{"at": end.timestamp(), "text": "okapi in the log"}])
    evidence.save()
    Finding.objects.create(
        incident=incident, evidence=evidence, service=service, kind="new_template",
        text="okapi is new", score=1.0, term="template:okapi", data={"template": "okapi in <*>"},
    )  # fmt: skip


def keys_of_everything(incident: Incident) -> set[int]:
    """Every number that names the incident or what hangs on it."""
    found = {incident.pk}
    for app, most in OURS.items():
        for model in apps.get_app_config(app).get_models():
            if "historical" not in model._meta.label_lower and model._meta.pk.name == "id":
                found |= set(model._default_manager.values_list("pk", flat=True)[:most])
    return found


def pages() -> Iterator[str]:
    """Every address of the product outside the API and the administration, as a pattern."""
    for route, _ in routes():
        if not route.startswith(("admin/", "api/", "sign-")):
            yield "/" + route.replace("^", "").replace("$", "")


def walk(person: User, keys: list[int], acts: bool) -> tuple[set[str], set[str]]:
    """Visit every address as `person`, with every number; those visited, and those that leak."""
    client, api = Client(), APIClient()
    client.force_login(person)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(person, 'walk', 'file')[1]}")
    visited, leaking = set[str](), set[str]()

    def look(address: str, answer: Any) -> None:
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        text = body.decode("utf-8", "replace").lower() + str(answer.headers).lower()
        visited.add(address)
        if any(word in text for word in WORDS):
            leaking.add(address)

    query = {"q": "service:orders-db", "title": "orders-db leak", "text": "credential leak"}
    for pattern in pages():
        if "<" not in pattern:
            look(pattern, client.get(pattern, query))
            look(pattern, client.get(pattern))
            continue
        for key in keys:
            address = address_of(pattern, key, "html")
            look(pattern, client.get(address))
            if acts:
                look(pattern, client.post(address, {"cause": key, "other": f"INC-{key}"}))
    for path, operations in SchemaGenerator().get_schema(public=True)["paths"].items():
        for key in keys if "{" in path else [0]:
            address = re.sub(r"\{\w+\}", str(key), path.replace("{kind}", "markdown"))
            for method in operations:
                if method == "get":
                    look(f"{method} {path}", api.get(address))
                elif acts:
                    for body in bodies(keys[:12] if key == 0 else [key]):
                        answer = getattr(api, method)(address, body, format="json")
                        look(f"{method} {path}", answer)
    return visited, leaking


def test_no_url_reveals_it_to_others(secret: Incident, user: User, other: User) -> None:
    keys = sorted(keys_of_everything(secret))
    # Of the roles that see no private incidents, the one that may do most.
    give_role(other, Role.MANAGER)
    visited, leaking = walk(other, keys, acts=True)
    assert not leaking
    assert len(visited) > 150
    secret.refresh_from_db()
    assert secret.status == "investigating"
    assert CauseLink.objects.filter(incident=secret).count() == 2
    # The same walk by who may see it: proof that it would find something.
    assert len(walk(user, keys, acts=False)[1]) > 30


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.RESPONDER, Role.EDITOR])
def test_no_url_reveals_it_to_a_lower_role(
    secret: Incident, role: Role | None, django_user_model: Any
) -> None:
    person = django_user_model.objects.create_user("stranger")
    if role:
        give_role(person, role)
    visited, leaking = walk(person, sorted({1, 2, secret.pk}), acts=False)
    assert not leaking
    assert len(visited) > 150


def bodies(keys: list[int]) -> Iterator[dict[str, Any]]:
    """What a stranger may send in the hope of an answer: numbers of all sorts."""
    yield {}
    yield {"title": "credential leak of orders-db", "text": "x", "body": "x"}
    for key in keys:
        yield {
            "incident": key, "cause": key, "other": key, "incidents": [key], "postmortem": key,
            "alerts": [key], "links": [key], "name": "x", "title": "x", "state": "suspected",
        }  # fmt: skip
