"""The Helm chart: what it writes is valid Kubernetes, and starts what the product consists of."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import pytest
import yaml
from celery.bin.celery import celery as celery_command
from django.conf import settings
from django.core.management import get_commands
from django.urls import resolve

from tests.deploy.charts import CHART, ROOT, helm, rendered, run

LEAST: dict[str, Any] = {
    "existingSecret": "kb",
    "database": {"host": "db.example.com"},
    "redis": {"host": "redis.example.com"},
}
AUTOSCALING = {"enabled": True, "minReplicas": 2, "maxReplicas": 9, "cpu": 60}
FULL: dict[str, Any] = {
    "existingSecret": "kb",
    "secretKeys": {"sentinelPassword": "sentinel"},
    "settings": {"EMAIL_HOST": "mail.example.com", "AUDIT_RETENTION_DAYS": 365, "DEBUG": False},
    "extraEnvFrom": [{"secretRef": {"name": "mail"}}],
    "database": {"host": "pooler", "pgbouncer": True, "directHost": "db", "sslMode": "verify-full"},
    "redis": {"host": "kb", "tls": True, "user": "u@x", "sentinels": ["s1:26379", "s2:26380"]},
    "web": {"autoscaling": {"enabled": True}},
    "workers": {
        "all": None,
        "intake": {"replicas": 2, "queues": ["intake", "celery"], "concurrency": 2,
                   "resources": {}, "autoscaling": {**AUTOSCALING, "enabled": False}},
        "evidence": {"replicas": 3, "queues": ["evidence"], "concurrency": 4,
                     "resources": {"limits": {"memory": "2Gi"}}, "autoscaling": AUTOSCALING},
    },
    "data": {"existingClaim": "shared"},
    "ingress": {"enabled": True, "className": "nginx", "host": "kb.example.com",
                "tlsSecret": "tls", "annotations": {"a.example/b": "c"}},
    "networkPolicy": {"from": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "p"},
                       "tokenSecret": {"name": "token"}},
    "imagePullSecrets": [{"name": "registry"}],
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "podAnnotations": {"a.example/b": "c"},
}  # fmt: skip
KUBERNETES = ("1.27", "1.33", "1.37")
WORKLOADS = ("Deployment", "Job")
Objects = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def least(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    helm()
    return rendered(LEAST, tmp_path_factory.mktemp("least"))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    helm()
    return rendered(FULL, tmp_path_factory.mktemp("full"))


def containers(objects: Objects) -> dict[str, dict[str, Any]]:
    """The container of each workload, by the workload's name."""
    return {
        name: each["spec"]["template"]["spec"]["containers"][0]
        for (kind, name), each in objects.items()
        if kind in WORKLOADS
    }


def variables(container: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value", each) for each in container["env"]}


@pytest.mark.parametrize("values", [LEAST, FULL], ids=["least", "full"])
def test_helm_finds_nothing_wrong(values: dict[str, Any], tmp_path: Path) -> None:
    done = run("lint", "--strict", values=values, folder=tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("version", KUBERNETES)
def test_every_object_is_valid(least: Objects, full: Objects, version: str) -> None:
    for each in [*least.values(), *full.values()]:
        if each["kind"] != "ServiceMonitor":  # of the Prometheus operator
            kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({}, "existingSecret", id="no secret"),
        pytest.param({**LEAST, "database": {}}, "/database/host", id="no database"),
        pytest.param({**LEAST, "ingres": {}}, "ingres", id="a name that does not exist"),
        pytest.param({**LEAST, "ingress": {"enabled": True}}, "/ingress/host", id="no host"),
        pytest.param({**LEAST, "database": {"host": "p", "pgbouncer": True}}, "directHost",
                     id="migrations through PgBouncer"),
        pytest.param({**LEAST, "settings": {"EMAIL_HOST_PASSWORD": "x"}}, "EMAIL_HOST_PASSWORD",
                     id="a secret among the settings"),
        pytest.param({**LEAST, "settings": {"REDIS_URL": "x"}}, "REDIS_URL", id="set elsewhere"),
    ],
)  # fmt: skip
def test_values_that_cannot_work_are_refused(
    values: dict[str, Any], said: str, tmp_path: Path
) -> None:
    done = run("template", "kb", values=values, folder=tmp_path)
    assert done.returncode != 0
    assert said in done.stderr


def test_it_starts_all_that_the_product_consists_of(least: Objects, full: Objects) -> None:
    names = {"web", "worker-all", "beat", "migrate"}
    assert {name.removeprefix("kb-causebook-") for name in containers(least)} == names
    names = {"web", "worker-intake", "worker-evidence", "beat", "migrate"}
    assert {name.removeprefix("kb-causebook-") for name in containers(full)} == names


def test_every_command_exists(full: Objects) -> None:
    queues = {queue.name for queue in settings.CELERY_TASK_QUEUES}
    for name, container in containers(full).items():
        program, *rest = container["command"]
        if program == "python":
            assert (ROOT / rest[0]).exists()
            assert rest[1] in get_commands()
        elif program == "celery":
            assert rest[0] == "--app=config"
            command = celery_command.get_command(click.Context(celery_command), rest[1])
            assert command is not None
            options = dict(word.split("=", 1) for word in rest[2:])
            assert {*options} <= {option for each in command.params for option in each.opts}
            assert {*options.get("--queues", "celery").split(",")} <= queues
        else:
            assert program == "gunicorn", name


