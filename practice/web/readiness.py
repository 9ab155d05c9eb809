"""Pages of readiness reviews, findings and checklists."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis.presentation.charts import draw
from common.viewer import signed_in
from incidents.models import Service
from incidents.permissions import EDIT_SERVICES
from incidents.web.shortcuts import act_and_redirect, add_errors, submitted_text, succeeds
from people.permissions import require, requires
from practice.models import TIERS, Checklist, ReadinessAnswer, ReadinessReview
from practice.permissions import MANAGE, REVIEW_READINESS, visible_findings
from practice.readiness import reviews
from practice.readiness.automatic_checks import CHECKS
from practice.web.forms import ChecklistForm, StageForm


@requires(REVIEW_READINESS, "POST")
@require_http_methods(["GET", "POST"])
def readiness(request: HttpRequest, pk: int) -> HttpResponse:
    """Readiness of a service: its reviews, findings, and the gates of its lifecycle."""
    service = get_object_or_404(Service, pk=pk)
    if request.method == "POST":
        require(request.user, REVIEW_READINESS, service)
        started: list[ReadinessReview] = []
        if succeeds(
            request, lambda: started.append(reviews.start_review(service, signed_in(request)))
        ):
            return redirect(started[0])
        return redirect("practice:readiness", pk)
    closed = list(service.reviews.exclude(closed_at=None).select_related("checklist", "author"))
    last, valid = reviews.last_review(service)
    stages = [
        (stage, name, reviews.missing_for(service, stage))
        for stage, name in Service.Lifecycle.choices
        if stage in reviews.REQUIRED_CHECKS and stage != service.lifecycle
    ]
    context = {
        "service": service,
        "open": service.reviews.filter(closed_at=None).first(),
        "closed": closed,
        "scores": _scores(closed),
        "last": last,
        "holds": valid,
        "findings": visible_findings(request.user)
        .filter(service=service)
        .select_related("incident", "closed_by")
        .order_by("closed_at", "-pk")[:40],
        "stages": stages,
        "form": StageForm(initial={"stage": service.lifecycle}),
    }
    return render(request, "practice/readiness/service.html", context)


def _scores(closed: Sequence[ReadinessReview]) -> SafeString | None:
    """The scores over time, once there are two."""
    points = [(r.closed_at.timestamp(), 100 * (r.score or 0.0)) for r in closed if r.closed_at]
    if len(points) < 2:
        return None
    times, values = zip(*sorted(points), strict=True)
    return draw([(times, values)], "%", gettext("Score of the reviews"))


@requires(EDIT_SERVICES)
@require_POST
def stage(request: HttpRequest, pk: int) -> HttpResponse:
    service = get_object_or_404(Service, pk=pk)
    require(request.user, EDIT_SERVICES, service)
    wanted, reason = submitted_text(request, "stage"), submitted_text(request, "reason")
    if succeeds(request, lambda: reviews.enter_stage(service, wanted, reason)):
        entered = Service.Lifecycle(service.lifecycle).label
        done = format_lazy(_("{service} is now in {stage}."), service=service, stage=entered)
        messages.success(request, done)
    return redirect("practice:readiness", pk)


@requires(REVIEW_READINESS)
@require_POST
def finding_close(request: HttpRequest, pk: int) -> HttpResponse:
    finding = get_object_or_404(visible_findings(request.user).select_related("service"), pk=pk)
    require(request.user, REVIEW_READINESS, finding.service)
    return act_and_redirect(
        request,
        reverse("practice:readiness", args=[finding.service_id]),
        lambda: reviews.close_finding(finding, submitted_text(request, "note"), signed_in(request)),
    )


@requires(REVIEW_READINESS, "POST")
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    current = get_object_or_404(
        ReadinessReview.objects.select_related("service", "checklist"), pk=pk
    )
    if request.method == "POST":
        require(request.user, REVIEW_READINESS, current.service)
        action = request.POST.get("act", "")
        if action == "close" and succeeds(request, lambda: reviews.close_review(current)):
            score = f"{current.score or 0:.0%}"
            messages.success(request, format_lazy(_("Closed with {score}."), score=score))
        elif action == "refresh":
            succeeds(request, lambda: reviews.refresh_answers(current))
        return redirect(current)
    answers = {answer.item_id: answer for answer in current.answers.select_related("author")}
    items = [(item, answers.get(item.pk)) for item in current.checklist.items.all()]
    sections = [
        (section, list(rows)) for section, rows in groupby(items, key=lambda row: row[0].section)
    ]
    context = {
        "review": current,
        "sections": sections,
        "score": current.score if current.closed_at else reviews.score(current),
        "unanswered": len(items) - len(answers),
        "verdicts": ReadinessAnswer.Verdict.choices,
    }
    return render(request, "practice/readiness/review.html", context)


@requires(REVIEW_READINESS)
@require_POST
def answer(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    current = get_object_or_404(ReadinessReview.objects.select_related("service"), pk=pk)
    require(request.user, REVIEW_READINESS, current.service)
    question = get_object_or_404(current.checklist.items, pk=item)
    fields = {name: submitted_text(request, name) for name in ("verdict", "note", "evidence")}
    position = f"{current.get_absolute_url()}#item-{question.pk}"
    return act_and_redirect(
        request,
        position,
        lambda: reviews.answer_item(current, question, signed_in(request), **fields),
    )


@require_GET
def checklists(request: HttpRequest) -> HttpResponse:
    rows = []
    for tier, name in Service.Tier.choices:
        versions = list(Checklist.objects.filter(tier=tier).select_related("author"))
        rows.append((tier, name, versions[0] if versions else None, versions))
    return render(request, "practice/readiness/checklists.html", {"rows": rows})


@requires(MANAGE)
@require_http_methods(["GET", "POST"])
def checklist(request: HttpRequest, tier: str) -> HttpResponse:
    """Edit a checklist: saving makes a new version."""
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
            rows = reviews.parse_lines(data["items"])
            version = reviews.create_version(tier, rows, data["valid_days"], signed_in(request))
        except ValidationError as error:
            add_errors(form, error)
        else:
            done = _("New reviews use version {version} from now on.")
            messages.success(request, format_lazy(done, version=version.version))
            return redirect("practice:checklists")
    status = 422 if form.errors else 200
    checks = [(name, each.requirement) for name, each in CHECKS.items()]
    context = {"form": form, "tier": TIERS[tier], "newest": newest, "checks": checks}
    return render(request, "practice/readiness/checklist_form.html", context, status=status)
