"""docker-compose.yml: what it asks for is documented, and what it starts exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from celery import Celery
from celery.bin.celery import celery as celery_command
from django.core.management import get_commands
from django.urls import resolve
from django.utils.module_loading import import_string

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)


def dockerfile_command() -> list[str]:
    line = re.search(r"^CMD (\[.+\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert line
    return yaml.safe_load(line[1])


def test_every_variable_it_reads_is_documented() -> None:
    read = set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT))
    documented = {
        word
        for name in ("settings.md", "deploy.md")
        for word in re.findall(r"\b[A-Z][A-Z0-9_]+\b", (ROOT / "docs" / name).read_text())
    }
    assert {"SECRET_KEY", "POSTGRES_PASSWORD", "WORKERS"} <= read
    assert read - documented == set()


def test_every_variable_it_passes_on_is_one_that_the_product_reads() -> None:
    code = "".join((ROOT / "config" / name).read_text() for name in ("settings.py", "env.py"))
    for name in OURS:
        for variable in SERVICES[name]["environment"]:
            assert f'"{variable}"' in code, variable


def test_no_secret_has_a_default() -> None:
    for name, rest in re.findall(r"(?<!\$)\$\{(\w*(?:KEY|PASSWORD))(\W.*?)?\}", TEXT):
        assert rest.startswith(":?"), name


def test_it_starts_all_that_the_product_consists_of() -> None:
    assert set(SERVICES) == {"db", "redis", "migrate", "web", "worker", "beat"}
    assert OURS == ["beat", "migrate", "web", "worker"]


@pytest.mark.parametrize("name", OURS)
def test_the_command_of_each_service_exists(name: str) -> None:
    program, *rest = SERVICES[name].get("command") or dockerfile_command()
    if program == "python":
        assert (ROOT / rest[0]).exists()
        assert rest[1] in get_commands()
    elif program == "celery":
        assert rest[0] == "--app"
        assert isinstance(import_string(f"{rest[1]}.celery_app"), Celery)
        command = celery_command.get_command(click.Context(celery_command), rest[2])
        assert command is not None
        known = {option for each in command.params for option in each.opts}
        assert {word for word in rest[3:] if word.startswith("--")} <= known
    else:
        assert program == "gunicorn"
        assert callable(import_string(f"{rest[0]}.application"))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_service_waits_for_services_that_exist_and_can_be_waited_for(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert SERVICES[other]["restart"] == "no"


def test_the_health_check_of_the_web_server_is_an_address_of_the_product() -> None:
    check = " ".join(SERVICES["web"]["healthcheck"]["test"])
    path = re.search(r"http://127\.0\.0\.1:8000(/\w+)", check)
    assert path
    assert resolve(path[1]).url_name == "healthz"
    assert "'Host': 'localhost'" in check
    assert SERVICES["web"]["environment"]["ALLOWED_HOSTS"].endswith(",localhost")


def test_volumes_that_hold_data_are_declared() -> None:
    used = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith((".", "/"))
    }
    assert used == set(yaml.safe_load(TEXT)["volumes"])
