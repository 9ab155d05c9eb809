"""Which labels of an alert may name its service, and the names they hold."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.core.exceptions import ValidationError

from common.alert_labels import safe_labels
from common.pods import workload_of
from incidents.models.service import SERVICE_NAME

SERVICE_LABELS = (
    "service", "service_name", "app", "application", "app_kubernetes_io_name", "component",
    "deployment", "statefulset", "daemonset", "container", "job", "pod", "host", "instance",
    "namespace", "db", "DBInstanceIdentifier", "LoadBalancer", "FunctionName", "ServiceName",
)  # fmt: skip
"""Labels that may name a service, the most reliable first."""
SERVICE_NAME_LABELS = SERVICE_LABELS[:5]
"""Those that hold nothing but service names."""
WORKLOAD_LABELS = SERVICE_LABELS[:11]
"""Those that mostly do: workloads, containers and jobs too, but no pods, hosts and namespaces."""
EXPORTERS = frozenset(
    "kube-state-metrics node-exporter node_exporter node prometheus-node-exporter cadvisor kubelet "
    "blackbox blackbox-exporter blackbox_exporter kubernetes-pods kubernetes-nodes "
    "kubernetes-service-endpoints kubernetes-cadvisor statsd-exporter pushgateway "
    "otel-collector integrations/node_exporter integrations/kubernetes/cadvisor "
    "integrations/kubernetes/kube-state-metrics integrations/kubernetes/kubelet POD".split()
)
"""Values that name who reported it, by the usual charts and examples, and not what it is about."""
_SELECTING = (
    "service_name", "app", "app_kubernetes_io_name", "container", "job", "instance", "host",
)  # fmt: skip
"""Labels that metrics and logs have too; those of a pod end with it."""
_PORT = re.compile(r":\d+$")


def names_in_value(value: str) -> list[str]:
    """The names that the value of a label may mean, the whole first.

    A pod names its workload, an instance its host, a job of a pod monitor `namespace/name`.
    """
    value = value.strip()
    after_slash = "" if "://" in value else value.rpartition("/")[2].strip()
    candidates = (value, workload_of(value), _PORT.sub("", value), _own_name(value), after_slash)
    return list(dict.fromkeys(each for each in candidates if each))


def suggested_name(labels: Mapping[str, str]) -> tuple[str, str] | None:
    """The label that names a service best, and that name; None if none can be a name."""
    for label in SERVICE_LABELS:
        value = labels.get(label, "").strip()
        if not value or value in EXPORTERS:
            continue
        name = names_in_value(value)[-1] if label == "job" else _own_name(value)
        if len(name) <= 100 and _can_be_name(name) and name not in EXPORTERS:
            return label, name
    return None


def selecting_labels(labels: Mapping[str, str], label: str) -> str:
    """Telemetry labels of a service that `label` names; empty where its name does by itself."""
    safe = safe_labels(labels)
    own = label if label in _SELECTING else "container"
    if label == "service" or own not in safe:
        return ""
    chosen = [name for name in ("cluster", "namespace") if name in safe]
    text = ", ".join(f"{name}={safe[name]}" for name in (*chosen, own))
    return text if len(text) <= 500 else ""


def _can_be_name(text: str) -> bool:
    try:
        SERVICE_NAME(text)
    except ValidationError:
        return False
    return True


def _own_name(value: str) -> str:
    return workload_of(_PORT.sub("", value)).strip()
