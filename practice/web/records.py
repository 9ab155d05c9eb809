"""Pages of load tests, drills and capacities."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis.presentation.charts import draw
from common.language import in_language_of
from incidents.models import Service
from incidents.web.shortcuts import add_errors, show_form_errors
from people.permissions import requires
from practice.load_tests import registry as load_test_tools
from practice.models import Capacity, ClusterFacts, LoadTest
from practice.permissions import MANAGE, RECORD_RUNS
from practice.records import capacity, cluster_facts, code_hosts, load_tests
from practice.records.publishing import figures_of
from practice.records.release_gate import gate_of_run
from practice.web.forms import CapacityForm, DrillForm, LoadTestForm


@require_GET
def records(request: HttpRequest, pk: int) -> HttpResponse:
    service = get_object_or_404(Service, pk=pk)
    capacities = [
        (each, capacity.trend_of(each), draw([(each.times, each.values)], each.unit, each.what))
        for each in service.capacities.all()
    ]
    facts = ClusterFacts.objects.filter(service=service).first()
    context = {
        "service": service,
        "facts": facts,
        "cost": cluster_facts.monthly_cost(facts) if facts else None,
        "warnings": cluster_facts.in_words(facts) if facts else [],
        "runs": load_tests.compared_runs(service),
        "drills": service.drills.all()[:20],
        "capacities": capacities,
        "suggested": capacity.suggested_capacities(service),
        "drill_form": DrillForm(),
    }
    return render(request, "practice/records/service.html", context)


@requires(RECORD_RUNS)
@require_http_methods(["GET", "POST"])
def load_test(request: HttpRequest, pk: int) -> HttpResponse:
    service = get_object_or_404(Service, pk=pk)
    form = LoadTestForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            run, new = load_tests.import_load_test(
                service,
                data["tool"],
                data["content"],
                release=data["release"],
                scenario=data["scenario"],
                repository=data["repository"],
                commit=data["commit"],
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            with in_language_of(request):
                title = load_tests.run_title(run)
            stored_already = _("This load test is stored already.")
            messages.success(request, title if new else stored_already)
            return redirect(run.test)
    context = {"form": form, "service": service}
    status = 422 if form.errors else 200
    return render(request, "practice/records/load_test_form.html", context, status=status)


@require_GET
def load_test_page(request: HttpRequest, pk: int) -> HttpResponse:
    test = get_object_or_404(LoadTest.objects.select_related("service"), pk=pk)
    run = load_tests.compared_run(test)
    shifts = {each.name: each for each in run.moved}
    plugin = load_test_tools().get(test.tool)
    context = {
        "test": test,
        "service": test.service,
        "tool": plugin.title if plugin else test.tool,
        "gate": gate_of_run(run),
        "figures": [(each, shifts.get(name)) for name, each in figures_of(run).items()],
    }
    return render(request, "practice/records/load_test.html", context)


@requires(RECORD_RUNS)
@require_POST
def load_test_publish(request: HttpRequest, pk: int) -> HttpResponse:
    test = get_object_or_404(LoadTest, pk=pk)
    if code_hosts.publish_later(test):
        messages.success(request, _("It is published in a moment."))
    else:
        messages.error(request, _("No code host is set up for its repository."))
    return redirect(test)


@requires(RECORD_RUNS)
@require_POST
def drill(request: HttpRequest, pk: int) -> HttpResponse:
    service = get_object_or_404(Service, pk=pk)
    form = DrillForm(request.POST)
    form.instance.service = service
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
    else:
        show_form_errors(request, form)
    return redirect("practice:records", pk)


@requires(MANAGE)
@require_http_methods(["GET", "POST"])
def capacity_form(request: HttpRequest, pk: int, key: int | None = None) -> HttpResponse:
    service = get_object_or_404(Service, pk=pk)
    row = get_object_or_404(service.capacities, pk=key) if key else Capacity(service=service)
    what = request.GET.get("what", "")
    suggested = {each.what: each for each in capacity.suggested_capacities(service)}
    initial = None
    if what in suggested and not key:
        initial = {"what": what, "query": suggested[what].query}
    form = CapacityForm(request.POST or None, instance=row, initial=initial)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        capacity.measure(saved)
        if saved.problem:
            messages.error(request, saved.problem)
        return redirect(saved)
    context = {"form": form, "service": service, "row": row}
    status = 422 if form.errors else 200
    return render(request, "practice/records/capacity_form.html", context, status=status)
