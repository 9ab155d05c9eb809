"""Incidents and causes as documents of the similarity index."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, QuerySet, prefetch_related_objects

from analysis.similarity.weights import Document
from incidents.models import Alert, Incident
from kb.causes.queries import postmortem_symptoms
from kb.models import Cause, Postmortem

NO_KEY = -1
OF_INCIDENTS = (
    "title", "symptom", "resolution", "severity", "status", "private", "impact_started_at",
)  # fmt: skip
"""What documents are made of, and what is told of a past incident; the rest would only be read."""


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
    return Document(
        key,
        {"title": title, "body": symptom},
        {
            "service": sorted(services),
            "alert": sorted(set(alerts)),
            "template": sorted(templates),
            "metric": sorted(metrics),
        },
    )


def document_of(incident: Incident) -> Document:
    """The document of one of the incidents that `with_features` gave."""
    given: Any = incident
    telling = _telling(incident) if given.is_told else []
    return incident_document(
        key=incident.pk,
        title=incident.title,
        symptom="\n".join([incident.symptom, *map(postmortem_symptoms, telling)]),
        services=given.service_names,
        alerts=given.alert_names,
        templates=given.templates or (),
        metrics=given.metrics or (),
    )


def _telling(incident: Incident) -> list[Postmortem]:
    """Published postmortems whose words may stand for this incident.

    Not those that also tell of a private one: a word found here would tell of it.
    """
    return [
        row
        for row in incident.postmortems.all()
        if row.state == Postmortem.State.PUBLISHED
        and all(not other.private or other.pk == incident.pk for other in row.incidents.all())
    ]


def cause_document(cause: Cause) -> Document:
    return Document(
        -cause.pk, {"title": cause.name, "body": f"{cause.what_happens}\n{cause.how_to_tell}"}
    )


def with_features(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """The same with all that documents are made of, in one query.

    Only what postmortems tell costs two more, where there are any: `prefetch_telling`.
    """
    of_incident = {"incident_id": OuterRef("pk")}
    services = Incident.services.through.objects.filter(**of_incident).order_by()
    alerts = Alert.objects.filter(**of_incident).order_by()
    return incidents.only(*OF_INCIDENTS).annotate(
        templates=F("fingerprint__templates"),
        metrics=F("fingerprint__metrics"),
        service_names=ArraySubquery(services.values("service__name")),
        alert_names=ArraySubquery(alerts.values("name").distinct()),
        is_told=Exists(Postmortem.incidents.through.objects.filter(**of_incident)),
    )


def prefetch_telling(incidents: Iterable[Incident]) -> list[Incident]:
    """The given incidents, with the postmortems of those that have any."""
    found: list[Any] = list(incidents)
    prefetch_related_objects([row for row in found if row.is_told], "postmortems__incidents")
    return found


def every_document() -> Iterator[Document]:
    every = with_features(Incident.objects.order_by("pk"))
    incidents = every.prefetch_related("postmortems__incidents").iterator(chunk_size=2000)
    causes = Cause.objects.filter(superseded_by=None).order_by("pk").iterator()
    return chain(map(document_of, incidents), map(cause_document, causes))


def documents_of(keys: Collection[int]) -> dict[int, Document]:
    """The documents of some keys as the database has them now."""
    found = with_features(Incident.objects.filter(pk__in=[key for key in keys if key > 0]))
    incidents = prefetch_telling(found)
    causes = Cause.objects.filter(superseded_by=None, pk__in=[-key for key in keys if key < 0])
    every = chain(map(document_of, incidents), map(cause_document, causes))
    return {document.key: document for document in every}
