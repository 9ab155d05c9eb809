"""One record of every kind that pages show, made without a server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from accounts.people.invitations import invite
from analysis.models import Evidence, EvidenceRequest, Finding, LogSign, Source
from incidents.filing import add_note, file_incident
from incidents.models import (
    Alert,
    Change,
    CustomField,
    DeployRule,
    HeartbeatRule,
    Incident,
    MaintenanceWindow,
    Notice,
    Service,
    UnknownService,
)
from incidents.tokens import create_token
from kb.causes import linking
from kb.models import ChatPerson, NotificationRule, Tracker, Workspace
from kb.postmortems import action_items, editing
from people.membership import join_team
from people.models import GroupRule, Team
from practice.models import Capacity, Practice, ReadinessReview, Slo
from practice.readiness import reviews
from tests.incidents.signed_requests import make


def fill(person: User) -> Incident:
    """The incident that everything else belongs to."""
    team = Team.objects.create(name="Orders")
    join_team(person, team)
    service = Service.objects.create(name="orders-db", tier="core", owner=team)
    other = Service.objects.create(name="checkout", tier="core", owner=team)
    other.depends_on.add(service)
    incident = file_incident(title="CPU high", services=[service], reporter=person, private=True)
    second = file_incident(title="CPU high again", services=[service], reporter=person)
    for each in (incident, second):
        add_note(each, "A note", person)
        _alert(each, service)
    Change.objects.create(service=service, title="v2")
    link = linking.name_cause(incident, "Lost index", author=person)
    linking.name_cause(incident, "Small pool", author=person)
    earlier, later = incident.causes.order_by("pk")
    linking.chain_causes(incident, earlier, later, person)
    linking.cite_evidence(link, "chart", incident.get_absolute_url(), person)
    postmortem = editing.start_postmortem([incident], person)
    action_items.add_action(postmortem, title="Add the index", owner=person)
    editing.comment_on(postmortem, "Why?", person)
    editing.request_review(postmortem, [person], person)
    _analysis(incident, service)
    _settings(person, service)
    _practice(person, service)
    return incident


def _alert(incident: Incident, service: Service) -> None:
    Alert.objects.create(
        source="test", fingerprint=f"f{incident.pk}", name="CPU", incident=incident,
        service=service, starts_at=incident.impact_started_at,
    )  # fmt: skip


def _analysis(incident: Incident, service: Service) -> None:
    source = Source.objects.create(
        name="Prometheus", kind="prometheus", settings={"url": "http://prometheus.example"}
    )
    end = incident.impact_started_at
    same: dict[str, Any] = {
        "incident": incident, "service": service, "what": "lines", "query": "up",
        "window_start": end - timedelta(hours=1), "window_end": end,
    }  # fmt: skip
    request = EvidenceRequest.objects.create(source=source, state="done", **same)
    evidence = Evidence(request=request, kind="lines", source_name="Prometheus", **same)
    evidence.freeze([{"at": end.timestamp(), "text": "a line"}])
    evidence.save()
    Finding.objects.create(
        incident=incident, evidence=evidence, service=service, kind="new_template", text="is new",
        score=1.0, term="template:x", data={"template": "x in <*>"},
    )  # fmt: skip
    LogSign.objects.create(
        source=source, service=service, kind="new", template_id="x", example="a", count=1,
        at=end, last_at=end,
    )  # fmt: skip


def _settings(person: User, service: Service) -> None:
    CustomField.objects.create(name="customer", label="Customer")
    CustomField.objects.create(name="cost", label="Cost", kind="number", belongs_to="services")
    now = timezone.now()
    integration, _ = make("alertmanager")
    make("change")
    integration.deliveries.create(sender_id="1", body=b"{}")
    UnknownService.objects.create(name="seen", where="alerts")
    DeployRule.objects.create(pattern="deploy-*")
    HeartbeatRule.objects.create(pattern="Watchdog*", interval=300)
    MaintenanceWindow.objects.create(ends_at=now + timedelta(hours=1), reason="x")
    Notice.objects.create(user=person, key="k", text="t", path="/")
    workspace = Workspace.objects.create(kind="slack", name="Slack", settings={})
    ChatPerson.objects.create(workspace=workspace, external_id="U1", user=person)
    NotificationRule.objects.create(workspace=workspace, channel="C1", events=["filed"])
    Tracker.objects.create(kind="jira", name="Board", settings={})
    create_token(person, "script", "file")
    GroupRule.objects.create(provider="corp", group="sre", role="viewer")
    invite("new@example.org", "responder", None, person)


def _practice(person: User, service: Service) -> None:
    Capacity.objects.create(service=service, what="disk", query="up")
    parent = Practice.objects.filter(parent=None).first()
    Practice.objects.create(name="Chaos days", parent=parent)
    Slo.objects.create(service=service, name="availability", target="99.9", total="up")
    reviews.start_review(service, person)
    assert ReadinessReview.objects.exists()
