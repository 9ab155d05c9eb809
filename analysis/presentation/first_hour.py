"""The first hour with an empty installation: what to do, and what of it really happened.

Nothing is ticked by hand: each step reads the database.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

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
    first = (answered or rows)[:1]
    names = {"source": first[0] if first else None}
    if answered and len(rows) > 1:
        state = _("%(source)s answered, of %(n)s sources") % {**names, "n": len(rows)}
    elif answered:
        state = _("%(source)s answered") % names
    elif rows and rows[0].trouble:
        state = _("%(source)s is set up and has not answered yet: %(trouble)s")
        state %= {**names, "trouble": rows[0].trouble}
    elif rows:
        state = _("%(source)s is set up and has not answered yet") % names
    else:
        state = _("No source yet")
    return Step(
        _("Connect a source"),
        bool(answered),
        state,
        _("Graphs, logs and events are pulled from it as soon as an incident is filed."),
        reverse("analysis:sources"),
        _("Probe it") if rows else _("Add a source"),
        act=MANAGE_SOURCES,
    )


def _sender(viewer: Viewer) -> Step:
    newest = Integration.objects.filter(enabled=True).order_by("-pk").first()
    done = Delivery.objects.filter(state=Delivery.State.DONE).order_by("-pk")
    last = done.select_related("integration").first()
    failed = Delivery.objects.filter(state=Delivery.State.FAILED).order_by("-pk").first()
    return Step(
        _("Add an alert sender"),
        last is not None,
        # Outcomes name alerts, also those of private incidents: they are for who manages senders.
        _deliveries(newest, last, failed, may(viewer, MANAGE)),
        _("Alerts open incidents by themselves; Alertmanager and Grafana send the query too."),
        newest.get_absolute_url() if newest else reverse("incidents:integrations"),
        _("Copy its address, and see what arrives") if newest else _("Add a sender"),
        act=MANAGE,
        test_path=reverse("incidents:integration-test", args=[newest.pk]) if newest else "",
    )


def _deliveries(
    newest: Integration | None, last: Delivery | None, failed: Delivery | None, may_read: bool
) -> str:
    """What came of the newest sender, in words: the last delivery, or the last that failed."""
    if last:
        values = {"sender": last.integration, "outcome": last.outcome[:120]}
        text = _("%(sender)s delivered: %(outcome)s") if may_read else _("%(sender)s delivered")
        return text % values
    if failed and may_read:
        return _("The last delivery failed: %(reason)s") % {"reason": failed.outcome[:160]}
    if failed:
        return _("The last delivery failed")
    if newest:
        return _("A sender is set up and has delivered nothing yet")
    return _("No sender yet")


def _history(viewer: Viewer) -> Step:
    imported = visible_incidents(viewer).exclude(external_id="")
    count = imported.count()
    many = ngettext("%(n)s past incident imported", "%(n)s past incidents imported", count)
    return Step(
        _("Import history"),
        count > 0,
        many % {"n": count} if count else _("Nothing imported yet"),
        _(
            "Suggestions come from past incidents: postmortems in Markdown, HTML, CSV, from Jira, "
            "PagerDuty, Opsgenie, Statuspage or GitHub."
        ),
        reverse("kb:history-import"),
        _("Import files"),
        command="manage.py import_knowledge markdown FOLDER --dry-run",
        act=IMPORT_HISTORY,
    )


def _incident(viewer: Viewer) -> Step:
    own = visible_incidents(viewer).filter(external_id="").order_by("-pk").first()
    return Step(
        _("File a test incident"),
        own is not None,
        f"{own}" if own else _("None yet, neither by hand nor by an alert"),
        _("See what its page finds: past causes, evidence, what changed. Resolve it afterwards."),
        own.get_absolute_url() if own else reverse("incidents:new") + "?title=Test",
        _("File one"),
        act=None if own else FILE_INCIDENTS,
    )


def _service() -> Step:
    count, seen = Service.objects.count(), offered_services().count()
    numbers = {"count": count, "seen": seen}
    if count and seen:
        state = _("%(count)s in the catalogue; %(seen)s more seen in alerts and sources") % numbers
    elif count:
        state = _("%(count)s in the catalogue") % numbers
    elif seen:
        state = _("The catalogue is empty; %(seen)s seen in alerts and sources") % numbers
    else:
        state = _("The catalogue is empty")
    return Step(
        _("Add the first service"),
        count > 0,
        state,
        _(
            "With services, evidence is pulled by what depends on what. An incident's page offers "
            "the service that its alert names."
        ),
        reverse("incidents:services"),
        _("Choose from what was seen") if seen else pgettext("service", "Add one"),
    )


def _people() -> Step:
    count, invited = active_people().count(), open_invitations().count()
    numbers = {"count": count, "invited": invited}
    if invited:
        state = ngettext(
            "%(count)s person has an account; %(invited)s invited",
            "%(count)s people have an account; %(invited)s invited",
            count,
        )
    else:
        state = ngettext(
            "%(count)s person has an account", "%(count)s people have an account", count
        )
    return Step(
        _("Invite people"),
        count > 1 or invited > 0,
        state % numbers,
        _(
            "Responders file incidents and confirm causes; what they confirm makes suggestions "
            "better."
        ),
        reverse("accounts:invite"),
        _("Invite somebody"),
        act=MANAGE_PEOPLE,
    )


def _chat() -> Step:
    numbers = {
        "connected": Workspace.objects.filter(enabled=True).count(),
        "linked": ChatPerson.objects.exclude(user=None).count(),
    }
    done = numbers["connected"] > 0
    state = _("%(connected)s connected, %(linked)s accounts linked") % numbers
    return Step(
        _("Connect chat"),
        done,
        state if done else _("No chat is connected yet"),
        _("Notices say the likely cause where people talk, and /kb answers there."),
        reverse("kb:workspaces"),
        pgettext("chat", "Connect one"),
        act=MANAGE_WORKSPACES,
    )
