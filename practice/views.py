"""Pages of onboarding and readiness. They parse and present; engaging.py and reviewing.py act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis.charts import draw
from incidents.models import Service
from incidents.views import act, add_errors, tell
from practice import engaging, reviewing
from practice.automatic import CHECKS
from practice.forms import ChecklistForm, StageForm
from practice.models import Answer, Checklist, Engagement, Phase, Review
from practice.permissions import MANAGE, visible_findings
from practice.standing import remembered


def told(request: HttpRequest, doing: Callable[[], Any]) -> bool:
    """Do something; what is wrong with it becomes a message. Whether it was done."""
    try:
        doing()
    except ValidationError as error:
        tell(request, error)
        return False
    return True


def posted(request: HttpRequest, name: str) -> str:
    """A field of the form, without null characters: PostgreSQL cannot keep them."""
    return request.POST.get(name, "").replace("\x00", "")


@require_GET
def board(request: HttpRequest) -> HttpResponse:
    columns = engaging.board(request.user)
    named = [("", "Not begun"), *Phase.choices, ("done", "Done")]
    context = {
        "columns": [(key, name, columns[key]) for key, name in named],
        "suggested": engaging.suggested(columns),
        "days": engaging.PERIOD.days,
    }
    return render(request, "practice/onboarding/board.html", context)


@require_GET
def panel(request: HttpRequest, pk: int) -> HttpResponse:
    """Part of a service's page: readiness, objectives, phases."""
    service = get_object_or_404(Service, pk=pk)
    last, holds = reviewing.standing_of(service)
    context = {
        "service": service,
        "last": last,
        "holds": holds,
        "open": service.reviews.filter(closed_at=None).first(),
        "standings": [remembered(slo, timezone.now()) for slo in service.slos.filter(enabled=True)],
        "findings": visible_findings(request.user).filter(service=service, closed_at=None).count(),
    }
    return render(request, "practice/_service_panel.html", context)


@require_http_methods(["GET", "POST"])
def phases(request: HttpRequest, pk: int) -> HttpResponse:
    """The phases of one service, each with state, owner and evidence."""
    service = get_object_or_404(Service, pk=pk)
    if request.method == "POST":
        owner = get_user_model().objects.filter(username=posted(request, "owner"), is_active=True)
        return act(
            request,
            reverse("practice:phases", args=[pk]),
            lambda: engaging.set_phase(
                service, posted(request, "phase"), posted(request, "state"), owner.first(),
                posted(request, "evidence"),
            ),
            "Kept.",
        )  # fmt: skip
    found = {each.phase: each for each in service.engagements.select_related("owner")}
    rows = [
        (phase, name, found.get(phase) or Engagement(service=service, phase=phase))
        for phase, name in Phase.choices
    ]
    people = get_user_model().objects.filter(is_active=True).order_by("username")
    context = {
        "service": service, "rows": rows, "states": Engagement.State.choices, "people": people,
    }  # fmt: skip
    return render(request, "practice/onboarding/phases.html", context)


@require_http_methods(["GET", "POST"])
def readiness(request: HttpRequest, pk: int) -> HttpResponse:
    """Readiness of a service: its reviews, open findings, and the gates of its life."""
    service = get_object_or_404(Service, pk=pk)
    if request.method == "POST":
        started: list[Review] = []
        if told(request, lambda: started.append(reviewing.start_review(service, request.user))):
            return redirect(started[0])
        return redirect("practice:readiness", pk)
    closed = list(service.reviews.exclude(closed_at=None).select_related("checklist", "author"))
    last, holds = reviewing.standing_of(service)
    stages = [
        (stage, name, reviewing.missing_for(service, stage))
        for stage, name in Service.Lifecycle.choices
        if stage in reviewing.GATES and stage != service.lifecycle
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


def _scores(closed: Sequence[Review]) -> SafeString | None:
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
    if told(request, lambda: reviewing.enter(service, wanted, reason)):
        messages.success(request, f"{service} is now in {service.get_lifecycle_display()}.")
    return redirect("practice:readiness", pk)


@require_POST
def finding_close(request: HttpRequest, pk: int) -> HttpResponse:
    finding = get_object_or_404(visible_findings(request.user), pk=pk)
    return act(
        request,
        reverse("practice:readiness", args=[finding.service_id]),
        lambda: reviewing.close_finding(finding, posted(request, "note"), request.user),
    )


@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Review.objects.select_related("service", "checklist"), pk=pk)
    if request.method == "POST":
        asked = request.POST.get("act", "")
        if asked == "close" and told(request, lambda: reviewing.close(found)):
            messages.success(request, f"Closed with {found.score or 0:.0%}.")
        elif asked == "look":
            told(request, lambda: reviewing.look(found))
        return redirect(found)
    answers = {answer.item_id: answer for answer in found.answers.select_related("author")}
    items = [(item, answers.get(item.pk)) for item in found.checklist.items.all()]
    sections = [
        (section, list(rows)) for section, rows in groupby(items, key=lambda row: row[0].section)
    ]
    context = {
        "review": found,
        "sections": sections,
        "score": found.score if found.closed_at else reviewing.score(found),
        "unanswered": len(items) - len(answers),
        "verdicts": Answer.Verdict.choices,
    }
    return render(request, "practice/readiness/review.html", context)


@require_POST
def answer(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    found = get_object_or_404(Review, pk=pk)
    row = get_object_or_404(found.checklist.items, pk=item)
    fields = {name: posted(request, name) for name in ("verdict", "note", "evidence")}
    place = f"{found.get_absolute_url()}#item-{row.pk}"
    return act(request, place, lambda: reviewing.answer(found, row, request.user, **fields))


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
    initial = {"items": reviewing.lines_of(newest)}
    if newest:
        initial["valid_days"] = str(newest.valid_days)
    form = ChecklistForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            rows = reviewing.read_lines(data["items"])
            made = reviewing.new_version(tier, rows, data["valid_days"], request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"Version {made.version} holds for reviews from now on.")
            return redirect("practice:checklists")
    status = 422 if form.errors else 200
    checks = [(key, what) for key, (what, _) in CHECKS.items()]
    context = {"form": form, "tier": tier, "newest": newest, "checks": checks}
    return render(request, "practice/readiness/checklist_form.html", context, status=status)
