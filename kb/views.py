"""Pages of causes and postmortems, and the causes panel of an incident."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from incidents.models import Incident, history_of
from incidents.views import add_errors, get_incident
from kb import linking
from kb.forms import CauseForm, PostmortemForm
from kb.models import Cause, CauseLink
from kb.permissions import visible_causes, visible_links, visible_postmortems
from kb.services import causes_with_counts, save_postmortem


@require_GET
def cause_list(request: HttpRequest) -> HttpResponse:
    words, category = request.GET.get("q", ""), request.GET.get("category", "")
    causes = causes_with_counts(request.user, words, category).order_by("-times", "name")
    page = Paginator(causes, 50).get_page(request.GET.get("page"))
    context = {"page": page, "q": words, "category": category, "categories": Cause.Category.choices}
    return render(request, "kb/causes.html", context)


@require_GET
def cause_page(request: HttpRequest, pk: int) -> HttpResponse:
    cause = get_object_or_404(visible_causes(request.user), pk=pk)
    links = visible_links(request.user).filter(cause=cause).select_related("incident", "author")
    links = links.prefetch_related("incident__services").order_by("-incident__impact_started_at")
    context = {"cause": cause, "links": links, "history": history_of(cause)[:10]}
    return render(request, "kb/cause.html", context)


@require_http_methods(["GET", "POST"])
def cause_form(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    cause = get_object_or_404(visible_causes(request.user), pk=pk) if pk else None
    form = CauseForm(request.POST or None, instance=cause)
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    return _form_page(request, "kb/cause_form.html", form, cause=cause)


def _form_page(request: HttpRequest, template: str, form: Any, **context: Any) -> HttpResponse:
    status = 422 if form.errors and request.method == "POST" else 200
    return render(request, template, {"form": form, **context}, status=status)


@require_GET
def postmortem_list(request: HttpRequest) -> HttpResponse:
    postmortems = visible_postmortems(request.user).prefetch_related("incidents")
    page = Paginator(postmortems, 50).get_page(request.GET.get("page"))
    return render(request, "kb/postmortems.html", {"page": page})


@require_GET
def postmortem_page(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem = get_object_or_404(visible_postmortems(request.user), pk=pk)
    context = {"postmortem": postmortem, "incidents": postmortem.incidents.all()}
    return render(request, "kb/postmortem.html", context)


@require_http_methods(["GET", "POST"])
def postmortem_form(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    postmortem = get_object_or_404(visible_postmortems(request.user), pk=pk) if pk else None
    initial = {"references": request.GET.get("incident", "")} if not postmortem else {}
    form = PostmortemForm(
        request.POST or None, instance=postmortem, initial=initial, user=request.user
    )
    if request.method == "POST" and form.is_valid():
        try:
            references = form.cleaned_data["references"]
            return redirect(save_postmortem(form.save(commit=False), references, request.user))
        except ValidationError as error:
            add_errors(form, error)
    return _form_page(request, "kb/postmortem_form.html", form, postmortem=postmortem)


def _causes_panel(
    request: HttpRequest, incident: Incident, error: str = "", name: str = ""
) -> HttpResponse:
    context = {
        "incident": incident,
        "links": incident.cause_links.select_related("cause", "author"),
        "postmortems": visible_postmortems(request.user).filter(incidents=incident),
        "states": CauseLink.State.choices,
        "error": error,
        "name": name,
    }
    response = render(request, "kb/_incident_causes.html", context)
    if request.method == "POST" and not error:
        # The suggestions and the timeline of the page show the link too.
        response["HX-Trigger"] = "causes-changed"
    return response


@require_GET
def incident_causes(request: HttpRequest, incident: int) -> HttpResponse:
    return _causes_panel(request, get_incident(request, incident))


@require_POST
def link(request: HttpRequest, incident: int) -> HttpResponse:
    """Confirm, suspect or reject a cause by one click; `state=remove` takes the link away."""
    subject = get_incident(request, incident)
    cause = get_object_or_404(
        visible_causes(request.user), pk=_number(request.POST.get("cause", ""))
    )
    state = request.POST.get("state", "")
    try:
        if state == "remove":
            for found in CauseLink.objects.filter(incident=subject, cause=cause):
                linking.unlink_cause(found, request.user)
        else:
            linking.link_cause(
                subject,
                cause,
                state=state,
                role=request.POST.get("role") or CauseLink.Role.ROOT,
                reason=request.POST.get("reason", "")[:2000],
                author=request.user,
            )
    except ValidationError as error:
        return _causes_panel(request, subject, " ".join(error.messages))
    return _causes_panel(request, subject)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@require_POST
def new_cause(request: HttpRequest, incident: int) -> HttpResponse:
    subject = get_incident(request, incident)
    name = request.POST.get("name", "")
    try:
        linking.name_cause(subject, name, author=request.user)
    except ValidationError as error:
        return _causes_panel(request, subject, " ".join(error.messages), name)
    return _causes_panel(request, subject)