def test_all_queues_have_a_worker(least: Objects, full: Objects) -> None:
    command = containers(least)["kb-causebook-worker-all"]["command"]
    assert not any("--queues" in word for word in command), "without it a worker takes all"
    found = [word for each in containers(full).values() for word in each["command"]]
    taken = {name for word in found if "--queues=" in word for name in word[9:].split(",")}
    assert taken == {queue.name for queue in settings.CELERY_TASK_QUEUES}


def test_no_pod_may_more_than_it_needs(least: Objects, full: Objects) -> None:
    for (kind, name), each in [*least.items(), *full.items()]:
        if kind not in WORKLOADS:
            continue
        pod = each["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        [container] = pod["containers"]
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/tmp", "/data"}
    for name, container in containers(least).items():
        assert container["resources"]["limits"]["memory"], name
        assert container["resources"]["requests"], name


def test_probes_ask_what_the_product_answers(least: Objects) -> None:
    web = containers(least)["kb-causebook-web"]
    called = {kind: web[kind]["httpGet"] for kind in web if kind.endswith("Probe")}
    assert {kind: resolve(get["path"]).url_name for kind, get in called.items()} == {
        "startupProbe": "livez", "livenessProbe": "livez", "readinessProbe": "readyz",
    }  # fmt: skip
    [hosts] = {get["httpHeaders"][0]["value"] for get in called.values()}
    assert hosts in least["ConfigMap", "kb-causebook"]["data"]["ALLOWED_HOSTS"].split(",")
    for name in ("worker-all", "beat"):
        assert "livenessProbe" in containers(least)[f"kb-causebook-{name}"]


def test_two_beats_never_run_for_long(least: Objects) -> None:
    beat = least["Deployment", "kb-causebook-beat"]["spec"]
    assert (beat["replicas"], beat["strategy"]) == (1, {"type": "Recreate"})


def test_migrations_run_first_and_past_pgbouncer(full: Objects) -> None:
    job = full["Job", "kb-causebook-migrate"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    url = "postgresql://causebook@{}:5432/causebook?sslmode=verify-full"
    assert variables(containers(full)["kb-causebook-migrate"])["DATABASE_URL"] == url.format("db")
    web = variables(containers(full)["kb-causebook-web"])
    assert web["DATABASE_URL"] == url.format("pooler")
    assert web["DATABASE_PGBOUNCER"] == "true"
    # Before anything else of the chart exists.
    assert "envFrom" not in containers(full)["kb-causebook-migrate"]


def test_secrets_come_from_the_secret_and_settings_from_the_map(full: Objects) -> None:
    web = variables(containers(full)["kb-causebook-web"])
    for name in ("SECRET_KEY", "DATABASE_PASSWORD", "REDIS_PASSWORD", "REDIS_SENTINEL_PASSWORD"):
        assert web[name]["valueFrom"]["secretKeyRef"]["name"] == "kb"
    given = full["ConfigMap", "kb-causebook"]["data"]
    assert given["REDIS_URL"] == "rediss://u%40x@kb/0"
    assert given["REDIS_SENTINELS"] == "s1:26379,s2:26380"
    assert (given["EMAIL_HOST"], given["AUDIT_RETENTION_DAYS"]) == ("mail.example.com", "365")
    assert given["DEBUG"] == "false"
    assert (given["HTTPS"], given["PUBLIC_URL"]) == ("true", "https://kb.example.com")
    code = "".join((ROOT / "config" / name).read_text()
                   for name in ("settings.py", "servers.py", "sign_in.py", "env.py"))  # fmt: skip
    for name in {*given, *web} - {"POD_IP"}:
        assert f'"{name}"' in code, name


def test_prometheus_reaches_a_pod_by_its_address_and_nobody_else_needs_to(full: Objects) -> None:
    web = variables(containers(full)["kb-causebook-web"])
    assert web["ALLOWED_HOSTS"] == "kb.example.com,localhost,$(POD_IP)"
    [endpoint] = full["ServiceMonitor", "kb-causebook"]["spec"]["endpoints"]
    assert endpoint["path"] == "/metrics"
    assert endpoint["authorization"]["credentials"] == {"name": "token", "key": "token"}
    assert any(re.match(each, "metrics") for each in settings.SECURE_REDIRECT_EXEMPT)


def test_the_policy_lets_pods_reach_their_servers_only(full: Objects) -> None:
    policy = full["NetworkPolicy", "kb-causebook"]["spec"]
    assert policy["ingress"] == []
    ports = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert {53, 5432, 6379, 26379, 26380, 443} <= ports
    web = full["NetworkPolicy", "kb-causebook-web"]["spec"]["ingress"]
    assert web == [{"ports": [{"port": "http", "protocol": "TCP"}],
                    "from": FULL["networkPolicy"]["from"]}]  # fmt: skip


def test_budgets_and_autoscalers_name_deployments_that_exist(full: Objects) -> None:
    deployments = {name for kind, name in full if kind == "Deployment"}
    for (kind, _), each in full.items():
        if kind == "HorizontalPodAutoscaler":
            target = each["spec"]["scaleTargetRef"]["name"]
            assert target in deployments
            assert "replicas" not in full["Deployment", target]["spec"]
        if kind == "PodDisruptionBudget":
            wanted = each["spec"]["selector"]["matchLabels"].items()
            labels = [full["Deployment", name]["spec"]["template"]["metadata"]["labels"].items()
                      for name in deployments]  # fmt: skip
            assert sum(wanted <= each for each in labels) == 1
    assert sum(kind == "HorizontalPodAutoscaler" for kind, _ in full) == 2
    assert sum(kind == "PodDisruptionBudget" for kind, _ in full) == 3


def test_the_chart_has_the_version_of_the_product() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    product = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert chart["version"] == chart["appVersion"] == product
