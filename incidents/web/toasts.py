"""Short notes of what was just done, with a button that takes it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from common.language import Text
from incidents.models import Incident
from incidents.undoing import current_version
from incidents.web.shortcuts import submitted_key, succeeds


@dataclass(frozen=True)
class Undo:
    """A form that takes an act back: where it is posted, and its fields."""

    address: str
    fields: Mapping[str, str | int]
    target: str = ""
    """the element that htmx replaces with the answer; empty for a whole page"""


def _rendered(request: HttpRequest, text: Text, undo: Undo | None) -> SafeString:
    context = {"text": text, "undo": undo}
    return render_to_string("components/toast.html", context, request)


def show_toast(request: HttpRequest, text: Text, undo: Undo | None = None) -> None:
    """Show it on the page that comes next."""
    messages.success(request, _rendered(request, text, undo), extra_tags="toast")


def add_toast(
    request: HttpRequest, response: HttpResponse, text: Text, undo: Undo | None = None
) -> HttpResponse:
    """Show it with a part of a page that htmx loads."""
    context = {"toast": _rendered(request, text, undo)}
    response.write(render_to_string("components/toast_of_part.html", context, request))
    return response


def undo_of(
    incident: Incident, before: int, address: str, fields: Mapping[str, str | int] | None = None
) -> Undo | None:
    """The way back to version `before`, and to what `fields` say of other records.

    None where there was no such version, or where nothing changed.
    """
    after, others = current_version(incident), fields or {}
    if not before or (before == after and not others):
        return None
    return Undo(address, {"before": before, "after": after, **others})


def submitted_versions(request: HttpRequest) -> tuple[int, int]:
    """The versions before and after the act that the form of a toast takes back."""
    before, after = (submitted_key(request.POST.get(name, "")) for name in ("before", "after"))
    return before, after


def act_with_undo(
    request: HttpRequest, incident: Incident, action: Callable[[], Any], done: Text
) -> HttpResponse:
    """Run `action` on the status, severity or times of an incident, and offer to take it back."""
    before = current_version(incident)
    if succeeds(request, action):
        undo = undo_of(incident, before, reverse("incidents:undo", args=[incident.pk]))
        show_toast(request, done, undo)
    return redirect(incident)
