"""The monthly reliability review: of one service or of all, from what is on record."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone

from common.site_url import public_address
from incidents.alerts.noise import ENOUGH, Rule, rules_of
from incidents.catalogue.dependencies import dependency_edges, with_all_dependencies
from incidents.models import Incident, Service
from incidents.permissions import visible_alerts
from kb.models import ActionItem
from kb.permissions import visible_actions
from kb.reports import statistics
from practice.core import error_budget as arithmetic
from practice.models import Finding, Review, Slo, Subscription
from practice.permissions import visible_findings
from practice.slos.attribution import SHOWN, Part, lasting, parts_of
from practice.slos.status import counts_of_all

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SloLine:
    """An objective over one month. `share` is spent of that month's budget."""

    slo: Slo
    budget: arithmetic.Budget
    causes: list[Part]

    @property
    def good_percent(self) -> float:
        return 100 * (1 - (self.budget.ratio or 0.0))


@dataclass
class Monthly:
    """What a month brought. Times in minutes."""

    month: date
    service: Service | None
    until: date
    incidents: list[Incident] = field(default_factory=list)
    minutes: float = 0.0
    before: tuple[int, float] = (0, 0.0)
    """incidents and minutes of the month before"""
    figures: list[statistics.Figure] = field(default_factory=list)
    causes: list[tuple[str, str, int, float]] = field(default_factory=list)
    """name, path, incidents, minutes"""
    without_cause: int = 0
    slos: list[SloLine] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    unready: list[Service] = field(default_factory=list)
    """core and normal services without a review that holds"""
    findings: list[Finding] = field(default_factory=list)
    promised: int = 0
    done: int = 0
    overdue: list[ActionItem] = field(default_factory=list)
    noise: list[Rule] = field(default_factory=list)
    alerts: int = 0

    @property
    def title(self) -> str:
        return f"Reliability in {self.month:%B %Y}: {self.service or 'all services'}"

    @property
    def by_severity(self) -> list[tuple[str, int]]:
        found: dict[str, int] = {}
        for incident in self.incidents:
            found[incident.severity] = found.get(incident.severity, 0) + 1
        return sorted(found.items())


def month_of(text: str) -> date:
    """The first day of a month such as 2026-10. Raises ValidationError."""
    try:
        found = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        found = None
    if found is None or not 1970 <= found.year <= 2200:
        raise ValidationError({"month": f"“{text[:20]}” is no month such as 2026-10."})
    return found


def last_month(today: date | None = None) -> date:
    first = (today or timezone.now().date()).replace(day=1)
    return (first - timedelta(days=1)).replace(day=1)


