"""Pages of causes and the causes panel of an incident."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.viewer import signed_in
from incidents.models import Incident, history_of
from incidents.permissions import visible_incidents
from incidents.search.filters import by_reference
from incidents.web.shortcuts import (
    act_and_redirect,
    add_errors,
    form_page,
    get_incident,
    submitted_key,
)
from incidents.web.toasts import Undo, add_toast
from kb import privacy
from kb.causes import fixes, linking, merging
from kb.causes.history import cause_history, chain_graph
from kb.causes.queries import ORDERS, listed_causes
from kb.models import Category, Cause, CauseLink, Citation
from kb.permissions import (
    EDIT_CAUSES,
    LINK_CAUSES,
    MAKE_RECORDS_PUBLIC,
    read_open_citations,
    visible_actions,
    visible_causes,
    visible_links,
    visible_postmortems,
)
from kb.resolving import FormerLink, former_link, set_link
from kb.web.forms import CauseForm
from people import audit
from people.permissions import requires


@require_GET
def cause_list(request: HttpRequest) -> HttpResponse:
    words, category = request.GET.get("q", ""), request.GET.get("category", "")
    order = request.GET.get("order", "")
    order = order if order in ORDERS else "-times"
    found = listed_causes(request.user, words, category, order)
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    causes = Cause.objects.select_related("category").in_bulk([key for key, _ in page])
    context = {
        "page": page, "rows": [(causes[key], figures) for key, figures in page if key in causes],
        "q": words, "category": category, "categories": Category.objects.all(),
        "order": order, "orders": ORDERS,
    }  # fmt: skip
    return render(request, "kb/causes/list.html", context)


def get_cause(request: HttpRequest, pk: int) -> Cause:
    rows = visible_causes(request.user).select_related("category", "superseded_by")
    return audit.record_reading(get_object_or_404(rows, pk=pk))


@require_GET
def cause_page(request: HttpRequest, pk: int) -> HttpResponse:
    cause = get_cause(request, pk)
    context = {
        "cause": cause,
        "record": cause_history(cause, request.user),
        "actions": visible_actions(request.user)
        .filter(cause=cause)
        .select_related("owner", "cause", "issue__tracker"),
        "others": visible_causes(request.user)
        .filter(superseded_by=None)
        .exclude(pk=pk)
        .order_by("name")
        .values_list("pk", "name"),
        "history": history_of(cause)[:10],
    }
    return render(request, "kb/causes/detail.html", context)


@requires(EDIT_CAUSES)
@require_http_methods(["GET", "POST"])
def cause_form(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    cause = get_cause(request, pk) if pk else None
    form = CauseForm(request.POST or None, instance=cause)
    if request.method == "POST" and form.is_valid():
        try:
            if cause is None:
                return redirect(linking.create_cause(**form.cleaned_data))
            # The form has already changed its own copy of the record.
            cause.refresh_from_db()
            return redirect(linking.edit_cause(cause, **form.cleaned_data))
        except ValidationError as error:
            add_errors(form, error)
    return form_page(request, "kb/causes/form.html", form, cause=cause)


@requires(LINK_CAUSES)
@require_POST
def cause_fixed(request: HttpRequest, pk: int) -> HttpResponse:
    cause = get_cause(request, pk)
    day = parse_date(request.POST.get("on", "")) if request.POST.get("on") else None
    at = (
        datetime.combine(day, datetime.min.time(), timezone.get_current_timezone()) if day else None
    )
    note = request.POST.get("note", "")[:5000]
    return act_and_redirect(
        request, cause, lambda: fixes.mark_fixed(cause, signed_in(request), note, at),
        "Marked as fixed. If it comes back, the owner of its action item gets a notice.",
    )  # fmt: skip


@requires(MAKE_RECORDS_PUBLIC)
@require_POST
def cause_open(request: HttpRequest, pk: int) -> HttpResponse:
    cause = get_cause(request, pk)
    return act_and_redirect(
        request, cause, lambda: privacy.open_cause(cause, signed_in(request)), "Everybody sees it."
    )


@requires(EDIT_CAUSES)
@require_POST
def cause_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Merge this cause into another, or supersede it; both pages stay."""
    cause = get_cause(request, pk)
    into = get_object_or_404(
        visible_causes(request.user), pk=submitted_key(request.POST.get("into", ""))
    )
    if request.POST.get("how") == "supersede":
        return act_and_redirect(
            request, cause, lambda: merging.supersede_cause(cause, into) and into,
            f"“{into}” is suggested from now on.",
        )  # fmt: skip
    return act_and_redirect(request, cause, lambda: merging.merge_causes(into, cause), "Merged.")


@requires(EDIT_CAUSES)
@require_POST
def cause_split(request: HttpRequest, pk: int) -> HttpResponse:
    cause = get_cause(request, pk)
    chosen = visible_links(request.user).filter(
        cause=cause, pk__in=[submitted_key(value) for value in request.POST.getlist("link")[:1000]]
    )
    name = request.POST.get("name", "")
    keys = list(chosen.values_list("pk", flat=True))
    return act_and_redirect(
        request,
        cause,
        lambda: merging.split_cause(cause, name, keys, signed_in(request)),
        "Split off.",
    )


