"""GoAlert takes states alone: what it refuses, and what a rule may send it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone

from incidents import responders
from incidents.filing import set_status
from kb import notifications
from kb.chat.goalert import DOCUMENT, GoAlert
from kb.models import NotificationDelivery
from tests.kb.pagers.conftest import Connect, World

pytestmark = pytest.mark.django_db


def test_nothing_but_states_is_sent_even_by_a_rule_for_everything(
    world: World, connect: Connect
) -> None:
    connect("goalert")
    world.page("goalert")
    world.settle()
    assert not NotificationDelivery.objects.exists()
    assert world.pagers.requests == []


def test_a_rule_without_a_state_is_refused_with_what_it_takes(connect: Connect) -> None:
    rule = connect("goalert", "incident.filed")
    with pytest.raises(ValidationError) as refused:
        notifications.check_rule(rule)
    assert "“An incident was acknowledged”" in refused.value.message_dict["events"][0]
    rule.events = ["incident.filed", "incident.resolved"]
    notifications.check_rule(rule)


def test_without_the_tick_nothing_is_changed_there(
    world: World, connect: Connect, user: User
) -> None:
    connect("goalert", acts=False)
    incident = world.page("goalert")
    responders.acknowledge(incident, user)
    world.settle()
    assert world.state("goalert") == "triggered"
    assert "no way to post" in NotificationDelivery.objects.get().error


def test_an_operation_that_failed_with_status_200_is_tried_again(
    world: World, connect: Connect, user: User
) -> None:
    connect("goalert")
    incident = world.page("goalert")
    world.pagers.answers.append((200, {"errors": [{"message": "hush-hush"}], "data": None}))
    set_status(incident, "resolved", user)
    assert world.send() == 0
    delivery = NotificationDelivery.objects.get()
    assert "answered 200, and that it did nothing" in delivery.error
    assert "hush-hush" not in delivery.error
    assert world.send() == 1
    assert world.state("goalert") == "resolved"


def test_a_revoked_key_and_a_rate_limit_are_met_as_of_others(
    world: World, connect: Connect, user: User
) -> None:
    connect("goalert")
    incident = world.page("goalert")
    world.pagers.revoke("another-key")
    responders.acknowledge(incident, user)
    world.send()
    assert "answered 401. Its key or token was revoked" in NotificationDelivery.objects.get().error
    world.pagers.answers.append((429, None, {"Retry-After": "120"}))
    world.send()
    waits = NotificationDelivery.objects.get().not_before - timezone.now()
    assert 100 < waits.total_seconds() < 126
    assert world.state("goalert") == "triggered"


def test_it_takes_what_the_product_can_send() -> None:
    assert set(GoAlert.states) <= set(notifications.KINDS)


def test_the_guide_has_the_query_that_the_key_needs() -> None:
    guide = Path(__file__).resolve().parents[3] / "docs" / "integrations" / "goalert.md"
    assert f"```graphql\n{DOCUMENT}\n```" in guide.read_text()
