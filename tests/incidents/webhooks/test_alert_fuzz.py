"""Whatever a sender puts where: an alert, a reason why not, or BadPayload, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.alert_fields import (
    fingerprint_of,
    labels,
    links_in,
    severity_in,
    tags,
    web_links,
)
from common.payload_text import paragraphs, prose
from common.payloads import BadPayload
from incidents.alerts.service_names import named_service, service_of
from incidents.webhooks.base import AlertEvent
from tests.incidents.webhooks.alert_bodies import read
from tests.incidents.webhooks.test_alert_forms import NAMES, TEXTS
from tests.incidents.webhooks.test_alert_services import SERVICES
from tests.incidents.webhooks.test_senders import ODD, places, put
from tests.sizes import examples

BODIES = [(kind, body) for kind, body, *_ in [*NAMES, *TEXTS, *SERVICES]]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=12,
)


def read_or_refused(kind: str, body: Any) -> list[Any]:
    try:
        return read(kind, body)
    except BadPayload:
        return []


def nested(body: Any, change: Any) -> Any:
    """A change of the message inside the envelope of SNS."""
    message = body.get("Message") if isinstance(body, dict) else None
    if not isinstance(message, str) or not message.startswith("{"):
        return change(body)
    return {**body, "Message": json.dumps(change(json.loads(message)))}


@settings(max_examples=examples(400), suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_each_form_with_odd_values_is_read_or_refused(data: Any) -> None:
    kind, body = data.draw(st.sampled_from(BODIES))

    def change(whole: Any) -> Any:
        for _ in range(data.draw(st.integers(1, 3))):
            whole = put(whole, data.draw(st.sampled_from(places(whole))), data.draw(ODD | JSON))
        return whole

    for event in read_or_refused(kind, nested(body, change)):
        if not isinstance(event, AlertEvent):
            continue
        written = f"{event.fingerprint}{event.name}{event.summary}{event.description}"
        assert event.fingerprint
        assert event.name
        assert len(event.fingerprint) <= 200
        assert len(event.name) <= 200
        assert "\x00" not in f"{written}{event.labels}{event.links}"
        assert all(address.startswith("http") for _, address in event.links)
        written.encode()
        named_service(event)
        service_of(event, {})


@settings(max_examples=examples(200))
@given(JSON)
def test_values_of_any_json_are_read_as_tags_labels_and_prose(value: Any) -> None:
    for text in (prose(value), paragraphs(prose(value), "x"), fingerprint_of(value)):
        assert "\x00" not in text
    for found in (tags(value), labels(value), tags(json.dumps(value))):
        assert all(name and content for name, content in found.items())
        assert len(severity_in(found)) <= 50
        assert all(" " not in address for _, address in links_in(found))


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://x/ y", "https://x/<b>", "data:text/html,x", ""]
)
def test_only_addresses_of_the_web_become_links(address: str) -> None:
    assert web_links(("link", address)) == ()
