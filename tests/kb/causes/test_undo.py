"""Linking a cause on an incident's page is taken back exactly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from incidents.models import Incident
from kb.causes.fixes import current_fix, mark_fixed
from kb.causes.linking import chain_causes, cite_evidence, create_cause, link_cause
from kb.models import Cause, CauseLink
from tests.incidents.web.test_status_acts import press_undo

pytestmark = pytest.mark.django_db


@pytest.fixture
def cause() -> Cause:
    return create_cause(name="Query without an index")


def post(web: Client, incident: Incident, cause: Cause, state: str) -> str:
    path = f"/knowledge/incidents/{incident.pk}/link/"
    return web.post(path, {"cause": cause.pk, "state": state}).content.decode()


def links(incident: Incident) -> list[tuple[str, str]]:
    return list(incident.cause_links.values_list("state", "role"))


@pytest.mark.parametrize("state", ["confirmed", "suspected", "rejected"])
def test_a_new_link_is_removed_again(
    web: Client, incident: Incident, cause: Cause, state: str
) -> None:
    answer = post(web, incident, cause, state)
    assert 'hx-swap-oob="innerHTML"' in answer
    assert links(incident) == [(state, "root")]
    assert "Undone." in press_undo(web, answer)
    assert links(incident) == []


@pytest.mark.parametrize("state", ["confirmed", "rejected", "remove"])
def test_a_link_is_as_it_was(web: Client, incident: Incident, cause: Cause, state: str) -> None:
    link_cause(incident, cause, state="suspected", role="trigger")
    press_undo(web, post(web, incident, cause, state))
    assert links(incident) == [("suspected", "trigger")]


def test_a_click_keeps_the_role(web: Client, incident: Incident, cause: Cause) -> None:
    link_cause(incident, cause, state="suspected", role="contributing")
    post(web, incident, cause, "confirmed")
    assert links(incident) == [("confirmed", "contributing")]


def test_a_removed_link_with_citations_or_a_chain_offers_no_undo(
    web: Client, incident: Incident, cause: Cause
) -> None:
    """They went with it: an undo would not be exact."""
    later = create_cause(name="Connection leak")
    link = link_cause(incident, cause, state="confirmed")
    cite_evidence(link, "Incident", incident.get_absolute_url())
    assert "Undo <kbd>" not in post(web, incident, cause, "remove")
    for each in (cause, later):
        link_cause(incident, each, state="confirmed")
    chain_causes(incident, cause, later)
    assert "Undo <kbd>" not in post(web, incident, later, "remove")


def test_a_fix_that_the_link_disproved_holds_again(
    web: Client, incident: Incident, cause: Cause
) -> None:
    mark_fixed(cause, at=incident.impact_started_at - timedelta(days=1))
    answer = post(web, incident, cause, "confirmed")
    assert current_fix(cause) is None
    press_undo(web, answer)
    assert current_fix(cause) is not None
    assert not CauseLink.objects.exists()


def test_a_state_that_does_not_exist_changes_nothing(
    web: Client, incident: Incident, cause: Cause
) -> None:
    answer = post(web, incident, cause, "certain")
    assert 'role="alert"' in answer
    assert "toast" not in answer
    assert links(incident) == []
