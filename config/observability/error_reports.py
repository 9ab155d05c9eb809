"""Errors to Sentry, or what speaks its protocol, where SENTRY_DSN is set.

An event says where in the code something failed and on which route or in which task. What people or
monitors wrote never leaves: no request, no user, no local variables, no texts of exceptions (those
of PostgreSQL quote rows). The log has these, under the request id that the event carries.
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings

from common.log_context import log_context
from common.redaction import redact
from config.observability.extras import not_installed
from config.version import VERSION

OURS = {"accounts", "analysis", "common", "config", "incidents", "kb", "people", "practice"}
FIELDS = (
    "event_id", "timestamp", "level", "logger", "platform", "release", "environment", "sdk",
    "modules", "server_name",
)  # fmt: skip
OF_FRAMES = (
    "filename", "abs_path", "function", "module", "lineno", "pre_context", "context_line",
    "post_context", "in_app",
)  # fmt: skip
FROM_URLS = "url"


def start() -> None:
    if not settings.SENTRY_DSN:
        return
    try:
        import sentry_sdk
        from sentry_sdk.integrations.celery import CeleryIntegration
        from sentry_sdk.integrations.dedupe import DedupeIntegration
        from sentry_sdk.integrations.django import DjangoIntegration
        from sentry_sdk.integrations.excepthook import ExcepthookIntegration
        from sentry_sdk.integrations.logging import LoggingIntegration
        from sentry_sdk.integrations.threading import ThreadingIntegration
        from sentry_sdk.utils import BadDsn
    except ImportError as error:
        not_installed("SENTRY_DSN", error)
    try:
        sentry_sdk.init(
            dsn=settings.SENTRY_DSN,
            release=f"causebook@{VERSION}",
            send_default_pii=False,
            max_request_body_size="never",
            include_local_variables=False,
            max_breadcrumbs=0,
            auto_session_tracking=False,
            send_client_reports=False,
            before_send=scrubbed,
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[
                DjangoIntegration(transaction_style="url"),
                CeleryIntegration(propagate_traces=False),
                LoggingIntegration(level=None, event_level=logging.ERROR),
                DedupeIntegration(),
                ExcepthookIntegration(),
                ThreadingIntegration(propagate_scope=False),
            ],
        )
    except BadDsn as error:
        raise SystemExit("SENTRY_DSN is no address such as https://key@host/1.") from error


def scrubbed(event: Any, _: Any) -> Any:
    """A new event of what is known to be harmless; what a later version adds is left out."""
    sent = {name: event[name] for name in FIELDS if name in event}
    if values := (event.get("exception") or {}).get("values"):
        sent["exception"] = {"values": [_exception(value) for value in values]}
    if message := _message(event):
        sent["logentry"] = {"message": message}
    if (event.get("transaction_info") or {}).get("source") not in (None, FROM_URLS):
        sent["transaction"] = event.get("transaction", "")
        sent["transaction_info"] = event["transaction_info"]
    sent["tags"] = {
        name: text for name, text in log_context().items() if name in ("request_id", "task")
    }
    return sent


def _exception(value: dict[str, Any]) -> dict[str, Any]:
    sent = {name: value[name] for name in ("type", "module") if value.get(name)}
    mechanism = value.get("mechanism") or {}
    sent["mechanism"] = {name: mechanism[name] for name in ("type", "handled") if name in mechanism}
    if frames := (value.get("stacktrace") or {}).get("frames"):
        sent["stacktrace"] = {
            "frames": [{name: each[name] for name in OF_FRAMES if name in each} for each in frames]
        }
    return sent


def _message(event: dict[str, Any]) -> str:
    """The sentence of a log line with its gaps, not what filled them."""
    message = str((event.get("logentry") or {}).get("message") or "")
    is_ours = str(event.get("logger") or "").partition(".")[0] in OURS
    # Others may have filled the gaps before.
    return redact(message) if is_ours or "%" in message else ""
