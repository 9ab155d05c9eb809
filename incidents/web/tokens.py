"""The page of a person's API tokens."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from common.viewer import signed_in
from incidents import tokens
from incidents.models import ApiToken
from incidents.web.shortcuts import add_errors
from people.models import Team


class TokenForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("Who or what will use it."))
    scope = forms.ChoiceField(label=_("Scope"), choices=ApiToken.Scope.choices)
    team = forms.ModelChoiceField(
        Team.objects.all(), label=_("Team"), required=False, empty_label=_("All"),
        help_text=_("Only incidents of this team's services."),
    )  # fmt: skip
    days = forms.IntegerField(
        label=_("Days"), required=False, min_value=1, max_value=3650,
        help_text=_("Days until it expires; empty: never, or what the server allows at most."),
    )  # fmt: skip


def first_days() -> dict[str, int]:
    return {"days": min(365, tokens.longest_days())}


@require_http_methods(["GET", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """The text of a new token is in the response to its creation and in no other."""
    form, new_text = TokenForm(request.POST or None, initial=first_days()), ""
    if request.method == "POST" and form.is_valid():
        try:
            _, new_text = tokens.create_token(signed_in(request), **form.cleaned_data)
            form = TokenForm(initial=first_days())
        except ValidationError as error:
            add_errors(form, error)
    own = tokens.own_tokens(signed_in(request))
    status = 422 if request.method == "POST" and not new_text else 200
    context = {"form": form, "tokens": own, "made": new_text}
    return render(request, "incidents/tokens/list.html", context, status=status)


@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, user=signed_in(request), pk=pk)
    tokens.revoke_own(token)
    return redirect("incidents:tokens")
