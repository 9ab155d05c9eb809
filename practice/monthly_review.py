"""The monthly reliability review of one service or of all."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.site_url import public_url
from common.viewer import Viewer
from incidents.alerts.noise import MIN_EPISODES, AlertRuleStats, rule_stats
from incidents.catalogue.dependencies import dependency_edges, with_dependencies
from incidents.models import Incident, Service
from incidents.permissions import visible_alerts
from kb.models import ActionItem
from kb.permissions import visible_actions
from kb.reports import statistics
from practice.core import error_budget, okr
from practice.core.okr import Progress
from practice.models import ReadinessFinding, ReadinessReview, Slo, Subscription
from practice.permissions import visible_findings
from practice.slos.attribution import (
    LISTED_FIELDS,
    BudgetPart,
    attribute,
    overlapping_incidents,
)
from practice.slos.okrs import progress_of_all
from practice.slos.status import counts_of_all

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MonthlyBudget:
    """The error budget of an objective over one month."""

    slo: Slo
    budget: error_budget.Budget
    causes: list[BudgetPart]

    @property
    def good_percent(self) -> float:
        return 100 * (1 - (self.budget.ratio or 0.0))


@dataclass(frozen=True)
class KeyResult:
    """A key result of the quarter that the month is in, as it was at the end of the month."""

    slo: Slo
    progress: Progress


@dataclass
class MonthlyReview:
    """The figures of a month. Times in minutes."""

    month: date
    service: Service | None
    until: date
    incidents: list[Incident] = field(default_factory=list)
    minutes: float = 0.0
    before: tuple[int, float] = (0, 0.0)
    """incidents and minutes of the month before"""
    figures: list[statistics.TimeFigure] = field(default_factory=list)
    causes: list[tuple[str, str, int, float]] = field(default_factory=list)
    """name, path, incidents, minutes"""
    without_cause: int = 0
    slos: list[MonthlyBudget] = field(default_factory=list)
    okrs: list[KeyResult] = field(default_factory=list)
    reviews: list[ReadinessReview] = field(default_factory=list)
    unready: list[Service] = field(default_factory=list)
    """core and normal services without a valid review"""
    findings: list[ReadinessFinding] = field(default_factory=list)
    promised: int = 0
    done: int = 0
    overdue: list[ActionItem] = field(default_factory=list)
    noise: list[AlertRuleStats] = field(default_factory=list)
    alerts: int = 0

    @property
    def title(self) -> str:
        return gettext("Reliability in %(month)s: %(service)s") % {
            "month": date_format(self.month, "F Y"),
            "service": self.service or gettext("all services"),
        }

    @property
    def by_severity(self) -> list[tuple[str, int]]:
        return sorted(Counter(incident.severity for incident in self.incidents).items())


def month_of(text: str) -> date:
    """The first day of a month such as 2026-10. Raises ValidationError."""
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        first = None
    if first is None or not 1970 <= first.year <= 2200:
        problem = _("“%(text)s” is not a month such as 2026-10.")
        raise ValidationError({"month": ValidationError(problem, params={"text": text[:20]})})
    return first


def last_month(today: date | None = None) -> date:
    first = (today or timezone.now().date()).replace(day=1)
    return (first - timedelta(days=1)).replace(day=1)


def next_month(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def build_review(user: Viewer, month: date, service: Service | None = None) -> MonthlyReview:
    """The review of a month, of what `user` may see."""
    until = next_month(month)
    chosen = statistics.ReportFilter(month, until, service=service.name if service else "")
    rows = statistics.filtered_incidents(user, chosen)
    figures, _, minutes = statistics.time_figures(rows)
    review = MonthlyReview(month, service, until, figures=figures, minutes=minutes)
    review.incidents = list(
        rows.only(*LISTED_FIELDS).prefetch_related("services").order_by("impact_started_at", "pk")
    )
    before = statistics.ReportFilter(last_month(month), month, service=chosen.service)
    earlier = statistics.filtered_incidents(user, before)
    _, count, lost = statistics.time_figures(earlier, medians=False)
    review.before = count, lost
    _add_causes(review, rows)
    review.slos = _budgets(user, review)
    _add_okrs(review)
    _add_readiness(review, user)
    _add_actions(review, user)
    _add_noise(review, user, chosen)
    return review


def _add_causes(review: MonthlyReview, rows: Any) -> None:
    by_cause: dict[int, list[Any]] = {}
    explained = set()
    for link in statistics.confirmed_links(rows).select_related("cause", "incident").order_by("pk"):
        explained.add(link.incident_id)
        line = by_cause.setdefault(link.cause_id, [link.cause, 0, 0.0])
        line[1] += 1
        if link.incident.has_measured_duration:
            line[2] += link.incident.duration().total_seconds() / 60
    review.causes = sorted(
        ((cause.name, cause.get_absolute_url(), n, lost) for cause, n, lost in by_cause.values()),
        key=lambda line: (-line[3], -line[2], line[0]),
    )
    review.without_cause = sum(row.pk not in explained for row in review.incidents)


def _budgets(user: Viewer, review: MonthlyReview) -> list[MonthlyBudget]:
    """Most spent first. A few queries, however many objectives there are."""
    start, end = statistics.ReportFilter(review.month, review.until).bounds
    now = min(end, timezone.now())
    rows = Slo.objects.select_related("service")
    slos = list(rows.filter(service=review.service) if review.service else rows)
    if start >= now or not slos:
        return []
    counts = counts_of_all(slos, start, now)
    edges = dependency_edges()
    affecting = {slo.pk: with_dependencies(edges, slo.service_id) for slo in slos}
    incidents = [
        (row, {service.pk for service in row.services.all()})
        for row in overlapping_incidents(
            user, start.timestamp(), now, set().union(*affecting.values())
        )
    ]
    lines = []
    for slo in slos:
        budget = error_budget.budget(counts[slo.pk], slo.ratio, start, end, now)
        elapsed = counts[slo.pk].between(start.timestamp(), now.timestamp())
        own = [row for row, services in incidents if services & affecting[slo.pk]]
        _, causes = attribute(slo, own, elapsed, budget, now)
        lines.append(MonthlyBudget(slo, budget, causes))
    return sorted(lines, key=lambda line: -line.budget.share)


def _add_okrs(review: MonthlyReview) -> None:
    start = datetime.combine(review.month, datetime.min.time(), UTC)
    until = min(datetime.combine(review.until, datetime.min.time(), UTC), timezone.now())
    rows = Slo.objects.filter(okr_quarter=okr.quarter_of(start)).select_related("service")
    slos = list(rows.filter(service=review.service) if review.service else rows)
    found = progress_of_all(slos, until)
    review.okrs = [KeyResult(slo, found[slo.pk]) for slo in slos if slo.pk in found]


def _add_readiness(review: MonthlyReview, user: Viewer) -> None:
    closed = ReadinessReview.objects.filter(
        closed_at__date__gte=review.month, closed_at__date__lt=review.until
    )
    valid = ReadinessReview.objects.filter(closed_at__isnull=False, expires_on__gte=review.until)
    unready = Service.objects.exclude(tier="supplementary").exclude(lifecycle="deprecated")
    findings = visible_findings(user).filter(
        found_at__date__gte=review.month, found_at__date__lt=review.until
    )
    if review.service:
        closed = closed.filter(service=review.service)
        unready = unready.filter(pk=review.service.pk)
        findings = findings.filter(service=review.service)
    review.reviews = list(closed.select_related("service"))
    review.unready = list(unready.exclude(pk__in=valid.values("service")))
    review.findings = list(findings.select_related("service", "incident").order_by("service", "pk"))


def _add_actions(review: MonthlyReview, user: Viewer) -> None:
    actions = visible_actions(user)
    if review.service:
        of_service = Incident.objects.filter(services=review.service).values("pk")
        actions = actions.filter(postmortem__incidents__in=of_service).distinct()
    in_month = Q(created_at__date__gte=review.month, created_at__date__lt=review.until)
    done = Q(
        state=ActionItem.State.DONE,
        closed_at__date__gte=review.month,
        closed_at__date__lt=review.until,
    )
    review.promised, review.done = actions.filter(in_month).count(), actions.filter(done).count()
    today = min(review.until, timezone.now().date())
    overdue = actions.filter(state=ActionItem.State.OPEN, due_on__lt=today)
    review.overdue = list(overdue.select_related("owner").order_by("due_on", "pk")[:30])


def _add_noise(review: MonthlyReview, user: Viewer, chosen: statistics.ReportFilter) -> None:
    since, until = chosen.bounds
    alerts = visible_alerts(user).filter(starts_at__gte=since, starts_at__lt=until)
    if review.service:
        alerts = alerts.filter(service=review.service)
    rules = rule_stats(alerts)
    review.alerts = sum(rule.episodes for rule in rules)
    review.noise = [rule for rule in rules if rule.episodes >= MIN_EPISODES][:10]


def as_markdown(review: MonthlyReview) -> str:
    """The review as Markdown, for wikis and mails."""
    context = {"found": review, "site": public_url()}
    text = render_to_string("practice/monthly/review.md", context)
    lines = [line.rstrip() for line in text.splitlines()]
    return (
        "\n".join(
            line for index, line in enumerate(lines) if line or (index and lines[index - 1])
        ).strip()
        + "\n"
    )


def subscribe(user: User, service: Service | None, wanted: bool) -> None:
    if wanted:
        Subscription.objects.get_or_create(user=user, service=service)
    else:
        Subscription.objects.filter(user=user, service=service).delete()


def send_due(today: date | None = None) -> int:
    """Mail last month's review to each subscriber, once; how many were sent.

    Each gets what they may see. A mail that cannot be sent is tried again by the next run.
    """
    month, sent = last_month(today), 0
    if not settings.EMAIL_HOST:
        return 0
    due = Subscription.objects.filter(Q(sent_for=None) | Q(sent_for__lt=month))
    for pk in due.values_list("pk", flat=True):
        with transaction.atomic():
            # The lock keeps two runs from sending one mail twice.
            rows = Subscription.objects.select_for_update(skip_locked=True, of=("self",))
            row = rows.filter(pk=pk).exclude(sent_for__gte=month).select_related("user").first()
            if row is None or not row.user.is_active or not row.user.email:
                continue
            review = build_review(row.user, month, row.service)
            text = as_markdown(review)
            mail = EmailMultiAlternatives(review.title, text, None, [row.user.email])
            context = {"found": review, "site": public_url()}
            mail.attach_alternative(
                render_to_string("practice/monthly/mail.html", context), "text/html"
            )
            try:
                mail.send()
            except OSError as error:
                logger.warning("The monthly review of %s was not sent: %s", row.pk, error)
                continue
            row.sent_for = month
            row.save()
            sent += 1
    return sent
