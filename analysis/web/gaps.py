"""Groups of alike incidents without a cause."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from analysis.suggestions import unexplained_groups
from common.viewer import signed_in
from incidents.web.shortcuts import show_errors
from kb.causes import linking
from kb.models import CauseLink
from kb.permissions import EDIT_CAUSES
from kb.reports import knowledge_gaps as kb_gaps
from people.permissions import requires


@require_GET
def gap_page(request: HttpRequest) -> HttpResponse:
    user = request.user
    lists = {
        "services": kb_gaps.services_without_cause(user),
        "causes": kb_gaps.thin_causes(user),
        "actions": kb_gaps.overdue_actions(user),
    }
    context = {name: rows[: kb_gaps.SHOWN] for name, rows in lists.items()}
    due = kb_gaps.postmortems_due(user)
    return render(
        request,
        "analysis/gaps/list.html",
        {**context, "due": due, "groups": unexplained_groups.groups_for(user)},
    )


@requires(EDIT_CAUSES)
@require_POST
def group_cause(request: HttpRequest, pk: int) -> HttpResponse:
    """One click: a cause for a group of alike incidents, suspected until somebody confirms it."""
    group = next(
        (each for each in unexplained_groups.groups_for(request.user, 200) if each.pk == pk), None
    )
    if group is None:
        gone = _("That group no longer exists: the groups were rebuilt meanwhile.")
        messages.error(request, gone)
        return redirect("analysis:gaps")
    try:
        cause = linking.create_cause(name=request.POST.get("name", "").strip() or group.name)
    except ValidationError as error:
        show_errors(request, error)
        return redirect("analysis:gaps")
    for incident in group.incidents:
        linking.link_cause(
            incident, cause, state=CauseLink.State.SUSPECTED, author=signed_in(request),
            reason="Similar incidents without a cause",
        )  # fmt: skip
    return redirect(cause)
