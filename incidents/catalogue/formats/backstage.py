"""Backstage's catalog-info.yaml: several documents a file; components and resources count.

The annotation `causebook.io/service` names the service that an entity of another name is.

A document that cannot be read, or that is a template, is named and does not stop the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from common.file_import import BadFile, Skipped
from common.payloads import dig, text, web_address
from common.yaml_documents import documents
from incidents.catalogue.formats.base import (
    LIFECYCLES,
    TIERS,
    CatalogueEntry,
    CatalogueReader,
    canonical_value,
)

_PLACEHOLDER = re.compile(r"\$?\{\{[^{}]{0,100}\}\}|\$\{[^{}]{1,100}\}|<%[^%]{0,100}%>")
"""What Backstage's scaffolder, cookiecutter, Helm and others fill in."""

SERVICE = "causebook.io/service"
"""The annotation with the name of a service here."""
SERVICES = ("component", "resource")
KINDS = {"database": "postgresql", "postgresql": "postgresql", "cache": "cache", "queue": "queue",
         "service": "http", "website": "http"}  # fmt: skip


@dataclass(frozen=True)
class _Entity:
    """An entity by the name that references use, and the service that it is."""

    entity: str
    service: CatalogueEntry

    @property
    def name(self) -> str:
        return self.service.name

    def entry(self, names: Mapping[str, str]) -> CatalogueEntry:
        """The service, with the services that the entities it depends on are."""
        needed = dict.fromkeys(names.get(each, each) for each in self.service.depends_on)
        return replace(self.service, depends_on=tuple(needed))


class Backstage(CatalogueReader):
    kind = "backstage"
    title = "Backstage catalog-info.yaml"
    example = "cat */catalog-info.yaml, with --- between the files"

    def read(self, content: str) -> Iterator[CatalogueEntry | Skipped]:
        entries = list(self._entries(content))
        names = {each.entity: each.name for each in entries if isinstance(each, _Entity)}
        for each in entries:
            yield each.entry(names) if isinstance(each, _Entity) else each

    def _entries(self, content: str) -> Iterator[_Entity | Skipped]:
        found = list(documents(content))
        if not found:
            raise BadFile("It is empty.")
        if all(
            isinstance(value, BadFile) and not _PLACEHOLDER.search(text) for _, text, value in found
        ):
            raise BadFile(f"It cannot be read as YAML: {found[0][2]}")
        for number, written, value in found:
            place = f"document {number}"
            if isinstance(value, BadFile):
                templated = _PLACEHOLDER.search(written)
                yield Skipped(
                    place,
                    _template(templated[0]) if templated else f"It cannot be read as YAML: {value}",
                )
            elif isinstance(value, list) or _listed(value):
                value = value if isinstance(value, list) else value["items"]
                # Several entities as one list, as an API answers.
                for position, each in enumerate(value, 1):
                    yield self._entry(f"{place}, number {position}", each)
            else:
                yield self._entry(place, value)

    def _entry(self, place: str, data: Any) -> _Entity | Skipped:
        if not isinstance(data, dict):
            return Skipped(place, "It is not an object.")
        kind, name = text(data, "kind").lower(), text(data, "metadata.name", 100)
        if kind not in SERVICES:
            what = text(data, "kind") or "No kind"
            return Skipped(place, f"{what}: only components and resources are services.")
        if not name:
            return Skipped(place, "“metadata.name” is missing.")
        if templated := _PLACEHOLDER.search(name):
            return Skipped(place, _template(templated[0]))
        data = _without_placeholders(data)
        found = dig(data, "spec.dependsOn", [])
        references = [
            *(found if isinstance(found, list) else [found]),
            *_related(data, "dependsOn"),
        ]
        notes = dig(data, "metadata.annotations", {})
        labels = dig(data, "metadata.labels", {})
        tier = next(
            (word for each in (labels, notes) if isinstance(each, dict)
             for key, value in each.items()
             if str(key).rpartition("/")[2] in ("tier", "criticality")
             and (word := canonical_value(TIERS, value))),
            "",
        )  # fmt: skip
        ours = _note(notes, SERVICE)
        found_entry = CatalogueEntry(
            place,
            ours or name,
            description=text(data, "metadata.description", 1000),
            tier=tier,
            lifecycle=canonical_value(LIFECYCLES, dig(data, "spec.lifecycle")),
            kind=KINDS.get(text(data, "spec.type").lower(), ""),
            owner_team=name_in(
                text(data, "spec.owner", 200) or next(iter(_related(data, "ownedBy")), "")
            )[:100],
            on_call=_note(notes, "pagerduty.com/service-id", "opsgenie.com/component-selector"),
            runbook_url=next(_links(data, "runbook", "playbook"), "")[:200],
            dashboards="\n".join(_links(data, "dashboard", "grafana")),
            repositories=_repository(notes),
            depends_on=tuple(dict.fromkeys(filter(None, map(_service, references)))),
        )
        return _Entity(name, found_entry)


def _listed(value: Any) -> bool:
    """Whether it is a page of entities, as the catalogue's API answers."""
    return isinstance(value, dict) and "kind" not in value and isinstance(value.get("items"), list)


def _related(data: Any, kind: str) -> list[str]:
    """What an entity that the catalogue has processed is related to."""
    found = dig(data, "relations", [])
    return [
        text(each, "targetRef", 200)
        for each in (found if isinstance(found, list) else [])
        if text(each, "type") == kind
    ][:200]


def _template(placeholder: str) -> str:
    return f"It is a template: {placeholder[:60]} is not filled in."


def _without_placeholders(data: Any, depth: int = 0) -> Any:
    """The values without those that a template leaves open."""
    if isinstance(data, str):
        return "" if _PLACEHOLDER.search(data) else data
    if depth > 8:
        return data
    if isinstance(data, dict):
        return {key: _without_placeholders(value, depth + 1) for key, value in data.items()}
    if isinstance(data, list):
        return [_without_placeholders(value, depth + 1) for value in data]
    return data


def name_in(reference: str) -> str:
    """The name in a reference such as group:default/payments.

    >>> name_in("component:default/orders-db"), name_in("payments")
    ('orders-db', 'payments')
    """
    return reference.rpartition("/")[2].rpartition(":")[2].strip()


def _service(reference: Any) -> str:
    """The name of a component or resource from a reference; empty for other kinds."""
    words = text(reference, limit=200)
    kind, colon, _ = words.partition(":")
    return "" if colon and kind.lower() not in SERVICES else name_in(words)[:100]


def _links(data: Any, *keywords: str) -> Iterator[str]:
    """URLs of links whose title, type or icon contains one of the words."""
    links = dig(data, "metadata.links", [])
    for link in links if isinstance(links, list) else []:
        words = f"{text(link, 'title')} {text(link, 'type')} {text(link, 'icon')}".lower()
        address = web_address(link, "url")
        if address and any(word in words for word in keywords):
            yield address


def _note(notes: Any, *names: str) -> str:
    found = (text(notes.get(name)) for name in names) if isinstance(notes, dict) else iter(())
    return next(filter(None, found), "")[:200]


def _repository(notes: Any) -> str:
    located = _note(notes, "backstage.io/source-location").removeprefix("url:")
    if located.startswith(("http://", "https://")):
        return located
    slug = _note(notes, "github.com/project-slug")
    return f"https://github.com/{slug}" if slug else ""
