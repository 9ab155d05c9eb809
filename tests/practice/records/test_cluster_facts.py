"""What services run on, as kube-state-metrics, the cluster autoscaler and OpenCost expose it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.utils import timezone

from analysis.models import Source
from analysis.sources.base import Series, SourceError
from analysis.sources.prometheus import Prometheus
from incidents.models import Service
from practice import prometheus
from practice.core.cluster_queries import Workload, is_of_group
from practice.models import ClusterFacts
from practice.records import cluster_facts
from tests.conftest import tool

NODE_GROUP = "label_eks_amazonaws_com_nodegroup"
SPOT = "label_eks_amazonaws_com_capacity_type"
OF_HPA = 'namespace="shop",horizontalpodautoscaler="keda-hpa-checkout"'
SERIES: dict[str, float] = {
    'kube_pod_info{namespace="shop",pod="checkout-5d8f7c9b4d-x1",node="n1",created_by_kind="ReplicaSet",created_by_name="checkout-5d8f7c9b4d"}': 1,  # noqa: E501
    'kube_pod_info{namespace="shop",pod="checkout-5d8f7c9b4d-x2",node="n2",created_by_kind="ReplicaSet",created_by_name="checkout-5d8f7c9b4d"}': 1,  # noqa: E501
    'kube_pod_info{namespace="shop",pod="checkout-web-5d8f7c9b4d-x1",node="n3",created_by_kind="ReplicaSet",created_by_name="checkout-web-5d8f7c9b4d"}': 1,  # noqa: E501
    'kube_pod_info{namespace="data",pod="orders.db-0",node="n3",created_by_kind="StatefulSet",created_by_name="orders.db"}': 1,  # noqa: E501
    f'kube_node_labels{{node="n1",{NODE_GROUP}="general",{SPOT}="ON_DEMAND"}}': 1,
    f'kube_node_labels{{node="n2",{NODE_GROUP}="spot-pool",{SPOT}="SPOT"}}': 1,
    f'kube_node_labels{{node="n3",{NODE_GROUP}="general",{SPOT}="ON_DEMAND"}}': 1,
    'kubecost_node_is_spot{node="n1"}': 0,
    f"kube_horizontalpodautoscaler_spec_min_replicas{{{OF_HPA}}}": 2,
    f"kube_horizontalpodautoscaler_spec_max_replicas{{{OF_HPA}}}": 6,
    f'kube_horizontalpodautoscaler_info{{{OF_HPA},scaletargetref_kind="Deployment",scaletargetref_name="checkout"}}': 1,  # noqa: E501
    'kube_pod_container_resource_requests{namespace="shop",pod="checkout-5d8f7c9b4d-x1",node="n1",container="app",resource="cpu",unit="core"}': 1,  # noqa: E501
    'kube_pod_container_resource_requests{namespace="shop",pod="checkout-5d8f7c9b4d-x2",node="n2",container="app",resource="cpu",unit="core"}': 2,  # noqa: E501
    'kube_pod_container_resource_requests{namespace="shop",pod="old-job",node="n2",container="app",resource="cpu",unit="core"}': 9,  # noqa: E501
    'kube_pod_status_phase{namespace="shop",pod="checkout-5d8f7c9b4d-x1",phase="Running"}': 1,
    'kube_pod_status_phase{namespace="shop",pod="checkout-5d8f7c9b4d-x2",phase="Running"}': 1,
    'kube_pod_status_phase{namespace="shop",pod="old-job",phase="Running"}': 0,
    'kube_node_status_allocatable{node="n1",resource="cpu",unit="core"}': 4,
    'kube_node_status_allocatable{node="n2",resource="cpu",unit="core"}': 4,
    'kube_node_status_allocatable{node="n3",resource="cpu",unit="core"}': 64,
    'container_cpu_allocation{namespace="shop",pod="checkout-5d8f7c9b4d-x1",container="app",node="n1"}': 1,  # noqa: E501
    'container_cpu_allocation{namespace="shop",pod="checkout-5d8f7c9b4d-x2",container="app",node="n2"}': 2,  # noqa: E501
    'container_memory_allocation_bytes{namespace="shop",pod="checkout-5d8f7c9b4d-x1",container="app",node="n1"}': 2 * 1024**3,  # noqa: E501
    'node_cpu_hourly_cost{node="n1",instance="n1"}': 0.04,
    'node_cpu_hourly_cost{node="n2",instance="n2"}': 0.01,
    'node_ram_hourly_cost{node="n1",instance="n1"}': 0.005,
}  # fmt: skip
CHECKOUT = Workload.of("Checkout", {"namespace": "shop"})
ORDERS_DB = Workload.of("orders", {"statefulset": "orders.db"})


def test_prometheus_finds_each_fact_by_its_query(tmp_path: Path) -> None:
    expected: list[tuple[str, dict[str, float]]] = [
        (CHECKOUT.pods, {'{namespace="shop"}': 2}),
        (ORDERS_DB.pods, {'{namespace="data"}': 1}),
        (CHECKOUT.pods_on_spot, {"{}": 1}),
        (CHECKOUT.bound("spec_min"), {"{}": 2}),
        (CHECKOUT.bound("spec_max"), {"{}": 6}),
        (ORDERS_DB.bound("spec_max"), {}),
        (
            CHECKOUT.node_groups,
            {f'{{{NODE_GROUP}="general"}}': 1, f'{{{NODE_GROUP}="spot-pool"}}': 1},
        ),
        (CHECKOUT.requested, {'{resource="cpu"}': 3 / 8}),
        (CHECKOUT.hourly_cost, {"{}": 0.04 + 0.02 + 0.01}),
    ]
    (tmp_path / "test.yml").write_text(
        yaml.safe_dump({
            "rule_files": [],
            "tests": [{
                "interval": "1m",
                "input_series": [
                    {"series": name, "values": f"{value}x60"} for name, value in SERIES.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": query, "eval_time": "59m",
                        "exp_samples": [
                            {"labels": labels, "value": value} for labels, value in found.items()
                        ],
                    }
                    for query, found in expected
                ],
            }],
        })
    )  # fmt: skip
    finished = subprocess.run(
        [tool("promtool"), "test", "rules", "test.yml"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_a_group_has_more_around_its_name_where_the_autoscaler_names_it() -> None:
    assert is_of_group("eks-general-8cc3b5a1", "general")
    assert is_of_group("https://www.googleapis.com/…/gke-shop-general-4f-grp", "general")
    assert not is_of_group("eks-generals-8cc3b5a1", "general")
    assert not is_of_group("eks-general-8cc3b5a1", "")


class Cluster:
    """A Prometheus that answers by the beginning of a query."""

    def __init__(self, answers: dict[str, list[tuple[dict[str, str], float]]]) -> None:
        self.answers = answers

    def points(self, query: str, *_: Any) -> list[Series]:
        for beginning, rows in self.answers.items():
            if query.startswith(beginning):
                return [Series(labels, [0.0], [value]) for labels, value in rows]
        return []


@pytest.fixture
def cluster(database: Service, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    Source.objects.create(name="Prometheus", kind="prometheus")
    plugin = Prometheus({"url": "http://prometheus.example"})
    found = Cluster({
        "count(kube_pod_info)": [({}, 90)],
        "count by (namespace)": [({"namespace": "data"}, 3)],
        "count(kube_pod_info{": [({}, 3)],
        "max(kube_horizontalpodautoscaler_spec_min": [({}, 1)],
        "max(kube_horizontalpodautoscaler_spec_max": [({}, 3)],
        "count by (label_": [({NODE_GROUP: "general"}, 2)],
        "max by (node_group) (cluster_autoscaler_node_group_max": [
            ({"node_group": "eks-general-a"}, 1), ({"node_group": "eks-general-b"}, 1),
        ],
        "sum by (resource)": [({"resource": "cpu"}, 0.95)],
        "sum((avg_over_time(container_cpu": [({}, 0.5)],
    })  # fmt: skip
    monkeypatch.setattr(plugin, "points", lambda query, *rest: found.points(query, *rest))
    monkeypatch.setattr(prometheus, "plugin_of", lambda source: plugin)
    return found


@pytest.mark.django_db
def test_what_a_service_runs_on_is_shown_with_what_leaves_no_headroom(
    cluster: Cluster, database: Service, web: Client
) -> None:
    assert cluster_facts.read_due() == 1
    assert cluster_facts.read_due() == 0, "It is read every six hours."
    [row] = web.get("/api/v1/cluster-facts/?service__name=orders-db").json()["results"]
    assert (row["pods"], row["smallest"], row["largest"], row["replicas_left"]) == (3, 1, 3, 0)
    assert row["node_groups"] == [{"name": "general", "nodes": 2, "min": None, "max": 2}]
    assert row["spot_share"] == 1
    assert row["monthly_cost"] == 365
    page = web.get(f"/practice/services/{database.pk}/records/").content.decode()
    for expected in (
        "at its most replicas, 3", "general is at its most nodes, 2", "CPU of its nodes 95%",
        "on spot nodes", "365 a month",
    ):  # fmt: skip
        assert expected in page


@pytest.mark.django_db
def test_without_kubernetes_nothing_is_written_and_a_failure_leaves_what_was_known(
    cluster: Cluster, database: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = cluster.answers.pop("count(kube_pod_info)")
    assert cluster_facts.read_due() == 0
    assert not ClusterFacts.objects.exists()
    cluster.answers = {"count(kube_pod_info)": known, **cluster.answers}
    cluster_facts.read_due()

    def refuse(query: str, *_: Any) -> list[Series]:
        raise SourceError("refused", "Prometheus refused the query.")

    monkeypatch.setattr(cluster, "points", refuse)
    plugin = prometheus.prometheus_of(None)
    assert plugin is not None
    cluster_facts.read(database, plugin, timezone.now())
    facts = ClusterFacts.objects.get()
    assert facts.problem == "Prometheus refused the query."
    assert facts.pods == 3
