"""Which service an alert is about, by what each sender names."""

from __future__ import annotations

from typing import Any

import pytest

from incidents.alerts.service_names import named_service, service_of
from incidents.models import Service
from tests.incidents.webhooks.alert_bodies import (
    alert,
    alertmanager,
    cloudwatch,
    datadog,
    dimensions,
    event_bridge,
    events_v2,
    inside,
    opsgenie,
    pagerduty,
    sentry,
    zabbix,
)

KNOWN = ("orders-db", "checkout", "web", "orders", "shop-lb", "thumbnailer", "checkout-api")
POD = "checkout-7d9f8b6c5d-x2x4z"
TARGETS = "targetgroup/billing/6d0ecf831eec9f09"
MACHINE = dimensions(InstanceId="i-0abc")
METRIC = {"metricStat": {"metric": {"dimensions": {"QueueName": "orders"}}}}
EVENT_URL = "https://s.example/api/0/projects/acme/checkout-api/events/1/"
PROJECT = {"slug": "orders", "name": "Orders team"}
ISSUE = {"action": "created", "data": {"issue": {"id": "1", "title": "E", "project": PROJECT}}}
METRIC_ALERT = {
    "action": "warning",
    "data": {"metric_alert": {"id": "1", "projects": ["checkout-api"], "alert_rule": {}}},
}
SERVICES = [
    # What an alert names is found; what it names and nobody knows is offered.
    ("alertmanager", alertmanager({"service": "orders-cache"}), None, "orders-cache"),
    (
        "alertmanager",
        alertmanager({"service": "billing"}, {"summary": "billing fails, web is empty"}),
        None,
        "billing",
    ),
    ("alertmanager", alertmanager({"app": "billing"}, {"summary": "web slow"}), None, "billing"),
    ("alertmanager", alertmanager({"service": "billing", "pod": POD}), None, "billing"),
    ("alertmanager", alertmanager({}, {"summary": "the web is slow"}), "web", ""),
    ("alertmanager", alertmanager({"Service": "Checkout API"}), "checkout-api", None),
    ("alertmanager", alertmanager({"pod": POD, "job": "kube-state-metrics"}), "checkout", None),
    ("alertmanager", alertmanager({"pod": "web-postgres"}), None, ""),
    ("alertmanager", alertmanager({"pod": "checkout-28391820-x2x4z"}), "checkout", None),
    ("alertmanager", alertmanager({"replicaset": "checkout-7d9f8b6c5d"}), "checkout", None),
    ("alertmanager", alertmanager({"deployment": "orders-cache"}), None, "orders-cache"),
    ("alertmanager", alertmanager({"container": "orders-cache"}), None, "orders-cache"),
    ("alertmanager", alertmanager({"service": "x-node-exporter", "pod": POD}), "checkout", None),
    ("alertmanager", alertmanager({"project": "acme-prod"}, {"summary": "web slow"}), "web", ""),
    ("alertmanager", alertmanager({"job": "shop/checkout"}), "checkout", None),
    ("alertmanager", alertmanager({"label_app": "checkout"}), "checkout", None),
    ("alertmanager", alertmanager({"k8s_app": "billing"}), None, "billing"),
    ("alertmanager", alertmanager({"svc": "billing"}, {"summary": "web slow"}), None, "billing"),
    ("alertmanager", alertmanager({"job_name": "orders-28391040"}), "orders", "orders"),
    ("alertmanager", alertmanager({"ingress": "shop-lb"}), "shop-lb", None),
    ("alertmanager", alertmanager({"horizontalpodautoscaler": "checkout"}), "checkout", None),
    ("alertmanager", alertmanager({"topic": "web", "consumergroup": "orders"}), "orders", None),
    ("alertmanager", alertmanager({"service": "checkout@docker"}), "checkout", None),
    ("alertmanager", alertmanager({"service": "billing@file"}), None, "billing"),
    ("alertmanager", alertmanager({"service": "web-0"}), None, "web-0"),
    ("alertmanager", alertmanager({"instance": "orders-db-0:9187"}), "orders-db", None),
    ("alertmanager", alertmanager({"service": "The web is down."}), None, ""),
    ("alertmanager", alertmanager({"service": "web.shop.svc.cluster.local:80"}), "web", None),
    ("alertmanager", alertmanager({"service": "billing.shop.svc"}), None, "billing"),
    ("alertmanager", alertmanager({"exported_service": "orders", "service": "pg"}), "orders", None),
    ("alertmanager", alertmanager({"exported_pod": POD, "pod": "ksm-0"}), "checkout", None),
    ("zabbix", zabbix(tags='[{"tag":"Service","value":"orders"}]'), "orders", None),
    ("zabbix", zabbix(tags='[{"tag":"component","value":"cpu"}]', host="vm-7"), None, ""),
    ("zabbix", zabbix(tags="component:storage,application:billing"), None, "billing"),
    ("zabbix", zabbix(tags={"service": "checkout"}), "checkout", None),
    ("zabbix", zabbix(tags="{EVENT.TAGSJSON}", host="orders-db"), "orders-db", None),
    ("sns", cloudwatch(dimensions(DBInstanceIdentifier="orders-db")), "orders-db", None),
    ("sns", cloudwatch({"Metrics": [{}, inside(FunctionName="thumbnailer")]}), "thumbnailer", None),
    ("sns", cloudwatch(dimensions(LoadBalancer="app/shop-lb/50dc6c495c0c9188")), "shop-lb", None),
    ("sns", cloudwatch(dimensions(TargetGroup=TARGETS)), None, "billing"),
    ("sns", cloudwatch(dimensions(ClusterName="prod", ServiceName="checkout")), "checkout", None),
    ("sns", cloudwatch(dimensions(QueueName="mail"), AlarmDescription="web waits"), None, "mail"),
    ("sns", cloudwatch(MACHINE, AlarmDescription="orders-db"), "orders-db", ""),
    ("sns", cloudwatch(MACHINE, AlarmDescription="Goes off often."), None, ""),
    ("sns", event_bridge({"metrics": [METRIC]}), "orders", None),
    ("datadog", datadog(tags="env:prod,service:checkout"), "checkout", None),
    ("datadog", datadog(tags=["service:billing", "env:prod"]), None, "billing"),
    ("datadog", datadog(scope="kube_deployment:checkout,env:prod"), "checkout", None),
    ("datadog", datadog(tags="monitor, env:prod", message="web is slow"), "web", ""),
    ("opsgenie", opsgenie(entity="orders-db"), "orders-db", None),
    ("opsgenie", opsgenie(entity="host-1", tags=["service:checkout"]), "checkout", None),
    ("opsgenie", opsgenie(entity="host-1", details={"Service": "billing"}), None, "billing"),
    ("opsgenie", opsgenie(entity="The queue of the shop is full"), None, ""),
    ("pagerduty", pagerduty(service={"summary": "Checkout API"}), "checkout-api", None),
    ("pagerduty", pagerduty(service={"summary": "S"}, details={"app": "orders"}), "orders", None),
    ("events_v2", events_v2(component="checkout"), "checkout", None),
    ("events_v2", events_v2(source="orders-db"), "orders-db", None),
    ("events_v2", events_v2(custom_details={"service": "pay"}, component="web"), None, "pay"),
    ("sentry", sentry(tags=[["service", "checkout"]]), "checkout", None),
    ("sentry", sentry(url=EVENT_URL), "checkout-api", None),
    ("sentry", sentry(project_slug="billing", project_name="Billing of the shop"), None, "billing"),
    ("sentry", ISSUE, "orders", None),
    ("sentry", METRIC_ALERT, "checkout-api", None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "found", "offered"), SERVICES)
def test_what_an_alert_names_is_its_service_and_never_another(
    kind: str, body: Any, found: str | None, offered: str | None
) -> None:
    event = alert(kind, body)
    service = service_of(event, {name: Service(name=name) for name in KNOWN})
    assert (service.name if service else None) == found
    if offered is not None:
        assert named_service(event) == offered
