"""Pages of what is coming: announcements, what they are met with, and decisions."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from common.viewer import signed_in
from incidents.models import Service
from incidents.web.shortcuts import add_errors, submitted_key
from people.permissions import require, requires
from practice.announcements import announcing
from practice.announcements.assessment import past_causes, questions
from practice.announcements.comparison import compare
from practice.models import Announcement
from practice.permissions import ANNOUNCE, REVIEW_READINESS
from practice.web.forms import AnnouncementForm, DecisionForm


@require_GET
def announcement_list(request: HttpRequest) -> HttpResponse:
    rows = announcing.coming()
    if request.GET.get("which") == "all":
        rows = Announcement.objects.select_related("service", "owner").order_by("-planned_on")
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    return render(request, "practice/announcements/list.html", {"page": page})


@requires(ANNOUNCE)
@require_http_methods(["GET", "POST"])
def announcement_form(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    row = get_object_or_404(Announcement, pk=pk) if pk else None
    service = Service.objects.filter(pk=submitted_key(request.GET.get("service", ""))).first()
    initial = {"service": service, "tier": service.tier} if service else None
    form = AnnouncementForm(request.POST or None, instance=row, initial=initial)
    if request.method == "POST" and form.is_valid():
        # Not the form's instance: it has the new values already.
        stored = get_object_or_404(Announcement, pk=pk) if pk else None
        try:
            saved = announcing.announce(
                signed_in(request), announcement=stored, **form.cleaned_data
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect(saved)
    context = {"form": form, "row": row}
    status = 422 if form.errors else 200
    return render(request, "practice/announcements/form.html", context, status=status)


@requires(REVIEW_READINESS, "POST")
@require_http_methods(["GET", "POST"])
def announcement(request: HttpRequest, pk: int) -> HttpResponse:
    """One announcement; a POST decides on it."""
    rows = Announcement.objects.select_related("service", "owner", "author", "decided_by")
    row = get_object_or_404(rows, pk=pk)
    initial = {"state": row.state, "decision": row.decision} if row.decided_at else None
    form = DecisionForm(request.POST or None, initial=initial)
    if request.method == "POST":
        require(request.user, REVIEW_READINESS, row)
        if form.is_valid():
            data = form.cleaned_data
            try:
                decided = announcing.decide(
                    row, signed_in(request), data["state"], data["decision"], form.promises()
                )
            except ValidationError as error:
                add_errors(form, error)
            else:
                messages.success(request, _("Decided."))
                return redirect(decided)
    past = past_causes(row, request.user)
    context = {
        "row": row,
        "past": past,
        "questions": questions(row, past),
        "lines": compare(row, request.user),
        "phases": row.phases.select_related("service", "owner").order_by("due_on", "pk"),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "practice/announcements/detail.html", context, status=status)
