"""docker-compose.yml: what it asks for is documented, and what it starts exists."""

from __future__ import annotations

import json
import re
from typing import Any

import click
import pytest
import yaml
from celery import Celery
from celery.app.utils import find_app
from celery.bin.celery import celery as celery_command
from compose_spec import PyCompose
from django.core.management import get_commands
from django.urls import resolve
from django.utils.module_loading import import_string

from tests.compose_file import ROOT, TEXT, read

DOCKERFILE = (ROOT / "Dockerfile").read_text()
SITE = {"SITE": "kb.example.com"}
FILE = read(SITE)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)


def dockerfile_command() -> list[str]:
    line = re.search(r"^CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    assert line
    return yaml.safe_load(line[1])


def test_every_variable_it_reads_is_documented() -> None:
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT))
    documented = {
        word
        for name in ("settings.md", "deploy.md")
        for word in re.findall(r"\b[A-Z][A-Z0-9_]+\b", (ROOT / "docs" / name).read_text())
    }
    assert {"SITE", "DATABASE_URL", "WORKERS"} <= used
    assert used - documented == set()


def test_it_is_a_compose_file() -> None:
    """By the rules of the Compose specification: no unknown key, no impossible value."""
    PyCompose.from_json(json.dumps(FILE))
    wrong = read(SITE)
    wrong["services"]["web"]["helthcheck"] = {}
    with pytest.raises(ValueError, match="helthcheck"):
        PyCompose.from_json(json.dumps(wrong))


def test_every_variable_it_passes_on_is_one_that_the_product_reads() -> None:
    files = ("settings.py", "servers.py", "sign_in.py", "env.py")
    code = "".join((ROOT / "config" / name).read_text() for name in files)
    for name in OURS:
        for variable in SERVICES[name]["environment"]:
            assert f'"{variable.removesuffix("_FILE")}"' in code, variable


@pytest.mark.parametrize("name", OURS)
def test_every_setting_may_be_set_in_the_env_file(name: str) -> None:
    """Those that it sets itself come from there too, where they are there."""
    assert [each["path"] for each in SERVICES[name]["env_file"]] == [".env"]
    given = {"ALLOWED_HOSTS": "a.example", "HTTPS": "false", "PUBLIC_URL": "http://a.example",
             "CSRF_TRUSTED_ORIGINS": "http://b.example", "DATABASE_URL": "postgresql://x@y/z",
             "REDIS_URL": "rediss://r/1"}  # fmt: skip
    environment = read({**SITE, **given})["services"][name]["environment"]
    assert environment.pop("ALLOWED_HOSTS") == "a.example,localhost"
    assert {key: environment[key] for key in environment if not key.endswith("_FILE")} == {
        key: value for key, value in given.items() if key != "ALLOWED_HOSTS"
    }


def test_with_a_site_pages_are_served_by_https_only() -> None:
    environment = SERVICES["web"]["environment"]
    assert environment["HTTPS"] == "true"
    assert environment["PUBLIC_URL"] == "https://kb.example.com"
    assert environment["CSRF_TRUSTED_ORIGINS"] == "https://kb.example.com"
    assert environment["ALLOWED_HOSTS"] == "kb.example.com,localhost"
    assert read({})["services"]["web"]["environment"]["HTTPS"] == ""


def test_nothing_is_open_in_clear_to_other_hosts() -> None:
    open_ports = {
        name: service["ports"] for name, service in SERVICES.items() if "ports" in service
    }
    assert open_ports.pop("proxy") == ["80:80", "443:443", "443:443/udp"]
    assert open_ports == {"web": ["127.0.0.1:8000:8000"]}
    assert SERVICES["proxy"]["profiles"] == ["tls"]
    for name in ("db", "redis"):
        assert [FILE["networks"][each]["internal"] for each in SERVICES[name]["networks"]] == [True]


def test_secrets_are_in_files_and_in_no_environment() -> None:
    names = {f"/run/secrets/{name}" for name in FILE["secrets"]}
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            if re.search("KEY|PASSWORD|SECRET|TOKEN", variable):
                assert variable.endswith("_FILE")
                assert value in names
                assert value.rpartition("/")[2] in service["secrets"]
    assert not re.search(r"\$\{\w*(KEY|PASSWORD|SECRET|TOKEN)", TEXT)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_container_may_only_what_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["tmpfs"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["deploy"]["resources"]["limits"]["memory"]
    assert service["logging"]["options"]["max-size"], "logs do not fill the disk in years"
    if name in OURS:
        assert "cap_add" not in service


def test_the_index_that_a_worker_writes_is_the_one_of_web() -> None:
    folder = re.search(r"CAUSEBOOK_DATA_DIR=(\S+)", DOCKERFILE)
    assert folder
    assert {name: SERVICES[name]["volumes"] for name in OURS} == {
        name: [f"data:{folder[1]}"] for name in OURS
    }
    assert f"install -d -m 700 -o causebook -g causebook {folder[1]}" in DOCKERFILE


def test_it_starts_all_that_the_product_consists_of() -> None:
    assert set(SERVICES) == {"db", "redis", "migrate", "web", "worker", "beat", "proxy"}
    assert OURS == ["beat", "migrate", "web", "worker"]


def test_the_image_is_not_root_and_says_what_it_is() -> None:
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    assert DOCKERFILE.count("\nFROM ") == 2, "packages are installed in a stage of their own"
    for label in ("title", "version", "revision", "licenses"):
        assert f"org.opencontainers.image.{label}=" in DOCKERFILE
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".env", "secrets", "var", ".venv", "tests"} <= {*ignored}


@pytest.mark.parametrize("name", OURS)
def test_the_command_of_each_service_exists(name: str) -> None:
    program, *rest = SERVICES[name].get("command") or dockerfile_command()
    if program == "python":
        assert (ROOT / rest[0]).exists()
        assert rest[1] in get_commands()
    elif program == "celery":
        assert rest[0] == "--app"
        assert isinstance(find_app(rest[1]), Celery)
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
    assert resolve(path[1]).url_name == "readyz"
    assert "'Host': 'localhost'" in check
    assert SERVICES["web"]["environment"]["ALLOWED_HOSTS"].endswith(",localhost")


def test_volumes_that_hold_data_are_declared() -> None:
    used = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith((".", "/"))
    }
    assert used == set(FILE["volumes"])
