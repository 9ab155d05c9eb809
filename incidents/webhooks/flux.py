"""Flux notification controller, provider type `generic-hmac`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from common.environments import environment_in, environment_of_namespace, is_production
from common.payloads import dig, time_at
from common.placeholders import required_text, text
from common.signing import Hmac
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook, change_id

DEPLOYED_KINDS = {"Kustomization", "HelmRelease"}
_NOTHING_DONE = frozenset(
    "DependencyNotReady ArtifactUpToDate Progressing ProgressingWithRetry DriftDetected "
    "GarbageCollectionSucceeded Suspended Resumed UninstallSucceeded "
    "ReconciliationSkipped NoUpdate HelmChartReady HelmChartInSync HelmChartCreated "
    "TestSucceeded info".split()
)
"""Reasons that announce or describe; the revision's own result follows."""
_WORKLOAD = re.compile(
    r"\b(?:Deployment|StatefulSet|DaemonSet|Rollout|HelmRelease)/([\w./-]{1,150})"
)


class Flux(Webhook):
    kind = "flux"
    title = "Flux"
    brings = "changes"
    scheme = Hmac("x-signature", prefix="sha256=")

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        kind, name = (
            required_text(data, "involvedObject.kind"),
            required_text(data, "involvedObject.name", 100),
        )
        if kind not in DEPLOYED_KINDS:
            return [Ignored(f"Events of a {kind} change no service.")]
        reason, message = text(data, "reason", 60), text(data, "message", 2000)
        failed = required_text(data, "severity") == "error"
        if not failed and reason in _NOTHING_DONE and not _workloads(message):
            return [Ignored(f"“{reason}” changes nothing; its result is reported by itself.")]
        namespace = text(data, "involvedObject.namespace", 63)
        revision, branch = _revision(data)
        rolled_back = reason.startswith(("Rollback", "Remediat")) and not failed
        at = time_at(data, "timestamp") or incoming.received_at
        where = _environment(data, name, namespace)
        running = not failed and reason.startswith("Progressing")
        return [
            ChangeEvent(
                title=f"{name}: {message.partition(chr(10))[0][:200] or reason}"[:300],
                candidates=(name, *_workloads(message)),
                job=f"{namespace}/{name}" if namespace else name,
                job_name=name,
                version=revision,
                outcome="failed"
                if failed
                else "rolled_back"
                if rolled_back
                else "running"
                if running
                else "succeeded",
                started_at=at,
                finished_at=None if running else at,
                external_id=change_id(
                    kind,
                    _metadata(data, "cluster"),
                    where,
                    namespace,
                    name,
                    _whole(data),
                    "" if rolled_back else _release(message),
                )
                if revision
                else "",
                environment=where,
                branch="" if is_production(branch) is False and where else branch,
            )
        ]


def _metadata(data: Any, *names: str) -> str:
    """A value of the event's metadata; its keys have the API group before them, or do not."""
    values = dig(data, "metadata", {})
    if not isinstance(values, Mapping):
        return ""
    for name in names:
        for key, value in values.items():
            if str(key) == name or str(key).endswith(f"/{name}"):
                found = text(value, "", 150)
                if found:
                    return found
    return ""


def _release(message: str) -> str:
    """The number of a Helm release: other values of the same chart are another deploy."""
    match = re.search(r"\brelease [\w./-]{1,200}\.(v\d{1,6})\b", message[:500])
    return match[1] if match else ""


def _whole(data: Any) -> str:
    return _metadata(data, "revision")


def _revision(data: Any) -> tuple[str, str]:
    """Version and branch of `main@sha1:…`, of the older `main/…`, or of a chart's version."""
    whole = _whole(data)
    digest = whole.rpartition(":")[2] if re.search(r"sha\d+:", whole) else ""
    if "@" in whole:
        branch = whole.partition("@")[0]
    elif not digest and re.fullmatch(r".+/[0-9a-f]{40}", whole):
        branch, _, digest = whole.rpartition("/")
    else:
        branch = ""
    shown = digest[:12] or whole
    return shown, branch if re.search(r"[a-z]", branch) else ""


def _environment(data: Any, name: str, namespace: str) -> str:
    given = _metadata(data, "environment", "env", "stage")
    cluster = _metadata(data, "cluster")
    return (
        given
        or environment_in(name)
        or environment_of_namespace(namespace)
        or environment_of_namespace(cluster)
    )


def _workloads(message: str) -> tuple[str, ...]:
    """Names of the workloads that a message lists as configured."""
    found = (match[1].rpartition("/")[2] for match in _WORKLOAD.finditer(message))
    return tuple(dict.fromkeys(name[:100] for name in found if name))[:20]
