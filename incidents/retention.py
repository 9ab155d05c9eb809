"""How long records of this package are stored, and their deletion (docs/retention.md).

The days beside each setting hold where the environment does not set it.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from common import retention
from common.retention import HISTORY_DAYS, KINDS, NORMAL, Kind, Limits, delete_history, delete_some
from incidents import models as tables
from incidents.models import (
    Alert,
    Change,
    Delivery,
    Event,
    IdempotentResponse,
    Incident,
    Notice,
    Service,
    TimelineEntry,
    UnknownService,
)

OF_INCIDENT_BEFORE, OF_INCIDENT_AFTER = timedelta(minutes=15), timedelta(hours=6)
"""A change this long after or before the start of an incident may have to do with it."""
CORE, SUPPLEMENTARY = Service.Tier.CORE, Service.Tier.SUPPLEMENTARY
TIERS = (CORE, NORMAL, SUPPLEMENTARY)
EVENT_DAYS = 30


def ended_before(limits: Limits) -> QuerySet[Incident]:
    """Resolved incidents that are old by the tier of their services: of several, the highest."""
    services = Incident.services.through.objects.filter(incident=OuterRef("pk"))
    is_core = Exists(services.filter(service__tier=CORE))
    is_supplementary = Exists(services) & ~Exists(services.exclude(service__tier=SUPPLEMENTARY))
    of_tier = {
        CORE: Q(is_core),
        SUPPLEMENTARY: Q(is_supplementary),
        NORMAL: ~Q(is_core) & ~Q(is_supplementary),
    }
    latest = limits.latest()
    if latest is None:
        return Incident.objects.none()
    old = Q()
    for tier, before in limits.by_tier().items():
        old |= of_tier[tier] & Q(resolved_at__lt=before)
    resolved = Incident.objects.filter(status=Incident.Status.RESOLVED, resolved_at__lt=latest)
    return resolved.filter(old)


def _deliveries(limits: Limits, most: int) -> int:
    old = Delivery.objects.filter(received_at__lt=limits.before())
    return delete_some(old.exclude(state=Delivery.State.WAITING), most)


def _events(limits: Limits, most: int) -> int:
    return delete_some(Event.objects.filter(at__lt=limits.before()), most)


def _idempotent_responses(limits: Limits, most: int) -> int:
    return delete_some(IdempotentResponse.objects.filter(created_at__lt=limits.before()), most)


def _notices(limits: Limits, most: int) -> int:
    return delete_some(Notice.objects.filter(created_at__lt=limits.before()), most)


def _unknown_services(limits: Limits, most: int) -> int:
    # What somebody decided to ignore would come back.
    old = UnknownService.objects.filter(last_at__lt=limits.before(), ignored=False)
    return delete_some(old, most)


def _changes(limits: Limits, most: int) -> int:
    near = Incident.objects.filter(
        impact_started_at__gte=OuterRef("started_at") - OF_INCIDENT_BEFORE,
        impact_started_at__lte=OuterRef("started_at") + OF_INCIDENT_AFTER,
    )
    old = Change.objects.filter(started_at__lt=limits.before())
    return delete_some(old.filter(~Exists(near)), most)


def _alerts(limits: Limits, most: int) -> int:
    """Alerts without an incident; of those with one, all but the first and last of each rule."""
    done = 0
    if alone := limits.before():
        old = Alert.objects.annotate(last=Coalesce("last_received_at", "received_at"))
        old = old.filter(received_at__lt=alone, last__lt=alone, incident=None, opens_at=None)
        done = delete_some(old, most)
    if done == most or limits.latest() is None:
        return done
    of = Coalesce("service_id", 0)
    rule = Alert.objects.filter(incident=OuterRef("incident"), name=OuterRef("name")).annotate(
        of=of
    )
    rule = rule.filter(of=OuterRef("of"))
    earlier = Q(starts_at__lt=OuterRef("starts_at")) | Q(
        starts_at=OuterRef("starts_at"), pk__lt=OuterRef("pk")
    )
    later = Q(starts_at__gt=OuterRef("starts_at")) | Q(
        starts_at=OuterRef("starts_at"), pk__gt=OuterRef("pk")
    )
    repeated = Alert.objects.annotate(of=of).filter(
        Exists(rule.filter(earlier)),
        Exists(rule.filter(later)),
        received_at__lt=limits.latest(),
        status=Alert.Status.RESOLVED,
        incident__in=ended_before(limits).values("pk"),
    )
    locked = repeated.order_by().select_for_update(of=("self",), skip_locked=True)
    rows = list(locked.values_list("pk", "incident_id")[: most - done])
    Alert.objects.filter(pk__in=[pk for pk, _ in rows]).delete()
    for incident, count in Counter(incident for _, incident in rows).items():
        TimelineEntry.objects.create(
            incident_id=incident,
            at=limits.now,
            kind=TimelineEntry.Kind.EDIT,
            text=f"{count} repeated alerts were deleted by ALERT_RETENTION_DAYS; the first and the "
            "last of each rule stay.",
        )
    return done + len(rows)


def _timeline(limits: Limits, most: int) -> int:
    """What alerts wrote on timelines, unless somebody has edited or pinned it."""
    old = TimelineEntry.objects.filter(
        kind=TimelineEntry.Kind.ALERT,
        author=None,
        pinned=False,
        edited_at=None,
        created_at__lt=limits.latest(),
        incident__in=ended_before(limits).values("pk"),
    )
    return delete_some(old, most) if limits.latest() else 0


def _history(limits: Limits, most: int) -> int:
    return delete_history((Incident.history.model, Service.history.model), limits.before(), most)


def register_kinds() -> None:
    history = (
        Incident.history.model, Service.history.model,
        *_links_of(Incident.history.model), *_links_of(Service.history.model),
    )  # fmt: skip
    for name, kind in {
        "deliveries": Kind(
            "Deliveries with their bodies",
            (Delivery,),
            "Deleted {days} after they arrived; those that wait to be processed stay.",
            "received_at",
            "DELIVERY_RETENTION_DAYS",
            30,
            delete=_deliveries,
        ),
        "events": Kind(
            "Events and what was sent of them",
            (Event,),
            "Deleted {days} after they happened, with the notifications that were sent of them.",
            "at",
            "EVENT_RETENTION_DAYS",
            EVENT_DAYS,
            delete=_events,
        ),
        "idempotent-responses": Kind(
            "Responses for repeated API requests",
            (IdempotentResponse,),
            "Deleted {days} after the request.",
            "created_at",
            "IDEMPOTENT_RESPONSE_RETENTION_DAYS",
            2,
            delete=_idempotent_responses,
        ),
        "notices": Kind(
            "Notices of people",
            (Notice,),
            "Deleted {days} after they were written, read or not.",
            "created_at",
            "NOTICE_RETENTION_DAYS",
            90,
            delete=_notices,
        ),
        "push-notifications": Kind(
            "Notices sent to devices of people",
            (tables.PushDelivery, tables.PushDevice, tables.PushKey),
            "Deleted with their notice. Up to ten devices of each person stay until they are "
            "removed or signed out, and one key.",
            "created_at",
        ),
        "alerts": Kind(
            "Alerts",
            (Alert,),
            "Alerts of no incident are deleted after {days}. So long after an incident was "
            "resolved, the first and the last alert of each rule and service stay.",
            "received_at",
            "ALERT_RETENTION_DAYS",
            dict.fromkeys(TIERS, 400),
            delete=_alerts,
        ),
        "timeline": Kind(
            "Timelines",
            (TimelineEntry, tables.TimelineVersion),
            "What people wrote stays. What alerts wrote is deleted {days} after it was written, "
            "once the incident is resolved; not what somebody pinned or edited.",
            "created_at",
            "TIMELINE_RETENTION_DAYS",
            dict.fromkeys(TIERS, 730),
            delete=_timeline,
        ),
        "changes": Kind(
            "Changes and deploys",
            (Change,),
            "Deleted {days} after they began, but for those up to six hours before an incident.",
            "started_at",
            "CHANGE_RETENTION_DAYS",
            730,
            delete=_changes,
        ),
        "unknown-services": Kind(
            "Names of unknown services",
            (UnknownService,),
            "Deleted {days} after they were last seen; ignored ones stay ignored.",
            "first_at",
            "UNKNOWN_SERVICE_RETENTION_DAYS",
            180,
            delete=_unknown_services,
        ),
        "history-of-incidents": Kind(
            "Former versions of incidents and services",
            history,
            "Deleted {days} after they were written; the newest of each record stays.",
            "history_date",
            "HISTORY_RETENTION_DAYS",
            HISTORY_DAYS,
            delete=_history,
        ),
        "incidents": Kind(
            "Incidents",
            (
                Incident, Incident.services.through, Incident.viewers.through,
                Incident.viewer_teams.through, Incident.responders.through,
                Incident.watchers.through,
            ),
            "Never deleted: past incidents are what suggestions are made of.",
            "created_at",
        ),
        "pager-acts": Kind(
            "What people did in pagers",
            (tables.PagerAct,),
            "Stay with their incident: an act that a pager reports again counts once.",
        ),
        "services": Kind(
            "Services",
            (Service, Service.depends_on.through),
            "As many as there are services.",
            "created_at",
        ),
        "custom-fields": Kind(
            "Custom fields",
            (tables.CustomField, tables.FieldValue),
            "Values stay with their incident or service, also where a field is archived.",
        ),
        "saved-filters": Kind(
            "Saved filters of people",
            (tables.SavedFilter,),
            "Up to 50 for each person, until they remove them.",
            "created_at",
        ),
        "intake-settings": Kind(
            "Integrations, tokens and rules",
            (
                tables.Integration, tables.IntegrationSecret, tables.ApiToken, tables.TierPolicy,
                tables.DeployRule, tables.MaintenanceWindow,
                tables.MaintenanceWindow.services.through, tables.HeartbeatRule,
                tables.HeartbeatSender, tables.HeartbeatWatch, tables.ScheduledRun,
            ),
            "As many as people set up, and one for each sender of heartbeats and periodic task. "
            "Tokens that ended stay for the audit log.",
            "created_at",
        ),
    }.items():  # fmt: skip
        KINDS.register(name, kind)


def _links_of(table: type) -> list[type]:
    return [each.related_model for each in table._meta.related_objects]  # type: ignore[attr-defined]


def delete_old_deliveries() -> int:
    """Delete deliveries that were no longer waiting to be processed; returns how many."""
    return retention.apply(KINDS["deliveries"]).rows


def delete_old_events() -> int:
    return retention.apply(KINDS["events"]).rows


def delete_old_idempotent_responses() -> int:
    return retention.apply(KINDS["idempotent-responses"]).rows
