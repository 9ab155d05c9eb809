"""Create service accounts and their tokens."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.people import service_accounts
from accounts.web.people import person_at, show_person
from accounts.web.people_forms import ServiceAccountForm, ServiceTokenForm
from common.viewer import signed_in
from incidents.web.shortcuts import add_errors
from people.permissions import MANAGE_PEOPLE, MANAGE_TOKENS, requires


@requires(MANAGE_PEOPLE)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = ServiceAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = service_accounts.create_service_account(
                **form.cleaned_data, by=signed_in(request)
            )
            return redirect("accounts:person", person.pk)
        except ValidationError as error:
            add_errors(form, error)
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/people/service_account.html", {"form": form}, status=status)


@requires(MANAGE_TOKENS)
@require_POST
def token_new(request: HttpRequest, pk: int) -> HttpResponse:
    """The text of the new token is in this response and in no other."""
    person, form, text = person_at(request, pk), ServiceTokenForm(request.POST), ""
    if form.is_valid():
        try:
            _, text = service_accounts.create_service_token(
                person, signed_in(request), **form.cleaned_data
            )
            return show_person(request, person, token_text=text)
        except ValidationError as error:
            add_errors(form, error)
    return show_person(request, person, token_form=form, status=422)
