"""Sentry's internal integrations: issue alerts, metric alerts and resolved issues."""

from __future__ import annotations

import re
from typing import Any

from common.alert_fields import fingerprint_of, tags, web_links
from common.alert_names import alert_name, plain_title
from common.payload_text import paragraphs
from common.payloads import dig, required_text, text, time_at, web_address
from common.placeholders import first_text
from common.signing import Hmac
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

_PROJECT = re.compile(r"/projects/[^/\s]{1,100}/([^/\s]{1,100})/")
"""The slug of the project in an address of Sentry's API."""
FRAMES = 3
"""Lines of a stack trace that are shown, from where it failed."""


class Sentry(Webhook):
    kind = "sentry"
    title = "Sentry"
    id_header = "request-id"
    scheme = Hmac("sentry-hook-signature", time_header="sentry-hook-timestamp", signs_time=False)

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        action = text(data, "action")
        if dig(data, "data.event") is not None:
            return [_of_event(dig(data, "data.event"), data)]
        if dig(data, "data.metric_alert") is not None:
            return [_of_metric(data, action)]
        if dig(data, "data.issue") is not None:
            return [_of_issue(dig(data, "data.issue"), action)]
        if dig(data, "event") is not None and text(data, "project"):
            return [_of_project_hook(data)]
        return [Ignored(f"“{action}” needs nothing from us.")]


def _of_event(event: Any, data: Any) -> AlertEvent:
    found = tags(event, "tags")
    rule = first_text(data, "data.triggered_rule", "data.issue_alert.title")
    return AlertEvent(
        fingerprint=f"issue {required_text(event, 'issue_id', 100)}",
        name=_title(required_text(event, "title", 500)),
        firing=True,
        summary=text(event, "culprit", 500),
        description=paragraphs(*_details(event), f"Rule: {rule}" if rule else ""),
        severity=text(event, "level", 50) or found.get("level", ""),
        service=_service(found, event),
        labels=found,
        links=web_links(("replay", text(event, "contexts.replay.url", 2001))),
        url=web_address(event, "web_url"),
    )


def _of_metric(data: Any, action: str) -> AlertEvent:
    firing = action in ("critical", "warning")
    alert = dig(data, "data.metric_alert")
    rule = dig(alert, "alert_rule", {})
    title = text(rule, "name", 300) or text(data, "data.description_title", 300)
    measured = first_text(rule, "aggregate", limit=300)
    query = text(rule, "query", 1000)
    return AlertEvent(
        fingerprint=f"metric {required_text(data, 'data.metric_alert.id', 100)}",
        name=alert_name(title) or "metric alert",
        firing=firing,
        starts_at=time_at(alert, "date_started"),
        ends_at=None if firing else time_at(alert, "date_closed"),
        summary=text(data, "data.description_text", 2000),
        description=paragraphs(
            f"Measures: {measured}" if measured else "",
            f"Query: {query}" if query else "",
            f"Environment: {text(rule, 'environment')}" if text(rule, "environment") else "",
        ),
        severity=action,
        service=text(alert, "projects.0", 100) or text(rule, "projects.0", 100),
        url=web_address(data, "data.web_url"),
    )


def _of_issue(issue: Any, action: str) -> Event:
    if action not in ("created", "resolved", "unresolved"):
        return Ignored(f"“{action}” needs nothing from us.")
    seen = text(issue, "count", 20)
    return AlertEvent(
        fingerprint=f"issue {required_text(issue, 'id', 100)}",
        name=_title(required_text(issue, "title", 500)),
        firing=action != "resolved",
        summary=text(issue, "culprit", 500),
        description=paragraphs(
            text(issue, "metadata.value", 2000),
            f"Priority: {text(issue, 'priority')}" if text(issue, "priority") else "",
            f"Seen {seen} times" if seen not in ("", "1") else "",
        ),
        severity=text(issue, "level", 50) or text(issue, "priority", 50),
        service=_service(tags(issue, "tags"), issue),
        labels=tags(issue, "tags"),
        url=web_address(issue, "web_url", "permalink"),
    )


def _of_project_hook(data: Any) -> AlertEvent:
    """The older hook of a project, which sends no signature: it proves itself by our token."""
    event = dig(data, "event")
    found = tags(event, "tags")
    title = first_text(event, "title", limit=500) or first_text(data, "message", limit=500)
    number = text(data, "id", 100) or fingerprint_of(text(data, "project"), title)
    return AlertEvent(
        fingerprint=f"issue {number}",
        name=_title(title) or "Sentry event",
        firing=True,
        summary=first_text(data, "culprit", limit=500),
        description=paragraphs(text(data, "message", 2000), *_details(event)),
        severity=text(data, "level", 50),
        service=found.get("service", "")[:100]
        or first_text(data, "project_slug", "project", limit=100),
        labels=found,
        url=web_address(data, "url"),
    )


def _title(title: str) -> str:
    """An error's title as it is: what looks like a state there is the type of the error."""
    return plain_title(title) or title[:200]


def _service(found: dict[str, str], record: Any) -> str:
    """The tag, then the slug of the project, then its display name."""
    slug = first_text(record, "project_slug", "project.slug", "projectSlug", limit=100)
    if not slug:
        addresses = (text(record, name, 1000) for name in ("url", "issue_url"))
        slug = next((match[1] for each in addresses if (match := _PROJECT.search(each))), "")
    display = first_text(record, "project_name", "project.name", limit=100)
    return found.get("service", "")[:100] or slug or display


def _details(event: Any) -> list[str]:
    """The error itself, where it happened, and what monitors of uptime or jobs found."""
    lines = [first_text(event, "logentry.formatted", "message", limit=5000)]
    values = dig(event, "exception.values", [])
    for value in values[-2:] if isinstance(values, list) else []:
        lines.append(": ".join(filter(None, (text(value, "type"), text(value, "value", 2000)))))
        frames = dig(value, "stacktrace.frames", [])
        for frame in reversed(frames[-FRAMES:] if isinstance(frames, list) else []):
            place = ":".join(filter(None, (text(frame, "filename"), text(frame, "lineno"))))
            function = text(frame, "function")
            lines.append(
                f"at {place} in {function}" if function else f"at {place}" if place else ""
            )
    evidence = dig(event, "occurrence.evidenceDisplay", [])
    for each in evidence[:20] if isinstance(evidence, list) else []:
        name, value = text(each, "name"), text(each, "value", 2000)
        lines.append(f"{name}: {value}" if name and value else value)
    request = text(event, "request.url", 1000)
    return [*lines, f"Request: {request}" if request else ""]
