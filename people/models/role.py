"""Roles, and who has which."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.check_constraints import CheckConstraint
from common.language import Text
from people.models.team import Team


class Role(models.TextChoices):
    VIEWER = "viewer", _("Viewer")
    RESPONDER = "responder", _("Responder")
    EDITOR = "editor", _("Editor")
    MANAGER = "manager", _("Manager")
    ADMINISTRATOR = "administrator", _("Administrator")
    AUDITOR = "auditor", _("Auditor")

    @property
    def summary(self) -> Text:
        """What it adds to the one before, in the reader's language."""
        return SUMMARIES[self]

    def is_at_least(self, other: Role) -> bool:
        """Whether this role of the ladder includes `other`. An auditor is on no step of it."""
        return self in LADDER and LADDER.index(self) >= LADDER.index(other)


SUMMARIES = {
    Role.VIEWER: _("Reads everything that is not private."),
    Role.RESPONDER: _("Also files and edits incidents, writes notes, links causes."),
    Role.EDITOR: _("Also edits causes, postmortems, and services of their own teams."),
    Role.MANAGER: _("Also edits all services, sources, integrations, rules and checklists."),
    Role.ADMINISTRATOR: _("Also manages people, roles, teams and tokens; sees private incidents."),
    Role.AUDITOR: _("Reads everything, private incidents and the audit log too; changes nothing."),
}

LADDER = [Role.VIEWER, Role.RESPONDER, Role.EDITOR, Role.MANAGER, Role.ADMINISTRATOR]
"""Each of these includes what those before it may do. Auditor is beside them."""


class RoleGrant(models.Model):
    """A role of a person: everywhere, or for what a team owns."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="role_grants")
    role = models.CharField(max_length=20, choices=Role)
    team = models.ForeignKey(
        Team, models.CASCADE, null=True, blank=True, related_name="role_grants",
        help_text="Only for what this team owns; empty: everywhere.",
    )  # fmt: skip
    provider = models.CharField(
        max_length=100, blank=True, help_text="The sign-in that assigned it; empty: by hand."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["user", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "team", "provider"],
                name="role_granted_once", nulls_distinct=False,
            ),
            CheckConstraint(
                condition=Q(role__in=[role.value for role in Role]), name="role_known"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        where = f" for {self.team}" if self.team else ""
        return f"{self.user}: {self.get_role_display()}{where}"


class GroupRule(models.Model):
    """What members of a group of the identity provider are here: a role, a team, or both."""

    provider = models.CharField(
        max_length=100, blank=True, help_text="The sign-in it counts for; empty: every one."
    )
    group = models.CharField(max_length=300, help_text=_("As the identity provider sends it."))
    role = models.CharField(max_length=20, choices=Role, blank=True)
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["provider", "group", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "group", "role", "team"],
                name="group_rule_once", nulls_distinct=False,
            ),
            CheckConstraint(
                condition=~Q(role="") | Q(team__isnull=False), name="group_rule_gives_something",
                violation_error_message=_("Choose a role, a team, or both."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.group
