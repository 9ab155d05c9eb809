"""What views of all packages share: act and redirect, messages, errors on forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from incidents.models import Incident
from incidents.permissions import visible_incidents


def get_incident(request: HttpRequest, pk: str | int) -> Incident:
    """The incident if the user may see it; otherwise it does not exist."""
    incident = visible_incidents(request.user).filter(pk=int(pk)).first()
    if incident is None:
        raise Http404("No such incident.")
    return incident


def add_errors(form: Any, error: ValidationError) -> None:
    """Show a business rule's refusal at the field it names."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, problems in error.error_dict.items():
        form.add_error(name if name in form.fields else None, problems)


def show_errors(request: HttpRequest, error: ValidationError) -> None:
    """Why something was refused, as messages."""
    for message in error.messages:
        messages.error(request, message)


def act_and_redirect(
    request: HttpRequest, target: Model | str, doing: Callable[[], Any], done: str = ""
) -> HttpResponse:
    """Run an act on `target`, a record or an address, and go there.

    Where it made another record of that kind, go to that one. What was done, or why it was refused,
    is told as a message.
    """
    try:
        made = doing()
    except ValidationError as error:
        show_errors(request, error)
        return redirect(target)
    if done:
        messages.success(request, done)
    went_on = isinstance(target, Model) and isinstance(made, type(target))
    return redirect(made if went_on else target)


def posted_key(text: str) -> int:
    """A key that a form sent; 0, which no record has, where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def form_page(request: HttpRequest, template: str, form: Any, **context: Any) -> HttpResponse:
    status = 422 if form.errors and request.method == "POST" else 200
    return render(request, template, {"form": form, **context}, status=status)


def succeeds(request: HttpRequest, doing: Callable[[], Any]) -> bool:
    """Do something; what is wrong with it becomes a message. Whether it was done."""
    try:
        doing()
    except ValidationError as error:
        show_errors(request, error)
        return False
    return True


def posted_text(request: HttpRequest, name: str) -> str:
    """A field of the form, without null characters: PostgreSQL cannot keep them."""
    return request.POST.get(name, "").replace("\x00", "")
