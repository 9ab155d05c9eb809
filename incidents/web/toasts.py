"""Short notes of what was just done, with a button that takes it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from incidents.models import Incident
from incidents.undoing import current_version
from incidents.web.shortcuts import show_errors


@dataclass(frozen=True)
class Undo:
    """A form that takes an act back: where it is posted, and its fields."""

    address: str
    fields: Mapping[str, str | int]
    target: str = ""
    """the element that htmx replaces with the answer; empty for a whole page"""


def _rendered(request: HttpRequest, text: str, undo: Undo | None) -> SafeString:
    context = {"text": text, "undo": undo}
    return render_to_string("components/toast.html", context, request)


def show_toast(request: HttpRequest, text: str, undo: Undo | None = None) -> None:
    """Show it on the page that comes next."""
    messages.success(request, _rendered(request, text, undo), extra_tags="toast")


def add_toast(
    request: HttpRequest, response: HttpResponse, text: str, undo: Undo | None = None
) -> HttpResponse:
    """Show it with a part of a page that htmx loads."""
    context = {"toast": _rendered(request, text, undo)}
    response.write(render_to_string("components/toast_of_part.html", context, request))
    return response


def act_with_undo(
    request: HttpRequest, incident: Incident, action: Callable[[], Any], done: str
) -> HttpResponse:
    """Run `action` on the status, severity or times of an incident, and offer to take it back."""
    before = current_version(incident)
    try:
        action()
    except ValidationError as error:
        show_errors(request, error)
        return redirect(incident)
    after = current_version(incident)
    undo = Undo(reverse("incidents:undo", args=[incident.pk]), {"before": before, "after": after})
    show_toast(request, done, undo if before and before != after else None)
    return redirect(incident)
