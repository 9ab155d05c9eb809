"""Requests of tools that roll out, apply and toggle, shaped after what they document and send."""

from __future__ import annotations

from typing import Any

from tests.incidents.webhooks.change_inputs import NO, SHA, YES, Row


def kubernetes_event(
    message: str,
    reason: str = "ScalingReplicaSet",
    at: str = "10:00:00",
    kind: str = "Deployment",
    name: str = "checkout",
    namespace: str = "shop",
    **more: Any,
) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{name}.17a0", "namespace": namespace, "uid": f"{at} {message}"},
        "reason": reason,
        "message": message,
        "lastTimestamp": f"2026-06-01T{at}Z",
        "involvedObject": {"kind": kind, "name": name, "namespace": namespace},
        **more,
    }


KUBERNETES: list[Row] = [
    (
        "the first step",
        {},
        kubernetes_event("Scaled up replica set checkout-6d4f8c7b9 from 0 to 1"),
        {**YES, "kind": "deploy", "version": "checkout-6d4f8c7b9"},
    ),
    (
        "its next step",
        {},
        kubernetes_event("Scaled up replica set checkout-6d4f8c7b9 to 3 from 1", at="10:01:00"),
        None,
    ),
    (
        "the old one goes",
        {},
        kubernetes_event("Scaled down replica set checkout-7bf657c596 to 0 from 3", at="10:02:00"),
        None,
    ),
    (
        "scaled an hour later",
        {},
        kubernetes_event("Scaled up replica set checkout-6d4f8c7b9 to 8 from 3", at="11:30:00"),
        {**YES, "kind": "scaling"},
    ),
    (
        "the same, in older words",
        {},
        kubernetes_event("Scaled up replica set checkout-6d4f8c7b9 to 9", at="13:30:00"),
        {**YES, "kind": "scaling"},
    ),
    (
        "the next version, in older words",
        {},
        kubernetes_event("Scaled up replica set checkout-5c9d to 1", at="14:00:00"),
        {**YES, "kind": "deploy", "version": "checkout-5c9d"},
    ),
    (
        "back to the version before",
        {},
        kubernetes_event("Scaled up replica set checkout-6d4f8c7b9 to 1 from 0", at="14:10:00"),
        {**YES, "kind": "deploy", "version": "checkout-6d4f8c7b9"},
    ),
    (
        "autoscaled",
        {},
        kubernetes_event(
            "New size: 5; reason: cpu resource utilization above target",
            "SuccessfulRescale",
            "15:00:00",
            "HorizontalPodAutoscaler",
            "checkout-hpa",
        ),
        {**YES, "kind": "scaling", "service": "checkout"},
    ),
    (
        "a canary of Argo Rollouts",
        {},
        kubernetes_event("Rollout updated to revision 12", "RolloutUpdated", "16:00:00", "Rollout"),
        {**YES, "kind": "deploy", "version": "revision 12"},
    ),
    (
        "its replica set",
        {},
        kubernetes_event(
            "Scaled up ReplicaSet checkout-77c (revision 12) from 0 to 1",
            at="16:00:01",
            kind="Rollout",
        ),
        None,
    ),
    (
        "its end",
        {},
        kubernetes_event(
            "Rollout completed update to revision 12 (77c): Completed all 3 canary steps",
            "RolloutCompleted",
            "16:20:00",
            "Rollout",
        ),
        None,
    ),
    (
        "a stateful set, pod by pod",
        {},
        kubernetes_event(
            "delete Pod checkout-1 in StatefulSet checkout successful",
            "SuccessfulDelete",
            "17:00:00",
            "StatefulSet",
        ),
        {**YES, "kind": "deploy"},
    ),
    (
        "its second pod",
        {},
        kubernetes_event(
            "delete Pod checkout-0 in StatefulSet checkout successful",
            "SuccessfulDelete",
            "17:01:00",
            "StatefulSet",
        ),
        None,
    ),
    (
        "a new pod of it",
        {},
        kubernetes_event(
            "create Pod checkout-0 in StatefulSet checkout successful",
            "SuccessfulCreate",
            "17:01:10",
            "StatefulSet",
        ),
        None,
    ),
    (
        "a release of Helm",
        {},
        kubernetes_event(
            "Helm upgrade succeeded for release shop/checkout.v41",
            "UpgradeSucceeded",
            "18:00:00",
            "HelmRelease",
        ),
        {**YES, "kind": "deploy"},
    ),
    (
        "another namespace",
        {},
        kubernetes_event(
            "Scaled up replica set checkout-6d4f8c7b9 to 1 from 0",
            at="18:30:00",
            namespace="shop-staging",
        ),
        {**NO, "environment": "staging"},
    ),
    (
        "the newer form of events",
        {},
        {
            "metadata": {"name": "checkout.19", "namespace": "shop", "uid": "u-19"},
            "reason": "ScalingReplicaSet",
            "note": "Scaled up replica set checkout-88d from 0 to 2",
            "eventTime": "2026-06-01T19:00:00.123456Z",
            "regarding": {"kind": "Deployment", "name": "checkout", "namespace": "shop"},
        },
        {**YES, "version": "checkout-88d"},
    ),
    (
        "inside another object",
        {},
        {
            "verb": "ADDED",
            "event": kubernetes_event("Scaled up replica set checkout-99e to 1", at="20:00:00"),
        },
        {**YES, "version": "checkout-99e"},
    ),
    (
        "by kubewatch",
        {},
        {
            "eventmeta": {
                "kind": "Deployment",
                "name": "shop/checkout",
                "namespace": "shop",
                "reason": "Updated",
            },
            "text": "A `Deployment` in namespace `shop` has been `Updated`: `checkout`",
            "time": "2026-06-01T21:00:00Z",
        },
        {**YES, "title": "checkout: deployment updated"},
    ),
    ("a pod", {}, kubernetes_event("Started container", "Started", kind="Pod"), None),
]


