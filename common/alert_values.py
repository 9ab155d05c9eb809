"""What readers of alerts share: the first value of several, paragraphs, links, tags, stable ids."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from common.payloads import BadPayload, dig, json_of, labels, text, web_address

MAX_ID, MAX_LINE, MAX_PROSE = 200, 500, 20_000
MAX_FIELDS, MAX_LINKS, MAX_TAGS, MAX_ADDRESS = 200, 20, 60, 1000
UNRENDERED = ("<no value>", "null", "none", "n/a", "undefined")
"""How templates and monitors write a value that they do not have."""


def line(data: Any, *paths: str, limit: int = MAX_LINE) -> str:
    """The first text at any of `paths`, on one line; empty without one.

    >>> line({"title": ["CPU\\n high"]}, "name", "title", "title.0")
    'CPU high'
    """
    for path in paths:
        value = " ".join(text(data, path, MAX_PROSE).split())
        if value and not _is_unrendered(value):
            return value[:limit].strip()
    return ""


def required_line(data: Any, *paths: str, limit: int = MAX_LINE) -> str:
    """Like `line`. Raises BadPayload, naming the first path, if there is none."""
    value = line(data, *paths, limit=limit)
    if not value:
        raise BadPayload(
            f"“{paths[0]}” is missing or empty. Let the sender use the payload of its guide."
        )
    return value


def _is_unrendered(value: str) -> bool:
    # Also a macro of Nagios that is not set, of which its shell leaves a dollar sign.
    return value.lower() in UNRENDERED or (value[0] in "{$" and value[-1] in "}$")


def paragraphs(*parts: str) -> str:
    """The parts that say something, each once, with an empty line between them."""
    said = dict.fromkeys(part.strip() for part in parts if part.strip())
    return "\n\n".join(said)[:MAX_PROSE]


def prose(data: Any, *paths: str) -> str:
    """The texts at `paths` as paragraphs, their own line breaks included."""
    return paragraphs(*(text(data, path, MAX_PROSE) for path in paths))


def named_values(data: Any, **paths: str) -> str:
    """One line a value that is there: its name in words and the value, at the first of its paths.

    >>> named_values({"limit": 5}, observed_value="value", threshold="threshold limit")
    'Threshold: 5'
    """
    found = ((name.replace("_", " "), line(data, *path.split())) for name, path in paths.items())
    return "\n".join(f"{name.capitalize()}: {value}" for name, value in found if value)


def address_at(data: Any, *paths: str) -> str:
    """The first http or https address at any of `paths`; empty without one."""
    found = (web_address(data, path) for path in paths)
    # An address as long as this was cut, and leads nowhere.
    return next((each for each in found if each and len(each) < MAX_ADDRESS), "")


def links(data: Any, **paths: str) -> tuple[tuple[str, str], ...]:
    """Label and address, each address once; of several paths for a label the first that has one.

    >>> links({"runbook_url": "https://wiki.example/r"}, Runbook="runbook runbook_url")
    (('Runbook', 'https://wiki.example/r'),)
    """
    pairs = (
        (label.replace("_", " "), address_at(data, *alternatives.split()))
        for label, alternatives in paths.items()
    )
    return distinct_links(pairs)


def distinct_links(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Pairs of label and address without empty ones and repetitions."""
    by_address: dict[str, str] = {}
    for label, address in pairs:
        if address:
            by_address.setdefault(address, " ".join(label.split())[:100] or "Link")
    return tuple((label, address) for address, label in list(by_address.items())[:MAX_LINKS])


def stable_id(*parts: str) -> str:
    """An identifier from its parts: readable while short, a hash when long.

    >>> stable_id("web-1", "HTTP")
    'web-1/HTTP'
    """
    joined = "/".join(part for part in parts if part)
    return joined if len(joined) <= MAX_ID else hashlib.sha256(joined.encode()).hexdigest()


def listed(data: Any, path: str = "") -> list[Any]:
    """The list at `path`, a single value as a list of one; empty for nothing and for objects."""
    value = dig(data, path) if path else data
    if isinstance(value, list):
        return value[:MAX_FIELDS]
    return [value] if isinstance(value, str | int | float) and value else []


def lines_at(data: Any, *paths: str) -> list[str]:
    """The texts of the first list at `paths` that has any, a line each."""
    for path in paths:
        if found := [value for each in listed(data, path) if (value := line(each, ""))]:
            return found[:MAX_TAGS]
    return []


def words_at(data: Any, path: str = "") -> list[str]:
    """Texts of a list, or of a text with commas: "a, b"."""
    values = (text(each) for each in listed(data, path))
    return [part.strip() for value in values for part in value.split(",") if part.strip()][
        :MAX_TAGS
    ]


def tags_of(values: Iterable[str]) -> dict[str, str]:
    """Labels from tags such as "env:prod" or "team=web"; a tag without a value is "true".

    >>> tags_of(["service:checkout", "urgent"])
    {'service': 'checkout', 'urgent': 'true'}
    """
    named: dict[str, str] = {}
    for tag in values:
        key, separator, value = tag.partition(":")
        if not separator:
            key, _, value = tag.partition("=")
        # Dynatrace and others put the origin of a tag before its key: "[Kubernetes]app".
        key = key.rpartition("]")[2].strip()[:100]
        if key:
            named.setdefault(key, value.strip()[:500] or "true")
    return dict(list(named.items())[:MAX_TAGS])


def labels_of(data: Any, path: str = "") -> dict[str, str]:
    """Labels from a mapping, also where its values are lists, or from a list of tags.

    >>> labels_of({"env": ["prod", "eu"]}), labels_of(["env:prod"])
    ({'env': 'prod, eu'}, {'env': 'prod'})
    """
    values = dig(data, path) if path else data
    if not isinstance(values, Mapping):
        return tags_of(words_at(values))
    flat = {
        key: ", ".join(words_at(value)) if isinstance(value, list) else value
        for key, value in list(values.items())[:MAX_FIELDS]
    }
    return labels(flat)


def pairs_of(data: Any, path: str, key: str = "name", value: str = "value") -> dict[str, str]:
    """Labels from a list of objects such as {"name": "env", "value": "prod"}.

    >>> pairs_of({"tags": [{"name": "env", "value": "prod"}, {"name": "vip"}]}, "tags")
    {'env': 'prod', 'vip': 'true'}
    """
    found = {}
    for row in listed(data, path):
        if isinstance(row, Mapping) and (name := text(row, key, 100)):
            found[name] = text(row, value, 500) or "true"
    return dict(list(found.items())[:MAX_TAGS])


def own_service(labels: Mapping[str, str]) -> str:
    """The service that labels name outright."""
    names = ("service", "service_name", "service.name", "Service", "SERVICE")
    return next((labels[name] for name in names if labels.get(name)), "")[:100]


def fields_of(body: bytes) -> Any:
    """A body of JSON, or of form fields as curl sends them. Raises BadPayload."""
    start = body.lstrip()[:1]
    if start in (b"{", b"[", b'"'):
        return json_of(body)
    problem = (
        "The body is neither JSON nor form fields. Let the sender use the command of its guide."
    )
    try:
        fields = dict(parse_qsl(body.decode(), max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise BadPayload(problem) from error
    if not fields:
        raise BadPayload(problem)
    return fields
