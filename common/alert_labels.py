"""Queries from the labels of an alert, for services that no catalogue knows yet."""

from __future__ import annotations

import re
from collections.abc import Mapping

from common.pods import workload_of

_SAFE_VALUE = re.compile(r"[A-Za-z0-9 ._:/@-]{1,200}")
"""The same characters as in the name of a service: none ends a quoted string anywhere."""
_SAFE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_IN_KUBERNETES = ("namespace", "pod", "container")
_MOST_SPECIFIC = ("pod", "container", "instance", "node", "job", "namespace", "cluster")
WORKLOADS = ("deployment", "statefulset", "daemonset")

SERVICE_NAMES = (
    "exported_service", "service", "service_name", "service.name", "servicename", "app",
    "application", "app_name", "app_kubernetes_io_name", "app.kubernetes.io/name", "kube_app_name",
    "kube_service", "destination_service_name", "svc", "k8s_app", "k8s-app", "label_app",
    "label_app_kubernetes_io_name",
)  # fmt: skip
"""Labels, tags and fields that hold nothing but names of services, in lower case."""
RESOURCE_NAMES = (
    "component", "destination_service", "destination_workload", "deployment",
    "kube_deployment", "k8s.deployment.name", "statefulset",
    "kube_stateful_set", "k8s.statefulset.name", "daemonset", "kube_daemon_set",
    "k8s.daemonset.name", "replicaset", "kube_replica_set", "cronjob", "kube_cronjob",
    "k8s.cronjob.name", "job_name", "kube_job", "k8s.job.name", "horizontalpodautoscaler",
    "ingress", "consumergroup", "consumer_group", "subscription_id",
    "functionname", "taskdefinitionfamily", "targetgroup", "loadbalancer", "loadbalancername",
    "dbinstanceidentifier", "dbclusteridentifier", "cacheclusterid", "replicationgroupid",
    "queuename", "topicname", "streamname", "deliverystreamname", "tablename", "apiname",
    "environmentname", "autoscalinggroupname", "bucketname", "db",
)  # fmt: skip
"""Those that name what a service runs as: workloads, and the dimensions of CloudWatch."""
LOCATION_NAMES = (
    "exported_container", "exported_job", "exported_pod", "container",
    "kube_container_name", "k8s.container.name", "job", "pod", "pod_name",
    "kube_pod_name", "k8s.pod.name", "host", "hostname", "instance", "namespace",
    "kube_namespace", "k8s.namespace.name", "node", "clustername", "domainname",
    "project",
)  # fmt: skip
"""Those that say where it is, which names a service only sometimes."""
ABOUT_THE_ALERT = (
    "alertname", "rulename", "severity", "priority", "tier", "team", "environment", "env",
    "cluster", "region", "grafana_folder",
)  # fmt: skip
MOST_IMPORTANT = {
    name: rank
    for rank, name in enumerate(
        (*ABOUT_THE_ALERT, *SERVICE_NAMES, *RESOURCE_NAMES, *LOCATION_NAMES)
    )
}
"""Labels that are never left out because there are many."""


def safe_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that can be put in a query of any language."""
    return {
        name: value
        for name, value in labels.items()
        if _SAFE_NAME.fullmatch(name) and _SAFE_VALUE.fullmatch(value)
    }


def telemetry_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that select the telemetry of whatever an alert is about.

    With a pod or container, `job` and `instance` name the exporter that reported it, not itself;
    likewise with a node. Without any of those they are all there is.
    """
    safe = safe_labels(labels)
    if "pod" in safe or "container" in safe:
        wanted: tuple[str, ...] = ("cluster", *_IN_KUBERNETES)
    elif "node" in safe:
        wanted = ("cluster", "node")
    else:
        wanted = ("cluster", "namespace", "job", "instance")
    return {name: safe[name] for name in wanted if name in safe}


def matchers(labels: Mapping[str, str]) -> str:
    """Label matchers of PromQL and LogQL, without braces. `labels` must be safe."""
    return ",".join(f'{name}="{value}"' for name, value in labels.items())


def workload_in(labels: Mapping[str, str]) -> str:
    """The Kubernetes workload that an alert is about, or its node; empty without one."""
    safe = safe_labels(labels)
    named = next((safe[name] for name in WORKLOADS if name in safe), "")
    return named or workload_of(safe.get("pod", "")) or safe.get("node", "")


def subject(labels: Mapping[str, str]) -> str:
    """What labels are about, in words: the most specific one; empty without any.

    >>> subject({"job": "shop", "instance": "10.0.0.7:9100"})
    'instance 10.0.0.7:9100'
    """
    name = next((each for each in _MOST_SPECIFIC if labels.get(each)), "")
    return f"{name} {labels[name]}" if name else ""
