"""A service for an alert that names none we know: guessed from its labels, added on request."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from common.promql import metrics_in
from incidents import filing
from incidents.alerts.service_names import label_value, selecting_labels, suggested_name
from incidents.catalogue.formats.base import TIERS, canonical_value
from incidents.catalogue.services import save_service
from incidents.events.signals import service_joined
from incidents.models import Alert, Incident, Service

MAX_OFFERS = 3
MAX_ALERTS = 50
"""Alerts of an incident whose labels are read for offers; a storm has thousands."""

_KINDS = [
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("postgresql", r"^(pg|postgres|postgresql)$"),
        ("cache", r"^(redis|memcached?|valkey|varnish|cache)$"),
        ("queue", r"^(kafka|rabbitmq|nats|activemq|pulsar|sqs|queue)$"),
        ("node", r"^node$"),
        ("jvm", r"^(jvm|hikaricp|tomcat)$"),
        ("http", r"^(http|grpc|nginx|traefik|envoy|istio)$"),
    )
]
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class GuessedService:
    """What a service would be called and be, and how much of that is only a guess."""

    name: str
    tier: str
    kind: str
    telemetry_labels: str
    because: str
    """From what the name and the kind were guessed, in words."""

    @property
    def kind_in_words(self) -> str:
        return str(Service.Kind(self.kind).label)

    @property
    def tier_in_words(self) -> str:
        return str(Service.Tier(self.tier).label).partition(":")[0]


def guess_service(alert: Alert) -> GuessedService | None:
    """The service that an alert seems to be about; None if no label can be a name."""
    found = suggested_name(alert.labels)
    if found is None:
        return None
    label, name = found
    kind, why_kind = _kind_of(alert, label, name)
    tier = canonical_value(TIERS, alert.labels.get("tier", "")) or str(Service.Tier.NORMAL)
    because = f"name from the label {label}={label_value(alert.labels, label)}; {why_kind}"
    return GuessedService(name, tier, kind, selecting_labels(alert.labels, label), because)


def _kind_of(alert: Alert, label: str, name: str) -> tuple[str, str]:
    metrics = metrics_in(alert.query)
    for kind, pattern in _KINDS:
        for metric in metrics:
            if pattern.match(metric.lower().partition("_")[0]):
                return kind, f"kind from the metric {metric}"
    for kind, pattern in _KINDS:
        if any(pattern.match(word) for word in _WORD.findall(name.lower())):
            return kind, "kind from its name"
    if label in ("dbinstanceidentifier", "dbclusteridentifier"):
        return str(Service.Kind.POSTGRESQL), f"kind from the label {label}"
    if label in ("cacheclusterid", "replicationgroupid"):
        return str(Service.Kind.CACHE), f"kind from the label {label}"
    if label in ("node", "host", "hostname", "instance"):
        return str(Service.Kind.NODE), f"kind from the label {label}"
    if re.search(r"(^|[-_.])(db|database)$", name.lower()):
        return str(Service.Kind.POSTGRESQL), "kind from its name"
    return str(Service.Kind.OTHER), "nothing names its kind"


def offered_services(incident: Incident) -> list[GuessedService]:
    """Services to offer for an incident's alerts that have none; each name once."""
    by_name: dict[str, GuessedService] = {}
    for alert in _without_service(incident)[:MAX_ALERTS]:
        guess = guess_service(alert)
        if guess and guess.name.lower() not in by_name:
            by_name[guess.name.lower()] = guess
    return list(by_name.values())[:MAX_OFFERS]


def _without_service(incident: Incident) -> QuerySet[Alert]:
    return incident.alerts.filter(service=None).order_by("starts_at", "pk")


@transaction.atomic
def add_offered_service(incident: Incident, name: str, author: User) -> Service:
    """Add an offered service to the catalogue and link it to the incident and its alerts.

    If the catalogue has it by now, it is linked only. Raises ValidationError if no alert of the
    incident suggests that name.
    """
    incident = filing.locked(incident)
    alerts = list(_without_service(incident)[:MAX_ALERTS])
    matching = [a for a in alerts if (g := guess_service(a)) and g.name.lower() == name.lower()]
    guess = guess_service(matching[0]) if matching else None
    if guess is None:
        raise ValidationError({"name": _("No alert of this incident suggests a service so named.")})
    service = Service.objects.filter(name__iexact=guess.name).first()
    if service is None:
        service = save_service(
            Service(),
            author,
            name=guess.name,
            tier=guess.tier,
            kind=guess.kind,
            telemetry_labels=guess.telemetry_labels,
            description=f"Added from the alert {matching[0].name}. Tier and kind are guesses: "
            "correct them, then replace this text.",
        )
    Alert.objects.filter(pk__in=[alert.pk for alert in matching]).update(service=service)
    if not incident.services.filter(pk=service.pk).exists():
        filing.edit_incident(incident, author, services=[*incident.services.all(), service])
    transaction.on_commit(
        lambda: service_joined.send_robust(sender=Incident, incident=incident, service=service)
    )
    return service
