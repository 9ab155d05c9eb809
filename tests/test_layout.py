"""Who may import whom, where models and frameworks may appear, and what the cores must not know."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

PACKAGES = ["common", "people", "incidents", "kb", "analysis", "practice", "accounts", "config"]
"""A package imports those before it, never those after."""

OURS = {*PACKAGES, "demo", "tests"}

LAYERS = {
    "people": [
        "models",
        "audit",
        "acts audited",
        "permissions",
        "backends membership preferences table",
        "apps",
    ],
    "incidents": [
        "models webhooks",
        "permissions audited",
        "events custom_fields history_columns",
        "filing severities search catalogue tokens retention scheduled_runs guides since_opening",
        "push suspect_changes history_rows sharing responders palette home",
        "custom_field_definitions timeline undoing affected_services history_tables",
        "alerts merging bulk",
        "pager_acts",
        "intake history_import",
        "api web",
        "tasks urls admin apps",
    ],
    "kb": [
        "remote_api",
        "github_api atlassian_api",
        "models chat importers trackers",
        "channel_hosts",
        "remote_connections",
        "history_sources publishers",
        "permissions defaults rooms audited",
        "privacy",
        "postmortems reports",
        "causes exporters retention",
        "chatops import_runner answers tracking publishing resolving palette",
        "notification_text row_causes uploaded_history history_reading",
        "notifications",
        "on_call channels",
        "api web",
        "tasks urls admin apps",
    ],
    "analysis": [
        "core models sources",
        "permissions",
        "similarity audited",
        "evidence benchmarks",
        "suggestions retention",
        "presentation search answers",
        "tasks",
        "api web extensions",
        "urls admin apps",
    ],
    "practice": [
        "core",
        "models prometheus slo_files load_tests code_hosts",
        "audited retention permissions slos readiness onboarding_board practice_map",
        "records announcements service_card",
        "defaults monthly_review",
        "api web extensions",
        "tasks urls admin apps",
    ],
    "accounts": [
        "sign_in audited audit_log push_cookie",
        "people storage",
        "adapters backends palette",
        "receivers",
        "api web",
        "tasks admin urls people_urls apps",
    ],
}
"""Inside a package, a row imports only rows above it; areas in one row do not import each other."""

PLUGIN_FOLDERS = [
    "incidents/webhooks",
    "incidents/catalogue/formats",
    "kb/channel_hosts",
    "kb/chat",
    "kb/importers",
    "kb/exporters",
    "kb/history_sources",
    "kb/publishers",
    "kb/trackers",
    "analysis/sources",
    "practice/slo_files",
    "practice/load_tests",
    "practice/code_hosts",
]
APIS = ("kb.remote_api", "kb.github_api", "kb.atlassian_api")
PLUGINS_MAY_ALSO_IMPORT = {
    # What an exporter writes is a postmortem with its images.
    "kb/exporters": ("kb.models", "kb.postmortems"),
    # A channel is in a workspace of a platform of chat.
    "kb/channel_hosts": ("kb.chat",),
    "kb/trackers": APIS,
    "kb/publishers": APIS,
    "practice/code_hosts": APIS,
    # The same readers as for files, so that both give the same records.
    "kb/history_sources": (*APIS, "kb.importers", "incidents.history_rows"),
    # One way of reading a row of incident history, whatever file it is in.
    "kb/importers": (
        "incidents.history_columns",
        "incidents.history_rows",
        "incidents.history_tables",
        "incidents.severities",
    ),
}
PURE = ["analysis.core", "analysis.similarity", "practice.core"]


@cache
def imports(path: Path) -> tuple[tuple[str, bool], ...]:
    """Modules that a file names, and whether it does so inside a function."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, bool]]:
    tree = ast.parse(path.read_text())
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in inside
        elif isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            for alias in node.names:
                # `from incidents import filing` names the module incidents.filing.
                bare = len(parts) == 1 and parts[0] in OURS
                yield f"{node.module}.{alias.name}" if bare else node.module, id(node) in inside


def product_files(package: str) -> list[Path]:
    found = [
        path
        for path in (ROOT / package).rglob("*.py")
        if "migrations" not in path.parts and "__pycache__" not in path.parts
    ]
    assert found, package
    return found


def area_of(path: Path) -> str:
    """The area of a file: the folder or module directly below its package."""
    return path.relative_to(ROOT).with_suffix("").parts[1]


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_downwards(package: str) -> None:
    allowed = set(PACKAGES[: PACKAGES.index(package) + 1])
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in product_files(package)
        for name, _ in imports(path)
        if name.split(".")[0] in OURS - allowed
    }
    assert not wrong


