"""What becomes of each way in which change senders report: one table for each sender."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.payloads import BadPayload
from incidents.models import Change, Service
from incidents.webhooks import registry
from incidents.webhooks.base import ChangeEvent, Event, Incoming
from tests.incidents.webhooks import (
    build_inputs,
    change_inputs,
    new_sender_inputs,
    rollout_inputs,
    tool_inputs,
)
from tests.incidents.webhooks.change_requests import Sender
from tests.incidents.webhooks.test_senders import ODD, places, put
from tests.sizes import examples

pytestmark = pytest.mark.django_db

TABLES = {
    "github": change_inputs.GITHUB,
    "gitlab": change_inputs.GITLAB,
    "bitbucket": build_inputs.BITBUCKET,
    "jenkins": build_inputs.JENKINS,
    "events_v2": build_inputs.PAGERDUTY,
    "kubernetes": rollout_inputs.KUBERNETES,
    "flux": rollout_inputs.FLUX,
    "argocd": tool_inputs.ARGOCD,
    "terraform": tool_inputs.TERRAFORM,
    "flags": tool_inputs.LAUNCHDARKLY,
    "change": tool_inputs.OWN,
    "circleci": new_sender_inputs.CIRCLECI,
    "azuredevops": new_sender_inputs.AZURE,
    "rundeck": new_sender_inputs.RUNDECK,
    "octopus": new_sender_inputs.OCTOPUS,
    "spinnaker": new_sender_inputs.SPINNAKER,
    "atlantis": new_sender_inputs.ATLANTIS,
    "unleash": new_sender_inputs.UNLEASH,
    "flagsmith": new_sender_inputs.FLAGSMITH,
}


def said(change: Change | None, wanted: dict[str, Any] | None) -> dict[str, Any] | None:
    """The fields that a row speaks of, as they were stored."""
    if change is None:
        return None
    named = {name: getattr(change, name) for name in wanted or {"title": ""}}
    return {name: str(value) if name == "service" else value for name, value in named.items()}


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind) for kind in TABLES])
def test_what_is_reported_is_stored_as_what_it_is(kind: str) -> None:
    Service.objects.create(name="checkout")
    sender = Sender(kind)
    found, wanted = {}, {}
    known: set[int] = set()
    for name, headers, body, expected in TABLES[kind]:
        changes = sender.deliver(body, **headers)
        new = [change for change in changes if change.pk not in known]
        known |= {change.pk for change in changes}
        assert len(new) <= 1, name
        found[name] = said(new[0] if new else None, expected)
        wanted[name] = expected
    assert found == wanted


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind) for kind in TABLES])
@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_mutated_request_is_read_or_refused_with_a_reason(kind: str, data: Any) -> None:
    _, headers, body, _ = data.draw(st.sampled_from(TABLES[kind]))
    changed: Any = body
    for _ in range(data.draw(st.integers(1, 4))):
        changed = put(changed, data.draw(st.sampled_from(places(changed))), data.draw(ODD))
    lower = {name.lower(): value for name, value in headers.items()}
    incoming = Incoming(lower, json.dumps(changed).encode(), timezone.now())
    plugin = registry()[kind]()
    events: list[Event] = []
    with suppress(BadPayload):
        plugin.sender_id(incoming)
        events = plugin.read(incoming)
    for event in events:
        if isinstance(event, ChangeEvent):
            assert event.title.strip()
            assert len(event.external_id) <= 200
            assert "\x00" not in f"{event.title}{event.service}{event.external_id}{event.rollout}"