def _flux(
    kind: str, reason: str, message: str, revision: str = "", severity: str = "info", **more: Any
) -> dict[str, Any]:
    name, namespace = more.pop("name", "checkout"), more.pop("namespace", "shop")
    metadata = {"revision": revision} if revision else {}
    return {
        "involvedObject": {"kind": kind, "namespace": namespace, "name": name},
        "severity": severity,
        "timestamp": "2026-06-01T10:00:00Z",
        "message": message,
        "reason": reason,
        "metadata": metadata | more.pop("metadata", {}),
        **more,
    }


FLUX: list[Row] = [
    (
        "a chart",
        {},
        _flux("HelmRelease", "UpgradeSucceeded", "Helm upgrade succeeded", "8.53.0"),
        {**YES, "version": "8.53.0"},
    ),
    (
        "other values of the same chart",
        {},
        _flux("HelmRelease", "UpgradeSucceeded", "Upgraded release shop/checkout.v6", "8.53.0"),
        {**YES, "version": "8.53.0"},
    ),
    ("tested", {}, _flux("HelmRelease", "TestSucceeded", "Helm test succeeded", "8.53.0"), None),
    (
        "a digest beside the chart's version",
        {},
        _flux("HelmRelease", "InstallSucceeded", "Installed", "8.54.0+0a1b2c3d"),
        {"version": "8.54.0+0a1b2c3d"},
    ),
    (
        "a kustomization",
        {},
        _flux("Kustomization", "ReconciliationSucceeded", "Done in 2s", f"main@sha1:{SHA}"),
        {**YES, "version": SHA[:12], "branch": "main"},
    ),
    (
        "in the older form",
        {},
        _flux("Kustomization", "ReconciliationSucceeded", "Done", f"release/{'b' * 40}"),
        {**YES, "version": "b" * 12, "branch": "release"},
    ),
    (
        "keys with their group",
        {},
        _flux(
            "Kustomization",
            "ReconciliationSucceeded",
            "Done",
            metadata={"kustomize.toolkit.fluxcd.io/revision": f"main@sha1:{'c' * 40}"},
        ),
        {"version": "c" * 12},
    ),
    (
        "failed",
        {},
        _flux("HelmRelease", "UpgradeFailed", "timed out", "8.55.0", "error"),
        {"outcome": "failed"},
    ),
    (
        "one that lists what it applies",
        {},
        _flux(
            "Kustomization",
            "Progressing",
            "Deployment/shop/checkout configured\nService/shop/checkout unchanged",
            f"main@sha1:{'d' * 40}",
            name="apps",
        ),
        {"service": "checkout", "outcome": "running"},
    ),
    (
        "staging by the event's metadata",
        {},
        _flux("HelmRelease", "UpgradeSucceeded", "ok", "8.56.0", metadata={"env": "staging"}),
        NO,
    ),
    (
        "staging by its namespace",
        {},
        _flux("HelmRelease", "UpgradeSucceeded", "ok", "8.57.0", namespace="staging"),
        NO,
    ),
    (
        "a preview by its name",
        {},
        _flux("HelmRelease", "UpgradeSucceeded", "ok", "8.58.0", name="checkout-preview"),
        {**NO, "service": "checkout"},
    ),
    (
        "rolled back",
        {},
        _flux("HelmRelease", "RollbackSucceeded", "ok", "8.59.0"),
        {"outcome": "rolled_back", **YES},
    ),
    ("a source", {}, _flux("GitRepository", "NewArtifact", "stored", f"main@sha1:{SHA}"), None),
    ("images", {}, _flux("ImageUpdateAutomation", "info", "committed"), None),
    ("waits", {}, _flux("Kustomization", "DependencyNotReady", "waits", f"main@sha1:{SHA}"), None),
]
