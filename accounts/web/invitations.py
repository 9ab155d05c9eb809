"""Invite people, send an invitation again, and revoke it."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.people import invitations
from accounts.web.people_forms import InviteForm
from common.viewer import signed_in
from incidents.web.shortcuts import act_and_redirect, add_errors, show_errors
from people.models import Invitation
from people.permissions import MANAGE_PEOPLE, requires


@requires(MANAGE_PEOPLE)
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """The link is in the response to the invitation and in no other."""
    form, link, invitation = InviteForm(request.POST or None), "", None
    if request.method == "POST" and form.is_valid():
        try:
            invitation, link = invitations.invite(**form.cleaned_data, by=signed_in(request))
            form = InviteForm()
        except ValidationError as error:
            add_errors(form, error)
    status = 422 if request.method == "POST" and not link else 200
    context = {"form": form, "link": link, "invitation": invitation}
    return render(request, "accounts/people/invite.html", context, status=status)


@requires(MANAGE_PEOPLE)
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=pk)
    try:
        link = invitations.send_again(invitation, signed_in(request))
    except ValidationError as error:
        show_errors(request, error)
        return redirect("accounts:people")
    context = {"form": InviteForm(), "link": link, "invitation": invitation}
    return render(request, "accounts/people/invite.html", context)


@requires(MANAGE_PEOPLE)
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    invitation, by = get_object_or_404(Invitation, pk=pk), signed_in(request)
    return act_and_redirect(
        request, reverse("accounts:people"),
        lambda: invitations.revoke_invitation(invitation, by),
        format_lazy(_("The invitation of {invitation} is revoked."), invitation=invitation),
    )  # fmt: skip
