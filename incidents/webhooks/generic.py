"""Any JSON: which value means what is written in the integration's settings."""

from __future__ import annotations

import hashlib
from typing import Any

from django import forms

from common.alert_fields import labels
from common.monitor_links import MAX_QUERY, MAX_URL, query_in_link
from common.payloads import dig, required_text, text, time_at, web_address
from incidents.webhooks.base import AlertEvent, Event, Incoming, Webhook


class MappingForm(forms.Form):
    """Dotted paths into the JSON, such as `alert.labels.service` or `items.0.name`."""

    rows_at = forms.CharField(
        required=False, help_text="Path of a list of alerts; empty when the body is one alert."
    )
    name_at = forms.CharField(initial="name", help_text="Path of the alert's name.")
    fingerprint_at = forms.CharField(
        required=False, help_text="Path of what stays the same while it fires; empty: its name."
    )
    state_at = forms.CharField(initial="status", help_text="Path of its state.")
    ended_words = forms.CharField(
        initial="resolved, ok, closed, up", help_text="States that mean it has ended."
    )
    service_at = forms.CharField(required=False, initial="service")
    severity_at = forms.CharField(required=False, initial="severity")
    summary_at = forms.CharField(required=False, initial="summary")
    starts_at = forms.CharField(required=False, help_text="Path of when it began to fire.")
    labels_at = forms.CharField(required=False, initial="labels")
    url_at = forms.CharField(required=False)
    query_at = forms.CharField(
        required=False, help_text="Path of the PromQL expression of its rule."
    )


class Generic(Webhook):
    kind = "generic"
    title = "Any JSON, by a mapping"
    SettingsForm = MappingForm
    id_header = "idempotency-key"

    def read(self, incoming: Incoming) -> list[Event]:
        initial = {name: each.initial or "" for name, each in MappingForm().fields.items()}
        paths: dict[str, str] = {**initial, **incoming.settings}
        data = incoming.json()
        found = dig(data, paths["rows_at"], []) if paths["rows_at"] else [data]
        return [
            _alert(row, paths, incoming) for row in (found if isinstance(found, list) else [found])
        ]


def _alert(row: Any, paths: dict[str, str], incoming: Incoming) -> AlertEvent:
    name = required_text(row, paths["name_at"], 200)
    service = text(row, paths["service_at"], 100) if paths["service_at"] else ""
    own = text(row, paths["fingerprint_at"], 200) if paths["fingerprint_at"] else ""
    ended = {word.strip().lower() for word in paths["ended_words"].split(",")}
    firing = text(row, paths["state_at"]).lower() not in ended
    derived = hashlib.sha256(f"{name}\n{service}".encode()).hexdigest()[:32]
    return AlertEvent(
        fingerprint=own or derived,
        name=name,
        firing=firing,
        starts_at=time_at(row, paths["starts_at"]) if paths["starts_at"] else None,
        ends_at=None if firing else incoming.received_at,
        summary=text(row, paths["summary_at"], 500) if paths["summary_at"] else "",
        severity=text(row, paths["severity_at"], 50) if paths["severity_at"] else "",
        service=service,
        labels=labels(row, paths["labels_at"]) if paths["labels_at"] else {},
        url=web_address(row, paths["url_at"]) if paths["url_at"] else "",
        query=_query(row, paths),
    )


def _query(row: Any, paths: dict[str, str]) -> str:
    """The expression that the payload gives, or that its link holds."""
    given = text(row, paths["query_at"], MAX_QUERY + 1) if paths["query_at"] else ""
    if given:
        # Cut short it would be another query.
        return given if len(given) <= MAX_QUERY else ""
    return query_in_link(text(row, paths["url_at"], MAX_URL)) if paths["url_at"] else ""
