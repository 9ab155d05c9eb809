"""Figures about incidents: how fast, how often again, how much time, and what was promised.

Definitions, all from recorded times only; each figure says of how many incidents it is:
time to detect is detected − impact started; to acknowledge, acknowledged − detected; to mitigate,
mitigated − impact started; to resolve, resolved − impact started. An incident without one of the
two times, or with them in the wrong order, does not count for that figure, nor does one for which
an import guessed a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import (
    Aggregate,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    Min,
    Q,
    QuerySet,
    Sum,
)
from django.db.models.functions import TruncMonth
from django.utils import timezone

from common.viewer import Viewer
from incidents.models import Incident, Service, recorded
from incidents.permissions import visible_incidents
from incidents.search.filters import incidents_by_keys
from kb.models import ActionItem, Category, Cause, CauseLink
from kb.permissions import visible_actions, visible_links

TIMES = {
    "detect": ("MTTD", "impact_started_at", "detected_at"),
    "acknowledge": ("MTTA", "detected_at", "acknowledged_at"),
    "mitigate": ("MTTM", "impact_started_at", "mitigated_at"),
    "resolve": ("MTTR", "impact_started_at", "resolved_at"),
}


class Median(Aggregate):
    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True)
class ReportFilter:
    """The incidents of a report; `until` is the first day after it."""

    since: date
    until: date
    team: str = ""
    service: str = ""

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        zone = timezone.get_current_timezone()
        return tuple(  # type: ignore[return-value]
            datetime.combine(day, datetime.min.time(), zone) for day in (self.since, self.until)
        )

    @property
    def period_before(self) -> ReportFilter:
        """The same number of days just before."""
        return replace(self, since=self.since - (self.until - self.since), until=self.since)


@dataclass(frozen=True)
class TimeFigure:
    """Mean and median in minutes over `count` of `of` incidents; None if none counts."""

    name: str
    short: str
    mean: float | None
    median: float | None
    count: int
    of: int


@dataclass(frozen=True)
class BreakdownRow:
    """One line of a breakdown."""

    name: str
    incidents: int
    minutes: float
    figures: Mapping[str, float | None]


@dataclass(frozen=True)
class ActionFollowThrough:
    promised: int
    done: int
    in_time: int
    """Done by their due date, of those that had one."""
    with_date: int
    overdue: int
    dropped: int


def filtered_incidents(user: Viewer, chosen: ReportFilter) -> QuerySet[Incident]:
    since, until = chosen.bounds
    rows = visible_incidents(user).filter(
        impact_started_at__gte=since, impact_started_at__lt=until, merged_into=None
    )
    if chosen.team or chosen.service:
        through = Incident.services.through.objects.all()
        if chosen.team:
            through = through.filter(service__owner__name=chosen.team)
        if chosen.service:
            through = through.filter(service__name=chosen.service)
        rows = rows.filter(pk__in=through.values("incident_id"))
    return rows.order_by()


def _apart(start: str, end: str) -> Any:
    """Sums of intervals take the database half the time of sums of their minutes."""
    return ExpressionWrapper(F(end) - F(start), output_field=DurationField())


class _Minutes(Func):
    """In double precision: EXTRACT calculates with decimals, which takes far longer."""

    template = "DATE_PART('epoch', %(expressions)s) / 60"
    output_field = FloatField()


def _in_minutes(summed: timedelta | None) -> float:
    return summed.total_seconds() / 60 if summed else 0.0


def _counts(start: str, end: str) -> Q:
    return Q(**{f"{end}__gte": F(start)}) & recorded(start, end)


MonthSums = list[tuple[str, Mapping[str, Any]]]
"""Months such as 2026-11, each with the sums and counts of `_sums()`."""


def _sums() -> dict[str, Any]:
    sums: dict[str, Any] = {"n": Count("pk")}
    for key, (_, start, end) in TIMES.items():
        counts = _counts(start, end)
        sums[f"{key}_sum"] = Sum(_apart(start, end), filter=counts)
        sums[f"{key}_count"] = Count("pk", filter=counts)
    return sums


def _sum_rows(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The sums and counts of `_sums()` over several rows; a sum is None where nothing counts."""
    total: dict[str, Any] = {key: None if key.endswith("_sum") else 0 for key in _sums()}
    for row in rows:
        for key, value in total.items():
            if row[key] is not None:
                total[key] = row[key] if value is None else value + row[key]
    return total


