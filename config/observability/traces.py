"""Traces of requests and tasks by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT is set.

Spans carry routes, names of tasks, statuses and ids; addresses, queries and texts of exceptions are
left out before they are sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config import env
from config.observability.extras import not_installed
from config.observability.logs import process_name
from config.observability.requests import HEADER
from config.version import VERSION

ATTRIBUTES = {
    *("http.method", "http.request.method", "http.route"),
    *("http.status_code", "http.response.status_code"),
    *("celery.action", "celery.state", "celery.task_name", "messaging.message.id"),
    *("messaging.destination", "exception.type", "error.type", "causebook.request_id"),
}

provider: Any = None
"""What makes and sends spans, once it was started."""


def start() -> None:
    """Make spans of all requests and tasks from now on."""
    global provider
    endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT
    if not endpoint:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.celery import CeleryInstrumentor
        from opentelemetry.instrumentation.django import DjangoInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        not_installed("OTEL_EXPORTER_OTLP_ENDPOINT", error)
    if not endpoint.startswith(("http://", "https://")):
        raise SystemExit("OTEL_EXPORTER_OTLP_ENDPOINT must be an address such as http://host:4318.")
    about = {
        "service.name": env.text("OTEL_SERVICE_NAME", "causebook"),
        "service.version": VERSION,
        "process.name": process_name(),
    }
    provider = TracerProvider(resource=Resource.create(about))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(HarmlessOnly(exporter)))  # type: ignore[arg-type]
    DjangoInstrumentor().instrument(tracer_provider=provider, response_hook=_note_request_id)
    CeleryInstrumentor().instrument(tracer_provider=provider)


def _note_request_id(span: Any, _: HttpRequest, response: HttpResponse) -> None:
    if span and span.is_recording():
        span.set_attribute("causebook.request_id", response.headers.get(HEADER, ""))


class HarmlessOnly:
    """An exporter that sends, by another one, spans without what is not known to be harmless."""

    def __init__(self, exporter: Any) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[Any]) -> Any:
        return self._exporter.export([_harmless(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return bool(self._exporter.force_flush(timeout_millis))


def _harmless(span: Any) -> Any:
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Status

    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_known(span.attributes),
        events=[Event(each.name, _known(each.attributes), each.timestamp) for each in span.events],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _known(attributes: Any) -> dict[str, Any]:
    return {name: value for name, value in (attributes or {}).items() if name in ATTRIBUTES}
