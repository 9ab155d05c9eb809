"""Causes and postmortems in the command palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.language import in_sentence
from common.viewer import Viewer
from incidents.palette import SHOWN, Entry, Finder, Page
from incidents.permissions import IMPORT_HISTORY
from incidents.search.query_language import search_query
from kb.causes.queries import causes_containing
from kb.permissions import (
    EDIT_CAUSES,
    EDIT_TEMPLATES,
    MANAGE_TARGETS,
    MANAGE_TRACKERS,
    MANAGE_WORKSPACES,
    WRITE_POSTMORTEMS,
    visible_postmortems,
)

PAGES = (
    Page(_("Causes"), "kb:causes", keys="g c"),
    Page(_("Postmortems"), "kb:postmortems", keys="g p"),
    Page(_("Action items"), "kb:actions", "todo promised fixes due"),
    Page(_("Reports"), "kb:report", "figures statistics", keys="g r"),
    Page(_("Add a cause"), "kb:cause-new", "new create", EDIT_CAUSES),
    Page(_("Write a postmortem"), "kb:postmortem-new", "new create add", WRITE_POSTMORTEMS),
    Page(
        _("Import history"),
        "kb:history-import",
        "upload csv markdown past incidents",
        IMPORT_HISTORY,
    ),
    Page(
        _("Import by API"),
        "kb:history-connections",
        "history pagerduty jira github statuspage opsgenie confluence",
        IMPORT_HISTORY,
    ),
    Page(
        _("Targets of postmortems"),
        "kb:targets",
        "publish copy confluence github notion",
        MANAGE_TARGETS,
    ),
    Page(_("My chat account"), "kb:chat-me", "slack mattermost teams link"),
    Page(_("Chat workspaces"), "kb:workspaces", "slack mattermost teams", MANAGE_WORKSPACES),
    Page(_("Trackers"), "kb:trackers", "jira github gitlab linear issues", MANAGE_TRACKERS),
    Page(_("Categories and templates"), "kb:configuration", "settings", EDIT_TEMPLATES),
)


def _find_causes(viewer: Viewer, text: str) -> Iterator[Entry]:
    if not text:
        return
    for cause in causes_containing(viewer, text)[:SHOWN]:
        yield Entry(cause.name, cause.get_absolute_url(), str(cause.category))


def _find_postmortems(viewer: Viewer, text: str) -> Iterator[Entry]:
    if not text:
        return
    rows = visible_postmortems(viewer).filter(
        Q(search=search_query(text)) | Q(title__icontains=text)
    )
    for postmortem in rows.defer("body", "search")[:SHOWN]:
        state = in_sentence(postmortem.get_state_display())
        yield Entry(postmortem.title, postmortem.get_absolute_url(), state)


CAUSES = Finder(_("Causes"), _find_causes)
POSTMORTEMS = Finder(_("Postmortems"), _find_postmortems)
