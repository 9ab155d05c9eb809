"""Every page and link of the demo shop, for people of several roles; what it offers they may do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from analysis.models import EvidenceRequest
from analysis.tasks import find_gaps, learn, pull_evidence
from demo.management.commands.demo_world import episodes_path
from demo.world.faults import Episodes
from demo.world.server import make_server
from demo.world.telemetry import World
from incidents.filing import file_incident
from incidents.intake.receiving import store
from incidents.models import Incident, Service
from incidents.tasks import work_deliveries
from kb.causes.linking import name_cause
from kb.models import (
    ActionItem,
    ChatPerson,
    HistoryConnection,
    HistoryReading,
    Postmortem,
    PublishedCopy,
    PublishTarget,
    TrackedIssue,
    Tracker,
    Workspace,
)
from kb.postmortems.editing import start_postmortem
from people.membership import give_role
from people.models import Role
from practice.models import Slo
from practice.tasks import read_capacities
from tests.crawl.crawler import crawl
from tests.incidents.signed_requests import make, sample
from tests.practice.conftest import count, fail
from tests.sizes import LONG

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(400)]
ROLES = {
    "administrator": Role.ADMINISTRATOR,
    "manager": Role.MANAGER,
    "responder": Role.RESPONDER,
    "without a role": None,
}
MOST = {"administrator": 8 if LONG else 4}
"""How many pages of each kind to open, where it is not 2: others see the same ones."""


@pytest.fixture(scope="module")
def people(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, User]]:
    """The demo shop with pulled evidence and open work, and who may see what of it."""
    with django_db_blocker.unblock(), transaction.atomic():
        users = get_user_model().objects
        found = {name: users.create_user(name) for name in ROLES}
        for name, role in ROLES.items():
            if role:
                give_role(found[name], role)
        fill(found["administrator"])
        yield found
        transaction.set_rollback(True)


def fill(author: User) -> None:
    """The demo, and one of each thing that it has not."""
    server = make_server(World(Episodes(episodes_path())), 0)
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    call_command("load_demo", world=f"http://127.0.0.1:{server.server_address[1]}", verbosity=0)
    server.RequestHandlerClass.world = World(Episodes(episodes_path()))  # type: ignore[attr-defined]
    newest = Incident.objects.order_by("-impact_started_at").first()
    for request in EvidenceRequest.objects.filter(incident=newest).order_by("pk")[:12]:
        pull_evidence(request.pk)
    for slo in Slo.objects.all():
        count(slo, timezone.now())
        fail(slo, timezone.now() - timedelta(days=1), minutes=30)
    read_capacities()
    learn()
    find_gaps()
    server.shutdown()
    database = Service.objects.get(name="orders-db")
    for private in (False, True):
        incident = file_incident(
            title="Private leak" if private else "orders-db CPU high", services=[database],
            reporter=author, private=private, severity="SEV2",
        )  # fmt: skip
        name_cause(incident, "Secret in a bucket" if private else "Lost index", author=author)
        start_postmortem([incident], author)
    for kind in ("alertmanager", "change"):
        integration, _ = make(kind)
        store(integration, {}, sample(kind))
    work_deliveries()
    workspace = Workspace.objects.create(kind="slack", name="Slack", settings={})
    ChatPerson.objects.create(workspace=workspace, external_id="U1", user=author)
    connection = HistoryConnection.objects.create(kind="jira", name="Past", settings={})
    HistoryReading.objects.create(
        connection=connection,
        purpose="import",
        state="failed",
        error="Refused.",
        pages=2,
    )
    PublishedCopy.objects.create(
        postmortem=Postmortem.objects.filter(private=False)[0], state="failed",
        target=PublishTarget.objects.create(kind="notion", name="Wiki", settings={}),
        error="The parent page was not found.",
    )  # fmt: skip
    tracker = Tracker.objects.create(kind="jira", name="Board", settings={})
    TrackedIssue.objects.create(
        action=ActionItem.objects.filter(postmortem__private=False)[0], tracker=tracker,
        state="failed", error="The project was not found.",
    )  # fmt: skip


@pytest.mark.parametrize("who", ROLES)
def test_every_link_leads_to_a_page_that_reads_well(people: dict[str, User], who: str) -> None:
    done = crawl(people[who], MOST.get(who, 2))
    assert not done.findings, "\n".join(done.findings)
    assert len(done.views) > (80 if who == "administrator" else 40)
