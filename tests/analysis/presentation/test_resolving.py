"""Resolving with what fixed it, the cause and the times, all offered and sent at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from analysis.evidence.recovery import KnownTime
from analysis.presentation import resolve_offers
from incidents import filing
from incidents.custom_fields.values import by_name, forget_listed_fields
from incidents.models import CustomField, Incident, Service, TierPolicy
from kb.causes.linking import create_cause, link_cause
from kb.models import Cause, CauseLink
from people.membership import give_role
from people.models import Role
from tests.incidents.web.test_status_acts import press_undo, state_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(database: Service) -> Cause:
    """A cause that an incident of last month had, with what fixed it."""
    ago = timezone.now() - timedelta(days=30)
    past = filing.file_incident(
        title="orders-db CPU at 97 %", services=[database], status="resolved",
        resolution="Added the missing index", impact_started_at=ago,
        resolved_at=ago + timedelta(hours=1), quiet=True,
    )  # fmt: skip
    cause = create_cause(name="Query without an index")
    link_cause(past, cause, state="confirmed")
    return cause


def form_of(web: Client, incident: Incident) -> str:
    answer = web.get(f"/analysis/incidents/{incident.pk}/resolve/", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


def send(web: Client, incident: Incident, **fields: object) -> str:
    answer = web.post(f"/analysis/incidents/{incident.pk}/resolve/", {"ended": "now", **fields},
                      follow=True)  # fmt: skip
    return answer.content.decode()


def test_the_dialog_is_a_page_of_its_own_without_scripts(web: Client, incident: Incident) -> None:
    page = web.get(f"/analysis/incidents/{incident.pk}/resolve/").content.decode()
    assert "<html" in page
    assert "<html" not in form_of(web, incident)


def test_last_times_fix_and_the_likely_cause_are_offered_and_sent_with_one_post(
    known: Cause, web: Client, incident: Incident
) -> None:
    form = form_of(web, incident)
    assert "As last time" in form
    assert "Added the missing index" in form
    assert "Query without an index" in form
    before = state_of(incident)
    page = send(web, incident, as_last_time="on", cause=known.pk)
    incident.refresh_from_db()
    assert (incident.status, incident.resolution) == ("resolved", "Added the missing index")
    assert CauseLink.objects.get(incident=incident).state == "confirmed"
    press_undo(web, page)
    assert state_of(incident) == before
    assert not CauseLink.objects.filter(incident=incident).exists()


def test_own_words_are_added_to_last_times(known: Cause, web: Client, incident: Incident) -> None:
    send(web, incident, as_last_time="on", fix="and ran ANALYZE")
    incident.refresh_from_db()
    assert incident.resolution == "Added the missing index\n\nand ran ANALYZE"
    assert not CauseLink.objects.filter(incident=incident).exists()


def test_nothing_is_said_only_on_purpose(web: Client, incident: Incident) -> None:
    answer = web.post(f"/analysis/incidents/{incident.pk}/resolve/", {"ended": "now", "fix": " "})
    assert answer.status_code == 422
    assert "or resolve without saying it" in answer.content.decode()
    assert state_of(incident)["status"] == "investigating"
    send(web, incident, without_fix="1")
    assert state_of(incident)["status"] == "resolved"
    assert state_of(incident)["resolution"] == ""


def test_a_suspected_cause_is_suspected_again_after_undo(
    known: Cause, web: Client, incident: Incident
) -> None:
    link_cause(incident, known, state="suspected", role="trigger")
    page = send(web, incident, fix="Index", cause=known.pk)
    link = CauseLink.objects.get(incident=incident)
    assert (link.state, link.role) == ("confirmed", "trigger")
    press_undo(web, page)
    link.refresh_from_db()
    assert (link.state, link.role) == ("suspected", "trigger")


def test_a_confirmed_cause_is_shown_and_not_asked_for(
    known: Cause, web: Client, incident: Incident
) -> None:
    link_cause(incident, known, state="confirmed")
    form = form_of(web, incident)
    assert 'name="cause"' not in form
    assert "As last time" in form


def test_times_that_evidence_knows_are_offered_and_set(
    web: Client, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now().replace(microsecond=0)
    filing.edit_incident(incident, impact_started_at=now - timedelta(hours=1))
    start, end = now - timedelta(minutes=70), now - timedelta(minutes=9)
    monkeypatch.setattr(resolve_offers, "earlier_start", lambda _: KnownTime(start, "cpu rose"))
    monkeypatch.setattr(resolve_offers, "probable_end", lambda _: KnownTime(end, "alerts ended"))
    form = form_of(web, incident)
    assert "cpu rose" in form
    assert "when alerts ended" in form
    send(web, incident, fix="Index", ended="offered", earlier_start="on")
    incident.refresh_from_db()
    assert (incident.impact_started_at, incident.resolved_at) == (start, end)


def test_a_time_that_is_typed_wins_and_an_impossible_one_is_refused(
    web: Client, incident: Incident
) -> None:
    start = timezone.now() - timedelta(hours=3)
    filing.edit_incident(incident, impact_started_at=start)
    early = f"{start - timedelta(hours=1):%Y-%m-%dT%H:%M}"
    page = send(web, incident, fix="Index", ended_at=early)
    assert "lies before" in page
    assert state_of(incident)["status"] == "investigating"
    at = (start + timedelta(hours=1)).replace(second=0, microsecond=0)
    send(web, incident, fix="Index", ended_at=f"{at:%Y-%m-%dT%H:%M}")
    assert state_of(incident)["resolved_at"] == at


def test_the_postmortem_that_a_policy_wants_is_chosen_and_comes_next(
    web: Client, incident: Incident
) -> None:
    TierPolicy.objects.update(postmortem_for="SEV1")
    assert "due by policy" not in form_of(web, incident)
    TierPolicy.objects.filter(tier="core").update(postmortem_for="SEV3")
    form = form_of(web, incident)
    assert "due by policy" in form
    assert re.search(r'name="postmortem"[^>]*checked', form)
    page = send(web, incident, fix="Index", postmortem="on")
    assert "Start writing" in page
    assert incident.reference in page


def test_a_cause_that_is_not_offered_or_hidden_is_not_linked(
    known: Cause, web: Client, incident: Incident
) -> None:
    secret = create_cause(name="Key lost in the move", private=True)
    page = send(web, incident, fix="Index", cause=secret.pk)
    assert "Key lost" not in page
    assert not CauseLink.objects.filter(incident=incident).exists()
    assert state_of(incident)["status"] == "investigating"


def test_who_may_not_edit_gets_no_dialog(
    client: Client, incident: Incident, django_user_model: type[User]
) -> None:
    viewer = django_user_model.objects.create_user("viewer")
    give_role(viewer, Role.VIEWER)
    client.force_login(viewer)
    for path in ("resolve/", "resolve/undo/", "services/"):
        answer = client.post(f"/analysis/incidents/{incident.pk}/{path}")
        assert answer.status_code in (403, 405), path
    assert client.get(f"/analysis/incidents/{incident.pk}/resolve/").status_code == 403
    assert client.get(f"/analysis/incidents/{incident.pk}/services/").status_code == 403


def test_a_field_that_is_needed_is_part_of_the_form_and_set_with_it(
    web: Client, incident: Incident
) -> None:
    # Called like a field of the form itself.
    CustomField.objects.create(name="fix", label="Fixed by", kind="link", needed_to_resolve=True)
    forget_listed_fields()
    assert "Fixed by" in form_of(web, incident)
    assert "Enter “Fixed by”: it is needed." in send(web, incident, fix="Restarted")
    path = f"/analysis/incidents/{incident.pk}/resolve/"
    german = web.post(path, {"fix": "Restarted"}, headers={"Accept-Language": "de"})
    assert "Geben Sie „Fixed by“ an" in german.content.decode()
    wrong = send(web, incident, fix="Restarted", **{"field-fix": "nowhere"})
    assert "“nowhere” is not a link" in wrong
    assert Incident.objects.get().is_open
    send(web, incident, fix="Restarted", **{"field-fix": "https://git.example/1"})
    assert not Incident.objects.get().is_open
    assert by_name(incident) == {"fix": "https://git.example/1"}
