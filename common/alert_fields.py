"""What senders of alerts share: labels and tags, links, severity, own service, fingerprints."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from common.alert_labels import MOST_IMPORTANT
from common.payload_text import json_in, words_at
from common.payloads import dig, is_web_address, text, web_address

MAX_LABELS, MAX_LINKS, MAX_LINK, MAX_FINGERPRINT = 60, 20, 2000, 200
SEVERITIES = (
    "severity", "priority", "sev", "prio", "alert_severity", "severity_level", "criticality",
    "urgency", "importance", "level",
)  # fmt: skip
SERVICES = ("service", "service_name", "service.name")
APPLICATIONS = ("app", "application")
_OF_AZURE = {"0": "critical", "1": "error", "2": "warning", "3": "informational", "4": "verbose"}
_TAG_NAMES, _TAG_VALUES = ("tag", "key", "name", "Key", "Name"), ("value", "Value")


def azure_severity(word: str) -> str:
    """The word for one of Azure Monitor's numbers, which are not our SEV1 to SEV4.

    >>> [azure_severity(each) for each in ("Sev0", "2", "high", "12")]
    ['critical', 'warning', 'high', '12']
    """
    return _OF_AZURE.get(word.lower().removeprefix("sev"), word)[:50]


def labels(data: Any, path: str = "", limit: int = 500) -> dict[str, str]:
    """Short texts by name, at most 60 of them; those that name alert and service come first.

    >>> labels({"env": ["prod", "eu"], "nested": {}})
    {'env': 'prod, eu'}
    """
    values = dig(data, path) if path else data
    if not isinstance(values, Mapping):
        return {}
    pairs = ((text(str(key), limit=100), _value(value, limit)) for key, value in values.items())
    every = [(key, value) for key, value in pairs if key and value]
    if len(every) > MAX_LABELS:
        last = len(MOST_IMPORTANT)
        every.sort(key=lambda pair: MOST_IMPORTANT.get(pair[0].lower(), last))
    return dict(every[:MAX_LABELS])


def _value(value: Any, limit: int) -> str:
    if isinstance(value, list):
        return ", ".join(words_at(value))[:limit]
    return text(value, limit=limit)


def tags(data: Any, path: str = "") -> dict[str, str]:
    """Tags by name, in whatever form they come; a tag without value is "true".

    Lists of `name:value`, of pairs or of objects, an object, text with commas, or any of them as
    the text of JSON.

    >>> tags("service:shop, canary"), tags([{"tag": "env", "value": "prod"}])
    ({'service': 'shop', 'canary': 'true'}, {'env': 'prod'})
    """
    values = dig(data, path) if path else data
    if isinstance(values, str):
        values = json_in(values) or values.split(",")
    if isinstance(values, Mapping):
        return labels(values)
    found: dict[str, str] = {}
    for value in values[:1000] if isinstance(values, list) else ():
        key, content = _tag(value)
        if key:
            found.setdefault(key, content or "true")
    return labels(found)


def _tag(value: Any) -> tuple[str, str]:
    if isinstance(value, Mapping):
        return _first(value, _TAG_NAMES, 100), _first(value, _TAG_VALUES, 500)
    if isinstance(value, list):
        return (
            (text(value[0], limit=100), text(value[1], limit=500)) if len(value) == 2 else ("", "")
        )
    name, separator, content = text(value, limit=600).partition(":")
    if not separator:
        name, _, content = name.partition("=")
    if name.startswith("["):
        # Dynatrace puts the origin of a tag before its key: "[Kubernetes]app".
        name = name.rpartition("]")[2]
    return name.strip()[:100], content.strip()[:500]


def _first(value: Mapping[str, Any], names: Iterable[str], limit: int) -> str:
    return next((found for name in names if (found := text(value.get(name), limit=limit))), "")


def value_of(values: Mapping[str, str], *names: str) -> str:
    """The value of the first of `names`, in lower case, that labels or tags have in any case."""
    by_name = {name.lower(): value for name, value in values.items()}
    return next((by_name[name] for name in names if by_name.get(name)), "")


def severity_in(values: Mapping[str, str]) -> str:
    """The severity in labels, annotations or tags; empty without one."""
    return value_of(values, *SEVERITIES)[:50]


def own_service(values: Mapping[str, str]) -> str:
    """The service that labels or tags name outright; empty without one."""
    return value_of(values, *SERVICES)[:100]


def fingerprint_of(*parts: Any) -> str:
    """The same for the same labels and texts, for senders that give an alert no id of its own."""
    written = []
    for part in parts:
        pairs = sorted(part.items()) if isinstance(part, Mapping) else [("", part)]
        written += [f"{name}={text(value, limit=1000)}" for name, value in pairs]
    return hashlib.sha256("\n".join(written).encode("utf-8", "replace")).hexdigest()[:32]


def joined_id(*parts: str) -> str:
    """A fingerprint of ids and names: readable while short, a hash when long.

    >>> joined_id("web-1", "", "HTTP")
    'web-1/HTTP'
    """
    joined = "/".join(part for part in parts if part)
    return joined if len(joined) <= MAX_FINGERPRINT else fingerprint_of(*parts)


def web_links(*pairs: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Label and address of those that are http or https, each address once."""
    found: dict[str, str] = {}
    for label, address in pairs:
        if is_web_address(address, MAX_LINK):
            found.setdefault(address, " ".join(label.split())[:100] or "link")
    return tuple((label, address) for address, label in list(found.items())[:MAX_LINKS])


def named_links(data: Any, **paths: str) -> tuple[tuple[str, str], ...]:
    """Links by their labels; of several paths for a label the first that has one.

    >>> named_links({"runbook_url": "https://wiki.example/r"}, Runbook="runbook runbook_url")
    (('Runbook', 'https://wiki.example/r'),)
    """
    return web_links(
        *(
            (label.replace("_", " "), web_address(data, *alternatives.split()))
            for label, alternatives in paths.items()
        )
    )


def links_in(notes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Label and address of every value that is an address: `runbook_url`, `dashboard`."""
    return web_links(*((link_label(name), note) for name, note in notes.items()))


def link_label(name: str) -> str:
    """What a link leads to, out of the name of its field.

    >>> link_label("runbook_url"), link_label("dashboardURL"), link_label("link")
    ('runbook', 'dashboard', 'link')
    """
    words = name.replace("_", " ").replace("-", " ").strip().lower()
    for end in ("url", "uri", "link", "href"):
        words = words.removesuffix(end).strip() or words
    return words
