"""The one place that knows who may see what. Everything else asks here."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from incidents.models import Alert, Incident

SEE_ALL = "incidents.view_private_incident"
MANAGE = "incidents.change_integration"


class Nobody:
    """Asks on nobody's behalf, as tasks do: sees what is public only."""

    pk = None

    def has_perm(self, name: str) -> bool:
        return False


def only_team(user: Any) -> str:
    """The team whose incidents alone `user` may see, as they ask with a token narrowed to it."""
    return getattr(user, "only_team", "")


def sees_all(user: Any) -> bool:
    return not only_team(user) and user.has_perm(SEE_ALL)


def visible(user: Any, to: str = "") -> Q:
    """Which incidents `user` may see: all public ones, and private ones they are part of.

    `to` leads to the incident from another record, such as "incident__". Told as what is hidden:
    that is a short list, and costs the database less than all that is visible.
    """
    found = Q()
    if not user.has_perm(SEE_ALL):
        found &= ~Q(**{f"{to}pk__in": _hidden(user).values("pk")})
    if team := only_team(user):
        of_team = Incident.services.through.objects.filter(service__owner_team__iexact=team)
        found &= Q(**{f"{to}pk__in": of_team.values("incident_id")})
    return found


def _hidden(user: Any) -> QuerySet[Incident]:
    """Private incidents that `user` is no part of."""
    shared = Incident.viewers.through.objects.filter(user_id=user.pk).values("incident_id")
    hidden = Incident.objects.filter(private=True).exclude(pk__in=shared)
    # Without a reporter is not reported by nobody: NULL must not hide or show by accident.
    return hidden.exclude(reporter_id=user.pk) if user.pk is not None else hidden


def visible_incidents(user: Any) -> QuerySet[Incident]:
    return Incident.objects.filter(visible(user))


def visible_alerts(user: Any) -> QuerySet[Alert]:
    """Alerts of incidents `user` may see, and those that belong to none."""
    alone = Q(incident=None)
    if team := only_team(user):
        alone &= Q(service__owner_team__iexact=team)
    return Alert.objects.filter(alone | Q(incident__in=visible_incidents(user)))


def can_see(user: Any, incident: Incident) -> bool:
    if not incident.private and not only_team(user):
        return True
    return visible_incidents(user).filter(pk=incident.pk).exists()


def hidden_incident_ids(user: Any) -> set[int]:
    """Incidents that `user` may not see, for search to leave out: a short list, mostly."""
    if only_team(user):
        seen = visible_incidents(user).values("pk")
        return set(Incident.objects.exclude(pk__in=seen).values_list("pk", flat=True))
    if user.has_perm(SEE_ALL):
        return set()
    return set(_hidden(user).values_list("pk", flat=True))


def can_see_all_of(user: Any, incidents: QuerySet[Incident]) -> bool:
    """Whether none of `incidents` is hidden from `user`; for records that tell of several."""
    hidden = incidents if only_team(user) else incidents.filter(private=True)
    return not hidden.exclude(pk__in=visible_incidents(user).values("pk")).exists()
