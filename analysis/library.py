"""The process's own similarity index, kept in step with the database.

Incidents have positive keys (their id), causes negative ones. Before each search the rows touched
since the last one are read; one indexed query a table when nothing changed.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.signals import post_delete
from django.utils import timezone

from analysis.models import Fingerprint
from analysis.similarity.index import Hit, Index, Overlap
from analysis.similarity.weights import Document
from incidents.models import Incident
from kb.models import Cause

LATE_COMMIT = timedelta(seconds=60)
"""A row may become visible this long after the time it carries: its transaction was slow."""


def incident_document(
    *,
    key: int = 0,
    title: str,
    symptom: str = "",
    services: Iterable[str] = (),
    alerts: Iterable[str] = (),
    templates: Iterable[str] = (),
    metrics: Iterable[str] = (),
) -> Document:
    """What the index knows of an incident. The same for a stored and for a new one.

    Resolution and causes are left out: a new incident has none, so they could match nothing.
    """
    services = sorted(services)
    return Document(
        key,
        {"title": title, "body": f"{symptom}\n{' '.join(services)}"},
        {
            "service": services,
            "alert": sorted(set(alerts)),
            "template": sorted(templates),
            "metric": sorted(metrics),
        },
    )


def document_of(incident: Incident) -> Document:
    fingerprint = getattr(incident, "fingerprint", None)
    return incident_document(
        key=incident.pk,
        title=incident.title,
        symptom=incident.symptom,
        services=[service.name for service in incident.services.all()],
        alerts=[alert.name for alert in incident.alerts.all()],
        templates=fingerprint.templates if fingerprint else (),
        metrics=fingerprint.metrics if fingerprint else (),
    )


def cause_document(cause: Cause) -> Document:
    return Document(
        -cause.pk, {"title": cause.name, "body": f"{cause.what_happens}\n{cause.how_to_tell}"}
    )


def with_features(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    return incidents.select_related("fingerprint").prefetch_related("services", "alerts")


class Library:
    """An index, what it has read so far, and the lock that guards both."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._index: Index | None = None
        self._read: dict[int, tuple[Any, ...]] = {}
        self._since = datetime.min

    def forget(self) -> None:
        """Read everything anew at the next search."""
        with self._lock:
            self._index = None

    def search(self, document: Document, k: int, exclude: Collection[int] = ()) -> list[Hit]:
        with self._lock:
            return self._synced().search(document, k, exclude)

    def explain(self, document: Document, keys: Iterable[int]) -> dict[int, list[Overlap]]:
        with self._lock:
            index = self._synced()
            return {key: index.explain(document, key) for key in keys}

    def __len__(self) -> int:
        with self._lock:
            return len(self._synced())

    def remove(self, key: int) -> None:
        with self._lock:
            if self._index is not None:
                self._index.remove(key)
                self._read.pop(key, None)

    def _synced(self) -> Index:
        began = timezone.now()
        if self._index is None:
            incidents = list(with_features(Incident.objects.order_by("pk")))
            causes = list(Cause.objects.order_by("pk"))
            documents = [document_of(incident) for incident in incidents]
            documents += [cause_document(cause) for cause in causes]
            self._index = Index(documents)
            self._read = {incident.pk: _version(incident) for incident in incidents}
            self._read |= {-cause.pk: (cause.updated_at,) for cause in causes}
        else:
            self._read_changes(self._index, self._since - LATE_COMMIT)
        self._since = began
        return self._index

    def _read_changes(self, index: Index, since: datetime) -> None:
        touched = Incident.objects.filter(
            Q(updated_at__gt=since)
            | Q(pk__in=Fingerprint.objects.filter(updated_at__gt=since).values("incident_id"))
        )
        versions = touched.values_list("pk", "updated_at", "fingerprint__updated_at")
        changed = [pk for pk, *version in versions if self._read.get(pk) != tuple(version)]
        if changed:
            for incident in with_features(Incident.objects.filter(pk__in=changed)):
                index.add(document_of(incident))
                self._read[incident.pk] = _version(incident)
        for cause in Cause.objects.filter(updated_at__gt=since):
            if self._read.get(-cause.pk) != (cause.updated_at,):
                index.add(cause_document(cause))
                self._read[-cause.pk] = (cause.updated_at,)


def _version(incident: Incident) -> tuple[Any, ...]:
    fingerprint = getattr(incident, "fingerprint", None)
    return incident.updated_at, fingerprint.updated_at if fingerprint else None


library = Library()


def _forget_deleted(sender: type, instance: Any, **_: Any) -> None:
    library.remove(instance.pk if sender is Incident else -instance.pk)


post_delete.connect(_forget_deleted, sender=Incident)
post_delete.connect(_forget_deleted, sender=Cause)
