"""Which service an alert is about: by the names that it gives, and by words only without any."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from django.core.exceptions import ValidationError

from common.alert_labels import LOCATION_NAMES, RESOURCE_NAMES, SERVICE_NAMES, safe_labels
from common.pods import deployment_of, without_ordinal, workload_of
from incidents.models.service import SERVICE_NAME, Service
from incidents.webhooks.base import AlertEvent

SERVICE_NAME_LABELS = SERVICE_NAMES
SERVICE_LABELS = (*SERVICE_NAMES, *RESOURCE_NAMES, *LOCATION_NAMES)
"""Labels that may name a service, the most reliable first, in lower case."""
WORKLOAD_LABELS = (
    *SERVICE_NAMES, *RESOURCE_NAMES, "exported_container", "exported_job", "container", "job",
)  # fmt: skip
"""Those that mostly do: workloads, containers and jobs too, but no pods, hosts and namespaces."""
DECISIVE_LABELS = frozenset(
    {"exported_service", "service", "service_name", "service.name", "servicename"}
)
"""What these name is the service, whether or not the catalogue has it."""
EXPORTERS = frozenset(
    "kube-state-metrics node-exporter node_exporter node prometheus-node-exporter cadvisor kubelet "
    "blackbox blackbox-exporter blackbox_exporter kubernetes-pods kubernetes-nodes "
    "kubernetes-service-endpoints kubernetes-cadvisor statsd-exporter pushgateway "
    "otel-collector integrations/node_exporter integrations/kubernetes/cadvisor "
    "integrations/kubernetes/kube-state-metrics integrations/kubernetes/kubelet POD".split()
)
"""Values that name who reported it, by the usual charts and examples, and not what it is about."""
_EXPORTER = re.compile(r"(?:^|[-_/])(?:kube-state-metrics|exporter|cadvisor|pushgateway)$")
COMPONENTS = frozenset(
    "cpu memory disk storage filesystem network interface os system application database health "
    "hardware power temperature environment raw services software".split()
)
"""What monitors call a part of any machine: values of `component` that name no service."""
_SELECTING = (
    "service_name", "app", "app_kubernetes_io_name", "container", "job", "instance", "host",
)  # fmt: skip
"""Labels that metrics and logs have too; those of a pod end with it."""
_PORT = re.compile(r":\d{1,5}$")
_LOAD_BALANCER = re.compile(r"(?:app|net|gwy|targetgroup)/([^/\s]{1,100})/[0-9a-f]{6,40}")
"""Ids of load balancers and target groups, also at the end of an ARN."""
_MARKS = re.compile(r"[\s_-]+")
_CLUSTER_DNS = re.compile(r"([a-z0-9-]{1,63})\.[a-z0-9-]{1,63}\.svc(?:\.[a-z0-9.-]{1,100})?")
"""What a service of Kubernetes is called inside its cluster."""
_PROVIDER = re.compile(
    r"@(?:docker|swarm|file|ecs|nomad|consulcatalog|kubernetes(?:crd|gateway)?)$"
)
"""What Traefik adds to a service's name: where it has read it."""
_SENTENCE = re.compile(r"[.!?;,](?:\s|$)|:\s")
_MOST_WORDS = 4
_PODS = frozenset(name for name in LOCATION_NAMES if "pod" in name)
_REPLICA_SETS = frozenset({"replicaset", "kube_replica_set"})
_MACHINES = frozenset({"host", "hostname", "instance", "node"})
_JOBS = frozenset({"job_name", "kube_job", "k8s.job.name"})
"""Jobs of Kubernetes: those of a cron job end with the time of their run."""


def names_in_value(value: str, label: str = "") -> list[str]:
    """The names that the value of a label may mean, the whole first.

    A pod names its workload, a replica set its deployment, an instance its host, a job of a pod
    monitor `namespace/name`, the id of a load balancer its name. Nothing else is shortened.
    """
    value = _PROVIDER.sub("", value.strip())
    without_port = _PORT.sub("", value)
    if balancer := _LOAD_BALANCER.search(value):
        return [balancer[1], value]
    after_slash = "" if "://" in value else value.rpartition("/")[2].strip()
    in_cluster = _CLUSTER_DNS.fullmatch(without_port)
    candidates = [value, without_port, _workload(without_port, label).strip(), after_slash]
    candidates.append(in_cluster[1] if in_cluster else "")
    return list(dict.fromkeys(each for each in candidates if each))


