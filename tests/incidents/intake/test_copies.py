"""A request that somebody recorded and sends again has no effect, also without a signed time."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from common.signing import REPEAT_WINDOW, Hmac
from incidents.intake import receiving
from incidents.models import Delivery
from incidents.webhooks import registry
from incidents.webhooks.base import Incoming
from tests.incidents.signed_requests import KINDS, make, request_for, sample

pytestmark = pytest.mark.django_db
SIGNED = [kind for kind in KINDS if isinstance(registry()[kind].scheme, Hmac)]


def send(kind: str, slug: str, secret: str, body: bytes, **headers: str) -> Any:
    path, content, own = request_for(kind, slug, secret, body)
    answer = Client().post(
        path, content, content_type=own.pop("Content-Type"), headers={**own, **headers}
    )
    assert answer.status_code == 202, answer.content
    return answer.json()


@pytest.mark.parametrize("kind", SIGNED)
def test_a_signed_body_counts_once_under_whatever_id_and_however_late(kind: str) -> None:
    integration, secret = make(kind, "a-secret-of-the-sender")
    plugin = registry()[kind]
    first = send(kind, integration.slug, secret, sample(kind))
    Delivery.objects.update(received_at=timezone.now() - timedelta(days=2))
    # Ids are in headers, which nobody signs: whoever replays it invents another.
    fresh = {plugin.id_header: "another-id"} if plugin.id_header else {}
    again = send(kind, integration.slug, secret, sample(kind), **fresh)
    scheme: Any = plugin.scheme
    timed = scheme.time_header and scheme.signs_time
    if not timed:
        assert Delivery.objects.count() == 1
        assert again["delivery"] == first["delivery"], "acknowledged as the one that is stored"
    other = json.loads(sample(kind))
    other["note"] = "another delivery"
    send(kind, integration.slug, secret, json.dumps(other).encode(), **fresh)
    bodies = {bytes(each.body) for each in Delivery.objects.all()}
    # Some senders have the id in the body, which is signed.
    id_in_body = plugin().sender_id(Incoming({}, sample(kind), timezone.now()))
    assert id_in_body or len(bodies) == 2, "what differs is another delivery"


def test_a_sender_without_ids_and_signature_repeats_itself_only_after_a_moment() -> None:
    integration, secret = make("alertmanager")
    body = sample("alertmanager")
    for _ in range(3):
        send("alertmanager", integration.slug, secret, body)
    assert Delivery.objects.count() == 1
    # A heartbeat: the same on purpose.
    Delivery.objects.update(received_at=timezone.now() - timedelta(seconds=REPEAT_WINDOW + 1))
    send("alertmanager", integration.slug, secret, body)
    assert Delivery.objects.count() == 2


def test_two_deliveries_with_ids_of_their_own_may_have_one_body() -> None:
    integration, secret = make("generic")
    for number in range(2):
        send("generic", integration.slug, secret, b"{}", **{"idempotency-key": f"run-{number}"})
    assert Delivery.objects.count() == 2


def test_the_same_body_at_another_integration_is_no_copy() -> None:
    for name in ("one", "two"):
        integration, secret = make("github", f"secret-of-{name}", name=name)
        send("github", integration.slug, secret, sample("github"))
    assert Delivery.objects.count() == 2


def test_where_the_time_is_signed_an_old_one_is_refused() -> None:
    schemes: dict[str, Any] = {kind: registry()[kind].scheme for kind in SIGNED}
    kind = next(each for each, its in schemes.items() if its.time_header and its.signs_time)
    integration, secret = make(kind, "a-secret-of-the-sender")
    path, body, headers = request_for(
        kind, integration.slug, secret, sample(kind), time.time() - 900
    )
    answer = Client().post(path, body, content_type=headers.pop("Content-Type"), headers=headers)
    assert answer.status_code == 401


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["alertmanager", "github"])
def test_copies_that_arrive_at_one_moment_are_stored_once(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    integration, secret = make(kind, "a-secret-of-the-sender")
    both_looked = threading.Barrier(2)
    look_for_copy = receiving._copied

    def look_and_wait(*arguments: Any) -> str:
        found = look_for_copy(*arguments)
        # Where the second has to wait for the first, it does not get here in time.
        with suppress(threading.BrokenBarrierError):
            both_looked.wait(timeout=1)
        return found

    def deliver(number: int) -> str:
        plugin = registry()[kind]
        fresh = {plugin.id_header: f"id-{number}"} if plugin.id_header else {}
        try:
            answer = send(kind, integration.slug, secret, sample(kind), **fresh)
            return str(answer["delivery"])
        finally:
            connection.close()

    monkeypatch.setattr(receiving, "_copied", look_and_wait)
    with ThreadPoolExecutor(2) as threads:
        ids = set(threads.map(deliver, range(2)))
    assert Delivery.objects.count() == 1
    assert ids == {Delivery.objects.get().sender_id}, "both are acknowledged as the one"
