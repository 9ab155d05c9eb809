"""Pages of people: the list, and one person's roles, teams, tokens and sessions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.people import erasing, exporting, listing, roles, states
from accounts.people.invitations import waiting_invitations
from accounts.people.tokens import all_tokens, created_for_others
from accounts.sign_in import sessions
from accounts.web.people_forms import RoleForm, ServiceTokenForm
from common.language import in_english
from common.viewer import signed_in
from incidents.web.shortcuts import act_and_redirect, show_form_errors, submitted_key
from people.membership import is_service_account
from people.models import Role, RoleGrant, Team
from people.permissions import ERASE_PEOPLE, MANAGE_PEOPLE, MANAGE_TOKENS, may, requires


@requires(MANAGE_PEOPLE)
@require_GET
def people_list(request: HttpRequest) -> HttpResponse:
    words, role, state = (request.GET.get(name, "") for name in ("q", "role", "state"))
    found = listing.in_state(listing.everybody(signed_in(request)), state)
    found = listing.with_role(listing.search(found, words), role)
    if team := submitted_key(request.GET.get("team", "")):
        found = found.filter(team_memberships__team=team)
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "second_factor": listing.with_second_factor([person.pk for person in page]),
        "filtered": bool(words or role or state or team),
        "roles": Role.choices,
        "teams": [(str(each.pk), each.name) for each in Team.objects.all()],
        "states": listing.STATES.items(),
        "invitations": waiting_invitations(),
    }
    return render(request, "accounts/people/list.html", context)


def person_at(request: HttpRequest, pk: int) -> User:
    return get_object_or_404(listing.everybody(signed_in(request)), pk=pk)


def show_person(
    request: HttpRequest, person: User, status: int = 200, **shown_once: Any
) -> HttpResponse:
    """The page of a person; `shown_once` is a link or token that was created just now."""
    by = signed_in(request)
    tokens = all_tokens(by) if may(by, MANAGE_TOKENS) else None
    context = {
        "person": person,
        "is_program": is_service_account(person),
        "is_self": person.pk == by.pk,
        "is_erased": erasing.is_erased(person),
        "second_factor": bool(listing.with_second_factor([person.pk])),
        "grants": person.role_grants.select_related("team"),
        "memberships": person.team_memberships.select_related("team"),
        "other_teams": Team.objects.exclude(memberships__user=person),
        "tokens": None if tokens is None else tokens.filter(user=person)[:100],
        "known_elsewhere": created_for_others(person).count(),
        "sessions": sessions.sessions_of(person, request.session.session_key),
        "role_form": RoleForm(),
        "token_form": ServiceTokenForm(),
        **shown_once,
    }
    return render(request, "accounts/people/detail.html", context, status=status)


@requires(MANAGE_PEOPLE)
@require_GET
def person_page(request: HttpRequest, pk: int) -> HttpResponse:
    return show_person(request, person_at(request, pk))


def _page_of(person: User) -> str:
    return reverse("accounts:person", args=[person.pk])


@requires(MANAGE_PEOPLE)
@require_POST
def role_new(request: HttpRequest, pk: int) -> HttpResponse:
    person, form = person_at(request, pk), RoleForm(request.POST)
    if not form.is_valid():
        show_form_errors(request, form)
        return redirect(_page_of(person))
    role, team = form.cleaned_data["role"], form.cleaned_data["team"]
    done = (
        _("{person} has the role {role} for {team}.")
        if team
        else _("{person} has the role {role}.")
    )
    return act_and_redirect(
        request,
        _page_of(person),
        lambda: roles.assign_role(person, role, team, signed_in(request)),
        format_lazy(done, person=person, role=Role(role).label, team=team),
    )


@requires(MANAGE_PEOPLE)
@require_POST
def role_end(request: HttpRequest, pk: int, grant: int) -> HttpResponse:
    row = get_object_or_404(RoleGrant.objects.select_related("user", "team"), pk=grant, user=pk)
    done = format_lazy(
        _("{person} no longer has the role {role}."), person=row.user, role=Role(row.role).label
    )
    by = signed_in(request)
    return act_and_redirect(request, _page_of(row.user), lambda: roles.end_role(row, by), done)


@requires(MANAGE_PEOPLE)
@require_POST
def change_state(request: HttpRequest, pk: int) -> HttpResponse:
    """Deactivate or reactivate."""
    person, by = person_at(request, pk), signed_in(request)
    if request.POST.get("state") == "active":
        return act_and_redirect(
            request, _page_of(person), lambda: states.reactivate(person, by),
            format_lazy(
                _("{person} may sign in again. Sessions and tokens of before stay ended."),
                person=person,
            ),
        )  # fmt: skip
    return act_and_redirect(
        request, _page_of(person), lambda: states.deactivate(person, by),
        format_lazy(
            _("{person} is deactivated: sessions and tokens have ended."), person=person
        ),
    )  # fmt: skip


@requires(MANAGE_PEOPLE)
@require_POST
def sessions_end(request: HttpRequest, pk: int) -> HttpResponse:
    person, by = person_at(request, pk), signed_in(request)
    return act_and_redirect(
        request, _page_of(person), lambda: states.end_sessions(person, by),
        format_lazy(_("{person} is signed out everywhere."), person=person),
    )  # fmt: skip


@requires(ERASE_PEOPLE)
@require_POST
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """For ever, so the name is typed once more."""
    person, by = person_at(request, pk), signed_in(request)
    if request.POST.get("username", "").strip() != person.get_username():
        problem = _("Type the username, {person}, to erase this person.")
        messages.error(request, format_lazy(problem, person=person))
        return redirect(_page_of(person))
    return act_and_redirect(
        request, _page_of(person), lambda: erasing.erase(person, by),
        format_lazy(
            _("The data of {person} is erased. What they wrote stays, by a former member."),
            person=person.get_username(),
        ),
    )  # fmt: skip


@requires(ERASE_PEOPLE)
@require_GET
@in_english()
def export(request: HttpRequest, pk: int) -> HttpResponse:
    person = person_at(request, pk)
    response = JsonResponse(
        exporting.export(person, signed_in(request)), json_dumps_params={"indent": 2}
    )
    response["Content-Disposition"] = f'attachment; filename="person-{person.pk}.json"'
    return response
