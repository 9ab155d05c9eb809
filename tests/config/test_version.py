"""One version, shown wherever somebody has to name it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.test import Client

from config.version import VERSION

ROOT = Path(__file__).resolve().parents[2]


def test_both_packages_have_the_version_of_the_product() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
    command_line = (ROOT / "cli" / "causebook_cli" / "__init__.py").read_text()
    assert f'__version__ = "{VERSION}"' in command_line


def test_the_changelog_has_a_section_for_it() -> None:
    assert f"\n## {VERSION} – " in (ROOT / "CHANGELOG.md").read_text()


def test_the_command_line_prints_it() -> None:
    command = [sys.executable, "-m", "causebook_cli.main", "--version"]
    done = subprocess.run(command, cwd=ROOT / "cli", capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"causebook {VERSION}"


@pytest.mark.django_db
def test_the_footer_of_a_page_shows_it(web: Client) -> None:
    footer = web.get("/").content.decode().partition("<footer")[2]
    assert f"Causebook {VERSION}" in footer


@pytest.mark.django_db
def test_the_health_check_and_the_api_schema_name_it(client: Client) -> None:
    assert client.get("/healthz").content.decode() == f"ok {VERSION}\n"
    schema = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert schema.json()["info"]["version"] == VERSION


def test_every_operation_of_the_api_says_in_a_line_what_it_does(client: Client) -> None:
    accept = {"Accept": "application/vnd.oai.openapi+json"}
    paths = client.get("/api/schema/", headers=accept).json()["paths"]
    summaries = {
        (method, path): operation.get("summary")
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert [key for key, words in summaries.items() if not words] == []
    assert summaries["get", "/api/v1/cause-links/"] == "List cause links"
    assert summaries["delete", "/api/v1/checks/{id}/"] == "Delete one of the checks"
