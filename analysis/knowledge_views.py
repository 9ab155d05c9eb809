"""Pages of what is missing, and the search over everything."""

from __future__ import annotations

import re

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis import gaps
from analysis.searching import search_everything
from incidents.query import FIELDS
from incidents.views import tell
from kb import gaps as kb_gaps
from kb import linking
from kb.models import CauseLink

MOST_PASTED = 50_000


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
        request, "analysis/gaps/list.html", {**context, "due": due, "groups": gaps.groups_for(user)}
    )


@require_POST
def group_cause(request: HttpRequest, pk: int) -> HttpResponse:
    """One click: a cause for a group of alike incidents, suspected until somebody confirms it."""
    group = next((each for each in gaps.groups_for(request.user, 200) if each.pk == pk), None)
    if group is None:
        messages.error(request, "That group is no longer there: it was made anew meanwhile.")
        return redirect("analysis:gaps")
    try:
        cause = linking.create_cause(name=request.POST.get("name", "").strip() or group.name)
    except ValidationError as error:
        tell(request, error)
        return redirect("analysis:gaps")
    for incident in group.incidents:
        linking.link_cause(
            incident, cause, state=CauseLink.State.SUSPECTED, author=request.user,
            reason="Alike incidents without a cause",
        )  # fmt: skip
    return redirect(cause)


@require_http_methods(["GET", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """GET for words; POST for pasted text that is too long for an address."""
    given = request.POST if request.method == "POST" else request.GET
    text = given.get("q", "").replace("\x00", "")[:MOST_PASTED]
    found = search_everything(text, request.user)
    for postmortem in found.postmortems:
        postmortem.headline = _marked(postmortem.headline)  # type: ignore[attr-defined]
    context = {"q": text, "found": found, "examples": [each.example for each in FIELDS.values()]}
    return render(request, "analysis/search/results.html", context)


def _marked(headline: str) -> SafeString:
    """The database's excerpt, escaped, with what matched in <mark>."""
    words = escape(headline)
    return mark_safe(re.sub("\x02(.*?)\x03", r"<mark>\1</mark>", words))  # noqa: S308
