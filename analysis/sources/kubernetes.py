"""Kubernetes: events of a workload, and how its containers last ended."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from analysis.sources.base import (
    MAX_LINES,
    AlertTarget,
    Line,
    SourceAnswer,
    SourceError,
    SourceQuery,
    Target,
    Window,
    fill,
)
from analysis.sources.http import HttpForm, HttpSource
from common.alert_labels import safe_labels, workload_in
from common.redaction import redact

PAGE = 500
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""It becomes part of a path: nothing else may."""
_WORKLOADS = ("deployments", "statefulsets", "daemonsets")
_NAME_LABELS = ("app.kubernetes.io/name", "app", "k8s-app")
EVENT_APIS = ("/apis/events.k8s.io/v1", "/api/v1")
"""The newer event API first; clusters that lack it, or forbid it, have the older one."""


class KubernetesForm(HttpForm):
    namespace = forms.RegexField(
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        label=_("Namespace"),
        initial="default",
        help_text=_("Where the services run."),
    )


class Kubernetes(HttpSource):
    kind = "kubernetes"
    title = "Kubernetes"
    product = "a Kubernetes API"
    items = "lines"
    SettingsForm = KubernetesForm

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self.namespace = settings.get("namespace") or "default"

    def queries(self, target: Target) -> list[SourceQuery]:
        return [
            SourceQuery("events", fill("events $service", target)),
            SourceQuery("container ends", fill("pods $service", target)),
        ]

    def alert_queries(self, alert: AlertTarget) -> list[SourceQuery]:
        """Events of its workload, pod or node, in the namespace that its labels name."""
        labels = safe_labels(alert.labels)
        about = workload_in(labels)
        if alert.known or not about:
            return []
        # Events about nodes are in the namespace “default”.
        fallback = "default" if about == labels.get("node") else self.namespace
        namespace = labels.get("namespace", fallback)
        if not _NAMESPACE.fullmatch(namespace):
            return []
        own = dict(alert.labels)
        events = SourceQuery("events", f"events {about} in {namespace}", labels=own)
        if about == labels.get("node"):
            return [events]
        ends = SourceQuery("container ends", f"pods {about} in {namespace}", labels=own)
        return [events, ends]

    def discover(self, deadline: float) -> list[dict[str, str]]:
        """Deployments, stateful sets and daemon sets of the namespace."""
        until, gaps = time.monotonic() + deadline, list[str]()
        found = []
        with self.expecting("a list of Kubernetes workloads"):
            for kind in _WORKLOADS:
                for item in self._list(("/apis/apps/v1",), kind, _left(until), gaps):
                    own = item["metadata"].get("labels") or {}
                    app = next((own[key] for key in _NAME_LABELS if own.get(key)), "")
                    name = str(item["metadata"]["name"])
                    found.append({"deployment": name, **({"app": str(app)} if app else {})})
        return found

    def pull(self, query: SourceQuery, window: Window, deadline: float) -> SourceAnswer:
        what, _, rest = query.text.partition(" ")
        workload, _, namespace = rest.partition(" in ")
        if not _NAMESPACE.fullmatch(namespace):
            workload, namespace = rest, ""
        read = self._pods if what == "pods" else self._events
        gaps: list[str] = []
        with self.expecting("a list of Kubernetes objects"):
            every = list(read(workload, deadline, gaps, namespace))
        start, end = window.start.timestamp(), window.end.timestamp()
        lines = sorted(
            (line for line in every if start <= line.at <= end), key=lambda line: line.at
        )
        if not lines:
            gaps.append(
                f"Nothing of {workload} in the window; clusters delete events after an hour or so."
            )
        return SourceAnswer(lines[-MAX_LINES:], "", gaps)

    def _events(
        self, workload: str, deadline: float, gaps: list[str], namespace: str
    ) -> Iterator[Line]:
        for event in self._list(EVENT_APIS, "events", deadline, gaps, namespace):
            about = event.get("regarding") or event.get("involvedObject") or {}
            at = _last_seen(event)
            if at is None or not _belongs(about.get("name", ""), workload):
                continue
            text = event.get("note") or event.get("message") or ""
            kind = f"{event.get('type', 'Normal')} {event.get('reason', '')}"
            line = redact(f"{kind} {about.get('kind', '')} {about.get('name', '')}: {text}")
            yield Line(at, line, {"reason": event.get("reason") or ""})

    def _pods(
        self, workload: str, deadline: float, gaps: list[str], namespace: str
    ) -> Iterator[Line]:
        for pod in self._list(("/api/v1",), "pods", deadline, gaps, namespace):
            name = pod["metadata"]["name"]
            if not _belongs(name, workload):
                continue
            for status in pod.get("status", {}).get("containerStatuses") or []:
                for state in (status.get("lastState") or {}, status.get("state") or {}):
                    ended = state.get("terminated")
                    if ended and ended.get("finishedAt"):
                        yield Line(
                            _epoch(ended["finishedAt"]),
                            f"Container {status['name']} of Pod {name} ended: "
                            f"{ended.get('reason', 'unknown')}, exit code {ended.get('exitCode')}, "
                            f"restarts {status.get('restartCount', 0)}",
                            {"reason": ended.get("reason") or ""},
                        )

    def _list(
        self, apis: tuple[str, ...], what: str, deadline: float, gaps: list[str],
        namespace: str = "",
    ) -> Iterator[dict[str, Any]]:  # fmt: skip
        """All objects, page after page, from the first API that the cluster lets us read."""
        until = time.monotonic() + deadline
        for api in apis:
            path = f"{api}/namespaces/{namespace or self.namespace}/{what}"
            params: dict[str, Any] = {"limit": PAGE}
            try:
                answer = self.http.get_json(path, params, deadline=_left(until))
            except SourceError as error:
                if error.passing or api == apis[-1]:
                    raise
                continue
            for _page in range(MAX_LINES // PAGE):
                yield from answer["items"]
                following = (answer.get("metadata") or {}).get("continue")
                if not following:
                    return
                params["continue"] = following
                answer = self.http.get_json(path, params, deadline=_left(until))
            gaps.append(f"More than {MAX_LINES} {what}; the others were not read.")
            return

    def probe(self, deadline: float) -> str:
        answer = self.http.get_json(
            f"/api/v1/namespaces/{self.namespace}/pods", {"limit": 1}, deadline=deadline
        )
        with self.probing():
            if "items" not in answer:
                raise self.unlike_product()
        return f"Answers; it lets us read pods in {self.namespace}."


def _left(until: float) -> float:
    """Seconds left of a deadline that all pages share."""
    return max(0.1, until - time.monotonic())


def _belongs(name: str, workload: str) -> bool:
    return name == workload or name.startswith(f"{workload}-")


def _last_seen(event: dict[str, Any]) -> float | None:
    series = event.get("series") or {}
    for written in (
        series.get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("deprecatedLastTimestamp"),
        event.get("eventTime"),
        event.get("firstTimestamp"),
    ):
        if written:
            return _epoch(written)
    return None


def _epoch(written: str) -> float:
    return datetime.fromisoformat(written).timestamp()
