"""The command palette: what a person may open, find or do from any page.

Packages register in their apps.py: pages with `PAGES`, records with `FINDERS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from common.language import Text, in_sentence
from common.registry import Registry
from common.viewer import Viewer
from incidents.models import Incident, Service
from incidents.permissions import (
    EDIT_SERVICES,
    FILE_INCIDENTS,
    IMPORT_CATALOGUE,
    MANAGE_FIELDS,
    visible_incidents,
)
from incidents.search.filters import full_text_match, incidents_by_keys
from people.acts import Act
from people.permissions import may

MAX_TEXT = 200
SHOWN = 5
"""Most entries of a group."""
SHOWN_PAGES = 8
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Entry:
    """A line of the palette: what it says, and the page that it opens."""

    label: str
    path: str
    note: str = ""
    """A few words behind it, such as a status."""


@dataclass(frozen=True)
class Page:
    """A page that can be opened by its name."""

    label: Text
    view: str
    words: str = ""
    """Other words that it is found by."""
    act: Act | None = None
    """Only for those who may do this."""
    keys: str = ""


@dataclass(frozen=True)
class Finder:
    """Records that contain a text. `find` gets the viewer and the text, empty at first."""

    title: Text
    find: Callable[[Viewer, str], Iterable[Entry]]
    comes_last: bool = False
    """For what fits any text: below all that was found."""


@dataclass(frozen=True)
class Group:
    title: str
    entries: list[Entry]


def groups_for(viewer: Viewer, text: str) -> list[Group]:
    """What the palette shows for a text, in the order of registration; only what `viewer` may."""
    text = " ".join(text.replace("\x00", "")[:MAX_TEXT].split())
    groups = [Group(str(_("Go to")), _pages(viewer, text))]
    for finder in sorted(FINDERS.values(), key=lambda each: each.comes_last):
        groups.append(Group(str(finder.title), list(finder.find(viewer, text))[:SHOWN]))
    return [group for group in groups if group.entries]


def _pages(viewer: Viewer, text: str) -> list[Entry]:
    wanted = _WORD.findall(text.lower())
    found = [
        (not str(page.label).lower().startswith(text.lower()), number, page)
        for number, page in enumerate(each for pages in PAGES.values() for each in pages)
        if _is_meant(page, wanted) and (page.act is None or may(viewer, page.act))
    ]
    return [
        Entry(str(page.label), reverse(page.view), page.keys)
        for _, _, page in sorted(found, key=lambda each: each[:2])[:SHOWN_PAGES]
    ]


def _is_meant(page: Page, wanted: list[str]) -> bool:
    """Whether each of the words begins one of the page's."""
    words = _WORD.findall(f"{page.label} {page.words}".lower())
    return all(any(word.startswith(each) for word in words) for each in wanted)


def _find_incidents(viewer: Viewer, text: str) -> Iterator[Entry]:
    """Open ones, the most severe first; with a text, those that contain it, the newest first."""
    incidents = visible_incidents(viewer)
    if text:
        rows = incidents.filter(full_text_match(text))
    else:
        rows = incidents.exclude(status=Incident.Status.RESOLVED).order_by("severity", "-pk")
    for incident in incidents_by_keys(rows.values_list("pk", flat=True)[:SHOWN], ()):
        note = f"{incident.severity} · {in_sentence(incident.get_status_display())}"
        yield Entry(str(incident), incident.get_absolute_url(), note)


def _find_services(viewer: Viewer, text: str) -> Iterator[Entry]:
    if text:
        for service in Service.objects.filter(name__icontains=text)[:SHOWN]:
            yield Entry(service.name, service.get_absolute_url(), service.tier)


def _find_acts(viewer: Viewer, text: str) -> Iterator[Entry]:
    if text and may(viewer, FILE_INCIDENTS):
        filing = f"{reverse('incidents:new')}?{urlencode({'title': text})}"
        yield Entry(_("File incident “%(title)s”") % {"title": text}, filing)


PAGES: Registry[tuple[Page, ...]] = Registry(
    "pages of the palette",
    {
        "incidents": (
            Page(_("Home"), "incidents:home", "start overview", keys="g h"),
            Page(_("File an incident"), "incidents:new", "new report", FILE_INCIDENTS, "n"),
            Page(_("Incidents"), "incidents:list", keys="g i"),
            Page(_("Services"), "incidents:services", "catalogue", keys="g s"),
            Page(_("Add a service"), "incidents:service-new", "new create", EDIT_SERVICES),
            Page(_("Import services"), "incidents:service-import", "catalogue", IMPORT_CATALOGUE),
            Page(_("Alerts"), "incidents:alerts", keys="g a"),
            Page(_("Notices"), "incidents:notices", "notifications unread"),
            Page(_("Dependencies"), "incidents:service-graph", "map graph topology services"),
            Page(_("Integrations"), "incidents:integrations", "senders webhooks alertmanager"),
            Page(_("Guides"), "incidents:guides", "help senders how to set up"),
            Page(_("Rules: tiers, maintenance, jobs"), "incidents:intake-rules", "intake policies"),
            Page(_("Custom fields"), "incidents:custom-fields", "settings labels properties"),
            Page(_("Add a custom field"), "incidents:custom-field-new", "new", MANAGE_FIELDS),
            Page(_("API tokens"), "incidents:tokens", "keys"),
        )
    },
)
"""Pages that packages offer, each package its own."""

FINDERS: Registry[Finder] = Registry(
    "finders of the palette",
    {
        "services": Finder(_("Services"), _find_services),
        "incidents": Finder(_("Incidents"), _find_incidents),
        "filing": Finder(_("Act"), _find_acts, comes_last=True),
    },
)
"""What searches records for the palette; each asks the permissions of its own package."""
