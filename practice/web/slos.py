"""Pages of objectives and their error budgets."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis.presentation.charts import Mark, draw
from common.language import in_english
from incidents.models import Service, TierPolicy
from incidents.web.catalogue import preview_then_import
from incidents.web.shortcuts import submitted_key
from people.permissions import requires
from practice.core import error_budget
from practice.core.prometheus_rules import rules
from practice.models import Slo
from practice.permissions import MANAGE
from practice.slos import counting
from practice.slos.attribution import AttributedStatus, attributed_status
from practice.slos.editing import save_objective
from practice.slos.importing import import_objectives
from practice.slos.okrs import progress_of
from practice.slos.status import stored_status
from practice.web.forms import SloFileForm, SloForm

BUCKETS_PER_HOUR = 12


@require_GET
def slo_list(request: HttpRequest) -> HttpResponse:
    slos = Slo.objects.select_related("service")
    now = timezone.now()
    rows = sorted((stored_status(slo, now) for slo in slos), key=lambda each: -each.budget.share)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    return render(request, "practice/slos/list.html", {"page": page})


@require_GET
def slo_page(request: HttpRequest, pk: int) -> HttpResponse:
    slo = get_object_or_404(Slo.objects.select_related("service", "source"), pk=pk)
    status = attributed_status(slo, request.user)
    context = {
        "slo": slo,
        "found": status,
        "progress": progress_of(slo, timezone.now()),
        "left_chart": _budget_left_chart(status),
        "ratio_chart": _error_ratio_chart(status),
        "rules": rules([counting.objective_of(slo)]),
    }
    return render(request, "practice/slos/detail.html", context)


def _budget_left_chart(status: AttributedStatus) -> SafeString:
    times, left = error_budget.left_over_time(
        status.counts, status.slo.ratio, status.start, status.end
    )
    began = [row for row in status.overlapping if row.impact_started_at >= status.start]
    marks = [Mark(row.impact_started_at.timestamp(), "impact", row.reference) for row in began[:60]]
    line = times[::6].tolist(), (100 * left[::6]).tolist()
    return draw([line], "%", gettext("Budget left"), marks=marks)


def _error_ratio_chart(status: AttributedStatus) -> SafeString:
    """Bad events of all, hour by hour."""
    counts = status.counts
    times, shares = [], []
    for bucket in range(0, len(counts.total), BUCKETS_PER_HOUR):
        at = counts.start + bucket * counts.step
        part = counts.between(at, at + BUCKETS_PER_HOUR * counts.step)
        bad, total = part.sums()
        if total:
            times.append(at)
            shares.append(100 * bad / total)
    return draw([(times, shares)], "%", gettext("Bad events of all, hour by hour"))


@requires(MANAGE)
@require_http_methods(["GET", "POST"])
def slo_form(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    slo = get_object_or_404(Slo, pk=pk) if pk else None
    form = SloForm(request.POST or None, instance=slo, initial=None if slo else _initial(request))
    if request.method == "POST" and form.is_valid():
        # Not the form's instance: it has the new values already, so nothing would be a change.
        saved = get_object_or_404(Slo, pk=pk) if pk else Slo()
        save_objective(saved, **form.cleaned_data)
        messages.success(request, _("Saved. New events are counted within five minutes."))
        return redirect(saved)
    status = 422 if form.errors else 200
    return render(request, "practice/slos/form.html", {"form": form, "slo": slo}, status=status)


def _initial(request: HttpRequest) -> dict[str, object]:
    """Initial values for a service: the target of its tier, errors of its HTTP requests."""
    key = submitted_key(request.GET.get("service", ""))
    service = Service.objects.filter(pk=key).first()
    if service is None:
        return {}
    policy = TierPolicy.objects.filter(tier=service.tier).first()
    selector = f'service="{service.name}"'
    return {
        "service": service.pk,
        "name": "availability",
        "target": policy.target.normalize() if policy else 99.5,
        "numerator": f'sum(rate(http_requests_total{{{selector},code=~"5.."}}[$window]))',
        "total": f"sum(rate(http_requests_total{{{selector}}}[$window]))",
    }


@requires(MANAGE)
@require_POST
def slo_count(request: HttpRequest, pk: int) -> HttpResponse:
    """Count new events now."""
    slo = get_object_or_404(Slo, pk=pk)
    written = counting.count(slo)
    if slo.problem:
        messages.error(request, slo.problem)
    else:
        done = ngettext_lazy(
            "{n} interval of five minutes counted.",
            "{n} intervals of five minutes counted.",
            written,
        )
        messages.success(request, format_lazy(done, n=written))
    return redirect(slo)


@requires(MANAGE)
@require_http_methods(["GET", "POST"])
def slo_import(request: HttpRequest) -> HttpResponse:
    return preview_then_import(
        request,
        SloFileForm,
        import_objectives,
        "practice/slos/import.html",
        "practice:slos",
        "objectives",
    )


@require_GET
@in_english()
def rule_file(request: HttpRequest) -> HttpResponse:
    """Rules of all enabled objectives, for Prometheus to load."""
    slos = Slo.objects.filter(enabled=True).select_related("service")
    text = rules(counting.objective_of(slo) for slo in slos)
    return HttpResponse(
        text,
        content_type="application/yaml",
        headers={"Content-Disposition": 'attachment; filename="causebook-slos.yml"'},
    )
