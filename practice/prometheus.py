"""The Prometheus that objectives and capacities are measured with."""

from __future__ import annotations

from analysis.evidence.source_plugins import plugin_of
from analysis.models import Source
from analysis.sources.prometheus import Prometheus


def prometheus_of(source: Source | None) -> Prometheus | None:
    """The plug-in of `source`, or of the first enabled Prometheus; None where there is none.

    Raises SourceError where its settings are wrong.
    """
    source = source or Source.objects.filter(kind="prometheus", enabled=True).first()
    plugin = plugin_of(source) if source else None
    return plugin if isinstance(plugin, Prometheus) else None
