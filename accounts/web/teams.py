"""Pages of teams. Everybody reads them; administrators edit them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.people import teams
from accounts.web.people_forms import TeamForm
from common.viewer import signed_in
from incidents.web.shortcuts import act_and_redirect, add_errors, submitted_key
from people.models import Membership, Team
from people.permissions import MANAGE_PEOPLE, may, requires


@require_GET
def team_list(request: HttpRequest) -> HttpResponse:
    rows = Team.objects.annotate(
        member_count=Count("memberships", distinct=True),
        service_count=Count("services", distinct=True),
    )
    context = {"rows": rows, "manages": may(request.user, MANAGE_PEOPLE)}
    return render(request, "accounts/teams/list.html", context)


@require_GET
def team_page(request: HttpRequest, pk: int) -> HttpResponse:
    team, manages = get_object_or_404(Team, pk=pk), may(request.user, MANAGE_PEOPLE)
    people = User.objects.filter(is_active=True).exclude(team_memberships__team=team)
    context = {
        "team": team,
        "manages": manages,
        "memberships": team.memberships.select_related("user").order_by("user__username"),
        "services": team.services.all(),
        "grants": team.role_grants.select_related("user").order_by("user__username"),
        "others": people.order_by("username")[:2000] if manages else [],
    }
    return render(request, "accounts/teams/detail.html", context)


@requires(MANAGE_PEOPLE)
@require_http_methods(["GET", "POST"])
def team_form(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    team = get_object_or_404(Team, pk=pk) if pk else None
    form = TeamForm(request.POST or None, instance=team)
    if request.method == "POST" and form.is_valid():
        # The form has changed its own instance: the rule compares with what is stored.
        stored = Team.objects.get(pk=pk) if pk is not None else Team()
        try:
            saved = teams.save_team(stored, signed_in(request), **form.cleaned_data)
            return redirect("accounts:team", saved.pk)
        except ValidationError as error:
            add_errors(form, error)
    # Its title is the stored name, not what was typed.
    context = {"form": form, "team": Team.objects.filter(pk=pk or 0).first()}
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/teams/form.html", context, status=status)


@requires(MANAGE_PEOPLE)
@require_http_methods(["GET", "POST"])
def team_delete(request: HttpRequest, pk: int) -> HttpResponse:
    team = get_object_or_404(Team, pk=pk)
    if request.method == "POST":
        teams.delete_team(team, signed_in(request))
        messages.success(request, format_lazy(_("The team {team} is deleted."), team=team.name))
        return redirect("accounts:teams")
    context = {"team": team, "ends": teams.what_deletion_ends(team)}
    return render(request, "accounts/teams/delete.html", context)


def _back(request: HttpRequest, team: Team, person: User) -> str:
    """The page that the button was on: of the team, or of the person."""
    if request.POST.get("from") == "person":
        return reverse("accounts:person", args=[person.pk])
    return reverse("accounts:team", args=[team.pk])


@requires(MANAGE_PEOPLE)
@require_POST
def member_new(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` is 0 where the form chooses the team."""
    team = get_object_or_404(Team, pk=pk or submitted_key(request.POST.get("team", "")))
    person = get_object_or_404(User, pk=submitted_key(request.POST.get("person", "")))
    by = signed_in(request)
    return act_and_redirect(
        request, _back(request, team, person), lambda: teams.add_member(team, person, by),
        format_lazy(_("{person} is a member of {team}."), person=person, team=team),
    )  # fmt: skip


@requires(MANAGE_PEOPLE)
@require_POST
def member_end(request: HttpRequest, pk: int, person: int) -> HttpResponse:
    rows = Membership.objects.select_related("team", "user")
    row, by = get_object_or_404(rows, team=pk, user=person), signed_in(request)
    return act_and_redirect(
        request, _back(request, row.team, row.user), lambda: teams.remove_member(row, by),
        format_lazy(
            _("{person} is no longer a member of {team}."), person=row.user, team=row.team
        ),
    )  # fmt: skip
