"""Help somebody who cannot sign in: reset their password, remove their second factors."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.people import states
from accounts.web.people import person_at, show_person
from common.viewer import signed_in
from incidents.web.shortcuts import act_and_redirect, show_errors
from people.permissions import MANAGE_PEOPLE, requires


@requires(MANAGE_PEOPLE)
@require_POST
def reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Mail the link or, without a mail server, show it once."""
    person = person_at(request, pk)
    try:
        link = states.reset_password(person, signed_in(request))
    except ValidationError as error:
        show_errors(request, error)
        return redirect("accounts:person", pk)
    return show_person(request, person, link=link, mailed=not link)


@requires(MANAGE_PEOPLE)
@require_POST
def second_factor_end(request: HttpRequest, pk: int) -> HttpResponse:
    """For who lost their phone."""
    person, by = person_at(request, pk), signed_in(request)
    return act_and_redirect(
        request, reverse("accounts:person", args=[pk]),
        lambda: states.remove_second_factors(person, by),
        format_lazy(
            _("{person} signs in without a second factor until they add one."), person=person
        ),
    )  # fmt: skip
