"""PromQL for what a workload runs on: kube-state-metrics, the cluster autoscaler and OpenCost.

Metric and label names are those of kube-state-metrics 2 (docs/metrics), of the cluster autoscaler
with --emit-per-nodegroup-metrics, and of OpenCost's exporter, looked up on 2026-11-27. No Django
in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

HOURS_OF_MONTH = 730
"""As OpenCost and the cloud providers count them."""
GROUP_LABELS = (
    "label_eks_amazonaws_com_nodegroup",
    "label_cloud_google_com_gke_nodepool",
    "label_kubernetes_azure_com_agentpool",
    "label_agentpool",
    "label_karpenter_sh_nodepool",
    "label_karpenter_sh_provisioner_name",
    "label_kops_k8s_io_instancegroup",
    "label_node_pool",
    "label_nodepool",
)
"""Of `kube_node_labels`: what names the group of a node, by provider."""
SPOT_LABELS = (
    ("label_eks_amazonaws_com_capacity_type", "SPOT"),
    ("label_eks_amazonaws_com_capacityType", "SPOT"),
    ("label_karpenter_sh_capacity_type", "spot"),
    ("label_cloud_google_com_gke_spot", "true"),
    ("label_cloud_google_com_gke_preemptible", "true"),
    ("label_kubernetes_azure_com_scalesetpriority", "spot"),
)
WORKLOAD_LABELS = (
    "deployment", "statefulset", "daemonset", "workload", "app_kubernetes_io_name", "app",
)  # fmt: skip
"""Of a service's telemetry: what names its workload, if its own name does not."""
_OTHER = re.compile(r"[^a-z0-9.-]+", re.ASCII)
_REPLICA_SET = "(-[bcdf-hj-np-tv-z2-9]{6,10})?"
"""What Kubernetes adds to the name of a deployment."""


@dataclass(frozen=True)
class Workload:
    """A deployment or the like: its name, and its namespace where that is known."""

    name: str
    namespace: str = ""

    @classmethod
    def of(cls, service: str, labels: Mapping[str, str]) -> Workload:
        named = next((labels[name] for name in WORKLOAD_LABELS if labels.get(name)), service)
        return cls(_kubernetes_name(named), _kubernetes_name(labels.get("namespace", "")))

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def _matching(self, *matchers: str) -> str:
        own = [f'namespace="{self.namespace}"'] if self.namespace else []
        return "{" + ",".join([*own, *matchers]) + "}"

    @property
    def _pattern(self) -> str:
        """Its name as a pattern, quoted for PromQL."""
        return self.name.replace(".", "\\\\.")

    @property
    def _pods(self) -> str:
        return "kube_pod_info" + self._matching(f'created_by_name=~"{self._pattern}{_REPLICA_SET}"')

    @property
    def _on_its_nodes(self) -> str:
        return f"and on (node) {self._pods}"

    @property
    def pods(self) -> str:
        return f"count by (namespace) ({self._pods})"

    @property
    def pods_on_spot(self) -> str:
        """By OpenCost, which asks the cloud provider, or by labels of the nodes."""
        labels = " or ".join(f'kube_node_labels{{{name}="{is_}"}}' for name, is_ in SPOT_LABELS)
        return f"count({self._pods} and on (node) (kubecost_node_is_spot == 1 or {labels}))"

    def bound(self, which: str) -> str:
        """Of its horizontal autoscaler: spec_min, spec_max or status_current replicas."""
        metric = f"kube_horizontalpodautoscaler_{which}_replicas"
        target = self._matching(f'scaletargetref_name="{self.name}"')
        named = f'horizontalpodautoscaler=~"(keda-hpa-)?{self._pattern}"'
        return (
            f"max({metric} and on (namespace, horizontalpodautoscaler) "
            f"kube_horizontalpodautoscaler_info{target}) or max({metric}{self._matching(named)})"
        )

    @property
    def node_groups(self) -> str:
        """Its nodes by the labels that name a group."""
        by = ", ".join(GROUP_LABELS)
        return f"count by ({by}) (max by (node, {by}) (kube_node_labels) {self._on_its_nodes})"

    @property
    def requested(self) -> str:
        """What is requested on its nodes of what they can give, by resource."""
        running = 'and on (namespace, pod) (kube_pod_status_phase{phase="Running"} == 1)'
        kinds = '{resource=~"cpu|memory"}'
        return (
            f"sum by (resource) (kube_pod_container_resource_requests{kinds} {running} "
            f"{self._on_its_nodes}) / sum by (resource) "
            f"(kube_node_status_allocatable{kinds} {self._on_its_nodes})"
        )

    @property
    def hourly_cost(self) -> str:
        """By OpenCost: allocated cores and GiB at the price of their nodes."""
        its = f"and on (namespace, pod) {self._pods}"
        return (
            f"sum((avg_over_time(container_cpu_allocation[1h]) {its}) "
            "* on (node) group_left () max by (node) (node_cpu_hourly_cost)) + "
            f"sum((avg_over_time(container_memory_allocation_bytes[1h]) {its}) / 1024 ^ 3 "
            "* on (node) group_left () max by (node) (node_ram_hourly_cost))"
        )


def group_bound(which: str) -> str:
    """The smallest or largest size of every node group: `which` is min or max."""
    return f"max by (node_group) (cluster_autoscaler_node_group_{which}_count)"


def group_of(labels: Mapping[str, str]) -> str:
    """The name of a node group, of the labels of a series of `node_groups`."""
    return next((labels[name] for name in GROUP_LABELS if labels.get(name)), "")


def is_of_group(written: str, group: str) -> bool:
    """Whether the autoscaler's name of a group is this one: it has more around it."""
    if not group:
        return False
    whole = rf"(?:^|[^A-Za-z0-9]){re.escape(group)}(?:$|[^A-Za-z0-9])"
    return re.search(whole, written) is not None


def _kubernetes_name(text: str) -> str:
    return _OTHER.sub("-", text.lower()).strip("-.")
