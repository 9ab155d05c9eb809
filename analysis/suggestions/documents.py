"""Incidents and causes as documents of the similarity index."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, QuerySet, prefetch_related_objects

from analysis.models import Fingerprint
from analysis.similarity.weights import Document
from incidents.models import Alert, Incident, Service
from kb.causes.queries import postmortem_symptoms
from kb.models import Cause, Postmortem

INCIDENT_FIELDS = (
    "title",
    "symptom",
    "resolution",
    "severity",
    "status",
    "private",
    "impact_started_at",
)
"""What documents are made of, and what answers show of a past incident."""


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
    """The document of an incident read by `with_features`."""
    row: Any = incident
    postmortems = _published_postmortems(incident) if row.has_postmortem else []
    return incident_document(
        key=incident.pk,
        title=incident.title,
        symptom="\n".join([incident.symptom, *map(postmortem_symptoms, postmortems)]),
        services=row.service_names,
        alerts=row.alert_names,
        templates=row.templates or (),
        metrics=row.metrics or (),
    )


def _published_postmortems(incident: Incident) -> list[Postmortem]:
    """Published postmortems whose words may describe this incident.

    Not those that also cover another private one: a word matched here would reveal it.
    """
    return [
        postmortem
        for postmortem in incident.postmortems.all()
        if postmortem.state == Postmortem.State.PUBLISHED
        and all(
            not other.private or other.pk == incident.pk for other in postmortem.incidents.all()
        )
    ]


def cause_document(cause: Cause) -> Document:
    return Document(
        -cause.pk, {"title": cause.name, "body": f"{cause.what_happens}\n{cause.how_to_tell}"}
    )


def with_features(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """The same incidents with all that documents are made of, in one query.

    Only the text of postmortems costs two more, if there are any: `prefetch_postmortems`.
    """
    of_incident = {"incident_id": OuterRef("pk")}
    services = Incident.services.through.objects.filter(**of_incident).order_by()
    alerts = Alert.objects.filter(**of_incident).order_by()
    return incidents.only(*INCIDENT_FIELDS).annotate(
        templates=F("fingerprint__templates"),
        metrics=F("fingerprint__metrics"),
        service_names=ArraySubquery(services.values("service__name")),
        alert_names=ArraySubquery(alerts.values("name").distinct()),
        has_postmortem=Exists(Postmortem.incidents.through.objects.filter(**of_incident)),
    )


def prefetch_postmortems(incidents: Iterable[Incident]) -> list[Incident]:
    """Incidents read by `with_features`, with the postmortems of those that have any."""
    rows: list[Any] = list(incidents)
    prefetch_related_objects([row for row in rows if row.has_postmortem], "postmortems__incidents")
    return rows


def every_document() -> Iterator[Document]:
    every = with_features(Incident.objects.order_by("pk"))
    incidents = every.prefetch_related("postmortems__incidents").iterator(chunk_size=2000)
    causes = Cause.objects.filter(superseded_by=None).order_by("pk").iterator()
    return chain(map(document_of, incidents), map(cause_document, causes))


# The same query as `with_features`: composing it with the ORM takes longer than running it.
_INCIDENTS = f"""
    SELECT {", ".join(f"i.{name}" for name in ("id", *INCIDENT_FIELDS))},
        f.templates, f.metrics,
        ARRAY(SELECT s.name FROM {Incident.services.through._meta.db_table} t
            JOIN {Service._meta.db_table} s ON s.id = t.service_id
            WHERE t.incident_id = i.id) AS service_names,
        ARRAY(SELECT DISTINCT a.name FROM {Alert._meta.db_table} a
            WHERE a.incident_id = i.id) AS alert_names,
        EXISTS(SELECT FROM {Postmortem.incidents.through._meta.db_table} p
            WHERE p.incident_id = i.id) AS has_postmortem
    FROM {Incident._meta.db_table} i
    LEFT JOIN {Fingerprint._meta.db_table} f ON f.incident_id = i.id
    WHERE i.id = ANY(%s)
"""  # noqa: S608


def read_incidents(keys: Collection[int]) -> dict[int, Incident]:
    """Some incidents as `with_features` and `prefetch_postmortems` give them."""
    if not keys:
        return {}
    rows: list[Any] = prefetch_postmortems(Incident.objects.raw(_INCIDENTS, [list(keys)]))
    for row in rows:
        # A raw query returns JSON as text.
        row.templates = json.loads(row.templates) if row.templates else None
        row.metrics = json.loads(row.metrics) if row.metrics else None
    return {row.pk: row for row in rows}


def read_documents(keys: Collection[int]) -> dict[int, Document]:
    """The documents of some keys as the database has them now."""
    incidents = read_incidents([key for key in keys if key > 0])
    causes = Cause.objects.filter(superseded_by=None, pk__in=[-key for key in keys if key < 0])
    documents = chain(map(document_of, incidents.values()), map(cause_document, causes))
    return {document.key: document for document in documents}
