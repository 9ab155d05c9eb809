"""Incidents and causes as documents of the similarity index."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain, islice
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    Exists,
    F,
    OuterRef,
    QuerySet,
    Value,
    When,
    prefetch_related_objects,
)
from django.db.models.functions import Concat, Left

from analysis.models import Fingerprint
from analysis.similarity.profiles import PROFILED, profile
from analysis.similarity.weights import Document
from incidents.models import Alert, CustomField, FieldValue, Incident, Service, TimelineEntry
from kb.causes.queries import postmortem_symptoms
from kb.models import Cause, CauseLink, Postmortem

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


WRITTEN_BY_PEOPLE = ("note", "chat", "update")
"""Kinds of timeline entries that are part of an incident's document."""
MAX_NOTES, LONGEST_NOTE = 50, 1_000
"""Of an incident, the newest ones; characters of each."""
MAX_TEMPLATES = 20
"""Log templates whose words are part of an incident's document."""
_QUANTITY = re.compile(
    r"(?<![\w.])[-+]?\d{1,15}\.\d{1,15}(?:[eE][-+]?\d{1,3})?(?![\w.]*\w)"
    r"|(?<!\w)\d{1,4}/\d{1,2}/\d{1,4}(?!\w)|(?<![\w.:/-])\d{1,2}(?![\w.:/-]*\w)"
)
"""Values, thresholds and counts in what machines write; codes such as 503 or 137 are none."""
_LINK = re.compile(r"\[[^\[\]]{1,100}\]\(<https?://[^<>\s]{1,2000}>\)")
CAUSES_AT_ONCE = 100
"""Causes whose past incidents are in memory at once while an index is built."""


def incident_document(
    *,
    key: int = 0,
    title: str,
    symptom: str = "",
    resolution: str = "",
    notes: Iterable[str] = (),
    services: Iterable[str] = (),
    alerts: Iterable[str] = (),
    templates: Mapping[str, str] | None = None,
    metrics: Iterable[str] = (),
    fields: Iterable[str] = (),
    source: str = "",
) -> Document:
    """What the index knows of an incident. The same for a stored and for a new one.

    `templates` maps ids of log templates to their text. `fields` are custom fields that feed
    similarity, each its label and, on the lines below, its text. `source` names the sender of the
    alert that opened it, if that wrote title and symptom.
    """
    if source:
        title, symptom = machine_text(title), machine_text(symptom)
    alerts, templates = sorted(set(alerts)), templates or {}
    evidence = [*alerts, *islice(templates.values(), MAX_TEMPLATES)]
    labelled = {label: text for label, _, text in (each.partition("\n") for each in fields)}
    aside = {
        "notes": notes,
        "resolution": [resolution],
        "evidence": evidence,
        "fields": labelled.values(),
    }
    written = {part: "\n".join(filter(None, texts)) for part, texts in aside.items()}
    return Document(
        key,
        {"title": title, "body": symptom, **{part: text for part, text in written.items() if text}},
        {
            "service": sorted(services),
            "alert": alerts,
            "template": sorted(templates),
            "metric": sorted(metrics),
        },
        source=source,
        fields=labelled,
    )


def machine_text(text: str) -> str:
    """What a monitor wrote, without the values in which every alert differs, and its links."""
    return _QUANTITY.sub(" ", _LINK.sub(" ", text))


def document_of(incident: Incident) -> Document:
    """The document of an incident read by `with_features`."""
    row: Any = incident
    postmortems = _published_postmortems(incident) if row.has_postmortem else []
    return incident_document(
        key=incident.pk,
        title=incident.title,
        symptom="\n".join([incident.symptom, *map(postmortem_symptoms, postmortems)]),
        resolution=incident.resolution,
        notes=row.notes,
        services=row.service_names,
        alerts=row.alert_names,
        templates=row.templates,
        metrics=row.metrics or (),
        fields=row.custom_texts,
        source=row.alert_source,
    )


def _published_postmortems(incident: Incident) -> list[Postmortem]:
    """Published postmortems whose words may describe this incident.

    Not those that also cover another private one: a word matched here would reveal it.
    """
    return [
        postmortem
        for postmortem in incident.postmortems.all()
        if postmortem.state == Postmortem.State.PUBLISHED
        and (incident.private or not postmortem.private)
        and all(
            not other.private or other.pk == incident.pk for other in postmortem.incidents.all()
        )
    ]


def cause_document(cause: Cause) -> Document:
    """A cause's own text."""
    own = (cause.what_happens, cause.how_to_tell, cause.how_to_fix, cause.how_to_prevent)
    return Document(-cause.pk, {"title": cause.name, "body": "\n".join(filter(None, own))})


