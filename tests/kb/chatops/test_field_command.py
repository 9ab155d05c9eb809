"""Custom fields by chat: the same act as by page and API."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from incidents.custom_fields.values import by_name, forget_listed_fields
from incidents.models import CustomField, Incident
from kb.chat.base import ChatAnswer, ChatEvent
from kb.chatops.dispatch import answer_event
from kb.models import ChatPerson, Workspace
from tests.kb.chatops.conftest import PERSON

pytestmark = pytest.mark.django_db


@pytest.fixture
def fields() -> None:
    CustomField.objects.create(name="tier", label="Customer tier", needed_to_resolve=True)
    CustomField.objects.create(name="customer", label="Customer")
    forget_listed_fields()


def ask(workspace: Workspace, words: str) -> ChatAnswer:
    event = ChatEvent("command", words, person=PERSON, channel="C1")
    return answer_event(workspace, event, can_answer_privately=True)


def test_it_is_set_by_name_or_label_shown_and_cleared(
    slack: Workspace, linked: ChatPerson, incident: Incident, fields: None
) -> None:
    what = f"field {incident.reference}"
    assert ask(slack, f"{what} tier").text == "Customer tier: not set"
    assert ask(slack, f"{what} customer tier gold plus").text.endswith(": gold plus")
    ask(slack, f"{what} CUSTOMER: acme")
    assert by_name(incident) == {"tier": "gold plus", "customer": "acme"}
    assert "not set any more" in ask(slack, f"{what} customer -").text
    assert by_name(incident) == {"tier": "gold plus"}
    assert "Customer tier: gold plus" in ask(slack, incident.reference).items[0].lines


def test_a_mistake_is_answered_with_what_to_do_instead(
    slack: Workspace, linked: ChatPerson, incident: Incident, user: User
) -> None:
    what = f"field {incident.reference}"
    assert "No fields are defined" in ask(slack, f"{what} tier gold").text
    CustomField.objects.create(name="seats", label="Seats", kind="number")
    assert ask(slack, f"{what} colour red").text == "Which field? One of seats."
    assert "not a number" in ask(slack, f"{what} seats many").text
    linked.delete()
    assert "who you are" in ask(slack, f"{what} seats 12").text
    assert by_name(incident) == {}


def test_one_that_is_needed_is_named_and_resolving_waits_for_it(
    slack: Workspace, linked: ChatPerson, incident: Incident, fields: None
) -> None:
    assert "Needed to resolve it: Customer tier" in ask(slack, incident.reference).items[0].lines
    refused = ask(slack, f"resolve {incident.reference} Restarted")
    assert "Set “Customer tier” first" in refused.text
    ask(slack, f"field {incident.reference} tier gold")
    ask(slack, f"resolve {incident.reference} Restarted")
    assert not Incident.objects.get().is_open
