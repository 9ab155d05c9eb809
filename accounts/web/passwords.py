"""Reset the password of a person, and the page where they choose another."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import PasswordResetConfirmView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from accounts.people import states
from accounts.web.people import person_at, show_person
from common.viewer import signed_in
from incidents.web.shortcuts import show_errors
from people.models import Account
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


@method_decorator(login_not_required, name="dispatch")
class ChoosePassword(PasswordResetConfirmView):
    """The page that a reset link leads to; it works once."""

    template_name = "accounts/people/choose_password.html"
    success_url = reverse_lazy("login")

    def get_user(self, uidb64: str) -> Any:
        person = super().get_user(uidb64)
        usable = person and person.is_active and not states.is_service_account(person)
        return person if usable else None

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        Account.objects.filter(user=self.user).update(must_change_password=False)
        return answer
