"""The plug-in of a source, with its settings."""

from __future__ import annotations

from django.utils import timezone

from analysis.models import Source
from analysis.sources import registry
from analysis.sources.base import SourceError, SourcePlugin, Target
from incidents.models import Service


def plugin_of(source: Source) -> SourcePlugin:
    """The plug-in of a source with its settings. Raises SourceError when it cannot be made."""
    plugin = registry().get(source.kind)
    if plugin is None:
        raise SourceError("unknown-kind", f"No plug-in named {source.kind!r} is installed.")
    try:
        return plugin({**source.settings, **source.secrets})
    except (ValueError, KeyError) as error:
        raise SourceError("bad-settings", f"The settings of {source.name}: {error}") from error


def target_of(service: Service) -> Target:
    """A service as sources need to know it."""
    return Target(service.name, service.kind, service.telemetry_label_values)


def probe_source(source: Source, seconds: float) -> str:
    """A sentence that says the source answers, which is remembered. Raises SourceError."""
    answer = plugin_of(source).probe(seconds)
    Source.objects.filter(pk=source.pk, answered_at=None).update(answered_at=timezone.now())
    return answer
