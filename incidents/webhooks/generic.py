"""Any JSON: which value means what is written in the integration's settings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.alert_fields import labels
from common.alert_states import BARE, State, state_of
from common.mail_subjects import Subject, read_subject
from common.monitor_links import MAX_QUERY, MAX_URL, query_in_link
from common.payloads import BadPayload, dig, text, time_at, web_address
from common.placeholders import real_value
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

MAX_DEPTH, MAX_ROWS = 10, 10_001
WORDS = {
    "firing_words": State.FIRING,
    "acknowledged_words": State.ACKNOWLEDGED,
    "ignored_words": State.NO_NEWS,
    "ended_words": State.ENDED,
}
"""The settings that name states, the first that names a word counts."""


class MappingForm(forms.Form):
    """Dotted paths into the JSON, such as `alert.labels.service` or `items.0.name`."""

    rows_at = forms.CharField(
        label=_("Rows at"),
        required=False,
        help_text=_("Path of a list of alerts; empty when the body is one alert."),
    )
    name_at = forms.CharField(
        label=_("Name at"), initial="name", help_text=_("Path of the alert's name.")
    )
    fingerprint_at = forms.CharField(
        label=_("Fingerprint at"),
        required=False,
        help_text=_("Path of what stays the same while it fires; empty: its name."),
    )
    state_at = forms.CharField(
        label=_("State at"), initial="status", help_text=_("Path of its state.")
    )
    ended_words = forms.CharField(
        label=_("Ended words"),
        initial="resolved, ok, closed, up",
        help_text=_("States that mean it has ended, besides the usual words of monitors."),
    )
    firing_words = forms.CharField(
        label=_("Firing words"),
        required=False,
        help_text=_("States that mean it fires, where the usual words are wrong."),
    )
    acknowledged_words = forms.CharField(
        label=_("Acknowledged words"),
        required=False,
        help_text=_("States that mean a person has acknowledged it."),
    )
    ignored_words = forms.CharField(
        label=_("Ignored words"),
        required=False,
        help_text=_("States that mean nothing here: they open and end nothing."),
    )
    service_at = forms.CharField(label=_("Service at"), required=False, initial="service")
    severity_at = forms.CharField(label=_("Severity at"), required=False, initial="severity")
    summary_at = forms.CharField(label=_("Summary at"), required=False, initial="summary")
    description_at = forms.CharField(
        label=_("Description at"),
        required=False,
        initial="description",
        help_text=_("Path of all that it writes beyond that."),
    )
    starts_at = forms.CharField(
        label=_("Starts at"), required=False, help_text=_("Path of when it began to fire.")
    )
    labels_at = forms.CharField(label=_("Labels at"), required=False, initial="labels")
    url_at = forms.CharField(label=_("Url at"), required=False)
    query_at = forms.CharField(
        label=_("Query at"),
        required=False,
        help_text=_("Path of the PromQL expression of its rule."),
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
        found = _all_at(data, paths["rows_at"]) if paths["rows_at"] else [data]
        return [_event(row, paths, incoming) for row in found[:MAX_ROWS]]


def _event(row: Any, paths: dict[str, str], incoming: Incoming) -> Event:
    written = _text(row, paths["name_at"], 300)
    if not written:
        raise BadPayload(_no_name(row, paths["name_at"]))
    said = read_subject(written)
    values = _all_at(row, paths["state_at"])
    value = values[0] if len(values) == 1 else values
    state = _state(value, paths) or said.state or State.FIRING
    if state == State.NO_NEWS:
        shown = text(value, limit=50) or "nothing that fires"
        return Ignored(f"“{said.name}” says “{shown}”: it opens nothing and ends nothing.")
    return _alert(row, said, state, paths, incoming)


def _alert(
    row: Any, said: Subject, state: State, paths: dict[str, str], incoming: Incoming
) -> AlertEvent:
    def read(name: str, limit: int) -> str:
        return _text(row, paths[name], limit)

    service = read("service_at", 100)
    # By the name without state and values: what fires and its end are one alert.
    own = f"{said.key or said.name}\n{service}"
    ended = state == State.ENDED
    address = {"url": _value(row, paths["url_at"])}
    return AlertEvent(
        fingerprint=read("fingerprint_at", 200) or hashlib.sha256(own.encode()).hexdigest()[:32],
        name=said.name[:200],
        firing=not ended,
        starts_at=time_at(_value(row, paths["starts_at"])),
        ends_at=incoming.received_at if ended else None,
        summary=read("summary_at", 500),
        description=read("description_at", 20_000),
        severity=read("severity_at", 50) or said.severity,
        service=service,
        labels=_labels(_all_at(row, paths["labels_at"])),
        url=web_address(address, "url"),
        query=_query(row, paths),
        acknowledged=state == State.ACKNOWLEDGED,
    )


def _state(value: Any, paths: Mapping[str, str]) -> State | None:
    """The state of a value: by the settings' words, else by those of all monitors."""
    words = {
        word.strip().lower(): state
        for name, state in reversed(WORDS.items())
        for word in paths[name].split(",")
        if word.strip()
    }
    first = next((each for each in value if each is not None), None) if _is_list(value) else value
    given = str(first).strip().lower() if isinstance(first, str | int | float) else ""
    # Where the settings say what "true" means, "false" is not read as its usual meaning.
    return words.get(given) or state_of(value, bare=not BARE.keys() & words.keys())


