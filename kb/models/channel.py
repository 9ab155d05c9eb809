"""Channels that rules open in chat for incidents."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.check_constraints import CheckConstraint
from common.leased_jobs import LeasedJob
from incidents.models import ONE_OF_A_NAME, Incident, NamedRule, Service
from kb.models.chat import Workspace
from people.models import Team


class ChannelRule(NamedRule):
    """For which new incidents a workspace gets a channel, and what becomes of it."""

    class Private(models.TextChoices):
        NEVER = "never", _("No channel")
        CHANNEL = "channel", _("A private channel with those who may see the incident")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="channel_rules")
    severity = models.CharField(
        _("severity"), max_length=4, choices=Incident.Severity, default=Incident.Severity.SEV2,
        help_text=_("Only incidents at least this severe."),
    )  # fmt: skip
    team = models.ForeignKey(
        Team, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("team"),
        help_text=_("Only incidents of this team's services."),
    )  # fmt: skip
    service = models.ForeignKey(
        Service, models.CASCADE, null=True, blank=True, related_name="+",
        verbose_name=_("service"), help_text=_("Only incidents of this service."),
    )  # fmt: skip
    private_incidents = models.CharField(
        _("private incidents"), max_length=10, choices=Private, default=Private.NEVER
    )
    name_pattern = models.CharField(
        _("name of the channel"), max_length=80, default="inc-{number}-{title}",
        help_text=_("With {number}; also {title}, {service}, {severity} and {date}."),
    )  # fmt: skip
    invite_on_call = models.BooleanField(
        _("invite who is on call"), default=True,
        help_text=_("Owner and responders are always invited, once their account is linked."),
    )  # fmt: skip
    archive_after_days = models.PositiveSmallIntegerField(
        _("archive after days"), null=True, blank=True,
        help_text=_("Counted from the end of the incident; empty for never."),
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            ONE_OF_A_NAME,
            CheckConstraint(
                condition=Q(private_incidents__in=["never", "channel"]),
                name="channel_rule_private_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workspace}: {self.name_pattern}"


class OpenedChannel(LeasedJob):
    """The channel of an incident in a workspace, with all that was done there.

    The job is to make the channel what the incident is: it waits while there may be more to do.
    """

    rule = models.ForeignKey(ChannelRule, models.CASCADE, related_name="channels")
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="opened_channels")
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="opened_channels")
    channel = models.CharField(max_length=200, blank=True, help_text="Its id there.")
    name = models.CharField(max_length=100, blank=True)
    is_private = models.BooleanField(default=False)
    topic_digest = models.CharField(
        max_length=64, blank=True, help_text="Of the topic that was set last: it names a person."
    )
    described = models.BooleanField(default=False)
    posted = models.JSONField(default=list, blank=True, help_text="Keys of what was posted.")
    invited = models.JSONField(default=list, blank=True, help_text="Linked accounts, by key.")
    notes = models.JSONField(default=dict, blank=True, help_text="What was refused, by step.")
    synced_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "incident"], name="opened_channel_one_a_workspace"
            )
        ]
        indexes = [
            models.Index(
                fields=["not_before"],
                name="opened_channel_due",
                condition=Q(state__in=["waiting", "claimed"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name or 'channel'}: {self.incident.reference}"
