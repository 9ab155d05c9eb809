"""Service names in alerts, deploys and dependencies that the catalogue does not have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from incidents.models import Service, UnknownService
from people import audit

MAX_AT_ONCE, MAX_OF_SOURCE, MAX_ROWS = 50, 1_000, 5_000
"""A misconfigured sender or source must cost neither time nor disk."""


def record_unknown_services(
    names: Iterable[str], where: str, telemetry_labels: Mapping[str, str] | None = None
) -> None:
    """Count `names` as received; whatever cannot be a name is ignored.

    `telemetry_labels` are by name, for the form that adds the service.
    """
    stripped = sorted({name.strip() for name in names})
    fit = [name for name in stripped if name and len(name) <= 100 and name.isprintable()]
    most = MAX_OF_SOURCE if where == UnknownService.Where.SOURCES else MAX_AT_ONCE
    by_lower_name = {name.lower(): name for name in fit[:most]}
    if not by_lower_name:
        return
    rows = UnknownService.objects.annotate(lower=Lower("name")).filter(
        lower__in=by_lower_name, where=where
    )
    known = dict(rows.values_list("lower", "pk"))
    if known:
        UnknownService.objects.filter(pk__in=known.values()).update(
            times=F("times") + 1, last_at=timezone.now()
        )
    news = [
        UnknownService(
            name=by_lower_name[lower],
            where=where,
            telemetry_labels=(telemetry_labels or {}).get(by_lower_name[lower], ""),
        )
        for lower in by_lower_name
        if lower not in known
    ]
    if news and UnknownService.objects.count() < MAX_ROWS:
        UnknownService.objects.bulk_create(news, ignore_conflicts=True)


def offered_services() -> QuerySet[UnknownService]:
    """Names to offer: no service has them and nobody ignored them; the latest first, each once."""
    known = Service.objects.values(lower=Lower("name"))
    every = UnknownService.objects.annotate(lower=Lower("name"))
    ignored = every.filter(ignored=True).values("lower")
    later = Q(last_at__gt=OuterRef("last_at")) | Q(
        last_at=OuterRef("last_at"), pk__lt=OuterRef("pk")
    )
    elsewhere = every.filter(later, lower=OuterRef("lower"))
    wanted = every.exclude(lower__in=known).exclude(lower__in=ignored)
    return wanted.exclude(Exists(elsewhere))


def ignore_name(pk: int) -> None:
    """Offer a name no longer, wherever it was seen."""
    name = UnknownService.objects.filter(pk=pk).values_list("name", flat=True).first()
    if name is not None:
        audit.update(UnknownService.objects.filter(name__iexact=name), ignored=True)