def _causes_panel(
    request: HttpRequest, incident: Incident, error: str = "", name: str = ""
) -> HttpResponse:
    links = list(incident.cause_links.select_related("cause", "author"))
    read_open_citations(links, request.user)
    context = {
        "incident": incident,
        "links": links,
        "linked": [link for link in links if link.state != CauseLink.State.REJECTED],
        "edges": incident.led_to.select_related("earlier", "later"),
        "chain": chain_graph(incident.led_to.all()),
        "postmortems": visible_postmortems(request.user).filter(incidents=incident),
        "roles": CauseLink.Role.choices,
        "error": error,
        "name": name,
    }
    response = render(request, "kb/causes/_of_incident.html", context)
    if request.method == "POST" and not error:
        # The suggestions and the timeline of the page show the link too.
        # After the swap, when it reaches the page even if the clicked button was removed.
        response["HX-Trigger-After-Swap"] = "causes-changed"
    return response


def _change_in_panel(
    request: HttpRequest,
    incident: Incident,
    change: Callable[[], Any],
    name: str = "",
    done: str = "",
    undo: Undo | None = None,
) -> HttpResponse:
    try:
        change()
    except ValidationError as error:
        return _causes_panel(request, incident, " ".join(error.messages), name)
    response = _causes_panel(request, incident)
    return add_toast(request, response, done, undo) if done else response


@require_GET
def incident_causes(request: HttpRequest, incident: int) -> HttpResponse:
    return _causes_panel(request, get_incident(request, incident))


@requires(LINK_CAUSES)
@require_POST
def link(request: HttpRequest, incident: int) -> HttpResponse:
    """Confirm, suspect or reject a cause with one click; `state=remove` deletes the link."""
    subject = get_incident(request, incident)
    cause = get_object_or_404(
        visible_causes(request.user), pk=submitted_key(request.POST.get("cause", ""))
    )
    state, former = request.POST.get("state", ""), former_link(subject, cause)
    undo = None if "undo" in request.POST else _undo_of(subject, cause, state, former)
    role, reason = request.POST.get("role", ""), request.POST.get("reason", "")[:2000]
    return _change_in_panel(
        request,
        subject,
        lambda: set_link(subject, cause, state, signed_in(request), role or former.role, reason),
        done=_done(request, state),
        undo=undo,
    )


DONE = {
    CauseLink.State.CONFIRMED: "Linked as cause.",
    CauseLink.State.SUSPECTED: "Linked as a suspected cause.",
    CauseLink.State.REJECTED: "Rejected as cause.",
    "remove": "No longer linked.",
}


def _done(request: HttpRequest, state: str) -> str:
    return "Undone." if "undo" in request.POST else DONE.get(state, "")


def _undo_of(incident: Incident, cause: Cause, state: str, former: FormerLink) -> Undo | None:
    """None where nothing changes, and where a removed link took citations or a chain with it."""
    existing = CauseLink.objects.filter(incident=incident, cause=cause)
    if state == former.state:
        return None
    if state == "remove":
        chained = incident.led_to.filter(Q(earlier=cause) | Q(later=cause))
        if chained.exists() or existing.filter(citations__isnull=False).exists():
            return None
    was: dict[str, str | int] = {"state": former.state, "role": former.role}
    address = reverse("kb:link", args=[incident.pk])
    return Undo(address, {"cause": cause.pk, **was, "undo": "1"}, target="#causes")


@requires(LINK_CAUSES)
@require_POST
def new_cause(request: HttpRequest, incident: int) -> HttpResponse:
    subject = get_incident(request, incident)
    name = request.POST.get("name", "")
    return _change_in_panel(
        request, subject, lambda: linking.name_cause(subject, name, author=signed_in(request)), name
    )


@requires(LINK_CAUSES)
@require_POST
def same_as(request: HttpRequest, incident: int) -> HttpResponse:
    """“Same as INC-42”: confirm the causes of that incident for this one."""
    subject = get_incident(request, incident)
    other = by_reference(visible_incidents(request.user), request.POST.get("other", ""))
    if other is None:
        return _causes_panel(request, subject, "Name the other incident, such as INC-42.")
    return _change_in_panel(
        request, subject, lambda: linking.copy_causes(subject, other, signed_in(request))
    )


@requires(LINK_CAUSES)
@require_POST
def chain(request: HttpRequest, incident: int) -> HttpResponse:
    """Record that one cause led to another in this incident, or `remove` that."""
    subject = get_incident(request, incident)
    earlier, later = (submitted_key(request.POST.get(name, "")) for name in ("earlier", "later"))
    if "remove" in request.POST:
        return _change_in_panel(
            request, subject, lambda: linking.unchain_causes(subject, earlier, later)
        )
    causes = visible_causes(request.user).in_bulk([earlier, later])
    if len(causes) < 2:
        return _causes_panel(request, subject, "Choose two different causes of this incident.")
    return _change_in_panel(
        request,
        subject,
        lambda: linking.chain_causes(subject, causes[earlier], causes[later], signed_in(request)),
    )


@requires(LINK_CAUSES)
@require_POST
def cite(request: HttpRequest, incident: int) -> HttpResponse:
    """Cite evidence for a cause link of this incident."""
    subject = get_incident(request, incident)
    if "remove" in request.POST:
        Citation.objects.filter(
            link__incident=subject, pk=submitted_key(request.POST["remove"])
        ).delete()
        return _causes_panel(request, subject)
    cause_link = subject.cause_links.filter(pk=submitted_key(request.POST.get("link", ""))).first()
    if cause_link is None:
        return _causes_panel(request, subject, "Link a cause first, then cite evidence for it.")
    title, path = request.POST.get("title", ""), request.POST.get("path", "")
    return _change_in_panel(
        request, subject, lambda: linking.cite_evidence(cause_link, title, path, signed_in(request))
    )
