"""What becomes of each way in which change senders report: one table for each sender."""

from __future__ import annotations

from typing import Any

import pytest

from incidents.models import Change, Service
from tests.incidents.webhooks import change_inputs, rollout_inputs
from tests.incidents.webhooks.change_requests import Sender

pytestmark = pytest.mark.django_db

TABLES = {
    "github": change_inputs.GITHUB,
    "gitlab": change_inputs.GITLAB,
    "bitbucket": change_inputs.BITBUCKET,
    "jenkins": change_inputs.JENKINS,
    "events_v2": change_inputs.PAGERDUTY,
    "kubernetes": rollout_inputs.KUBERNETES,
    "flux": rollout_inputs.FLUX,
    "argocd": rollout_inputs.ARGOCD,
    "terraform": rollout_inputs.TERRAFORM,
    "flags": rollout_inputs.LAUNCHDARKLY,
    "change": rollout_inputs.OWN,
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
