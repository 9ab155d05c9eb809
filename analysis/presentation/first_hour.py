"""The first hour with an empty installation: what to do, and what of it really happened.

Nothing is ticked by hand: each step reads the database.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from analysis.models import Source
from analysis.permissions import MANAGE_SOURCES
from common.viewer import Viewer
from incidents.catalogue.unknown_services import offered_services
from incidents.models import Delivery, Integration, Service
from incidents.permissions import (
    FILE_INCIDENTS,
    IMPORT_CATALOGUE,
    IMPORT_HISTORY,
    MANAGE,
    visible_incidents,
)
from kb.models import ChatPerson, Workspace
from kb.permissions import MANAGE_WORKSPACES
from people.acts import Act
from people.membership import active_people, open_invitations
from people.permissions import MANAGE_PEOPLE, may

SET_UP = (MANAGE_SOURCES, MANAGE, IMPORT_CATALOGUE)


@dataclass(frozen=True)
class Step:
    """One step: whether it happened, what there is of it so far, and what to do next."""

    title: str
    done: bool
    state: str
    """What happened so far, in words."""
    why: str
    """What it is good for."""
    path: str = ""
    action: str = ""
    command: str = ""
    act: Act | None = None
    """What its page takes; None for what everybody may."""
    test_path: str = ""
    """Where a test is sent, by a form without fields."""


def first_hour(viewer: Viewer) -> list[Step]:
    """The steps in the order in which they help most; a few queries."""
    return [
        _source(),
        _sender(viewer),
        _history(viewer),
        _incident(viewer),
        _service(),
        _people(),
        _chat(),
    ]


def may_set_up(viewer: Viewer) -> bool:
    """Whether any step is for this person."""
    return any(may(viewer, act) for act in SET_UP)


def _source() -> Step:
    rows = list(Source.objects.filter(enabled=True))
    answered = [row for row in rows if row.answered_at]
    if answered:
        state = f"{answered[0]} answered" + (f", of {len(rows)} sources" if len(rows) > 1 else "")
    elif rows:
        trouble = f": {rows[0].trouble}" if rows[0].trouble else ""
        state = f"{rows[0]} is set up and has not answered yet{trouble}"
    else:
        state = "No source yet"
    return Step(
        "Connect a source",
        bool(answered),
        state,
        "Graphs, logs and events are pulled from it as soon as an incident is filed.",
        reverse("analysis:sources"),
        "Probe it" if rows else "Add a source",
        act=MANAGE_SOURCES,
    )


def _sender(viewer: Viewer) -> Step:
    newest = Integration.objects.filter(enabled=True).order_by("-pk").first()
    done = Delivery.objects.filter(state=Delivery.State.DONE).order_by("-pk")
    last = done.select_related("integration").first()
    failed = Delivery.objects.filter(state=Delivery.State.FAILED).order_by("-pk").first()
    # Outcomes name alerts, also those of private incidents: they are for who manages senders.
    may_read = may(viewer, MANAGE)
    if last:
        state = f"{last.integration} delivered" + (f": {last.outcome[:120]}" if may_read else "")
    elif failed:
        state = "The last delivery failed" + (f": {failed.outcome[:160]}" if may_read else "")
    elif newest:
        state = "A sender is set up and has delivered nothing yet"
    else:
        state = "No sender yet"
    return Step(
        "Add an alert sender",
        last is not None,
        state,
        "Alerts open incidents by themselves; Alertmanager and Grafana send the query too.",
        newest.get_absolute_url() if newest else reverse("incidents:integrations"),
        "Copy its address, and see what arrives" if newest else "Add a sender",
        act=MANAGE,
        test_path=reverse("incidents:integration-test", args=[newest.pk]) if newest else "",
    )


def _history(viewer: Viewer) -> Step:
    imported = visible_incidents(viewer).exclude(external_id="")
    count = imported.count()
    return Step(
        "Import history",
        count > 0,
        f"{count} past incidents imported" if count else "Nothing imported yet",
        "Suggestions come from past incidents: postmortems in Markdown, HTML, CSV, from Jira, "
        "PagerDuty, Opsgenie, Statuspage or GitHub.",
        reverse("kb:history-import"),
        "Import files",
        command="manage.py import_knowledge markdown FOLDER --dry-run",
        act=IMPORT_HISTORY,
    )


def _incident(viewer: Viewer) -> Step:
    own = visible_incidents(viewer).filter(external_id="").order_by("-pk").first()
    return Step(
        "File a test incident",
        own is not None,
        f"{own}" if own else "None yet, neither by hand nor by an alert",
        "See what its page finds: past causes, evidence, what changed. Resolve it afterwards.",
        own.get_absolute_url() if own else reverse("incidents:new") + "?title=Test",
        "File one",
        act=None if own else FILE_INCIDENTS,
    )


def _service() -> Step:
    count, seen = Service.objects.count(), offered_services().count()
    state = f"{count} in the catalogue" if count else "The catalogue is empty"
    if seen:
        state += f"; {seen} {'more ' if count else ''}seen in alerts and sources"
    return Step(
        "Add the first service",
        count > 0,
        state,
        "With services, evidence is pulled by what depends on what. An incident's page offers the "
        "service that its alert names.",
        reverse("incidents:services"),
        "Choose from what was seen" if seen else "Add one",
    )


def _people() -> Step:
    count, invited = active_people().count(), open_invitations().count()
    state = f"{count} {'person has' if count == 1 else 'people have'} an account"
    if invited:
        state += f"; {invited} invited"
    return Step(
        "Invite people",
        count > 1 or invited > 0,
        state,
        "Responders file incidents and confirm causes; what they confirm makes suggestions better.",
        reverse("accounts:invite"),
        "Invite somebody",
        act=MANAGE_PEOPLE,
    )


def _chat() -> Step:
    workspaces = Workspace.objects.filter(enabled=True).count()
    linked = ChatPerson.objects.exclude(user=None).count()
    state = "No chat is connected yet"
    if workspaces:
        state = f"{workspaces} connected, {linked} accounts linked"
    return Step(
        "Connect chat",
        workspaces > 0,
        state,
        "Notices say the likely cause where people talk, and /kb answers there.",
        reverse("kb:workspaces"),
        "Connect one",
        act=MANAGE_WORKSPACES,
    )
