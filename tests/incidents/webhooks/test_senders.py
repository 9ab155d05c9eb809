"""The contract every sender's plug-in keeps, run for each with its sample."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.payloads import BadPayload
from common.signing import Hmac
from incidents.intake import processing
from incidents.models import (
    Alert,
    Change,
    Delivery,
    DeployRule,
    Integration,
    IntegrationSecret,
    Service,
)
from incidents.webhooks import registry
from incidents.webhooks.base import AlertEvent, ChangeEvent, Incoming
from tests.incidents.signed_requests import EXTRA, KINDS, make, request_for, sample
from tests.sizes import examples

pytestmark = pytest.mark.django_db
SIGNED = [kind for kind in KINDS if isinstance(registry()[kind].scheme, Hmac)]
TIMED = [kind for kind in SIGNED if registry()[kind].scheme.time_header]  # type: ignore[attr-defined]


def post(client: Client, path: str, body: bytes, headers: dict[str, str]) -> Any:
    kind = headers.get("Content-Type", "application/json")
    return client.post(path, body, content_type=kind, headers=headers)


@pytest.fixture
def services() -> None:
    for name in ("orders-db", "checkout", "invoices"):
        Service.objects.create(name=name)
    DeployRule.objects.create(pattern="deploy-*")


@pytest.mark.parametrize("kind", KINDS)
def test_a_proved_sample_is_stored_and_worked_and_again_has_no_other_effect(
    client: Client, services: None, kind: str
) -> None:
    integration, secret = make(kind)
    answer = post(client, *request_for(kind, integration.slug, secret, sample(kind)))
    assert answer.status_code == 202, answer.content
    delivery = Delivery.objects.get()
    assert secret not in delivery.text
    assert secret not in json.dumps(delivery.headers)
    processing.process_waiting()
    delivery.refresh_from_db()
    assert delivery.state == "done", delivery.outcome
    brings = registry()[kind].brings
    found: Any = Alert.objects.get() if "alerts" in brings else Change.objects.get()
    assert found.service.name in ("orders-db", "checkout", "invoices")

    signed = request_for(kind, integration.slug, secret, sample(kind))
    assert post(client, *signed).status_code == 202
    processing.process_waiting()
    assert Alert.objects.count() + Change.objects.count() == 1
    assert not Delivery.objects.exclude(state="done").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_or_missing_secret_is_refused_and_nothing_is_stored(
    client: Client, kind: str
) -> None:
    integration, _ = make(kind)
    path, body, headers = request_for(kind, integration.slug, "x" * 32, sample(kind))
    assert post(client, path, body, headers).status_code in (401, 404)
    bare = {"Content-Type": "application/json", **EXTRA.get(kind, {})}
    path = "/v2/enqueue" if kind == "events_v2" else f"/hooks/{integration.slug}/"
    missing = sample(kind) if kind != "events_v2" else b'{"event_action": "trigger"}'
    assert post(client, path, missing, bare).status_code in (400, 401)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_two_valid_secrets_are_accepted_and_a_revoked_one_is_not(client: Client, kind: str) -> None:
    integration, old = make(kind)
    _, new = IntegrationSecret.issue(integration)
    for secret in (old, new):
        answer = post(client, *request_for(kind, integration.slug, secret, sample(kind)))
        assert answer.status_code == 202
    IntegrationSecret.objects.filter(hint=old[-4:]).update(revoked_at=timezone.now())
    answer = post(client, *request_for(kind, integration.slug, old, sample(kind)))
    assert answer.status_code in (401, 404)
    assert post(client, *request_for(kind, integration.slug, new, sample(kind))).status_code == 202


@pytest.mark.parametrize("kind", SIGNED)
def test_a_changed_body_is_refused(client: Client, kind: str) -> None:
    integration, secret = make(kind)
    path, body, headers = request_for(kind, integration.slug, secret, sample(kind))
    assert (
        post(client, path, body.replace(b"checkout", b"invoices") + b" ", headers).status_code
        == 401
    )


@pytest.mark.parametrize("kind", TIMED)
def test_an_old_or_future_time_is_refused(client: Client, kind: str) -> None:
    integration, secret = make(kind)
    for at in (time.time() - 400, time.time() + 400):
        signed = request_for(kind, integration.slug, secret, sample(kind), at)
        assert post(client, *signed).status_code == 401


def events(kind: str, body: bytes) -> Any:
    headers = {name.lower(): value for name, value in EXTRA.get(kind, {}).items()}
    plugin = registry()[kind]()
    incoming = Incoming(headers, body, timezone.now())
    try:
        plugin.sender_id(incoming)
        return plugin.read(incoming)
    except BadPayload:
        return []


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.just("\x00"), st.just([]), st.just({}), st.just([[]]), st.just(10**30),
    st.just("9999-99-99T99:99:99Z"), st.lists(st.integers(), max_size=2),
    st.just({"value": {"value": [{"value": [[[{}]]]}]}}), st.just(["a", None, {"name": 3}]),
    st.just("javascript:alert(1)"), st.just("x" * 3_000), st.just({"": "x", "a.b": "c"}),
)  # fmt: skip
DROP = object()
"""Instead of a value: the key is not sent at all."""
CHANGE = st.one_of(ODD, st.just(DROP))


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    return [path] + [found for key, value in inner for found in places(value, (*path, key))]


def put(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return {} if value is DROP else value
    copied = dict(data) if isinstance(data, dict) else list(data)
    if value is DROP and len(path) == 1:
        del copied[path[0]]
    else:
        copied[path[0]] = put(copied[path[0]], path[1:], value)
    return copied


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "email"])
@settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_mutated_sample_is_read_or_refused_with_a_reason(kind: str, data: Any) -> None:
    original = json.loads(sample(kind))
    changed = original
    for _ in range(data.draw(st.integers(1, 3))):
        changed = put(changed, data.draw(st.sampled_from(places(changed))), data.draw(CHANGE))
    for event in events(kind, json.dumps(changed).encode()):
        if isinstance(event, AlertEvent):
            assert event.fingerprint
            assert event.name
            assert len(event.fingerprint) <= 200
            assert all(
                address.startswith(("http://", "https://"))
                for address in (*([event.url] if event.url else []), *dict(event.links).values())
            )
            assert "\x00" not in f"{event.fingerprint}{event.name}{event.summary}{event.labels}"
        if isinstance(event, ChangeEvent):
            assert event.title
            assert "\x00" not in f"{event.title}{event.service}{event.external_id}"


@settings(max_examples=examples(200), deadline=None)
@given(body=st.binary(max_size=300))
def test_mail_that_is_none_is_read_or_refused(body: bytes) -> None:
    events("email", b"Subject: " + body)
    events("email", body)


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_mutated_deliveries_never_break_the_working_of_others(
    client: Client, services: None, data: Any
) -> None:
    kind = data.draw(st.sampled_from([kind for kind in KINDS if kind != "email"]))
    Integration.objects.all().delete()
    original = json.loads(sample(kind))
    body = put(original, data.draw(st.sampled_from(places(original))), data.draw(CHANGE))
    # Two integrations: a sender's own id, where the mutation left it, would make them one delivery.
    Integration.objects.all().delete()
    for name, content in (("mutated", json.dumps(body).encode()), ("intact", sample(kind))):
        if kind == "events_v2" and not content.startswith(b"{"):
            continue
        integration, secret = make(kind, name=name)
        answer = post(client, *request_for(kind, integration.slug, secret, content))
        assert answer.status_code in (202, 400), answer.content
    processing.process_waiting()
    assert integration.deliveries.get().state == "done"
    assert not Delivery.objects.filter(state="waiting").exists()


def test_a_body_that_is_too_large_or_no_json_is_refused(client: Client) -> None:
    integration, secret = make("change")
    path, _, headers = request_for("change", integration.slug, secret, b"")
    assert post(client, path, b" " * (4 * 1024**2 + 1), headers).status_code == 413
    assert post(client, path, b"{", headers).status_code == 400
    assert post(client, path, b"[" * 100_000, headers).status_code == 400
    assert not Delivery.objects.exists()


def test_an_unknown_or_switched_off_address_is_not_found(client: Client) -> None:
    integration, secret = make("change", enabled=False)
    signed = request_for("change", integration.slug, secret, sample("change"))
    assert post(client, *signed).status_code == 404
    assert client.post("/hooks/nowhere/").status_code == 404
    assert client.get("/hooks/nowhere/").status_code == 405
