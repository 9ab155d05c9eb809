"""Pages of figures and of what is missing."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from incidents.models import Service
from kb.reports import statistics, svg_charts

YEAR = timedelta(days=365)


def _asked(request: HttpRequest) -> tuple[statistics.Asked, list[str]]:
    """What was asked for, and what of it could not be read."""
    problems = []

    def day(name: str, default: date) -> date:
        given = request.GET.get(name, "")
        try:
            found = parse_date(given) if given else default
        except ValueError:
            found = None
        if found is None or not 1970 <= found.year <= 2200:
            problems.append(f"{name}: {given[:40]!r} is not a day such as 2026-03-01.")
            return default
        return found

    until = day("until", timezone.now().date() + timedelta(days=1))
    since = day("since", until - YEAR)
    if since >= until:
        problems.append("since: lies after until.")
        since = until - YEAR
    team, service = (
        request.GET.get(name, "").replace("\x00", "")[:100] for name in ("team", "service")
    )
    return statistics.Asked(since, until, team, service), problems


@require_GET
def report(request: HttpRequest) -> HttpResponse:
    asked, problems = _asked(request)
    incidents = statistics.incidents_of(request.user, asked)
    months = statistics.by_month(incidents)
    services, teams = statistics.by_service(incidents)
    if request.GET.get("as") == "csv":
        return _csv(months, services, teams)
    figures, count, lost = statistics.times(incidents)
    context: dict[str, Any] = {
        "asked": asked,
        "problems": problems,
        "figures": figures,
        "count": count,
        "lost": lost,
        "months": months,
        "count_chart": svg_charts.bars(
            [(row.name, [("incidents", row.incidents)]) for row in months], "incidents"
        ),
        "lost_chart": svg_charts.bars(
            [(row.name, [("minutes", row.minutes)]) for row in months], "minutes"
        ),
        "services": services,
        "teams": teams,
        "all_services": Service.objects.values_list("name", flat=True),
        "all_teams": Service.objects.exclude(owner_team="")
        .order_by("owner_team")
        .values_list("owner_team", flat=True)
        .distinct(),
    }
    return render(request, "kb/reports/overview.html", context)


@require_GET
def report_causes(request: HttpRequest) -> HttpResponse:
    """The part of the report that reads causes and actions: loaded after the figures are there."""
    asked, _ = _asked(request)
    incidents = statistics.incidents_of(request.user, asked)
    again, with_cause = statistics.recurrence(request.user, incidents)
    by_tier = statistics.causes_by_tier(incidents)
    by_category = statistics.causes_by_category(incidents)
    context: dict[str, Any] = {
        "again": again,
        "with_cause": with_cause,
        "category_chart": svg_charts.bars(by_category, "incidents"),
        "category_names": _names(by_category),
        "tier_chart": svg_charts.bars(by_tier, "incidents"),
        "tier_names": _names(by_tier),
        "offenders": statistics.repeat_offenders(incidents),
        "follow": statistics.follow_through(request.user, asked),
        "before": statistics.this_week_before(request.user),
    }
    return render(request, "kb/reports/_causes.html", context)


def _names(columns: list[tuple[str, list[tuple[str, int]]]]) -> list[str]:
    """The parts of columns in the order in which the drawing gives them their shades."""
    return list(dict.fromkeys(name for _, parts in columns for name, _ in parts))


def _csv(*parts: list[statistics.Row]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="incidents.csv"'
    writer = csv.writer(response)
    shorts = [short for short, _, _ in statistics.TIMES.values()]
    writer.writerow(["by", "name", "incidents", "minutes lost", *(f"{s} min" for s in shorts)])
    for by, rows in zip(("month", "service", "team"), parts, strict=True):
        for row in rows:
            figures = [row.figures[short] for short in shorts]
            writer.writerow(
                [by, _safe(row.name), row.incidents, round(row.minutes, 1)]
                + ["" if figure is None else round(figure, 1) for figure in figures]
            )
    return response


def _safe(cell: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    return f"'{cell}" if cell[:1] in "=+-@\t\r" else cell
