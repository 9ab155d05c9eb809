"""Kubernetes rollouts and scaling, from an event exporter that posts events as they are."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from common.environments import environment_of_namespace
from common.payloads import dig, time_at
from common.placeholders import first_text, required_first, required_text, text
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook, change_id

_SCALED = re.compile(r"Scaled (up|down) replica ?set (\S{1,253})", re.IGNORECASE)
_FROM = re.compile(r"\bfrom (\d{1,6})\b")
_REVISION = re.compile(r"\brevision:? ?(\d{1,9})\b")
_NAMED_SET = re.compile(r"replica ?set \"?([a-z0-9][a-z0-9.-]{0,252})\"?", re.IGNORECASE)
_AUTOSCALER = re.compile(r"(?:^(?:keda-)?hpa-)|(?:-(?:hpa|autoscaler)$)")

_STEPS = frozenset(
    "RolloutUpdated NewReplicaSetCreated RolloutStepCompleted RolloutResumed".split()
)
_DONE = frozenset("RolloutCompleted NewReplicaSetAvailable".split())
_FAILED = frozenset("ProgressDeadlineExceeded RolloutAborted RolloutDegraded".split())
_ROLLED_BACK = frozenset("DeploymentRollback DeploymentRolledBack RollbackDone".split())
_HELM = {
    "InstallSucceeded": "succeeded", "UpgradeSucceeded": "succeeded", "TestSucceeded": "succeeded",
    "InstallFailed": "failed", "UpgradeFailed": "failed", "TestFailed": "failed",
    "RollbackSucceeded": "rolled_back", "RollbackFailed": "failed", "UninstallFailed": "failed",
}  # fmt: skip
_WATCHED = frozenset("deployment statefulset daemonset".split())


class KubernetesEvents(Webhook):
    """A rollout shows as its new replica set being scaled up, in one step or in many."""

    kind = "kubernetes"
    title = "Kubernetes rollouts"
    brings = "changes"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        if dig(data, "eventmeta") is not None:
            return [_watched(data, incoming.received_at)]
        if dig(data, "event.reason") is not None:
            data = dig(data, "event")
        return [_event(data, incoming.received_at)]


def _event(data: Any, received_at: datetime) -> Event:
    reason, message = required_text(data, "reason"), first_text(data, "message", "note")
    kind = first_text(data, "involvedObject.kind", "regarding.kind")
    at = _time(data) or received_at
    if reason == "SuccessfulRescale":
        return _change(data, at, f"scaled: {message}", kind="scaling")
    if kind == "HelmRelease":
        return _helm(data, reason, message, at)
    if reason == "ScalingReplicaSet":
        return _scaled(data, message, at)
    if reason == "SuccessfulDelete" and kind in ("StatefulSet", "DaemonSet"):
        return _change(data, at, f"rolled out ({message})", rollout=True)
    if reason in _ROLLED_BACK:
        return _change(data, at, f"rolled back: {message}", rollout=True, outcome="rolled_back")
    if reason in _FAILED | _DONE | _STEPS:
        outcome = "failed" if reason in _FAILED else "succeeded"
        revision = _revision(message)
        title = revision or message or reason
        return _change(data, at, title, rollout=True, outcome=outcome, revision=revision)
    return Ignored(f"“{reason}” of a {kind or 'resource'} is no change.")


def _scaled(data: Any, message: str, at: datetime) -> Event:
    """Every wording: `to 1`, `to 1 from 0`, `from 0 to 1`; Argo Rollouts adds the revision.

    A replica set that starts from none is a rollout; one that grows is a step of it, or scaling.
    """
    found = _SCALED.search(message)
    if found is None:
        return Ignored("It does not say which replica set was scaled.")
    if found[1].lower() == "down":
        return Ignored("The old replica set of a rollout; the new one is the change.")
    before, revision = _FROM.search(message), _revision(message)
    return _change(
        data,
        at,
        message if before and before[1] != "0" else revision,
        rollout=True,
        revision=revision,
        starts=before[1] == "0" if before else None,
    )


def _revision(message: str) -> str:
    """The revision's number, else the replica set's name."""
    number, named = _REVISION.search(message), _NAMED_SET.search(message)
    return f"revision {number[1]}" if number else named[1] if named else ""


def _helm(data: Any, reason: str, message: str, at: datetime) -> Event:
    if reason not in _HELM:
        return Ignored(f"“{reason}” of a HelmRelease is no change.")
    return _change(data, at, message or reason, rollout=True, outcome=_HELM[reason])


def _change(
    data: Any,
    at: datetime,
    what: str,
    *,
    kind: str = "deploy",
    outcome: str = "succeeded",
    rollout: bool = False,
    revision: str = "",
    starts: bool | None = None,
) -> Event:
    name = required_first(data, "involvedObject.name", "regarding.name", limit=100)
    of_kind = first_text(data, "involvedObject.kind", "regarding.kind", limit=60)
    namespace = first_text(
        data, "involvedObject.namespace", "regarding.namespace", "metadata.namespace", limit=63
    )
    cluster = first_text(data, "clusterName", "cluster", "metadata.clusterName", limit=100)
    own = change_id(cluster, "/".join(part for part in (namespace, of_kind, name) if part))
    uid = text(data, "metadata.uid", 100)
    return ChangeEvent(
        title=f"{name}: {what}"[:300],
        candidates=_services(data, name),
        job=f"{namespace}/{name}" if namespace else name,
        job_name=name,
        kind=kind,
        version=revision,
        outcome=outcome,
        started_at=at,
        finished_at=at,
        rollout=own if rollout else "",
        rollout_starts=starts,
        external_id="" if rollout else change_id("scaling", own, f"{at:%Y-%m-%dT%H:%M:%S}", uid),
        environment=environment_of_namespace(namespace) or environment_of_namespace(cluster),
    )


def _services(data: Any, name: str) -> tuple[str, ...]:
    labels = dig(data, "involvedObject.labels", {})
    given = ""
    if isinstance(labels, dict):
        wanted = ("app.kubernetes.io/name", "app", "k8s-app", "app.kubernetes.io/instance")
        given = next(
            (text(labels.get(label), "", 100) for label in wanted if labels.get(label)), ""
        )
    return tuple(dict.fromkeys(n for n in (name, _AUTOSCALER.sub("", name), given) if n))


def _time(data: Any) -> datetime | None:
    """When it last happened, in the fields of both versions of the events' API."""
    fields = (
        "series.lastObservedTime lastTimestamp deprecatedLastTimestamp eventTime firstTimestamp"
    )
    times = (time_at(data, field) for field in [*fields.split(), "metadata.creationTimestamp"])
    return next((at for at in times if at), None)


def _watched(data: Any, received_at: datetime) -> Event:
    """What kubewatch posts: it says that a resource changed, not how."""
    kind, reason = text(data, "eventmeta.kind").lower(), text(data, "eventmeta.reason").lower()
    if kind not in _WATCHED or reason not in ("created", "updated"):
        return Ignored(f"A {kind or 'resource'} that was {reason or 'seen'} is no change.")
    name = required_text(data, "eventmeta.name", 150).rpartition("/")[2][:100]
    namespace = text(data, "eventmeta.namespace", 63)
    at = time_at(data, "time") or received_at
    return ChangeEvent(
        title=f"{name}: {kind} {reason}",
        candidates=(name,),
        job=f"{namespace}/{name}" if namespace else name,
        job_name=name,
        started_at=at,
        finished_at=at,
        rollout="/".join(part for part in (namespace, kind, name) if part),
        environment=environment_of_namespace(namespace),
    )