def _value(data: Any, path: str) -> Any:
    """The first value at a dotted path; lists on the way are searched. None without one."""
    return next(iter(_all_at(data, path)), None) if path else None


def _all_at(data: Any, path: str, depth: int = 0) -> list[Any]:
    """All values at a dotted path, those of nested lists as one list."""
    if path and (found := dig(data, path)) is not None:
        return found if _is_list(found) else [found]
    if depth > MAX_DEPTH or not path:
        return []
    head, _, rest = path.partition(".")
    if isinstance(data, Mapping):
        # A name may hold dots itself: app.kubernetes.io/name.
        whole = data.get(path)
        if whole is not None:
            return [whole]
        return _all_at(data.get(head), rest, depth + 1) if rest else []
    if _is_list(data):
        found_in = [each for row in data[:MAX_ROWS] for each in _all_at(row, path, depth + 1)]
        return [each for value in found_in for each in (value if _is_list(value) else [value])]
    return []


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _text(row: Any, path: str, limit: int) -> str:
    return real_value(text(_value(row, path), limit=limit))


def _no_name(row: Any, path: str) -> str:
    """What to write in the settings, with the names that the body has."""
    given = [text(name, limit=40) for name in row][:10] if isinstance(row, Mapping) else []
    has = f"; the body has {', '.join(given)}" if given else ""
    return f"“{path}” is missing or empty. Write in “Name at” which field names the alert{has}."


def _labels(values: list[Any]) -> dict[str, str]:
    """Labels of a mapping, or of a list of "name:value" or of name and value."""
    pairs: dict[str, Any] = {}
    for each in values[:100]:
        if isinstance(each, str):
            name, _, value = each.partition(":") if ":" in each else each.partition("=")
            pairs[name.strip()] = value.strip()
        elif isinstance(each, Mapping) and "value" in each:
            name = next((each[key] for key in ("name", "key", "tag", "label") if key in each), "")
            pairs[text(name, limit=100)] = each["value"]
        elif isinstance(each, Mapping):
            pairs |= each
    return labels(pairs)


def _query(row: Any, paths: dict[str, str]) -> str:
    """The expression that the payload gives, or that its link holds."""
    given = _text(row, paths["query_at"], MAX_QUERY + 1)
    if given:
        # Cut short it would be another query.
        return given if len(given) <= MAX_QUERY else ""
    return query_in_link(_text(row, paths["url_at"], MAX_URL))
