"""Names of services that alerts, deploys or other services spoke of and the catalogue lacks."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from incidents.models import Service, UnknownService

MAX_AT_ONCE, MAX_ROWS = 50, 5_000
"""A sender gone mad must cost neither time nor room."""


def record_unknown_services(names: Iterable[str], where: str) -> None:
    """Remember that `names` were spoken of; anything that can be no name is passed over."""
    stripped = sorted({name.strip() for name in names})
    fit = [name for name in stripped if name and len(name) <= 100 and name.isprintable()]
    wanted = {name.lower(): name for name in fit[:MAX_AT_ONCE]}
    if not wanted:
        return
    rows = UnknownService.objects.annotate(lower=Lower("name")).filter(
        lower__in=wanted, where=where
    )
    known = dict(rows.values_list("lower", "pk"))
    if known:
        UnknownService.objects.filter(pk__in=known.values()).update(
            times=F("times") + 1, last_at=timezone.now()
        )
    news = [
        UnknownService(name=wanted[lower], where=where) for lower in wanted if lower not in known
    ]
    if news and UnknownService.objects.count() < MAX_ROWS:
        UnknownService.objects.bulk_create(news, ignore_conflicts=True)


def offered_services() -> QuerySet[UnknownService]:
    """Names that no service bears and nobody ignored, those seen last first."""
    known = Service.objects.values(lower=Lower("name"))
    rows = UnknownService.objects.annotate(lower=Lower("name")).filter(ignored=False)
    return rows.exclude(lower__in=known)
