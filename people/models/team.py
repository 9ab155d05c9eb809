"""Teams: who owns services, and who belongs together."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from common.language import Text


class Team(models.Model):
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True, max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), name="team_name_once",
                violation_error_message=_("There is a team of this name."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @classmethod
    def named(cls, name: str) -> Team | None:
        """The team of this name in any case, created if there is none; None for an empty name."""
        name = name.strip()
        if not name:
            return None
        return cls.known(name) or cls.objects.create(name=name[:100])

    @classmethod
    def known(cls, name: str) -> Team | None:
        """The team of this name in any case, if there is one."""
        return cls.objects.filter(name__iexact=name.strip()[:101]).first()

    @staticmethod
    def unknown(name: str) -> Text:
        """A sentence for a name that no team has."""
        return format_lazy(_("There is no team named “{name}”."), name=name[:100])


class Membership(models.Model):
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="team_memberships"
    )
    provider = models.CharField(
        max_length=100, blank=True, help_text="The sign-in that assigned it; empty: by hand."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["team__name", "pk"]
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"
