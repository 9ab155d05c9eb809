"""Pages of the reports."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET

from common.csv_text import safe_cell
from common.language import in_english
from incidents.models import Service
from kb.models import Category
from kb.reports import drill_through, statistics, svg_charts
from people.models import Team

YEAR = timedelta(days=365)
MEANS = {
    "MTTD": gettext_lazy("Mean time to detect"),
    "MTTA": gettext_lazy("Mean time to acknowledge"),
    "MTTM": gettext_lazy("Mean time to mitigate"),
    "MTTR": gettext_lazy("Mean time to resolve"),
}
"""In the order of `statistics.TIMES`."""
TIERS = {
    "core": pgettext_lazy("tier", "core"),
    "normal": pgettext_lazy("tier", "normal"),
    "supplementary": pgettext_lazy("tier", "supplementary"),
    "none": pgettext_lazy("tier", "none"),
}


def _filter_of(request: HttpRequest) -> tuple[statistics.ReportFilter, list[str]]:
    """What was chosen for, and what of it could not be read."""
    problems = []

    def date_in(name: str, default: date) -> date:
        value = request.GET.get(name, "")
        try:
            day = parse_date(value) if value else default
        except ValueError:
            day = None
        if day is None or not 1970 <= day.year <= 2200:
            problem = _("%(name)s: %(value)s is not a day such as 2026-03-01.")
            problems.append(problem % {"name": name, "value": repr(value[:40])})
            return default
        return day

    until = date_in("until", timezone.localdate() + timedelta(days=1))
    since = date_in("since", until - YEAR)
    if since >= until:
        problems.append(_("since: lies after until."))
        since = until - YEAR
    team, service = (
        request.GET.get(name, "").replace("\x00", "")[:100] for name in ("team", "service")
    )
    return statistics.ReportFilter(since, until, team, service), problems


@require_GET
def report(request: HttpRequest) -> HttpResponse:
    chosen, problems = _filter_of(request)
    incidents = statistics.filtered_incidents(request.user, chosen)
    sums = statistics.month_sums(incidents)
    months = statistics.by_month(sums)
    if request.GET.get("as") == "csv":
        return _csv(months, *statistics.by_service_and_team(incidents))
    figures, count, lost = statistics.time_figures(incidents, months=sums)
    before = statistics.filtered_incidents(request.user, chosen.period_before)
    figures_before, count_before, lost_before = statistics.time_figures(before, medians=False)

    def behind(month: str, part: str) -> str:
        return drill_through.incidents_of(chosen, month)

    context: dict[str, Any] = {
        "chosen": chosen,
        "problems": problems,
        "presets": drill_through.presets(chosen, timezone.localdate()),
        "list_path": drill_through.incidents_of(chosen),
        "figures": list(zip(figures, figures_before, MEANS.values(), strict=True)),
        "count": count,
        "lost": lost,
        "count_before": count_before,
        "lost_before": lost_before,
        "months": months,
        "count_chart": svg_charts.stacked_columns(
            [(row.name, [("", row.incidents)]) for row in months], _("incidents"), behind
        ),
        "lost_chart": svg_charts.stacked_columns(
            [(row.name, [("", row.minutes)]) for row in months], _("minutes"), behind
        ),
        "all_services": Service.objects.values_list("name", flat=True),
        "all_teams": Team.objects.exclude(services=None).values_list("name", flat=True).distinct(),
    }
    return render(request, "kb/reports/overview.html", context)


@require_GET
def report_services(request: HttpRequest) -> HttpResponse:
    """The part of the report by service and team; the page loads it after the figures."""
    chosen, _problems = _filter_of(request)
    incidents = statistics.filtered_incidents(request.user, chosen)
    services, teams = statistics.by_service_and_team(incidents)
    return render(request, "kb/reports/_services.html", {"services": services, "teams": teams})


@require_GET
def report_causes(request: HttpRequest) -> HttpResponse:
    """The part of the report on causes and action items; the page loads it after the figures."""
    chosen, _problems = _filter_of(request)
    incidents = statistics.filtered_incidents(request.user, chosen)
    again, with_cause = statistics.recurrence(request.user, incidents)
    by_tier = [
        (month, [(str(TIERS.get(tier, tier)), count) for tier, count in parts])
        for month, parts in statistics.causes_by_tier(incidents)
    ]
    tier_of = {str(words): tier for tier, words in TIERS.items()}
    by_category = statistics.causes_by_category(incidents)

    slugs = dict(Category.objects.values_list("name", "slug"))

    def of_tier(month: str, name: str) -> str:
        tier = tier_of.get(name, name)
        known = tier in Service.Tier.values
        return drill_through.incidents_of(chosen, month, f"tier:{tier}" if known else "")

    def of_category(month: str, name: str) -> str:
        return drill_through.incidents_of(chosen, month, f"cause:{slugs[name]}")

    context: dict[str, Any] = {
        "again": again,
        "with_cause": with_cause,
        "category_chart": svg_charts.stacked_columns(by_category, _("incidents"), of_category),
        "category_names": _names(by_category),
        "tier_chart": svg_charts.stacked_columns(by_tier, _("incidents"), of_tier),
        "tier_names": _names(by_tier),
        "offenders": statistics.repeat_offenders(incidents),
        "follow": statistics.follow_through(request.user, chosen),
        "before": statistics.same_week_in_past_years(request.user),
    }
    return render(request, "kb/reports/_causes.html", context)


def _names(columns: list[tuple[str, list[tuple[str, int]]]]) -> list[str]:
    """The parts of columns, in the order of their colours in the chart."""
    return list(dict.fromkeys(name for _month, parts in columns for name, _count in parts))


@in_english()
def _csv(*parts: list[statistics.BreakdownRow]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="incidents.csv"'
    writer = csv.writer(response)
    shorts = [short for short, *_times in statistics.TIMES.values()]
    writer.writerow(["by", "name", "incidents", "minutes lost", *(f"{s} min" for s in shorts)])
    for by, rows in zip(("month", "service", "team"), parts, strict=True):
        for row in rows:
            figures = [row.figures[short] for short in shorts]
            writer.writerow(
                [by, safe_cell(row.name), row.incidents, round(row.minutes, 1)]
                + ["" if figure is None else round(figure, 1) for figure in figures]
            )
    return response
