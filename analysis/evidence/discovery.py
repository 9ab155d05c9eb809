"""Services that sources see and the catalogue does not have: offered on its page, never added."""

from __future__ import annotations

import logging

from analysis.evidence import circuit_breaker
from analysis.evidence.source_plugins import plugin_of
from analysis.models import Source
from analysis.sources.base import SourceError
from incidents.alerts.service_names import WORKLOAD_LABELS, selecting_labels, suggested_name
from incidents.catalogue.unknown_services import record_unknown_services
from incidents.models import Service, UnknownService

logger = logging.getLogger(__name__)
DEADLINE = 10.0
"""Seconds that one source may take."""


def discover_services() -> None:
    """Ask every enabled source what it sees. Running it twice changes nothing but times."""
    for source in Source.objects.filter(enabled=True):
        if circuit_breaker.open_reason(source):
            continue
        try:
            seen = plugin_of(source).discover(DEADLINE)
        except SourceError as error:
            if error.passing:
                circuit_breaker.record_failure(source, str(error))
            # A token may read pods and not deployments; that is no trouble of the source.
            logger.info("%s shows no services: %s", source, error)
            continue
        if seen:
            circuit_breaker.record_success(source)
            unknown = _unknown(seen)
            record_unknown_services(unknown, UnknownService.Where.SOURCES, unknown)


def _unknown(seen: list[dict[str, str]]) -> dict[str, str]:
    """Names of services among the labels of things, with labels that select their telemetry.

    Hosts, pods and exporters are none.
    """
    known = {name.lower() for name in Service.objects.values_list("name", flat=True)}
    names: dict[str, str] = {}
    for labels in seen:
        found = suggested_name(labels)
        if found and found[0] in WORKLOAD_LABELS and found[1].lower() not in known:
            names.setdefault(found[1], selecting_labels(labels, found[0]))
    return names
