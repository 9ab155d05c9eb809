"""Owner, responders and watchers on the incident page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from common.viewer import signed_in
from incidents import responders, sharing
from incidents.models import Incident
from incidents.permissions import EDIT_INCIDENTS
from incidents.web.shortcuts import get_incident, submitted_text, succeeds
from incidents.web.toasts import Undo, act_with_undo, show_toast
from people.permissions import requires

MOST_NAMES = 1000


def names_of_people() -> Any:
    """Those who can sign in, for the suggestions of a text field."""
    people = User.objects.filter(is_active=True).order_by("username")
    return people.values_list("username", flat=True)[:MOST_NAMES]


def people_context(incident: Incident, person: User) -> dict[str, Any]:
    watchers = list(incident.watchers.order_by("username"))
    return {
        "responders": incident.responders.order_by("username"),
        "watchers": watchers,
        "is_watching": person in watchers,
        "people": names_of_people(),
    }


@requires(EDIT_INCIDENTS)
@require_POST
def acknowledge(request: HttpRequest, pk: str) -> HttpResponse:
    incident, person = get_incident(request, pk), signed_in(request)
    if "withdraw" in request.POST:
        return act_with_undo(
            request,
            incident,
            lambda: responders.withdraw_acknowledgement(incident, person),
            _("Acknowledgement withdrawn."),
        )
    return act_with_undo(
        request, incident, lambda: responders.acknowledge(incident, person), _("Acknowledged.")
    )


@requires(EDIT_INCIDENTS)
@require_POST
def change_owner(request: HttpRequest, pk: str) -> HttpResponse:
    """Make the person named in the form the owner; nobody, where none is named."""
    incident, name = get_incident(request, pk), submitted_text(request, "person").strip()

    def act() -> Incident:
        owner = sharing.person_named(name) if name else None
        return responders.assign_owner(incident, owner, signed_in(request))

    return act_with_undo(
        request, incident, act, format_lazy(_("Owner: {person}."), person=name or _("nobody"))
    )


@requires(EDIT_INCIDENTS)
@require_POST
def change_responders(request: HttpRequest, pk: str) -> HttpResponse:
    """Add the person named in the form, or take them off the incident."""
    incident, name = get_incident(request, pk), submitted_text(request, "person")
    change = responders.remove_person if "remove" in request.POST else responders.add_person

    def act() -> Incident:
        person = sharing.person_named(name)
        return change(incident, person, responders.Part.RESPONDER, signed_in(request))

    return _change_with_undo(request, incident, act, {"person": name})


@require_POST
def watch(request: HttpRequest, pk: str) -> HttpResponse:
    """Whoever sees an incident may follow it: they get its notices."""
    incident, person = get_incident(request, pk), signed_in(request)
    change = responders.remove_person if "remove" in request.POST else responders.add_person
    return _change_with_undo(
        request, incident, lambda: change(incident, person, responders.Part.WATCHER, person), {}
    )


def _change_with_undo(
    request: HttpRequest, incident: Incident, act: Callable[[], Any], fields: dict[str, str]
) -> HttpResponse:
    """Add or remove somebody; the same form with the opposite takes it back."""
    removes = "remove" in request.POST
    if succeeds(request, act):
        opposite = fields if removes else {**fields, "remove": "1"}
        done = _("Removed.") if removes else _("Added.")
        show_toast(request, done, Undo(request.path, opposite))
    return redirect(incident)
