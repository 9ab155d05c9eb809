"""Who may see which incidents and alerts, and the acts of this package.

Every query for a person goes through here.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from common.viewer import Nobody, Viewer, only_team
from incidents.models import Alert, Incident
from people.acts import declare
from people.models import Role

SEE_ALL = "incidents.view_private_incident"
declare(SEE_ALL, "see private incidents", Role.ADMINISTRATOR, auditor=True)
FILE_INCIDENTS = declare("incidents.add_incident", "file incidents", Role.RESPONDER)
EDIT_INCIDENTS = declare("incidents.change_incident", "edit incidents", Role.RESPONDER)
MAKE_PRIVATE = declare(
    "incidents.make_private", "make incidents private and say who sees them", Role.RESPONDER
)
MAKE_PUBLIC = declare("incidents.make_public", "make private incidents public", Role.EDITOR)
EDIT_NOTES_OF_OTHERS = declare(
    "incidents.change_timelineentry", "edit or hide what others wrote", Role.EDITOR
)
REPORT_CHANGES = declare(
    "incidents.add_change", "report changes and say whether they count", Role.RESPONDER
)
ADD_SERVICES = declare("incidents.add_service", "add services", Role.EDITOR, of_team=True)
EDIT_SERVICES = declare("incidents.change_service", "edit services", Role.EDITOR, of_team=True)
IMPORT_CATALOGUE = declare("incidents.import_catalogue", "import a catalogue", Role.MANAGER)
IMPORT_HISTORY = declare(
    "incidents.import_history",
    "import incident history and say which system an incident came from",
    Role.MANAGER,
)
MANAGE = declare(
    "incidents.change_integration", "manage integrations and their rules", Role.MANAGER
)
MANAGE_FIELDS = declare("incidents.change_customfield", "manage custom fields", Role.MANAGER)
CREATE_ADMIN_TOKENS = declare(
    "incidents.add_admin_token", "create tokens for settings", Role.MANAGER, auditor=True
)

__all__ = [
    "ADD_SERVICES",
    "CREATE_ADMIN_TOKENS",
    "EDIT_INCIDENTS",
    "EDIT_NOTES_OF_OTHERS",
    "EDIT_SERVICES",
    "FILE_INCIDENTS",
    "IMPORT_CATALOGUE",
    "IMPORT_HISTORY",
    "MAKE_PRIVATE",
    "MAKE_PUBLIC",
    "MANAGE",
    "MANAGE_FIELDS",
    "REPORT_CHANGES",
    "SEE_ALL",
    "Nobody",
    "Viewer",
    "can_see",
    "hidden_incident_ids",
    "hidden_incidents",
    "only_team",
    "sees_all",
    "visible",
    "visible_alerts",
    "visible_incidents",
]


def sees_all(viewer: Viewer) -> bool:
    return only_team(viewer) is None and viewer.has_perm(SEE_ALL)


def visible(viewer: Viewer, to: str = "") -> Q:
    """A filter for the incidents `viewer` may see: public ones, and private ones they are part of.

    `to` is the lookup path from another model to the incident, such as "incident__". The filter
    excludes hidden incidents: that list is short and costs the database less than all visible ones.
    """
    condition = Q()
    if not viewer.has_perm(SEE_ALL):
        condition &= ~Q(**{f"{to}pk__in": _hidden(viewer)})
    if team := only_team(viewer):
        of_team = Incident.services.through.objects.filter(service__owner=team)
        condition &= Q(**{f"{to}pk__in": of_team.values("incident_id")})
    return condition


_HIDDEN = """
SELECT incident.id FROM incidents_incident AS incident
WHERE incident.private AND incident.reporter_id IS DISTINCT FROM %s
AND NOT EXISTS (
    SELECT FROM incidents_incident_viewers AS shared
    WHERE shared.incident_id = incident.id AND shared.user_id = %s)
AND NOT EXISTS (
    SELECT FROM incidents_incident_viewer_teams AS shared
    JOIN people_membership AS member ON member.team_id = shared.team_id
    WHERE shared.incident_id = incident.id AND member.user_id = %s)
"""
"""Every page asks for it, often several times: composed by the ORM it was three quarters of the
time in which a query for visible incidents was composed."""
_NOBODY = 0
"""No person's key: NULL would count incidents without a reporter as reported by nobody."""


def _hidden(viewer: Viewer) -> RawSQL:
    """Keys of private incidents that `viewer` neither reported nor was added to, by name or by
    team."""
    return RawSQL(_HIDDEN, [viewer.pk or _NOBODY] * 3)  # noqa: S611  (a query of ours)


def visible_incidents(viewer: Viewer) -> QuerySet[Incident]:
    return Incident.objects.filter(visible(viewer))


def visible_alerts(viewer: Viewer) -> QuerySet[Alert]:
    """Alerts of incidents `viewer` may see, and alerts without an incident."""
    alone = Q(incident=None)
    if team := only_team(viewer):
        alone &= Q(service__owner=team)
    return Alert.objects.filter(alone | Q(incident__isnull=False) & visible(viewer, "incident__"))


def can_see(viewer: Viewer, incident: Incident) -> bool:
    if not incident.private and not only_team(viewer):
        return True
    return visible_incidents(viewer).filter(pk=incident.pk).exists()


def hidden_incidents(viewer: Viewer) -> QuerySet[Incident]:
    """Private incidents that `viewer` may not see."""
    if viewer.has_perm(SEE_ALL):
        return Incident.objects.none()
    return Incident.objects.filter(pk__in=_hidden(viewer))


def hidden_incident_ids(viewer: Viewer) -> set[int]:
    """Incidents that search must leave out for `viewer`; mostly a short list."""
    if only_team(viewer):
        seen = visible_incidents(viewer).values("pk")
        return set(Incident.objects.exclude(pk__in=seen).values_list("pk", flat=True))
    return set(hidden_incidents(viewer).order_by().values_list("pk", flat=True))