def _workload(value: str, label: str) -> str:
    if label in _PODS:
        return workload_of(value)
    if label in _REPLICA_SETS:
        return deployment_of(value)
    return without_ordinal(value) if label in _MACHINES or label in _JOBS else value


def service_of(event: AlertEvent, known: Mapping[str, Service]) -> Service | None:
    """The service that an alert is about; `known` maps lower-case names to services.

    A service that is named explicitly but unknown stays unknown: no other label and no word of
    the summary puts the alert elsewhere.
    """
    named = False
    for label, value in _given_names(event):
        for candidate in names_in_value(value.lower(), label):
            for spelt in _spellings(candidate):
                if spelt in known:
                    return known[spelt]
        if not _can_be_name(_name_of(label, value)):
            continue
        if label in DECISIVE_LABELS:
            return None
        named = named or label in SERVICE_NAMES or label in RESOURCE_NAMES
    if named:
        return None
    words = f"{event.name} {event.summary}".lower().split()
    stripped = (word.strip(".,:;()[]'\"!?") for word in words)
    return next((known[word] for word in stripped if word in known), None)


def _given_names(event: AlertEvent) -> Iterator[tuple[str, str]]:
    """The names that an alert gives, with the label of each, the most reliable first."""
    if event.service.strip() and not is_prose(event.service):
        yield "service", event.service
    yield from _labelled(event.labels)


def _labelled(labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    by_name = {name.lower(): value for name, value in labels.items()}
    for label in SERVICE_LABELS:
        value = by_name.get(label, "").strip()
        if value and not _names_no_service(label, value):
            yield label, value


def _names_no_service(label: str, value: str) -> bool:
    """Whether a value names who reported it, or a part that every machine has."""
    reporter = value in EXPORTERS or _EXPORTER.search(value.lower())
    generic = label == "component" and value.lower() in COMPONENTS
    return bool(reporter) or generic or is_prose(value)


def _spellings(name: str) -> list[str]:
    """A name with other marks between its words: "orders db" is `orders-db`."""
    return [name, *(_MARKS.sub(mark, name) for mark in "- _")]


def is_prose(text: str) -> bool:
    """Whether a text is a sentence and no name.

    >>> is_prose("orders-db"), is_prose("The orders database is full.")
    (False, True)
    """
    return len(text.split()) > _MOST_WORDS or bool(_SENTENCE.search(text))


def named_service(event: AlertEvent) -> str:
    """The name that an alert gives its service, whether or not we know it; empty without one."""
    labels = {"service": event.service, **event.labels} if event.service else event.labels
    suggested = suggested_name(labels)
    return suggested[1] if suggested and suggested[0] in WORKLOAD_LABELS else ""


def suggested_name(labels: Mapping[str, str]) -> tuple[str, str] | None:
    """The label that names a service best, and that name; None if none can be a name."""
    for label, value in _labelled(labels):
        name = _name_of(label, value)
        if _can_be_name(name):
            return label, name
    return None


def _name_of(label: str, value: str) -> str:
    """The name to offer: what is left of a value without hash, port and path."""
    names = names_in_value(value, label)
    if label in ("job", "exported_job") or _CLUSTER_DNS.fullmatch(_PORT.sub("", value)):
        return names[-1]
    if _LOAD_BALANCER.search(value):
        return names[0]
    value = _PORT.sub("", _PROVIDER.sub("", value))
    return _workload(value, "" if label in _MACHINES else label).strip()


def label_value(labels: Mapping[str, str], label: str) -> str:
    """The value of a label whose name is in lower case."""
    return next((value for name, value in labels.items() if name.lower() == label), "")


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
    return len(text) <= 100 and text not in EXPORTERS
