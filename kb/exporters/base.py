"""The contract of exporters: a postmortem in, a file out."""

from __future__ import annotations

from typing import ClassVar

from common.viewer import Viewer
from kb.models import Postmortem


class Exporter:
    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    extension: ClassVar[str] = ""
    content_type: ClassVar[str] = ""

    def export(self, postmortem: Postmortem, user: Viewer) -> bytes:
        """The file, with what `user` may see. The caller checks that they may read the text."""
        raise NotImplementedError


def file_name(postmortem: Postmortem) -> str:
    """A file name without its extension."""
    return f"postmortem-{postmortem.pk}"


def postmortem_facts(postmortem: Postmortem) -> list[tuple[str, str]]:
    """The facts above the text: label and value."""
    incidents = ", ".join(str(row) for row in postmortem.incidents.order_by("pk"))
    published = postmortem.published_at
    return [
        ("State", postmortem.get_state_display()),
        ("Author", str(postmortem.author or "not recorded")),
        ("Published", f"{published:%Y-%m-%d %H:%M} UTC" if published else "not yet"),
        ("Incidents", incidents),
    ]


def action_rows(postmortem: Postmortem) -> list[tuple[str, str, str, str, str]]:
    """Action items as title, kind, owner, due date and state."""
    return [
        (
            action.title,
            action.get_kind_display(),
            str(action.owner or action.owner_named or "nobody"),
            action.due_on.isoformat() if action.due_on else "no date",
            action.get_state_display(),
        )
        for action in postmortem.action_items.select_related("owner")
    ]


ACTION_HEAD = ("Action", "Kind", "Owner", "Due", "State")