def time_figures(
    incidents: QuerySet[Incident], medians: bool = True, months: MonthSums | None = None
) -> tuple[list[TimeFigure], int, float]:
    """MTTD, MTTA, MTTM and MTTR; how many incidents there are; minutes lost. One query.

    It takes half the time without `medians`, and less if the sums of `months` are there already.
    """
    wanted = _sums() if months is None else {}
    if medians:
        for key, (_, start, end) in TIMES.items():
            minutes = _Minutes(_apart(start, end))
            wanted[f"{key}_median"] = Median(minutes, filter=_counts(start, end))
    found = incidents.aggregate(**wanted)
    if months is not None:
        found |= _sum_rows(sums for _, sums in months)
    figures = [
        TimeFigure(
            f"time to {key}",
            short,
            _mean(found, key),
            found.get(f"{key}_median"),
            found[f"{key}_count"],
            found["n"],
        )
        for key, (short, _, _) in TIMES.items()
    ]
    return figures, found["n"], _in_minutes(found["resolve_sum"])


def _mean(found: Mapping[str, Any], key: str) -> float | None:
    """In minutes."""
    count = found[f"{key}_count"]
    return _in_minutes(found[f"{key}_sum"]) / count if count else None


def _breakdown_row(name: str, found: Mapping[str, Any]) -> BreakdownRow:
    figures = {short: _mean(found, key) for key, (short, _, _) in TIMES.items()}
    return BreakdownRow(name, found["n"], _in_minutes(found["resolve_sum"]), figures)


def month_sums(incidents: QuerySet[Incident]) -> MonthSums:
    rows = incidents.annotate(month=TruncMonth("impact_started_at")).values("month")
    found = rows.annotate(**_sums()).order_by("month")
    return [(f"{row['month']:%Y-%m}", row) for row in found]


def by_month(months: MonthSums) -> list[BreakdownRow]:
    return [_breakdown_row(month, sums) for month, sums in months]


def by_service_and_team(
    incidents: QuerySet[Incident],
) -> tuple[list[BreakdownRow], list[BreakdownRow]]:
    """Per service and per team, most minutes lost first. Two queries.

    An incident of two services counts for both, and for a team once per service of it.
    """
    # By key: grouping by names takes the database twice as long.
    of_service = {row["services"]: row for row in incidents.values("services").annotate(**_sums())}
    found = Service.objects.filter(pk__in=filter(None, of_service)).order_by()
    rows: list[tuple[str, Mapping[str, Any]]] = []
    teams: dict[str, list[Mapping[str, Any]]] = {}
    for key, name, team in found.values_list("pk", "name", "owner__name"):
        rows.append((name, of_service[key]))
        teams.setdefault(team, []).append(of_service[key])
    return (
        _most_lost(_breakdown_row(name, row) for name, row in rows),
        _most_lost(_breakdown_row(team, _sum_rows(of)) for team, of in teams.items() if team),
    )


def _most_lost(rows: Iterable[BreakdownRow]) -> list[BreakdownRow]:
    return sorted(rows, key=lambda row: (-row.minutes, row.name))[:30]


def confirmed_links(incidents: QuerySet[Incident]) -> QuerySet[CauseLink]:
    return CauseLink.objects.filter(
        incident__in=incidents.values("pk"), state=CauseLink.State.CONFIRMED
    )


def recurrence(user: Viewer, incidents: QuerySet[Incident]) -> tuple[int, int]:
    """How many incidents had a confirmed cause that had occurred before; how many had any.

    “Before” is by the start of impact, over all of history that `user` may see.
    """
    links = visible_links(user).filter(state=CauseLink.State.CONFIRMED).order_by()
    first = dict(links.values_list("cause_id").annotate(Min("incident__impact_started_at")))
    found = confirmed_links(incidents).order_by()
    total = found.aggregate(n=Count("incident", distinct=True))["n"]
    # Few incidents are the first of their cause: read only these.
    new: dict[int, bool] = {}
    for incident, cause, start in found.filter(
        incident__impact_started_at__in=set(first.values())
    ).values_list("incident_id", "cause_id", "incident__impact_started_at"):
        new[incident] = new.get(incident, True) and first[cause] == start
    return total - sum(new.values()), total


