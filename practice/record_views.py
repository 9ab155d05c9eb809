"""Pages of load tests, drills and capacity; of the practice map; of the monthly review."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis.charts import draw
from incidents.models import Service
from incidents.views import add_errors, number_in
from practice import deciding, monthly, recording
from practice.forms import CapacityForm, DrillForm, LoadTestForm
from practice.models import Capacity, Practice, Subscription, Verdict
from practice.permissions import MANAGE
from practice.views import posted, told


@require_GET
def records(request: HttpRequest, pk: int) -> HttpResponse:
    service = get_object_or_404(Service, pk=pk)
    capacities = [
        (each, recording.trend_of(each), draw([(each.times, each.values)], each.unit, each.what))
        for each in service.capacities.all()
    ]
    context = {
        "service": service,
        "runs": recording.runs_of(service),
        "drills": service.drills.all()[:20],
        "capacities": capacities,
        "suggested": recording.suggested_capacities(service),
        "drill_form": DrillForm(),
    }
    return render(request, "practice/records/service.html", context)


@require_http_methods(["GET", "POST"])
def load_test(request: HttpRequest, pk: int) -> HttpResponse:
    service = get_object_or_404(Service, pk=pk)
    form = LoadTestForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            run, new = recording.take_load_test(
                service, data["tool"], data["content"], release=data["release"],
                scenario=data["scenario"],
            )  # fmt: skip
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, recording.title_of(run) if new else "It is here already.")
            return redirect("practice:records", pk)
    context = {"form": form, "service": service}
    status = 422 if form.errors else 200
    return render(request, "practice/records/load_test_form.html", context, status=status)


@require_POST
def drill(request: HttpRequest, pk: int) -> HttpResponse:
    service = get_object_or_404(Service, pk=pk)
    form = DrillForm(request.POST)
    form.instance.service = service
    if form.is_valid():
        form.save()
        messages.success(request, "Kept.")
    else:
        for errors in form.errors.values():
            messages.error(request, errors[0])
    return redirect("practice:records", pk)


@permission_required(MANAGE, raise_exception=True)
@require_http_methods(["GET", "POST"])
def capacity(request: HttpRequest, pk: int, key: int | None = None) -> HttpResponse:
    service = get_object_or_404(Service, pk=pk)
    row = get_object_or_404(service.capacities, pk=key) if key else Capacity(service=service)
    what = request.GET.get("what", "")
    offered = {each.what: each for each in recording.suggested_capacities(service)}
    initial = {"what": what, "query": offered[what].query} if what in offered and not key else None
    form = CapacityForm(request.POST or None, instance=row, initial=initial)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        recording.pull_capacity(saved)
        if saved.problem:
            messages.error(request, saved.problem)
        return redirect(saved)
    context = {"form": form, "service": service, "row": row}
    status = 422 if form.errors else 200
    return render(request, "practice/records/capacity_form.html", context, status=status)


def _team(request: HttpRequest) -> str:
    return (request.POST.get("team") or request.GET.get("team", "")).replace("\x00", "")[:100]


def _teams() -> list[str]:
    named = Service.objects.exclude(owner_team="").values_list("owner_team", flat=True)
    return sorted({*named, *Verdict.objects.exclude(team="").values_list("team", flat=True)})


@require_GET
def practice_map(request: HttpRequest) -> HttpResponse:
    team = _team(request)
    roots = deciding.the_map(team)
    every = deciding.leaves(roots)
    words = [("adopted", "adopted"), ("not-now", "not now"), ("no", "no"), ("", "not decided")]
    context = {
        "team": team,
        "teams": _teams(),
        "drawn": deciding.drawn(roots, team or "the organisation", team),
        "counts": [
            (deciding.SIGNS[word], name, sum(leaf.word == word for leaf in every))
            for word, name in words
        ],
        "due": [leaf for leaf in every if leaf.due],
        "roots": roots,
    }
    return render(request, "practice/map/overview.html", context)


@require_http_methods(["GET", "POST"])
def practice(request: HttpRequest, pk: int) -> HttpResponse:
    """One practice: verdicts of the organisation and of teams."""
    found = get_object_or_404(Practice, pk=pk)
    team = _team(request)
    if request.method == "POST" and told(
        request,
        lambda: deciding.decide(
            found, team, posted(request, "word"), posted(request, "note"),
            _day(posted(request, "review_on")), request.user,
        ),
    ):  # fmt: skip
        back = f"?{urlencode({'team': team})}" if team else ""
        return redirect(f"{reverse('practice:map')}{back}")
    mine = found.verdicts.filter(team=team).first()
    context = {
        "practice": found,
        "team": team,
        "teams": _teams(),
        "mine": mine,
        "verdicts": found.verdicts.select_related("author"),
        "words": Verdict.Word.choices,
    }
    return render(request, "practice/map/practice.html", context)


def _day(text: str) -> date | None:
    """Raises ValidationError for what is no day."""
    if not text:
        return None
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise ValidationError({"review_on": f"“{text[:20]}” is no day such as 2027-03-01."})
    return found


@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, month: str = "") -> HttpResponse:
    """The monthly review; `as=md` gives Markdown."""
    key = number_in(request.POST.get("service") or request.GET.get("service", ""))
    services = Service.objects.all()
    service = get_object_or_404(services, pk=key) if key else None
    try:
        first = monthly.month_of(month) if month else monthly.last_month()
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("practice:monthly")
    if request.method == "POST":
        monthly.subscribe(request.user, service, request.POST.get("wanted") == "yes")
        query = f"?service={service.pk}" if service else ""
        return redirect(f"{reverse('practice:month', args=[f'{first:%Y-%m}'])}{query}")
    found = monthly.monthly(request.user, first, service)
    if request.GET.get("as") == "md":
        name = f"reliability-{first:%Y-%m}{f'-{service.pk}' if service else ''}.md"
        return HttpResponse(
            monthly.as_markdown(found),
            content_type="text/markdown; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
    context = {
        "found": found,
        "services": services,
        "earlier": monthly.last_month(first),
        "later": monthly.after(first) if monthly.after(first) <= monthly.last_month() else None,
        "this_one": monthly.after(monthly.last_month()),
        "subscribed": Subscription.objects.filter(user=request.user, service=service).exists(),
    }
    return render(request, "practice/monthly/review.html", context)
