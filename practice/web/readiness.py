"""Pages of readiness reviews, findings and checklists."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis.presentation.charts import draw
from incidents.models import Service
from incidents.web.shortcuts import act, add_errors, posted, told
from practice.models import Checklist, ReadinessAnswer, ReadinessReview
from practice.permissions import MANAGE, visible_findings
from practice.readiness import reviews
from practice.readiness.automatic_checks import CHECKS
from practice.web.forms import ChecklistForm, StageForm


@require_http_methods(["GET", "POST"])
def readiness(request: HttpRequest, pk: int) -> HttpResponse:
    """Readiness of a service: its reviews, open findings, and the gates of its life."""
    service = get_object_or_404(Service, pk=pk)
    if request.method == "POST":
        started: list[ReadinessReview] = []
        if told(request, lambda: started.append(reviews.start_review(service, request.user))):
            return redirect(started[0])
        return redirect("practice:readiness", pk)
    closed = list(service.reviews.exclude(closed_at=None).select_related("checklist", "author"))
    last, holds = reviews.standing_of(service)
    stages = [
        (stage, name, reviews.missing_for(service, stage))
        for stage, name in Service.Lifecycle.choices
        if stage in reviews.GATES and stage != service.lifecycle
    ]
    context = {
        "service": service,
        "open": service.reviews.filter(closed_at=None).first(),
        "closed": closed,
        "scores": _scores(closed),
        "last": last,
        "holds": holds,
        "findings": visible_findings(request.user)
        .filter(service=service)
        .select_related("incident", "closed_by")
        .order_by("closed_at", "-pk")[:40],
        "stages": stages,
        "form": StageForm(initial={"stage": service.lifecycle}),
    }
    return render(request, "practice/readiness/service.html", context)


def _scores(closed: Sequence[ReadinessReview]) -> SafeString | None:
    """The score over time, once there are two."""
    points = [(r.closed_at.timestamp(), 100 * (r.score or 0.0)) for r in closed if r.closed_at]
    if len(points) < 2:
        return None
    times, values = zip(*sorted(points), strict=True)
    return draw([(times, values)], "%", "Score of the reviews")


@require_POST
def stage(request: HttpRequest, pk: int) -> HttpResponse:
    service = get_object_or_404(Service, pk=pk)
    wanted, reason = posted(request, "stage"), posted(request, "reason")
    if told(request, lambda: reviews.enter(service, wanted, reason)):
        messages.success(request, f"{service} is now in {service.get_lifecycle_display()}.")
    return redirect("practice:readiness", pk)


@require_POST
def finding_close(request: HttpRequest, pk: int) -> HttpResponse:
    finding = get_object_or_404(visible_findings(request.user), pk=pk)
    return act(
        request,
        reverse("practice:readiness", args=[finding.service_id]),
        lambda: reviews.close_finding(finding, posted(request, "note"), request.user),
    )


@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(ReadinessReview.objects.select_related("service", "checklist"), pk=pk)
    if request.method == "POST":
        asked = request.POST.get("act", "")
        if asked == "close" and told(request, lambda: reviews.close(found)):
            messages.success(request, f"Closed with {found.score or 0:.0%}.")
        elif asked == "look":
            told(request, lambda: reviews.look(found))
        return redirect(found)
    answers = {answer.item_id: answer for answer in found.answers.select_related("author")}
    items = [(item, answers.get(item.pk)) for item in found.checklist.items.all()]
    sections = [
        (section, list(rows)) for section, rows in groupby(items, key=lambda row: row[0].section)
    ]
    context = {
        "review": found,
        "sections": sections,
        "score": found.score if found.closed_at else reviews.score(found),
        "unanswered": len(items) - len(answers),
        "verdicts": ReadinessAnswer.Verdict.choices,
    }
    return render(request, "practice/readiness/review.html", context)


@require_POST
def answer(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    found = get_object_or_404(ReadinessReview, pk=pk)
    row = get_object_or_404(found.checklist.items, pk=item)
    fields = {name: posted(request, name) for name in ("verdict", "note", "evidence")}
    place = f"{found.get_absolute_url()}#item-{row.pk}"
    return act(request, place, lambda: reviews.answer(found, row, request.user, **fields))


@require_GET
def checklists(request: HttpRequest) -> HttpResponse:
    rows = []
    for tier, name in Service.Tier.choices:
        versions = list(Checklist.objects.filter(tier=tier).select_related("author"))
        rows.append((tier, name, versions[0] if versions else None, versions))
    return render(request, "practice/readiness/checklists.html", {"rows": rows})


@permission_required(MANAGE, raise_exception=True)
@require_http_methods(["GET", "POST"])
def checklist(request: HttpRequest, tier: str) -> HttpResponse:
    """Edit a checklist: what is saved is a new version."""
    if tier not in Service.Tier.values:
        return redirect("practice:checklists")
    newest = Checklist.objects.filter(tier=tier).first()
    initial = {"items": reviews.lines_of(newest)}
    if newest:
        initial["valid_days"] = str(newest.valid_days)
    form = ChecklistForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            rows = reviews.read_lines(data["items"])
            made = reviews.new_version(tier, rows, data["valid_days"], request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"Version {made.version} holds for reviews from now on.")
            return redirect("practice:checklists")
    status = 422 if form.errors else 200
    checks = [(key, what) for key, (what, _) in CHECKS.items()]
    context = {"form": form, "tier": tier, "newest": newest, "checks": checks}
    return render(request, "practice/readiness/checklist_form.html", context, status=status)
