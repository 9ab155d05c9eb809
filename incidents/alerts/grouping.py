"""Which incident an alert belongs to, and why; opening one where there is none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import Max
from django.utils import timezone

from common.alert_names import titled
from common.markdown import escape_markdown
from common.payload_text import paragraphs
from incidents import filing
from incidents.alerts.links import safe_links
from incidents.alerts.severity import follow_alerts
from incidents.catalogue.dependencies import dependency_pairs
from incidents.models import (
    Alert,
    Incident,
    Integration,
    MaintenanceWindow,
    Service,
    TierPolicy,
    TimelineEntry,
)
from incidents.severities import severity_of_alert

REFIRE_WITHIN = timedelta(minutes=30)
"""A rule that fires again within this time joins the same incident again."""
SAME_GROUP_WITHIN = timedelta(minutes=60)
SAME_SERVICE_WITHIN = timedelta(minutes=30)
LESS_SURE_WITHIN = timedelta(minutes=10)
"""For less certain rules: a dependency, the same rule elsewhere, similar words."""
STORM_INCIDENTS, STORM_WITHIN = 8, timedelta(minutes=10)
"""When alerts opened so many incidents within this time, it is one large outage."""
SIMILAR_WORDS = 0.6
NEWEST, FEWEST_RULES = 1_000, 4
"""Alerts that are read for the words a sender always uses; rules from which they are known."""
_WORD = re.compile(r"[a-z]+")
_CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def source_of(integration: Integration) -> str:
    """The `source` of alerts from an integration."""
    return f"{integration.kind} {integration.pk}"


def words_of(alert: Alert) -> frozenset[str]:
    parts = _CAMEL_CASE.sub(" ", f"{alert.name} {alert.summary}").lower()
    return frozenset(word for word in _WORD.findall(parts) if len(word) > 2)


def usual_words() -> dict[str, frozenset[str]]:
    """By source, the words that most of its rules share: they join no two alerts."""
    rules: dict[str, dict[str, frozenset[str]]] = {}
    newest = Alert.objects.order_by("-pk").values_list("source", "name", "summary")
    for source, name, summary in newest[:NEWEST]:
        rules.setdefault(source, {}).setdefault(name, words_of(Alert(name=name, summary=summary)))
    usual = {}
    for source, by_name in rules.items():
        counts = Counter(word for words in by_name.values() for word in words)
        shared = {word for word, count in counts.items() if count > len(by_name) / 2}
        usual[source] = frozenset(shared if len(by_name) >= FEWEST_RULES else ())
    return usual


@dataclass
class CandidateIncident:
    """An open incident that alerts may join, with what the joining rules compare."""

    incident: Incident
    last_at: datetime
    services: set[int] = field(default_factory=set)
    groups: set[tuple[str, str]] = field(default_factory=set)
    names: dict[str, frozenset[str]] = field(default_factory=dict)
    storm: bool = False
    added_services: set[int] = field(default_factory=set)

    def add(self, alert: Alert) -> None:
        self.last_at = max(self.last_at, alert.starts_at)
        self.names.setdefault(alert.name, words_of(alert))
        if alert.group_key:
            self.groups.add((alert.source, alert.group_key))
        if alert.service_id and alert.service_id not in self.services:
            self.services.add(alert.service_id)
            self.added_services.add(alert.service_id)


class AlertGrouper:
    """Groups alerts in order: later ones may join the incidents that earlier ones opened."""

    def __init__(self, alerts: Sequence[Alert]) -> None:
        self.alerts = [alert for alert in alerts if alert.status == Alert.Status.FIRING]
        self.now = timezone.now()
        self.candidates: list[CandidateIncident] = []
        self.grouped: list[Alert] = []

    def group_all(self, *, waited: bool = False) -> None:
        """Find or open an incident for each alert, then save. `waited`: after the policy's wait."""
        if not self.alerts:
            return
        self._load()
        for alert in self.alerts:
            self._group(alert, waited)
        Alert.objects.bulk_update(
            self.alerts, ["incident", "joined_because", "opens_at"], batch_size=1000
        )
        self._write()
        follow_alerts({alert.incident_id for alert in self.grouped if alert.incident_id})

    @cached_property
    def _usual_words(self) -> dict[str, frozenset[str]]:
        # Read only if no surer rule decides: most batches never need it.
        return usual_words()

    def _load(self) -> None:
        since = min(alert.starts_at for alert in self.alerts) - SAME_GROUP_WITHIN
        open_incidents = Incident.objects.exclude(status=Incident.Status.RESOLVED).filter(
            merged_into=None, alerts__isnull=False
        )
        recent = open_incidents.annotate(last_at=Max("alerts__starts_at")).filter(
            last_at__gte=since
        )
        self.candidates = [
            CandidateIncident(incident, incident.last_at, storm=bool(incident.labels.get("storm")))
            for incident in recent.order_by("pk")
        ]
        by_pk = {candidate.incident.pk: candidate for candidate in self.candidates}
        for pk, service in Incident.services.through.objects.filter(
            incident_id__in=by_pk
        ).values_list("incident_id", "service_id"):
            by_pk[pk].services.add(service)
        of_candidates = Alert.objects.filter(incident_id__in=by_pk).order_by()
        groups = of_candidates.exclude(group_key="").values_list(
            "incident_id", "source", "group_key"
        )
        for pk, source, group in groups.distinct():
            by_pk[pk].groups.add((source, group))
        first_by_rule = of_candidates.order_by("incident_id", "name", "pk").distinct(
            "incident_id", "name"
        )
        for pk, name, summary in first_by_rule.values_list("incident_id", "name", "summary"):
            by_pk[pk].names[name] = words_of(Alert(name=name, summary=summary))
        self.neighbours: dict[int, set[int]] = {}
        for above, below in dependency_pairs():
            self.neighbours.setdefault(above, set()).add(below)
            self.neighbours.setdefault(below, set()).add(above)
        self.sender_names = {source_of(row): row.name for row in Integration.objects.all()}
        self.policies = {policy.tier: policy for policy in TierPolicy.objects.all()}
        self.in_maintenance = {
            pk: window
            for window in MaintenanceWindow.objects.filter(
                starts_at__lte=self.now, ends_at__gt=self.now
            ).prefetch_related("services")
            for pk in window.services.values_list("pk", flat=True)
        }
        previous = Alert.objects.filter(
            fingerprint__in={alert.fingerprint for alert in self.alerts},
            starts_at__gte=self.now - timedelta(days=1),
            incident__isnull=False,
        ).select_related("incident")
        self.previous_episodes: dict[tuple[str, str], Alert] = {}
        for alert in previous.order_by("starts_at"):
            self.previous_episodes[alert.source, alert.fingerprint] = alert
        self.opened_recently = Incident.objects.filter(
            created_at__gte=self.now - STORM_WITHIN, reporter=None, labels__has_key="alertname"
        ).count()

    def _group(self, alert: Alert, waited: bool) -> None:
        alert.opens_at = None
        if alert.service_id in self.in_maintenance:
            window = self.in_maintenance[alert.service_id]
            alert.joined_because = f"Maintenance: {window.reason}"[:300]
            return
        candidate, why = self._best_candidate(alert)
        if candidate is None and not waited:
            tier = alert.service.tier if alert.service else Service.Tier.NORMAL
            policy = self.policies.get(tier)
            if policy and policy.opens_after:
                alert.opens_at = alert.starts_at + timedelta(minutes=policy.opens_after)
                if alert.opens_at > self.now:
                    alert.joined_because = (
                        f"Waits {policy.opens_after} min: {tier} services may be late."
                    )
                    return
                alert.opens_at = None
        if candidate is None:
            candidate, why = self._open(alert)
        candidate.add(alert)
        alert.incident, alert.joined_because = candidate.incident, why[:300]
        self.grouped.append(alert)

    def _best_candidate(self, alert: Alert) -> tuple[CandidateIncident | None, str]:
        previous = self.previous_episodes.get((alert.source, alert.fingerprint))
        if previous and previous.incident and self._refires(previous, alert):
            candidate = self._reopened_candidate(previous.incident)
            if candidate:
                return candidate, f"It fired before in {candidate.incident.reference}."
        best: tuple[int, float, CandidateIncident, str] | None = None
        for candidate in self.candidates:
            apart = abs(alert.starts_at - candidate.last_at)
            rule = self._joining_rule(candidate, alert, apart)
            if rule is None:
                continue
            rank, why = rule
            if best is None or (rank, apart.total_seconds()) < best[:2]:
                best = (rank, apart.total_seconds(), candidate, why)
        return (best[2], best[3]) if best else (None, "")

    def _joining_rule(
        self, candidate: CandidateIncident, alert: Alert, apart: timedelta
    ) -> tuple[int, str] | None:
        """The most certain rule by which an alert joins: its rank (0 is best) and the reason."""
        minutes = f"{apart.total_seconds() / 60:.0f} min apart"
        if (alert.source, alert.group_key) in candidate.groups and apart <= SAME_GROUP_WITHIN:
            return 0, f"Same group at the sender, {minutes}."
        if (
            alert.service_id
            and alert.service_id in candidate.services
            and apart <= SAME_SERVICE_WITHIN
        ):
            return 1, f"Same service, {minutes}."
        if apart > LESS_SURE_WITHIN:
            return None
        if alert.service_id and self.neighbours.get(alert.service_id, set()) & candidate.services:
            return 2, f"A service it depends on or that needs it, {minutes}."
        if alert.name in candidate.names:
            return 3, f"The same rule elsewhere, {minutes}."
        usual = self._usual_words.get(alert.source, frozenset())
        own_words = words_of(alert) - usual
        for name, every_word in candidate.names.items():
            words = every_word - usual
            if len(own_words & words) >= max(2, SIMILAR_WORDS * max(len(own_words), len(words))):
                return 4, f"Similar words as {name}, {minutes}."
        if candidate.storm:
            return 5, f"Many incidents at once: treated as one outage, {minutes}."
        return None

    def _refires(self, previous: Alert, alert: Alert) -> bool:
        ended = previous.ends_at or previous.starts_at
        return alert.starts_at - ended <= REFIRE_WITHIN

    def _reopened_candidate(self, incident: Incident) -> CandidateIncident | None:
        """The incident as a candidate; reopened, unless a person resolved it (then None)."""
        incident = incident.merge_target
        known = next((row for row in self.candidates if row.incident.pk == incident.pk), None)
        if known:
            return known
        if incident.status == Incident.Status.RESOLVED:
            last = incident.timeline.filter(kind=TimelineEntry.Kind.STATUS).last()
            if last is None or last.author_id:
                return None
            incident = filing.set_status(incident, Incident.Status.INVESTIGATING)
        candidate = CandidateIncident(
            incident, self.now, set(incident.services.values_list("pk", flat=True))
        )
        self.candidates.append(candidate)
        return candidate

    def _open(self, alert: Alert) -> tuple[CandidateIncident, str]:
        storm = self.opened_recently >= STORM_INCIDENTS
        service = alert.service
        title = titled(alert.name, service.name if service else "")
        if storm:
            title = f"Outage: many alerts at once, first {title}"
        tier = service.tier if service else str(Service.Tier.NORMAL)
        labels = {"alertname": alert.name, **({"storm": "true"} if storm else {})}
        incident = filing.file_incident(
            title=title[:300],
            symptom=_symptom(alert),
            services=[service] if service else [],
            severity="SEV1" if storm else severity_of_alert(alert.severity, tier),
            impact_started_at=alert.starts_at,
            detected_at=max(alert.received_at, alert.starts_at),
            labels=labels,
            external_source=self.sender_names.get(alert.source, alert.source)[:50],
        )
        self.opened_recently += 1
        services = {row.pk for row in incident.services.all()}
        candidate = CandidateIncident(incident, alert.starts_at, services, storm=storm)
        self.candidates.append(candidate)
        return candidate, f"It opened {incident.reference}."

    def _write(self) -> None:
        """Write timeline entries, one per rule and incident, and add services of the alerts."""
        by_incident: dict[int, list[Alert]] = {}
        for alert in self.grouped:
            if alert.incident_id:
                by_incident.setdefault(alert.incident_id, []).append(alert)
        entries = []
        for pk, alerts in by_incident.items():
            seen = set(
                Alert.objects.filter(incident_id=pk)
                .exclude(pk__in=[alert.pk for alert in alerts])
                .values_list("name", flat=True)
            )
            for name, of_rule in _by_name(alerts).items():
                if name in seen:
                    continue
                first, more = of_rule[0], len(of_rule) - 1
                text = f"{name} fires" + (f" on {first.service}" if first.service else "")
                text += f" and {more} more" if more else ""
                entries.append(
                    TimelineEntry(
                        incident_id=pk,
                        at=first.starts_at,
                        kind=TimelineEntry.Kind.ALERT,
                        text=f"{text}. {first.joined_because}",
                    )
                )
        TimelineEntry.objects.bulk_create(entries, batch_size=500)
        for candidate in self.candidates:
            if candidate.added_services:
                candidate.incident.services.add(*candidate.added_services)
                # The search index finds changed incidents by this time.
                Incident.objects.filter(pk=candidate.incident.pk).update(updated_at=timezone.now())


def _by_name(alerts: Iterable[Alert]) -> dict[str, list[Alert]]:
    groups: dict[str, list[Alert]] = {}
    for alert in alerts:
        groups.setdefault(alert.name, []).append(alert)
    return groups


def _symptom(alert: Alert) -> str:
    """All that the sender wrote, as Markdown that shows it as it is."""
    prose = paragraphs("" if alert.summary == alert.name else alert.summary, alert.description)
    links = [f"[{escape_markdown(label)}](<{address}>)" for label, address in safe_links(alert)]
    labels = ", ".join(f"{name}={value}" for name, value in sorted(alert.labels.items()))
    parts = [escape_markdown(prose), " · ".join(links), escape_markdown(labels)]
    return "\n\n".join(part for part in parts if part)[:50_000]