Months = list[tuple[str, list[tuple[str, int]]]]
"""Month → part → count, as a chart of stacked columns needs it."""


def _months(rows: Iterable[Mapping[str, Any]]) -> Months:
    """From rows of `month`, `part` and `n`."""
    found: dict[str, dict[str, int]] = {}
    for row in sorted(rows, key=lambda row: (row["month"], row["part"] or "none")):
        parts = found.setdefault(f"{row['month']:%Y-%m}", {})
        parts[row["part"] or "none"] = parts.get(row["part"] or "none", 0) + row["n"]
    return [(month, list(parts.items())) for month, parts in found.items()]


def causes_by_tier(incidents: QuerySet[Incident]) -> Months:
    """Confirmed causes per month by tier of the affected services; of two tiers, in both."""
    rows = (
        confirmed_links(incidents)
        .order_by()
        .annotate(month=TruncMonth("incident__impact_started_at"))
    )
    return _months(
        rows.values("month", part=F("incident__services__tier")).annotate(
            n=Count("pk", distinct=True)
        )
    )


def causes_by_category(incidents: QuerySet[Incident]) -> Months:
    """Confirmed causes per month by name of category."""
    rows = (
        confirmed_links(incidents)
        .order_by()
        .annotate(month=TruncMonth("incident__impact_started_at"))
    )
    # By key: grouping by names takes the database twice as long.
    counts = rows.values("month", part=F("cause__category_id")).annotate(n=Count("pk"))
    names = dict(Category.objects.values_list("slug", "name"))
    return _months({**row, "part": names[row["part"]]} for row in counts)


def repeat_offenders(incidents: QuerySet[Incident]) -> list[tuple[Cause, int, float]]:
    """Causes of more than one incident, most times first, with the minutes from impact to end."""
    lost = Sum(
        _apart("incident__impact_started_at", "incident__resolved_at"),
        filter=recorded("impact_started_at", "resolved_at", prefix="incident__"),
    )
    rows = confirmed_links(incidents).order_by().values_list("cause_id")
    found = list(
        rows.annotate(times=Count("pk"), minutes=lost)
        .filter(times__gt=1)
        .order_by("-times", "cause_id")[:15]
    )
    causes = Cause.objects.in_bulk([key for key, _, _ in found])
    return [(causes[key], times, _in_minutes(minutes)) for key, times, minutes in found]


def follow_through(user: Viewer, chosen: ReportFilter) -> ActionFollowThrough:
    """What became of the action items created in this time."""
    since, until = chosen.bounds
    rows = visible_actions(user).filter(created_at__gte=since, created_at__lt=until)
    if chosen.team or chosen.service:
        rows = rows.filter(postmortem__incidents__in=filtered_incidents(user, chosen).values("pk"))
    state, today = ActionItem.State, timezone.now().date()
    found = rows.aggregate(
        promised=Count("pk", distinct=True),
        done=Count("pk", distinct=True, filter=Q(state=state.DONE)),
        with_date=Count("pk", distinct=True, filter=Q(state=state.DONE, due_on__isnull=False)),
        in_time=Count(
            "pk", distinct=True, filter=Q(state=state.DONE, closed_at__date__lte=F("due_on"))
        ),
        overdue=Count("pk", distinct=True, filter=Q(state=state.OPEN, due_on__lt=today)),
        dropped=Count("pk", distinct=True, filter=Q(state=state.DROPPED)),
    )
    return ActionFollowThrough(**found)


def same_week_in_past_years(
    user: Viewer, today: date | None = None, years: int = 5
) -> list[Incident]:
    """Incidents of these seven days in each of the past years, newest first."""
    today = today or timezone.now().date()
    zone = timezone.get_current_timezone()
    wanted = Q(pk__in=[])
    for back in range(1, years + 1):
        # By days, so that 29 February is no special case.
        middle = datetime.combine(today, datetime.min.time(), zone) - timedelta(days=365.25 * back)
        wanted |= Q(
            impact_started_at__gte=middle - timedelta(days=3),
            impact_started_at__lt=middle + timedelta(days=4),
        )
    rows = visible_incidents(user).filter(wanted, merged_into=None)
    return incidents_by_keys(rows.order_by("-impact_started_at").values_list("pk", flat=True)[:30])
