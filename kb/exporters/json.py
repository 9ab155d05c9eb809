from __future__ import annotations

import json

from common.viewer import Viewer
from kb.exporters.base import Exporter
from kb.models import Postmortem


class JsonExporter(Exporter):
    kind = "json"
    title = "JSON"
    extension = "json"
    content_type = "application/json"

    def export(self, postmortem: Postmortem, user: Viewer) -> bytes:
        incidents = postmortem.incidents.order_by("pk").prefetch_related(
            "services", "cause_links__cause"
        )
        document = {
            "id": postmortem.pk,
            "title": postmortem.title,
            "state": postmortem.state,
            "version": postmortem.version,
            "author": postmortem.author and postmortem.author.get_username(),
            "published_at": postmortem.published_at and postmortem.published_at.isoformat(),
            "body": postmortem.body,
            "incidents": [
                {
                    "reference": row.reference,
                    "title": row.title,
                    "severity": row.severity,
                    "impact_started_at": row.impact_started_at.isoformat(),
                    "resolved_at": row.resolved_at and row.resolved_at.isoformat(),
                    "services": [service.name for service in row.services.all()],
                    "causes": [
                        {"name": link.cause.name, "role": link.role, "state": link.state}
                        for link in row.cause_links.all()
                    ],
                }
                for row in incidents
            ],
            "action_items": [
                {
                    "title": row.title,
                    "kind": row.kind,
                    "state": row.state,
                    "owner": row.owner.get_username() if row.owner else row.owner_named or None,
                    "due_on": row.due_on and row.due_on.isoformat(),
                    "tracker_url": row.tracker_url,
                    "cause": row.cause and row.cause.name,
                }
                for row in postmortem.action_items.select_related("owner", "cause")
            ],
        }
        return json.dumps(document, indent=2, ensure_ascii=False).encode()