@pytest.mark.parametrize("package", sorted(LAYERS))
def test_areas_import_only_the_rows_above_them(package: str) -> None:
    row_of = {area: row for row, areas in enumerate(LAYERS[package]) for area in areas.split()}
    wrong, unplaced = set(), set()
    for path in product_files(package):
        area = area_of(path)
        if area in ("__init__", "management", "templatetags"):
            continue
        if area not in row_of:
            unplaced.add(area)
            continue
        for name, _ in imports(path):
            parts = name.split(".")
            if parts[0] != package or len(parts) < 2 or parts[1] == area:
                continue
            if parts[1] not in row_of:
                unplaced.add(parts[1])
            elif row_of[parts[1]] >= row_of[area]:
                wrong.add(f"{path.relative_to(ROOT)} imports {name}")
    assert not unplaced, f"Give these areas a row in LAYERS: {sorted(unplaced)}"
    assert not wrong


@pytest.mark.parametrize("package", sorted(LAYERS))
def test_only_api_knows_rest_framework_and_only_web_knows_shortcuts(package: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in product_files(package)
        for name, _ in imports(path)
        if (name.split(".")[0] in ("rest_framework", "drf_spectacular") and area_of(path) != "api")
        or (name.startswith("django.shortcuts") and area_of(path) != "web")
    }
    assert not wrong


@pytest.mark.parametrize("folder", PLUGIN_FOLDERS)
def test_plugins_import_their_own_folder_and_common_only(folder: str) -> None:
    allowed = (folder.replace("/", "."), *PLUGINS_MAY_ALSO_IMPORT.get(folder, ()))
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / folder).rglob("*.py")
        for name, _ in imports(path)
        if name.split(".")[0] in OURS - {"common"} and not name.startswith(allowed)
    }
    assert not wrong


def test_models_are_defined_in_models_only() -> None:
    def is_model(node: ast.ClassDef) -> bool:
        abstract = any(
            isinstance(each, ast.ClassDef) and each.name == "Meta" and "abstract" in ast.dump(each)
            for each in node.body
        )
        return not abstract and any(ast.unparse(base) == "models.Model" for base in node.bases)

    found = [
        (path.relative_to(ROOT), node.name)
        for package in PACKAGES
        for path in product_files(package)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and is_model(node)
    ]
    assert len(found) > 50
    assert not {path for path, _ in found if path.parts[1] != "models"}


OPTIONAL = {
    *("boto3", "botocore", "botocore.config", "boto3.exceptions", "botocore.exceptions", "bm25s"),
    *("sentry_sdk", "sentry_sdk.utils"),
    *(
        f"sentry_sdk.integrations.{each}"
        for each in (
            "celery",
            "dedupe",
            "django",
            "excepthook",
            "logging",
            "threading",
        )
    ),
    *(
        f"opentelemetry.{each}"
        for each in (
            "exporter.otlp.proto.http.trace_exporter",
            "instrumentation.celery",
            "instrumentation.django",
            "sdk.resources",
            "sdk.trace",
            "sdk.trace.export",
            "trace",
        )
    ),
    *("ldap3", "ldap3.core", "ldap3.core.exceptions", "ldap3.utils.conv", "ldap3.utils.dn"),
}
"""Packages that only some installations have; their import waits for their use."""
SLOW_TO_IMPORT = {"sklearn", "scipy"}
"""They cost a process seconds and 80 MB; most (beat, commands, web) never call them."""


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_is_imported_inside_a_function_but_by_apps(package: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in product_files(package)
        for name, inside in imports(path)
        if inside and path.name != "apps.py" and name not in OPTIONAL
        if name.split(".")[0] not in SLOW_TO_IMPORT
    }
    # It sets Django up itself.
    own = "config/local/prepare_database.py"
    assert {each for each in wrong if not each.startswith(own)} == set()


def test_a_process_starts_without_what_only_learning_and_clustering_need() -> None:
    code = "import django; django.setup(); import sys, config.urls; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
    )  # fmt: skip
    assert not {"sklearn", "scipy", "numba", "llvmlite"} & set(done.stdout.split())


def test_the_processes_that_only_start_others_load_neither_django_nor_celery() -> None:
    code = "import sys, config.local.run, config.local.tied_process; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"django", "celery", "redis", "numpy"} & set(done.stdout.split())


def test_the_demo_world_knows_nothing_of_the_product() -> None:
    for path in (ROOT / "demo" / "world").rglob("*.py"):
        assert not {n for n, _ in imports(path) if n.split(".")[0] in OURS - {"demo"}}, path


@pytest.mark.parametrize("package", PURE)
def test_the_pure_core_never_loads_django_also_not_by_way_of_others(package: str) -> None:
    folder = ROOT / package.replace(".", "/")
    modules = [f"{package}.{path.stem}" for path in folder.glob("*.py") if path.stem[0] != "_"]
    assert modules
    code = (
        f"import sys, importlib\nfor name in {modules!r}: importlib.import_module(name)\n"
        "print([n for n in sys.modules if n.split('.')[0] in ('django', 'rest_framework')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
