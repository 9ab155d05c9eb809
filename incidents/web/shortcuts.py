"""Helpers of views in all packages: act and redirect, messages, errors on forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from common.language import Text, in_language_of
from incidents.models import Incident
from incidents.permissions import visible_incidents
from people import audit


def get_incident(request: HttpRequest, pk: str | int) -> Incident:
    """The incident if the user may see it, else 404."""
    incident = visible_incidents(request.user).filter(pk=int(pk)).first()
    if incident is None:
        raise Http404("No such incident.")
    return audit.record_reading(incident)


def add_errors(form: Any, error: ValidationError) -> None:
    """Show the errors of a business rule at their fields."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, problems in error.error_dict.items():
        form.add_error(name if name in form.fields else None, problems)


def show_errors(request: HttpRequest, error: ValidationError) -> None:
    """Show the errors of a business rule as messages."""
    for message in messages_of(request, error):
        messages.error(request, message)


def messages_of(request: HttpRequest, error: ValidationError) -> list[str]:
    """What a business rule refuses, in the language of who reads it."""
    with in_language_of(request):
        return error.messages


def show_form_errors(request: HttpRequest, form: Any) -> None:
    """Show what is wrong with a small form of another page as messages."""
    with in_language_of(request):
        for problems in form.errors.values():
            for message in problems:
                messages.error(request, message)


class _HasPage(Protocol):
    def get_absolute_url(self) -> str: ...


def act_and_redirect(
    request: HttpRequest, target: _HasPage | str, action: Callable[[], Any], done: Text = ""
) -> HttpResponse:
    """Run `action` on `target`, a record or an address, and redirect there.

    If it returns another record of that kind, redirect to that one. `done`, or the reason of a
    refusal, is shown as a message.
    """
    try:
        result = action()
    except ValidationError as error:
        show_errors(request, error)
        return redirect(target)
    if done:
        messages.success(request, done)
    is_same_kind = not isinstance(target, str) and isinstance(result, type(target))
    return redirect(result if is_same_kind else target)


def submitted_key(text: str) -> int:
    """A primary key from a form; 0, which no record has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def form_page(request: HttpRequest, template: str, form: Any, **context: Any) -> HttpResponse:
    status = 422 if form.errors and request.method == "POST" else 200
    return render(request, template, {"form": form, **context}, status=status)


def succeeds(request: HttpRequest, action: Callable[[], Any]) -> bool:
    """Run `action`; a refusal is shown as a message. Whether it succeeded."""
    try:
        action()
    except ValidationError as error:
        show_errors(request, error)
        return False
    return True


def submitted_text(request: HttpRequest, name: str) -> str:
    """A field of the form without null characters, which PostgreSQL cannot store."""
    return request.POST.get(name, "").replace("\x00", "")
