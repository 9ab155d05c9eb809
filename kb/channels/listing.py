"""Which channels of incidents somebody may know of, and where they open."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from common.viewer import Viewer
from incidents.models import Incident
from incidents.permissions import visible
from kb.channel_hosts import registry
from kb.models import OpenedChannel


@dataclass(frozen=True)
class ChannelLink:
    name: str
    url: str
    workspace: str
    archived: bool


def shown_channels(viewer: Viewer) -> QuerySet[OpenedChannel]:
    """Those of incidents that `viewer` may see."""
    return OpenedChannel.objects.filter(visible(viewer, "incident__"))


def address_of(row: OpenedChannel) -> str:
    """Where a browser opens the channel; empty where there is none yet."""
    host = registry().get(row.workspace.kind)
    # An address needs no secret, so none is unsealed for it.
    return host({}, row.workspace.settings).address(row.channel) if host and row.channel else ""


def links_of(incident: Incident) -> list[ChannelLink]:
    """The channels of an incident whose page the reader has open."""
    rows = incident.opened_channels.exclude(channel="").select_related("workspace")
    return [
        ChannelLink(row.name, address_of(row), row.workspace.name, row.archived_at is not None)
        for row in rows
    ]