def cause_profiles(
    causes: Iterable[Cause], before: datetime | None = None, besides: int | None = None
) -> Iterator[Document]:
    """The causes' own text with what their newest past incidents said.

    Of incidents that everybody may see: a word matched here would reveal a private one. `before`
    and `besides` leave out later incidents and one incident.
    """
    wanted = {cause.pk: cause for cause in causes}
    linked = _newest_incidents(list(wanted), before, besides)
    rows = read_incidents({key for keys in linked.values() for key in keys})
    documents = {key: document_of(row) for key, row in rows.items()}
    for pk, cause in wanted.items():
        past = (documents[key] for key in linked.get(pk, ()) if key in documents)
        yield profile(cause_document(cause), past)


def _newest_incidents(
    causes: list[int], before: datetime | None, besides: int | None
) -> dict[int, list[int]]:
    """By cause, the newest incidents that it was confirmed for."""
    links = CauseLink.objects.filter(
        cause__in=causes, state=CauseLink.State.CONFIRMED, incident__private=False
    )
    if before is not None:
        links = links.filter(incident__impact_started_at__lte=before)
    if besides is not None:
        links = links.exclude(incident=besides)
    newest: dict[int, list[int]] = {}
    order = links.order_by("cause_id", "-incident__impact_started_at", "-incident_id")
    for cause, incident in order.values_list("cause_id", "incident_id").distinct():
        incidents = newest.setdefault(cause, [])
        if len(incidents) < PROFILED:
            incidents.append(incident)
    return newest


def with_features(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """The same incidents with all that documents are made of, in one query.

    Only the text of postmortems costs two more, if there are any: `prefetch_postmortems`.
    """
    of_incident = {"incident_id": OuterRef("pk")}
    services = Incident.services.through.objects.filter(**of_incident).order_by()
    alerts = Alert.objects.filter(**of_incident).order_by()
    notes = TimelineEntry.objects.filter(**of_incident, hidden=False, kind__in=WRITTEN_BY_PEOPLE)
    note = Left("text", LONGEST_NOTE)
    fed = {"field__feeds_similarity": True, "field__archived": False}
    fields = FieldValue.objects.filter(**of_incident, **fed).order_by("field__position", "field_id")
    labelled = Concat("field__label", Value("\n"), "text")
    return incidents.only(*INCIDENT_FIELDS).annotate(
        templates=F("fingerprint__templates"),
        metrics=F("fingerprint__metrics"),
        service_names=ArraySubquery(services.values("service__name")),
        alert_names=ArraySubquery(alerts.values("name").distinct()),
        notes=ArraySubquery(notes.order_by("-pk").values_list(note)[:MAX_NOTES]),
        custom_texts=ArraySubquery(fields.values_list(labelled)),
        alert_source=Case(
            When(labels__has_key="alertname", then=F("external_source")), default=Value("")
        ),
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
    causes = Cause.objects.filter(superseded_by=None).order_by("pk")
    return chain(map(document_of, incidents), _profiles_in_batches(causes))


def _profiles_in_batches(causes: QuerySet[Cause]) -> Iterator[Document]:
    rest = causes.iterator()
    while batch := list(islice(rest, CAUSES_AT_ONCE)):
        yield from cause_profiles(batch)


# The same query as `with_features`: composing it with the ORM takes longer than running it.
_INCIDENTS = f"""
    SELECT {", ".join(f"i.{name}" for name in ("id", *INCIDENT_FIELDS))},
        f.templates, f.metrics,
        ARRAY(SELECT s.name FROM {Incident.services.through._meta.db_table} t
            JOIN {Service._meta.db_table} s ON s.id = t.service_id
            WHERE t.incident_id = i.id) AS service_names,
        ARRAY(SELECT DISTINCT a.name FROM {Alert._meta.db_table} a
            WHERE a.incident_id = i.id) AS alert_names,
        ARRAY(SELECT left(n.text, {LONGEST_NOTE}) FROM {TimelineEntry._meta.db_table} n
            WHERE n.incident_id = i.id AND NOT n.hidden AND n.kind IN {WRITTEN_BY_PEOPLE}
            ORDER BY n.id DESC LIMIT {MAX_NOTES}) AS notes,
        ARRAY(SELECT concat(d.label, chr(10), v.text) FROM {FieldValue._meta.db_table} v
            JOIN {CustomField._meta.db_table} d ON d.id = v.field_id
            WHERE v.incident_id = i.id AND d.feeds_similarity AND NOT d.archived
            ORDER BY d.position, d.id) AS custom_texts,
        CASE WHEN i.labels ? 'alertname' THEN i.external_source ELSE '' END AS alert_source,
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
    documents = chain(map(document_of, incidents.values()), cause_profiles(causes))
    return {document.key: document for document in documents}
