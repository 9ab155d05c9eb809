"""The one place that knows who may see what. Everything else asks here."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from incidents.models import Alert, Incident

SEE_ALL = "incidents.view_private_incident"


class Nobody:
    """Asks on nobody's behalf, as tasks do: sees what is public only."""

    pk = None

    def has_perm(self, name: str) -> bool:
        return False


def visible_incidents(user: Any) -> QuerySet[Incident]:
    """The incidents `user` may see: all public ones, and private ones they are part of."""
    if user.has_perm(SEE_ALL):
        return Incident.objects.all()
    return Incident.objects.filter(
        Q(private=False)
        | Q(reporter_id=user.pk)
        | Q(pk__in=Incident.viewers.through.objects.filter(user_id=user.pk).values("incident_id"))
    )


def visible_alerts(user: Any) -> QuerySet[Alert]:
    """Alerts of incidents `user` may see, and those that belong to none."""
    return Alert.objects.filter(Q(incident=None) | Q(incident__in=visible_incidents(user)))


def can_see(user: Any, incident: Incident) -> bool:
    if not incident.private:
        return True
    return visible_incidents(user).filter(pk=incident.pk).exists()


def hidden_incident_ids(user: Any) -> set[int]:
    """Private incidents that `user` may not see: a short list, for search to leave out."""
    if user.has_perm(SEE_ALL):
        return set()
    private = Incident.objects.filter(private=True).exclude(reporter_id=user.pk)
    return set(
        private.exclude(
            pk__in=Incident.viewers.through.objects.filter(user_id=user.pk).values("incident_id")
        ).values_list("pk", flat=True)
    )


def can_see_all_of(user: Any, incidents: QuerySet[Incident]) -> bool:
    """Whether none of `incidents` is hidden from `user`; for records that tell of several."""
    return (
        not incidents.filter(private=True)
        .exclude(pk__in=visible_incidents(user).values("pk"))
        .exists()
    )
