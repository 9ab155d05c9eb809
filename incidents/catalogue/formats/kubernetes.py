"""Workloads with their labels, as `kubectl get deploy,statefulset -A -o json` lists them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from common.file_import import BadFile, Skipped, json_of
from common.payloads import dig, text
from incidents.catalogue.formats.base import TIERS, CatalogueEntry, CatalogueReader, canonical_value

WORKLOADS = ("deployment", "statefulset", "daemonset")
NAME = ("app.kubernetes.io/name", "app", "k8s-app")
TEAM = ("team", "owner", "app.kubernetes.io/team")


class Kubernetes(CatalogueReader):
    kind = "kubernetes"
    title = "Kubernetes workloads and labels"
    example = "kubectl get deploy,statefulset -A -o json"

    def read(self, content: str) -> Iterator[CatalogueEntry | Skipped]:
        data = json_of(content)
        items = dig(data, "items")
        if not isinstance(items, list):
            raise BadFile("There is no list “items”: use kubectl get … -o json.")
        for number, item in enumerate(items, 1):
            yield self._entry(f"item {number}", item)

    def _entry(self, place: str, item: Any) -> CatalogueEntry | Skipped:
        kind, own = text(item, "kind"), text(item, "metadata.name", 100)
        if kind.lower() not in WORKLOADS:
            return Skipped(place, f"{kind or 'No kind'}: only workloads are services.")
        labels = dig(item, "metadata.labels", {})
        labels = labels if isinstance(labels, dict) else {}
        name = next((text(labels.get(key), limit=100) for key in NAME if labels.get(key)), own)
        if not name:
            return Skipped(place, "“metadata.name” is missing.")
        team = next((text(labels.get(key), limit=100) for key in TEAM if labels.get(key)), "")
        return CatalogueEntry(
            place, name, tier=canonical_value(TIERS, labels.get("tier")), owner_team=team
        )