def after(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def monthly(user: Any, month: date, service: Service | None = None) -> Monthly:
    """All of it, as far as `user` may see."""
    until = after(month)
    asked = statistics.Asked(month, until, service=service.name if service else "")
    rows = statistics.incidents_of(user, asked)
    figures, _, minutes = statistics.times(rows)
    found = Monthly(month, service, until, figures=figures, minutes=minutes)
    found.incidents = list(
        rows.only(*SHOWN).prefetch_related("services").order_by("impact_started_at", "pk")
    )
    before = statistics.Asked(last_month(month), month, service=asked.service)
    _, count, lost = statistics.times(statistics.incidents_of(user, before))
    found.before = count, lost
    _causes(found, rows)
    found.slos = _slos(user, found)
    _readiness(found, user)
    _actions(found, user)
    _noise(found, user, asked)
    return found


def _causes(found: Monthly, rows: Any) -> None:
    by_cause: dict[int, list[Any]] = {}
    known = set()
    for link in statistics.confirmed(rows).select_related("cause", "incident").order_by("pk"):
        known.add(link.incident_id)
        line = by_cause.setdefault(link.cause_id, [link.cause, 0, 0.0])
        line[1] += 1
        if link.incident.resolved_at:
            apart = link.incident.resolved_at - link.incident.impact_started_at
            line[2] += apart.total_seconds() / 60
    found.causes = sorted(
        ((cause.name, cause.get_absolute_url(), n, lost) for cause, n, lost in by_cause.values()),
        key=lambda line: (-line[3], -line[2], line[0]),
    )
    found.without_cause = sum(row.pk not in known for row in found.incidents)


def _slos(user: Any, found: Monthly) -> list[SloLine]:
    """Most spent first. A few queries, however many objectives there are."""
    start = datetime.combine(found.month, datetime.min.time(), UTC)
    end = datetime.combine(found.until, datetime.min.time(), UTC)
    now = min(end, timezone.now())
    rows = Slo.objects.select_related("service")
    slos = list(rows.filter(service=found.service) if found.service else rows)
    if start >= now or not slos:
        return []
    counts = counts_of_all(slos, start, now)
    edges = dependency_edges()
    felt = {slo.pk: with_all_dependencies(edges, slo.service_id) for slo in slos}
    incidents = [
        (row, {service.pk for service in row.services.all()})
        for row in lasting(user, start.timestamp(), now, set().union(*felt.values()))
    ]
    lines = []
    for slo in slos:
        stands = arithmetic.budget(counts[slo.pk], slo.ratio, start, end, now)
        gone = counts[slo.pk].between(start.timestamp(), now.timestamp())
        mine = [row for row, services in incidents if services & felt[slo.pk]]
        _, causes = parts_of(slo, mine, gone, stands, now)
        lines.append(SloLine(slo, stands, causes))
    return sorted(lines, key=lambda line: -line.budget.share)


def _readiness(found: Monthly, user: Any) -> None:
    closed = Review.objects.filter(
        closed_at__date__gte=found.month, closed_at__date__lt=found.until
    )
    held = Review.objects.filter(closed_at__isnull=False, expires_on__gte=found.until)
    unready = Service.objects.exclude(tier="supplementary").exclude(lifecycle="deprecated")
    findings = visible_findings(user).filter(
        found_at__date__gte=found.month, found_at__date__lt=found.until
    )
    if found.service:
        closed, unready = closed.filter(service=found.service), unready.filter(pk=found.service.pk)
        findings = findings.filter(service=found.service)
    found.reviews = list(closed.select_related("service"))
    found.unready = list(unready.exclude(pk__in=held.values("service")))
    found.findings = list(findings.select_related("service", "incident").order_by("service", "pk"))


def _actions(found: Monthly, user: Any) -> None:
    actions = visible_actions(user)
    if found.service:
        of_service = Incident.objects.filter(services=found.service).values("pk")
        actions = actions.filter(postmortem__incidents__in=of_service).distinct()
    in_month = Q(created_at__date__gte=found.month, created_at__date__lt=found.until)
    done = Q(
        state=ActionItem.State.DONE,
        closed_at__date__gte=found.month,
        closed_at__date__lt=found.until,
    )
    found.promised, found.done = actions.filter(in_month).count(), actions.filter(done).count()
    today = min(found.until, timezone.now().date())
    overdue = actions.filter(state=ActionItem.State.OPEN, due_on__lt=today)
    found.overdue = list(overdue.select_related("owner").order_by("due_on", "pk")[:30])


def _noise(found: Monthly, user: Any, asked: statistics.Asked) -> None:
    since, until = asked.moments
    alerts = visible_alerts(user).filter(starts_at__gte=since, starts_at__lt=until)
    if found.service:
        alerts = alerts.filter(service=found.service)
    rules = rules_of(alerts)
    found.alerts = sum(rule.episodes for rule in rules)
    found.noise = [rule for rule in rules if rule.episodes >= ENOUGH][:10]


def as_markdown(found: Monthly) -> str:
    """The review as Markdown, for wikis and mails. Addresses lead to this product."""
    text = render_to_string("practice/monthly.md", {"found": found, "site": public_address()})
    lines = [line.rstrip() for line in text.splitlines()]
    return (
        "\n".join(
            line for place, line in enumerate(lines) if line or (place and lines[place - 1])
        ).strip()
        + "\n"
    )


def subscribe(user: Any, service: Service | None, wanted: bool) -> None:
    if wanted:
        Subscription.objects.get_or_create(user=user, service=service)
    else:
        Subscription.objects.filter(user=user, service=service).delete()


def send_due(today: date | None = None) -> int:
    """Mail last month's review to whoever subscribed, once; how many were sent.

    Each person gets what they may see. A mail that cannot be sent is tried again by the next run.
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
            found = monthly(row.user, month, row.service)
            text = as_markdown(found)
            mail = EmailMultiAlternatives(found.title, text, None, [row.user.email])
            context = {"found": found, "site": public_address()}
            mail.attach_alternative(
                render_to_string("practice/monthly_mail.html", context), "text/html"
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
