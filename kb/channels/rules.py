"""Which incidents get a channel, by which rule."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.models import Event, Incident
from kb.channel_hosts import registry
from kb.channels.words import pattern_problem
from kb.models import ChannelRule, OpenedChannel

MOST_AN_HOUR = 30
"""New channels of a workspace: a storm of alerts shall not leave hundreds behind."""
Private = ChannelRule.Private


def check_rule(rule: ChannelRule) -> None:
    """Raises ValidationError by field name, also for what the database cannot check."""
    problems: dict[str, Any] = {}
    host = registry().get(rule.workspace.kind)
    if host is None:
        problems["workspace"] = _("Channels can be opened in Slack and Mattermost only.")
    if problem := pattern_problem(rule.name_pattern):
        problems["name_pattern"] = problem
    if problems:
        raise ValidationError(problems)
    rule.full_clean()


def plan_channels() -> int:
    """Write the channels that rules want; returns how many are new. Safe to run concurrently."""
    rules = ChannelRule.objects.filter(workspace__enabled=True, workspace__kind__in=[*registry()])
    return sum(_plan(rule) for rule in rules.select_related("workspace"))


def _plan(rule: ChannelRule) -> int:
    recent = OpenedChannel.objects.filter(
        workspace=rule.workspace, created_at__gte=timezone.now() - timedelta(hours=1)
    )
    wanted = list(incidents_without_channel(rule)[:MOST_AN_HOUR])
    if not wanted:
        return 0
    rows = [
        OpenedChannel(rule=rule, workspace=rule.workspace, incident=each, is_private=each.private)
        for each in wanted[: max(MOST_AN_HOUR - recent.count(), 0)]
    ]
    return len(OpenedChannel.objects.bulk_create(rows, ignore_conflicts=True))


def incidents_without_channel(rule: ChannelRule) -> QuerySet[Incident]:
    """Open incidents that a rule is about, filed since it was made; the oldest first.

    Imported history is not: nothing announced it.
    """
    levels = Incident.Severity.values
    severe = levels[: levels.index(rule.severity) + 1]
    announced = Event.objects.filter(incident=OuterRef("pk"), kind="incident.filed")
    known = OpenedChannel.objects.filter(incident=OuterRef("pk"), workspace=rule.workspace_id)
    rows = Incident.objects.exclude(status=Incident.Status.RESOLVED).filter(
        Exists(announced), ~Exists(known), merged_into=None, severity__in=severe,
        created_at__gte=rule.created_at,
    )  # fmt: skip
    through = Incident.services.through.objects.filter(incident=OuterRef("pk"))
    if rule.team_id is not None:
        rows = rows.filter(Exists(through.filter(service__owner=rule.team_id)))
    if rule.service_id is not None:
        rows = rows.filter(Exists(through.filter(service=rule.service_id)))
    if rule.private_incidents == Private.NEVER:
        rows = rows.filter(private=False)
    return rows.order_by("pk")
