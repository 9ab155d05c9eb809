"""Which services an incident without any may be about: guesses, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.suggestions.types import AlikeIncident
from common.viewer import Viewer
from incidents.models import Alert, Incident, Service
from incidents.permissions import visible_alerts

MAX_GUESSES = 6
MAX_WORDS = 40
MIN_LENGTH = 4
"""Shorter words are like too many names."""
SAME_ENOUGH = 0.8
"""Share of characters in the same order from which a word is taken for a misspelt name."""
_WORD = re.compile(r"[a-z0-9][a-z0-9_.-]{2,60}")
_PART = re.compile(r"[a-z0-9]+")
COMMON = frozenset({"service", "server", "database", "error", "errors", "slow", "down", "high"})
"""Parts of names that say nothing about which one is meant."""


@dataclass(frozen=True)
class ServiceGuess:
    service: Service
    because: str


def guess_services(
    incident: Incident, similar: Iterable[AlikeIncident], user: Viewer
) -> list[ServiceGuess]:
    """Each service once: names like its words first, then alerts firing, similar incidents.

    `similar` is read only where the others are too few: finding them takes the longest.
    """
    because: dict[int, str] = {}
    for reasons in (
        lambda: _names_like(f"{incident.title}\n{incident.symptom}"),
        lambda: _firing_now(user),
        lambda: _of_similar(similar),
    ):
        if len(because) >= MAX_GUESSES:
            break
        for key, reason in reasons().items():
            because.setdefault(key, reason)
    chosen = list(because)[:MAX_GUESSES]
    services = Service.objects.in_bulk(chosen)
    return [ServiceGuess(services[key], because[key]) for key in chosen if key in services]


def _names_like(text: str) -> Mapping[int, str]:
    """Services of which a word of the text is a part of the name, or nearly the whole name."""
    words = list(dict.fromkeys(_WORD.findall(text.lower())))[:MAX_WORDS]
    words = [word for word in words if len(word) >= MIN_LENGTH and word not in COMMON]
    found: list[tuple[float, int, str]] = []
    for key, name in Service.objects.values_list("pk", "name"):
        parts = set(_PART.findall(name.lower()))
        likeness, word = max(((_likeness(word, name.lower(), parts), word) for word in words),
                             default=(0.0, ""))  # fmt: skip
        if likeness >= SAME_ENOUGH:
            found.append((-likeness, key, _("its name is like “%(word)s”") % {"word": word}))
    return {key: reason for _, key, reason in sorted(found)[:MAX_GUESSES]}


def _likeness(word: str, name: str, parts: set[str]) -> float:
    if word in parts:
        return 0.95
    if word[0] != name[0] or abs(len(word) - len(name)) > 2:
        return 0.0
    return SequenceMatcher(None, word, name, autojunk=False).ratio()


def _firing_now(user: Viewer) -> Mapping[int, str]:
    firing = visible_alerts(user).filter(status=Alert.Status.FIRING, service__isnull=False)
    counts = firing.values_list("service").annotate(count=Count("pk")).order_by("-count", "service")
    return {
        key: ngettext("%(n)s alert firing now", "%(n)s alerts firing now", count) % {"n": count}
        for key, count in counts[:MAX_GUESSES]
    }


def _of_similar(similar: Iterable[AlikeIncident]) -> Mapping[int, str]:
    because: dict[int, str] = {}
    for each in similar:
        for service in each.incident.services.all():
            affected = _("affected in %(incident)s") % {"incident": each.incident.reference}
            because.setdefault(service.pk, affected)
    return because
