"""Invite people, and the page where they create their account."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.people import invitations
from accounts.web.people_forms import AcceptForm, InviteForm
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
        f"The invitation of {invitation} is revoked.",
    )  # fmt: skip


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest, text: str) -> HttpResponse:
    """Create one's account with the link of an invitation."""
    invitation = invitations.find_invitation(text)
    if invitation is None:
        return render(request, "accounts/people/accept.html", {"invitation": None}, status=410)
    form = AcceptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = invitations.create_invited_account(text, **form.cleaned_data)
            login(request, person, backend="people.backends.RoleBackend")
            return redirect("incidents:list")
        except ValidationError as error:
            add_errors(form, error)
    context = {"form": form, "invitation": invitation}
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/people/accept.html", context, status=status)
